#include "harness/book/adjust.h"

#include <math.h>

#include "tests/unit/harness/base/check.h"

static void check(double is, double should_be)
{
	if (!(fabs(is - should_be) < 1e-12))
		fail_msg("%.15g instead of %.15g", is, should_be);
}

static void holm_steps_down(void **state)
{
	double p[] = {0.01, 0.04, 0.03, 0.005};

	assert_int_equal(cb_holm(p, 4, p), 0);
	check(p[3], 0.02);
	check(p[0], 0.03);
	check(p[2], 0.06);
	check(p[1], 0.06); /* not 0.04: never below the one before */
}

static void holm_counts_tests_alone(void **state)
{
	const double p[] = {NAN, 0.02, NAN, 0.9};
	double adjusted[4];

	assert_int_equal(cb_holm(p, 4, adjusted), 0);
	assert_true(isnan(adjusted[0]) && isnan(adjusted[2]));
	check(adjusted[1], 0.04);
	check(adjusted[3], 0.9);
	assert_int_equal(cb_holm(p, 0, adjusted), 0);
}

static void never_above_one(void **state)
{
	double p[] = {0.6, 0.7, 0.8};

	assert_int_equal(cb_holm(p, 3, p), 0);
	check(p[0], 1);
	check(p[2], 1);
}

/* Normal scores of 1 and 2: four times as many. */
static void scores_grow_with_the_root(void **state)
{
	assert_int_equal(cb_repetitions_needed(0.158655253931457, 0.0227501319481793, 5, 4), 20);
	assert_int_equal(cb_repetitions_needed(0.05, 0.05, 5, 1), 5);
}

static void few_splits_ask_for_more(void **state)
{
	/* 3 against 3 has 20 splits, 4 against 4 has 70 */
	assert_int_equal(cb_repetitions_needed(0.05, 0.049, 3, 1), 4);
	assert_int_equal(cb_repetitions_needed(0.05, 0.001, 2, 1) >= 7, 1);
}

static void so_many_it_takes_at_least(void **state)
{
	assert_int_equal(cb_repetitions_least(0.051, 1), 3);     /* 20 splits */
	assert_int_equal(cb_repetitions_least(0.05 / 37, 1), 6); /* 924 splits; 5 have 252 */
	assert_int_equal(cb_repetitions_least(0.05 / 37, 4), 2); /* 6 each: 1296 */
	assert_int_equal(cb_repetitions_least(0, 1), 0);
	assert_int_equal(cb_repetitions_least(0.05, 0), 0);
}

static void what_shows_nothing_is_never_decided(void **state)
{
	assert_int_equal(cb_repetitions_needed(0.5, 0.05, 5, 1), 0);
	assert_int_equal(cb_repetitions_needed(0.93, 0.05, 5, 1), 0);
	assert_int_equal(cb_repetitions_needed(0.499, 0.05, 5, 1), 0);
	assert_int_equal(cb_repetitions_needed(NAN, 0.05, 5, 1), 0);
	assert_int_equal(cb_repetitions_needed(0.2, 0.05, 0, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holm_steps_down),
		cmocka_unit_test(holm_counts_tests_alone),
		cmocka_unit_test(never_above_one),
		cmocka_unit_test(scores_grow_with_the_root),
		cmocka_unit_test(few_splits_ask_for_more),
		cmocka_unit_test(so_many_it_takes_at_least),
		cmocka_unit_test(what_shows_nothing_is_never_decided),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
