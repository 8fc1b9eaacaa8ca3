#include "harness/book/joined.h"

#include "tests/unit/cmocka.h"

/* A view with `received` frames; group CB_UNKNOWN: of its own. */
static struct cb_view_record view(int64_t received, int64_t group)
{
	struct cb_view_record v;

	cb_view_record_init(&v);
	v.book = (struct cb_view_book){.received = received, .unique = received, .tap_dropped = 1};
	v.cpu_ns = 10 * received;
	v.elapsed_ns = 100 + received;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_of_a_group_are_one_view),
		cmocka_unit_test(an_unknown_count_stays_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
