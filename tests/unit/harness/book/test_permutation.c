#include "harness/base/random.h"
#include "harness/book/permutation.h"

#include <math.h>
#include <stdlib.h>

#include "tests/unit/harness/base/check.h"

#define STRATUM(a_, b_)                                                  \
	{                                                                \
		.a = (a_), .b = (b_), .n_a = sizeof(a_) / sizeof(*(a_)), \
		.n_b = sizeof(b_) / sizeof(*(b_))                        \
	}

static const double low[] = {1, 2, 3, 4, 5}, high[] = {6, 7, 8, 9, 10};

static struct cb_test greater(const struct cb_stratum *strata, size_t n, double shift)
{
	struct cb_test test;

	assert_int_equal(cb_permutation_greater(strata, n, shift, 1, &test, NULL), 0);
	return test;
}

static void check_p(const struct cb_test *test, double p)
{
	if (!(fabs(test->p - p) < 1e-12 * (1 + 1 / p)))
		fail_msg("p is %.15g, not %.15g", test->p, p);
}

static void the_far_end_is_one_split_of_all(void **state)
{
	const struct cb_stratum up[] = {STRATUM(high, low)}, down[] = {STRATUM(low, high)};
	struct cb_test test = greater(up, 1, 0);

	check_p(&test, 1.0 / 252);
	assert_true(test.exact);
	assert_int_equal(test.strata, 1);
	assert_true(fabs(test.least_p - 1.0 / 252) < 1e-12);
	test = greater(down, 1, 0);
	check_p(&test, 1);
}

static void strata_multiply(void **state)
{
	const struct cb_stratum two[] = {STRATUM(high, low), STRATUM(high, low)};
	struct cb_test test = greater(two, 2, 0);

	check_p(&test, 1.0 / 252 / 252);
	assert_true(fabs(test.least_p - 1.0 / 252 / 252) < 1e-15);
}

/* Mann and Whitney's U at 3 against 4: P(U <= 1) = 2/35, P(U <= 3) = 7/35. */
static void known_table(void **state)
{
	const double a1[] = {7, 6, 4}, b1[] = {1, 2, 3, 5}; /* U' = 1 */
	const double a3[] = {7, 5, 3}, b3[] = {1, 2, 4, 6}; /* U' = 3 */
	const struct cb_stratum one[] = {STRATUM(a1, b1)}, three[] = {STRATUM(a3, b3)};
	struct cb_test test = greater(one, 1, 0);

	check_p(&test, 2.0 / 35);
	test = greater(three, 1, 0);
	check_p(&test, 7.0 / 35);
}

static void ties_share_their_ranks(void **state)
{
	const double ones[] = {1, 1}, mixed[] = {0, 1}, same[] = {4, 4, 4};
	const struct cb_stratum tied[] = {STRATUM(ones, mixed)}, alike[] = {STRATUM(same, same)};
	struct cb_test test = greater(tied, 1, 0);

	check_p(&test, 0.5); /* three of the six splits leave the 0 out */
	test = greater(alike, 1, 0);
	check_p(&test, 1);
}

static void a_shift_is_what_must_be_exceeded(void **state)
{
	const struct cb_stratum up[] = {STRATUM(high, low)};
	struct cb_test test = greater(up, 1, 1);

	assert_true(test.p < 0.01);
	test = greater(up, 1, 5); /* then both are alike */
	assert_true(test.p > 0.5 && test.p < 0.6);
	test = greater(up, 1, 100);
	check_p(&test, 1);
}

static void what_has_one_side_says_nothing(void **state)
{
	const double none[] = {NAN, NAN}, some[] = {NAN, 6, 7, 8, 9, 10};
	const struct cb_stratum strata[] = {
		STRATUM(high, low), STRATUM(none, low), STRATUM(some, low)};
	struct cb_test test = greater(strata, 3, 0);

	assert_int_equal(test.strata, 2);
	check_p(&test, 1.0 / 252 / 252);
	test = greater(strata + 1, 1, 0);
	assert_true(isnan(test.p));
	assert_int_equal(test.strata, 0);
}

