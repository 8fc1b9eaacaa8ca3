/* Change points of a series; shares of few; what could have been seen. */
#include "harness/base/random.h"
#include "harness/book/changes.h"
#include "harness/book/detectable.h"
#include "harness/book/proportion.h"

#include <math.h>
#include <stdlib.h>

#include "tests/unit/cmocka.h"

static double noise(struct cb_random *r)
{
	return (double)cb_random_below(r, 1000) / 1000 - 0.5;
}

static size_t find(const double *values, size_t n, struct cb_change **changes)
{
	struct cb_error err = {0};
	size_t count;

	assert_int_equal(cb_changes_find(values, n, 0.01, 1, changes, &count, &err), 0);
	return count;
}

static void levels_are_told_apart(void **state)
{
	struct cb_random r = {.state = 3};
	struct cb_change *changes;
	double values[40];

	(void)state;
	for (size_t i = 0; i < 40; i++)
		values[i] = (i < 15 ? 10 : i < 28 ? 14 : 9) + noise(&r);
	values[5] = NAN; /* a run without this value */
	assert_int_equal(find(values, 40, &changes), 2);
	assert_int_equal(changes[0].at, 15);
	assert_int_equal(changes[1].at, 28);
	assert_true(fabs(changes[0].before - 10) < 0.5 && fabs(changes[0].after - 14) < 0.5);
	assert_true(fabs(changes[1].after - 9) < 0.5);
	free(changes);
}

/* One far from the others is no new level. */
static void an_outlier_is_no_change(void **state)
{
	struct cb_random r = {.state = 4};
	struct cb_change *changes;
	double values[30];

	(void)state;
	for (size_t i = 0; i < 30; i++)
		values[i] = noise(&r);
	values[17] = 1000;
	assert_int_equal(find(values, 30, &changes), 0);
	assert_null(changes);
	for (size_t i = 0; i < 30; i++)
		values[i] = 5;
	assert_int_equal(find(values, 30, &changes), 0);
	assert_int_equal(find(values, 0, &changes), 0);
}

static void few_are_no_series(void **state)
{
	const double values[] = {1, 1.1, 1.2, 1, 9, 9.1, 9.2, 9, 9.3};
	struct cb_change *changes;

	(void)state;
	assert_int_equal(find(values, 9, &changes), 0);
}

static void false_changes_are_rare(void **state)
{
	struct cb_random r = {.state = 5};
	size_t found = 0;

	(void)state;
	for (size_t k = 0; k < 100; k++) {
		struct cb_change *changes;
		double values[20];

		for (size_t i = 0; i < 20; i++)
			values[i] = noise(&r);
		found += find(values, 20, &changes) > 0;
		free(changes);
	}
	assert_true(found <= 4);
}

static void shares_have_intervals(void **state)
{
	struct cb_interval i = cb_proportion(0, 20, 0.95);

	(void)state;
	assert_true(i.estimate == 0 && i.low == 0);
	assert_true(fabs(i.high - 0.1684) < 0.0001); /* 1 - 0.025^(1/20) */
	i = cb_proportion(5, 10, 0.95);
	assert_true(fabs(i.low - 0.1871) < 0.0001 && fabs(i.high - 0.8129) < 0.0001);
	i = cb_proportion(20, 20, 0.95);
	assert_true(i.high == 1 && fabs(i.low - 0.8316) < 0.0001);
	assert_true(isnan(cb_proportion(0, 0, 0.95).estimate));
}

static void shifts_that_could_be_seen(void **state)
{
	const double flat[] = {1, 1, 1, 1, 1}, wide[] = {1, 2, 3, 4, 5}, two[] = {1, 2};
	struct cb_stratum s = {flat, flat, 5, 5};
	struct cb_error err = {0};
	double shift;

	(void)state;
	assert_int_equal(cb_shift_detectable(&s, 1, 0.05, 0.8, 1, &shift, &err), 0);
	assert_true(shift < 1e-9); /* any at all */
	s = (struct cb_stratum){wide, wide, 5, 5};
	assert_int_equal(cb_shift_detectable(&s, 1, 0.05, 0.8, 1, &shift, &err), 0);
	assert_true(shift > 1 && shift < 6);
	s = (struct cb_stratum){two, two, 2, 2};
	assert_int_equal(cb_shift_detectable(&s, 1, 0.05, 0.8, 1, &shift, &err), 0);
	assert_true(isinf(shift));
	assert_int_equal(cb_shift_detectable(&s, 0, 0.05, 0.8, 1, &shift, &err), 0);
	assert_true(isnan(shift));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_are_told_apart),
		cmocka_unit_test(an_outlier_is_no_change),
		cmocka_unit_test(few_are_no_series),
		cmocka_unit_test(false_changes_are_rare),
		cmocka_unit_test(shares_have_intervals),
		cmocka_unit_test(shifts_that_could_be_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
