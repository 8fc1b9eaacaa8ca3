#include "harness/book/correlation.h"

#include <math.h>

#include "tests/unit/harness/base/check.h"

static const double one_to_six[] = {1, 2, 3, 4, 5, 6};

static struct cb_test rises(const struct cb_pairs *curves, size_t n, double *rho)
{
	struct cb_test test;

	assert_int_equal(cb_correlation_rises(curves, n, 1, &test, rho, NULL), 0);
	return test;
}

static void one_order_of_all(void **state)
{
	const double y[] = {10, 20, 30, 40}, down[] = {4, 3, 2, 1};
	const struct cb_pairs up[] = {{one_to_six, y, 4}}, falls[] = {{one_to_six, down, 4}};
	double rho;
	struct cb_test test = rises(up, 1, &rho);

	assert_true(test.exact);
	assert_true(fabs(test.p - 1.0 / 24) < 1e-12);
	assert_true(fabs(rho - 1) < 1e-12);
	test = rises(falls, 1, &rho);
	assert_true(fabs(test.p - 1) < 1e-12);
	assert_true(fabs(rho + 1) < 1e-12);
}

/* Spearman's rho of 1 2 3 4 5 with 2 1 3 5 4 is 0.8; 8 of 120 orders reach it. */
static void known_table(void **state)
{
	const double y[] = {2, 1, 3, 5, 4};
	const struct cb_pairs curve[] = {{one_to_six, y, 5}};
	double rho;
	struct cb_test test = rises(curve, 1, &rho);

	assert_true(fabs(rho - 0.8) < 1e-12);
	assert_true(fabs(test.p - 8.0 / 120) < 1e-12);
}

static void curves_keep_their_own_level(void **state)
{
	const double low[] = {1, 2, 3}, high[] = {101, 102, 103};
	const struct cb_pairs curves[] = {{one_to_six, low, 3}, {one_to_six, high, 3}};
	double rho;
	struct cb_test test = rises(curves, 2, &rho);

	assert_true(fabs(rho - 1) < 1e-12);
	assert_true(fabs(test.p - 1.0 / 36) < 1e-12);
	assert_int_equal(test.strata, 2);
}

static void what_is_flat_or_unknown_says_nothing(void **state)
{
	const double flat[] = {3, 3, 3}, holes[] = {1, NAN, 2, 3};
	const struct cb_pairs nothing[] = {{one_to_six, flat, 3}},
			      some[] = {{one_to_six, holes, 4}};
	double rho;
	struct cb_test test = rises(nothing, 1, &rho);

	assert_true(isnan(test.p) && isnan(rho));
	test = rises(nothing, 0, &rho);
	assert_true(isnan(test.p));
	test = rises(some, 1, &rho);
	assert_true(fabs(test.p - 1.0 / 6) < 1e-12);
}

static void many_are_drawn(void **state)
{
	double x[30], y[30], rho;
	const struct cb_pairs curve[] = {{x, y, 30}};
	struct cb_test test;

	for (int i = 0; i < 30; i++) {
		int level = i / 5; /* a trend over six of them, five trials each */

		x[i] = level;
		y[i] = level * 10 + i % 5;
	}
	test = rises(curve, 1, &rho);
	assert_false(test.exact);
	assert_true(test.p <= 2.0 / (CB_PERMUTATION_DRAWS + 1));
	for (int i = 0; i < 30; i++)
		y[i] = i * 7 % 30; /* no trend to speak of */
	test = rises(curve, 1, &rho);
	assert_true(test.p > 0.05 && test.p < 0.95);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_order_of_all),
		cmocka_unit_test(known_table),
		cmocka_unit_test(curves_keep_their_own_level),
		cmocka_unit_test(what_is_flat_or_unknown_says_nothing),
		cmocka_unit_test(many_are_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
