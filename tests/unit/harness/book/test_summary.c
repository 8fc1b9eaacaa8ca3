#include "harness/book/summary.h"

#include <float.h>
#include <math.h>

#include "tests/unit/harness/base/check.h"

static void check_summary(const double *values, size_t count, double median, double min, double max)
{
	struct cb_summary s = cb_summarise(values, count);

	assert_int_equal(s.n, count);
	assert_int_equal(s.unknown, 0);
	assert_true(s.median == median);
	assert_true(s.min == min);
	assert_true(s.max == max);
}

static void medians_of_one_to_six(void **state)
{
	static const double values[] = {5, 1, 4, 2, 9, 3};

	check_summary(values, 1, 5, 5, 5);
	check_summary(values, 2, 3, 1, 5);
	check_summary(values, 3, 4, 1, 5);
	check_summary(values, 4, 3, 1, 5);
	check_summary(values, 5, 4, 1, 9);
	check_summary(values, 6, 3.5, 1, 9);
}

static void ties_are_values_like_others(void **state)
{
	check_summary((const double[]){1, 1, 1, 1}, 4, 1, 1, 1);
	check_summary((const double[]){2, 1, 2, 1, 2}, 5, 2, 1, 2);
	check_summary((const double[]){0, 0, 1, 1}, 4, 0.5, 0, 1);
	check_summary((const double[]){-3, -1}, 2, -2, -3, -1);
}

static void extremes_do_not_overflow(void **state)
{
	check_summary((const double[]){DBL_MAX, DBL_MAX}, 2, DBL_MAX, DBL_MAX, DBL_MAX);
	check_summary((const double[]){-DBL_MAX, DBL_MAX}, 2, 0, -DBL_MAX, DBL_MAX);
}

static void what_is_no_number_is_counted_apart(void **state)
{
	static const double values[] = {(double)NAN, 3, (double)NAN, 1, 2};
	struct cb_summary s = cb_summarise(values, 5);

	assert_int_equal(s.n, 3);
	assert_int_equal(s.unknown, 2);
	assert_true(s.median == 2 && s.min == 1 && s.max == 3);
	/* the caller's values stay as they were */
	assert_true(isnan(values[0]) && values[1] == 3 && values[4] == 2);
}

static void nothing_has_no_median(void **state)
{
	static const double values[] = {(double)NAN};
	struct cb_summary s = cb_summarise(values, 1);

	assert_int_equal(s.n, 0);
	assert_int_equal(s.unknown, 1);
	assert_true(isnan(s.median) && isnan(s.min) && isnan(s.max));
	s = cb_summarise(NULL, 0);
	assert_int_equal(s.n, 0);
	assert_int_equal(s.unknown, 0);
	assert_true(isnan(s.median));
}

static void coverage_of_min_and_max(void **state)
{
	assert_true(cb_minmax_coverage(0) == 0);
	assert_true(cb_minmax_coverage(1) == 0);
	assert_true(cb_minmax_coverage(2) == 50);
	assert_true(cb_minmax_coverage(3) == 75);
	assert_true(cb_minmax_coverage(5) == 93.75);
	assert_true(cb_minmax_coverage(6) == 96.875);
	assert_true(cb_minmax_coverage((size_t)1 << 40) == 100);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(medians_of_one_to_six),
		cmocka_unit_test(ties_are_values_like_others),
		cmocka_unit_test(extremes_do_not_overflow),
		cmocka_unit_test(what_is_no_number_is_counted_apart),
		cmocka_unit_test(nothing_has_no_median),
		cmocka_unit_test(coverage_of_min_and_max),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
