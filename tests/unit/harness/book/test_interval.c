#include "harness/book/interval.h"

#include <math.h>

#include "tests/unit/harness/base/check.h"

static void check_interval(
	const struct cb_interval *i, double estimate, double low, double high, double confidence)
{
	if (!(fabs(i->estimate - estimate) < 1e-12 && fabs(i->low - low) < 1e-12 &&
		    fabs(i->high - high) < 1e-12 && fabs(i->confidence - confidence) < 1e-9))
		fail_msg("%g [%g, %g] at %.9g", i->estimate, i->low, i->high, i->confidence);
}

static void median_of_few_is_all_there_is(void **state)
{
	const double five[] = {3, 1, 5, 2, 4}, one[] = {7}, unknown[] = {NAN, 7, NAN};
	struct cb_interval i;

	assert_int_equal(cb_median_interval(five, 5, 0.95, &i, NULL), 0);
	check_interval(&i, 3, 1, 5, 0.9375);
	assert_int_equal(cb_median_interval(one, 1, 0.95, &i, NULL), 0);
	check_interval(&i, 7, 7, 7, 0);
	assert_int_equal(cb_median_interval(unknown, 3, 0.95, &i, NULL), 0);
	check_interval(&i, 7, 7, 7, 0);
	assert_int_equal(cb_median_interval(one, 0, 0.95, &i, NULL), 0);
	assert_true(isnan(i.estimate) && isnan(i.low) && isnan(i.high));
}

/* Binomial(8, 1/2): 1 - 2 * (1 + 8) / 256; binomial(20, 1/2): the 6th and the 15th have 0.9586. */
static void median_of_many_moves_inwards(void **state)
{
	double values[20];
	struct cb_interval i;

	for (int k = 0; k < 20; k++)
		values[k] = 20 - k;
	assert_int_equal(cb_median_interval(values + 12, 8, 0.9, &i, NULL), 0);
	check_interval(&i, 4.5, 2, 7, 1 - 18.0 / 256);
	assert_int_equal(cb_median_interval(values, 20, 0.95, &i, NULL), 0);
	check_interval(&i, 10.5, 6, 15, 0.9586105346679688);
}

static void shift_of_few(void **state)
{
	const double a[] = {1, 2, 3}, b[] = {0, 1, 2};
	const struct cb_stratum s[] = {{a, b, 3, 3}};
	struct cb_interval i;

	assert_int_equal(cb_shift_interval(s, 1, 0.95, &i, NULL), 0);
	check_interval(&i, 1, -1, 3, 0.9); /* 1 - 2/20: all that three against three can say */
}

/* Five against five: P(U <= 2) is 4/252, so the third difference from each end bounds it. */
static void shift_of_five(void **state)
{
	const double a[] = {10, 20, 30, 40, 50}, b[] = {1, 2, 3, 4, 5};
	const struct cb_stratum s[] = {{a, b, 5, 5}};
	struct cb_interval i;

	/* the differences are 5 to 9, 15 to 19, ... 45 to 49 */
	assert_int_equal(cb_shift_interval(s, 1, 0.95, &i, NULL), 0);
	check_interval(&i, 27, 7, 47, 1 - 8.0 / 252);
}

static void a_curve_narrows_it(void **state)
{
	const double a[] = {10, 11, 12, 13, 14}, b[] = {0, 1, 2, 3, 4};
	const double c[] = {110, 111, 112, 113, 114}, d[] = {100, 101, 102, 103, 104};
	const struct cb_stratum s[] = {{a, b, 5, 5}, {c, d, 5, 5}};
	struct cb_interval one, two;

	assert_int_equal(cb_shift_interval(s, 1, 0.95, &one, NULL), 0);
	assert_int_equal(cb_shift_interval(s, 2, 0.95, &two, NULL), 0);
	assert_true(one.estimate == 10 && two.estimate == 10);
	assert_true(two.low > one.low && two.high < one.high);
	assert_true(two.confidence >= 0.95);
}

static void nothing_to_compare(void **state)
{
	const double a[] = {NAN}, b[] = {1, 2};
	const struct cb_stratum s[] = {{a, b, 1, 2}};
	struct cb_interval i;

	assert_int_equal(cb_shift_interval(s, 1, 0.95, &i, NULL), 0);
	assert_true(isnan(i.estimate));
	assert_true(i.confidence == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(median_of_few_is_all_there_is),
		cmocka_unit_test(median_of_many_moves_inwards),
		cmocka_unit_test(shift_of_few),
		cmocka_unit_test(shift_of_five),
		cmocka_unit_test(a_curve_narrows_it),
		cmocka_unit_test(nothing_to_compare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
