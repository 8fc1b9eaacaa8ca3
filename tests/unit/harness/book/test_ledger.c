#include "harness/book/ledger.h"

#include <math.h>

#include "tests/unit/harness/base/check.h"

static const struct cb_generator_book generator = {
	.intended = 1000, .offered = 990, .refused = 20, .window_offered = 900};
static const struct cb_path_book path = {
	.link_dropped = 5, .nic_dropped = 20, .backlog_dropped = 15};
static const struct cb_view_book view = {.received = 910,
	.unique = 800,
	.reordered = 3,
	.duplicate = 60,
	.damaged = 40,
	.foreign = 10,
	.tap_dropped = 100,
	.unread = 10,
	.window_unique = 720,
	.unaccounted = -1,
	.captured_share = -1};

static void balanced_books_leave_nothing(void **state)
{
	struct cb_view_book v = view;

	cb_ledger_settle(&generator, &path, &v);
	assert_int_equal(v.unaccounted, 0);
	assert_true(v.captured_share == 0.8);
}

static void every_term_counts_once(void **state)
{
	/* One more frame in a term is one less to account for; refused frames are booked by the
	 * path, and duplicate, foreign and reordered ones are not of this equation. */
	struct cb_generator_book g = generator;
	struct cb_path_book p = path;
	struct cb_view_book v = view;
	int64_t *const terms[] = {&p.link_dropped, &p.nic_dropped, &p.backlog_dropped,
		&v.tap_dropped, &v.unread, &v.unique, &v.damaged};
	int64_t *const others[] = {
		&g.refused, &g.intended, &v.received, &v.duplicate, &v.foreign, &v.reordered};

	for (size_t i = 0; i < sizeof(terms) / sizeof(*terms); i++) {
		++*terms[i];
		cb_ledger_settle(&g, &p, &v);
		assert_int_equal(v.unaccounted, -1);
		*terms[i] -= 2;
		cb_ledger_settle(&g, &p, &v);
		assert_int_equal(v.unaccounted, 1);
		++*terms[i];
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		*others[i] = CB_UNKNOWN;
		cb_ledger_settle(&g, &p, &v);
		assert_int_equal(v.unaccounted, 0);
	}
	g.offered += 7;
	cb_ledger_settle(&g, &p, &v);
	assert_int_equal(v.unaccounted, 7);
}

static void an_unknown_term_makes_the_rest_unknown(void **state)
{
	struct cb_generator_book g = generator;
	struct cb_path_book p = path;
	struct cb_view_book v = view;
	int64_t *const terms[] = {&g.offered, &p.link_dropped, &p.nic_dropped, &p.backlog_dropped,
		&v.tap_dropped, &v.unread, &v.unique, &v.damaged};

	for (size_t i = 0; i < sizeof(terms) / sizeof(*terms); i++) {
		int64_t known = *terms[i];

		*terms[i] = CB_UNKNOWN;
		cb_ledger_settle(&g, &p, &v);
		assert_true(v.unaccounted == CB_UNKNOWN);
		/* the share hangs on the window only */
		assert_true(v.captured_share == 0.8);
		*terms[i] = known;
	}
	cb_ledger_settle(&g, &p, &v);
	assert_int_equal(v.unaccounted, 0);
}

static void a_share_without_a_window_is_none(void **state)
{
	static const struct {
		int64_t offered, unique;
		double share;
	} cases[] = {{100, 0, 0}, {100, 100, 1}, {100, 50, 0.5}, {0, 0, (double)NAN},
		{CB_UNKNOWN, 50, (double)NAN}, {100, CB_UNKNOWN, (double)NAN},
		{100, 101, (double)NAN}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cb_generator_book g = generator;
		struct cb_view_book v = view;

		g.window_offered = cases[i].offered;
		v.window_unique = cases[i].unique;
		if (v.window_unique == CB_UNKNOWN)
			v.unique = CB_UNKNOWN; /* not even of the whole attempt */
		cb_ledger_settle(&g, &path, &v);
		if (isnan(cases[i].share))
			assert_true(isnan(v.captured_share));
		else
			assert_true(v.captured_share == cases[i].share);
	}
}

static void unoffered_is_the_generators_debt(void **state)
{
	struct cb_generator_book g = generator;

	assert_int_equal(cb_ledger_unoffered(&g), 10);
	g.offered = 1000;
	assert_int_equal(cb_ledger_unoffered(&g), 0);
	g.offered = 1001;
	assert_int_equal(cb_ledger_unoffered(&g), 0);
	g.intended = CB_UNKNOWN; /* rate max */
	assert_true(cb_ledger_unoffered(&g) == CB_UNKNOWN);
	g.intended = 1000;
	g.offered = CB_UNKNOWN;
	assert_true(cb_ledger_unoffered(&g) == CB_UNKNOWN);
}

static void foreign_frames_give_slack(void **state)
{
	struct cb_view_book v = view;

	assert_int_equal(cb_ledger_slack(&v), 10);
	v.foreign = 0;
	assert_int_equal(cb_ledger_slack(&v), 0);
	v.foreign = CB_UNKNOWN;
	assert_true(cb_ledger_slack(&v) == CB_UNKNOWN);
}

static void sums_do_not_wrap(void **state)
{
	assert_int_equal(cb_count_add(3, -5), -2);
	assert_int_equal(cb_count_subtract(3, 5), -2);
	assert_true(cb_count_add(CB_UNKNOWN, 1) == CB_UNKNOWN);
	assert_true(cb_count_add(1, CB_UNKNOWN) == CB_UNKNOWN);
	assert_true(cb_count_subtract(CB_UNKNOWN, CB_UNKNOWN) == CB_UNKNOWN);
	assert_true(cb_count_subtract(0, CB_UNKNOWN) == CB_UNKNOWN);
	assert_true(cb_count_add(INT64_MAX, 1) == CB_UNKNOWN);
	assert_true(cb_count_subtract(-2, INT64_MAX) == CB_UNKNOWN);
}

/* A replayed file's frames: none is ours, and all that came are counted for them. */
static void frames_without_a_stamp(void **state)
{
	const struct cb_generator_book g = {
		.intended = 1000, .offered = 1000, .window_offered = 900, .unstamped = 1000};
	const struct cb_path_book lossy = {.backlog_dropped = 100};
	struct cb_view_book v = {.received = 850, .foreign = 850, .tap_dropped = 50};

	cb_ledger_settle(&g, &lossy, &v);
	assert_int_equal(v.unaccounted, 0);
	assert_true(v.captured_share == 0.85);
	v.received = 840;
	cb_ledger_settle(&g, &lossy, &v);
	assert_int_equal(v.unaccounted, 10);
	v.received = CB_UNKNOWN;
	cb_ledger_settle(&g, &lossy, &v);
	assert_true(v.unaccounted == CB_UNKNOWN && isnan(v.captured_share));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(balanced_books_leave_nothing),
		cmocka_unit_test(every_term_counts_once),
		cmocka_unit_test(an_unknown_term_makes_the_rest_unknown),
		cmocka_unit_test(a_share_without_a_window_is_none),
		cmocka_unit_test(unoffered_is_the_generators_debt),
		cmocka_unit_test(foreign_frames_give_slack),
		cmocka_unit_test(sums_do_not_wrap),
		cmocka_unit_test(frames_without_a_stamp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
