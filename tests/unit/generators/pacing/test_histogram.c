/* The histogram: quantiles within a bucket of the truth, at both ends of the range. */
#include "generators/pacing/histogram.h"
#include "harness/base/random.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"

static struct cb_histogram h;

static int reset(void **state)
{
	memset(&h, 0, sizeof(h));
	return 0;
}

static void empty_is_zero(void **state)
{
	assert_true(cb_histogram_quantile(&h, 990000) == 0);
	assert_true(cb_histogram_quantile(&h, 0) == 0);
}

static void one_value_is_every_quantile(void **state)
{
	cb_histogram_add(&h, 123456789);
	assert_true(cb_histogram_quantile(&h, 0) == 123456789);
	assert_true(cb_histogram_quantile(&h, 500000) == 123456789);
	assert_true(cb_histogram_quantile(&h, 1000000) == 123456789);
}

static void small_values_are_exact(void **state)
{
	for (uint64_t v = 0; v < 32; v++)
		cb_histogram_add(&h, v);
	for (uint32_t k = 1; k <= 32; k++)
		assert_true(cb_histogram_quantile(&h, k * 1000000 / 32) == k - 1);
}

/* Every power of two and its neighbours come back at most 1/32 too high, never too low. */
static void whole_range(void **state)
{
	for (unsigned bit = 0; bit < 64; bit++)
		for (int d = -1; d <= 1; d++) {
			uint64_t v = (UINT64_C(1) << bit) + (uint64_t)d, q;

			reset(NULL);
			cb_histogram_add(&h, v);
			cb_histogram_add(&h, UINT64_MAX);
			q = cb_histogram_quantile(&h, 500000);
			assert_true(q >= v);
			assert_true(q - v <= v / 32);
		}
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void agrees_with_sorting(void **state)
{
	static uint64_t values[10000];
	static const uint32_t quantiles[] = {1, 10000, 500000, 900000, 990000, 999000, 1000000};
	struct cb_random random = {.state = 5};

	for (size_t i = 0; i < 10000; i++) {
		values[i] = cb_random_next(&random) >> cb_random_below(&random, 64);
		cb_histogram_add(&h, values[i]);
	}
	qsort(values, 10000, sizeof(values[0]), ascending);
	assert_true(h.max == values[9999]);
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		uint64_t rank = ((uint64_t)quantiles[i] * 10000 + 999999) / 1000000;
		uint64_t truth = values[rank - 1], q = cb_histogram_quantile(&h, quantiles[i]);

		assert_true(q >= truth);
		assert_true(q - truth <= truth / 32);
	}
}

static void never_above_the_largest(void **state)
{
	for (unsigned i = 0; i < 100; i++)
		cb_histogram_add(&h, 1000001);
	assert_true(cb_histogram_quantile(&h, 990000) == 1000001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(empty_is_zero, reset),
		cmocka_unit_test_setup(one_value_is_every_quantile, reset),
		cmocka_unit_test_setup(small_values_are_exact, reset),
		cmocka_unit_test_setup(whole_range, reset),
		cmocka_unit_test_setup(agrees_with_sorting, reset),
		cmocka_unit_test_setup(never_above_the_largest, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