static void too_many_splits_are_drawn_with_a_seed(void **state)
{
	static double a[600], b[600];
	const struct cb_stratum big[] = {STRATUM(a, b)};
	struct cb_random random = {.state = 5};
	struct cb_test test, again;

	for (size_t i = 0; i < 600; i++) {
		a[i] = (double)cb_random_below(&random, 1000);
		b[i] = (double)cb_random_below(&random, 1000);
	}
	test = greater(big, 1, 0);
	assert_false(test.exact);
	assert_true(test.p > 0.001 && test.p < 0.999);
	again = greater(big, 1, 0);
	assert_true(test.p == again.p);
	for (size_t i = 0; i < 600; i++)
		a[i] += 1000;
	test = greater(big, 1, 0);
	check_p(&test, 1.0 / (CB_PERMUTATION_DRAWS + 1));
	assert_true(test.least_p == test.p);
}

/* A draw and a count of the same data come to the same. */
static void both_ways_agree(void **state)
{
	static double a[600], b[600];
	const struct cb_stratum big[] = {STRATUM(a, b)};
	struct cb_random random = {.state = 11};
	double z, expected, sum = 0;
	struct cb_test test;

	for (size_t i = 0; i < 600; i++) {
		a[i] = (double)cb_random_below(&random, 1000000) + 30000;
		b[i] = (double)cb_random_below(&random, 1000000);
		for (size_t j = 0; j <= i; j++)
			sum += (a[i] > b[j]) + (j < i ? a[j] > b[i] : 0);
	}
	/* the normal approximation of U at n = 600 */
	z = (sum - 180000) / sqrt(600.0 * 600 * 1201 / 12);
	expected = erfc(z / sqrt(2)) / 2;
	test = greater(big, 1, 0);
	assert_true(fabs(test.p - expected) < 0.015);
}

static void equivalence_needs_both_sides(void **state)
{
	const double a[] = {0.500, 0.501, 0.502, 0.503, 0.504},
		     b[] = {0.499, 0.500, 0.501, 0.502, 0.503};
	const double c[] = {0.52, 0.53, 0.54, 0.55, 0.56};
	const struct cb_stratum near[] = {STRATUM(a, b)}, far[] = {STRATUM(a, c)},
				wide[] = {STRATUM(low, high)};
	struct cb_test test;

	assert_int_equal(cb_permutation_equivalent(near, 1, 0.02, 1, &test, NULL), 0);
	check_p(&test, 1.0 / 252);
	assert_int_equal(cb_permutation_equivalent(far, 1, 0.02, 1, &test, NULL), 0);
	assert_true(test.p > 0.9);
	assert_int_equal(cb_permutation_equivalent(wide, 1, 100, 1, &test, NULL), 0);
	check_p(&test, 1.0 / 252);
}

/* What is tested all the time: that the test keeps its word when there is nothing to find. */
static void false_alarms_stay_within_alpha(void **state)
{
	struct cb_random random = {.state = 3};
	double values[4][2][5];
	struct cb_stratum strata[4];
	int alarms = 0;

	for (int run = 0; run < 2000; run++) {
		for (size_t s = 0; s < 4; s++) {
			for (size_t i = 0; i < 10; i++)
				values[s][i / 5][i % 5] = (double)cb_random_below(&random, 50);
			strata[s] = (struct cb_stratum){values[s][0], values[s][1], 5, 5};
		}
		alarms += greater(strata, 4, 0).p <= 0.05;
	}
	assert_in_range(alarms, 60, 125); /* 100 expected at most, 10 its deviation */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_far_end_is_one_split_of_all),
		cmocka_unit_test(strata_multiply),
		cmocka_unit_test(known_table),
		cmocka_unit_test(ties_share_their_ranks),
		cmocka_unit_test(a_shift_is_what_must_be_exceeded),
		cmocka_unit_test(what_has_one_side_says_nothing),
		cmocka_unit_test(too_many_splits_are_drawn_with_a_seed),
		cmocka_unit_test(both_ways_agree),
		cmocka_unit_test(equivalence_needs_both_sides),
		cmocka_unit_test(false_alarms_stay_within_alpha),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
