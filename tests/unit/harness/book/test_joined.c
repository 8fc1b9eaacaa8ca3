#include "harness/book/joined.h"

#include <stdlib.h>

#include "tests/unit/cmocka.h"

/* A view with `received` frames; group CB_UNKNOWN: of its own. */
static struct cb_view_record view(int64_t received, int64_t group)
{
	struct cb_view_record v;

	cb_view_record_init(&v);
	v.book = (struct cb_view_book){.received = received, .unique = received, .tap_dropped = 1};
	v.cpu_ns = 10 * received;
	v.elapsed_ns = 100 + received;
	v.run_delay_ns = 2 * received;
	v.sequence_gaps = 7;
	v.group = group;
	v.cpu = 1;
	assert_int_equal(cb_series_add(&v.series, received), 0);
	return v;
}

static void members_of_a_group_are_one_view(void **state)
{
	struct cb_view_record views[] = {
		view(10, 1), view(20, CB_UNKNOWN), view(30, 1), view(40, CB_UNKNOWN), view(50, 2)};
	size_t n = 5;

	(void)state;
	assert_int_equal(cb_series_add(&views[2].series, 3), 0);
	views[2].cpu = 0;
	assert_int_equal(cb_views_join_groups(views, &n), 0);
	assert_int_equal(n, 4);
	assert_int_equal(views[0].book.received, 40);
	assert_int_equal(views[0].book.tap_dropped, 2);
	assert_int_equal(views[0].cpu_ns, 400);
	assert_int_equal(views[0].elapsed_ns, 130);
	assert_int_equal(views[0].run_delay_ns, 60);
	assert_true(views[0].sequence_gaps == CB_UNKNOWN);
	assert_true(views[0].cpu == CB_UNKNOWN);
	assert_int_equal(views[0].series.n, 2);
	assert_int_equal(views[0].series.frames[0], 40);
	assert_int_equal(views[0].series.frames[1], 3);
	assert_int_equal(views[1].book.received, 20);
	assert_int_equal(views[1].sequence_gaps, 7);
	assert_int_equal(views[2].book.received, 40);
	assert_int_equal(views[3].book.received, 50);
	for (size_t i = 0; i < n; i++)
		cb_view_record_finish(&views[i]);
}

static void an_unknown_count_stays_unknown(void **state)
{
	struct cb_view_record views[] = {view(10, 1), view(30, 1)};
	size_t n = 2;

	(void)state;
	views[1].book.tap_dropped = CB_UNKNOWN;
	assert_int_equal(cb_views_join_groups(views, &n), 0);
	assert_int_equal(n, 1);
	assert_true(views[0].book.tap_dropped == CB_UNKNOWN);
	assert_int_equal(views[0].book.received, 40);
	cb_view_record_finish(&views[0]);
}

static struct cb_generator_record generator(int64_t frames, int64_t stream)
{
	struct cb_generator_record r;

	cb_generator_record_init(&r);
	r.book = (struct cb_generator_book){.intended = frames + 1,
		.offered = frames,
		.refused = 0,
		.window_offered = frames / 2};
	r.unoffered = 1;
	r.offered_pps = (double)frames;
	r.intended_pps = (double)frames + 1;
	r.lateness_max_ns = frames;
	r.drift_ppm = stream ? -3 : 2;
	r.gap_p50_ns = 5;
	cb_series_add(&r.series, frames);
	r.streams = calloc(1, sizeof(*r.streams));
	r.n_streams = 1;
	cb_stream_record_init(&r.streams[0]);
	r.streams[0].stream = stream;
	return r;
}

static void generators_add_up(void **state)
{
	struct cb_generator_record all = generator(100, 0), part = generator(90, 1);

	(void)state;
	part.syscalls = 7;
	assert_int_equal(cb_generator_record_join(&all, &part), 0);
	assert_int_equal(all.book.intended, 192);
	assert_int_equal(all.book.offered, 190);
	assert_int_equal(all.book.window_offered, 95);
	assert_int_equal(all.unoffered, 2);
	assert_true(all.syscalls == CB_UNKNOWN); /* the other did not tell */
	assert_int_equal(all.lateness_max_ns, 100);
	assert_true(all.drift_ppm < -2.9);
	assert_true(all.offered_pps > 189.9 && all.offered_pps < 190.1);
	assert_true(all.gap_p50_ns == CB_UNKNOWN);
	assert_int_equal(all.series.frames[0], 190);
	assert_int_equal(all.n_streams, 2);
	assert_int_equal(all.streams[1].stream, 1);
	cb_generator_record_finish(&all);
	cb_generator_record_finish(&part);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generators_add_up),
		cmocka_unit_test(members_of_a_group_are_one_view),
		cmocka_unit_test(an_unknown_count_stays_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
