/* The statistics of the gate: single verdicts, and its error rates over many simulated pairs. */
#include "harness/base/random.h"
#include "harness/decide/judge.h"

#include <math.h>
#include <string.h>

#include "tests/unit/cmocka.h"

#define RATES  8
#define TRIALS 5
#define FRESH  10 /* of a confirmation */

struct values {
	double a[RATES][FRESH], b[RATES][FRESH];
	struct cb_stratum strata[RATES];
};

static const struct cb_judge_rules rules = CB_JUDGE_RULES;

/* Judge one curve, by itself. */
static struct cb_judged judge_with(
	struct values *v, size_t rates, size_t trials, int direction, double floor, bool all)
{
	struct cb_judged j = {
		.strata = v->strata, .n = rates, .direction = direction, .floor = floor};
	struct cb_judged *list = &j;
	struct cb_error err = {0};

	for (size_t i = 0; i < rates; i++)
		v->strata[i] = (struct cb_stratum){v->a[i], v->b[i], trials, trials};
	assert_int_equal(cb_judge_curve(&j, &rules, &err), 0);
	assert_int_equal(cb_judge_all(&list, 1, &rules), 0);
	if (all)
		assert_int_equal(cb_judge_describe(&j, &rules, &err), 0);
	cb_judged_finish(&j);
	return j;
}

static struct cb_judged judge(
	struct values *v, size_t rates, size_t trials, int direction, double floor)
{
	return judge_with(v, rates, trials, direction, floor, false);
}

static double uniform(struct cb_random *r)
{
	return ((double)(cb_random_next(r) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(struct cb_random *r)
{
	return sqrt(-2 * log(uniform(r))) * cos(2 * M_PI * uniform(r));
}

/* Ways in which loss is scattered, seen in captures; `shift` is how much worse the candidate is. */

/* Overload: 30 % are lost, a point more or less. */
static double overload(struct cb_random *r, size_t rate, double shift)
{
	(void)rate;
	return 0.7 - shift + 0.01 * normal(r);
}

/* The knee: most trials lose nothing, some a little, a few a lot. */
static double knee(struct cb_random *r, size_t rate, double shift)
{
	(void)rate;
	if (uniform(r) < 0.3)
		return 1 - shift;
	return fmax(0, 1 - shift - 0.005 * exp(normal(r)));
}

/* Two ways of going: interrupts land on the one core or on the other. */
static double two_ways(struct cb_random *r, size_t rate, double shift)
{
	(void)rate;
	return (uniform(r) < 0.8 ? 0.9 : 0.7) - shift + 0.005 * normal(r);
}

/* A whole curve: nothing is lost up to the fourth rate, then more and more. */
static double whole_curve(struct cb_random *r, size_t rate, double shift)
{
	if (rate < 4)
		return 1;
	return 1 - 0.1 * (double)(rate - 3) - shift + 0.01 * normal(r);
}

typedef double draw(struct cb_random *r, size_t rate, double shift);

static void fill(struct values *v, struct cb_random *r, draw *model, size_t trials, double shift)
{
	for (size_t i = 0; i < RATES; i++) {
		for (size_t k = 0; k < trials; k++) {
			v->a[i][k] = model(r, i, shift);
			v->b[i][k] = model(r, i, 0);
		}
	}
}

/* One pair of runs through the whole gate: 0 nothing, 1 found at first only, 2 confirmed. */
static int gate(struct cb_random *r, draw *model, double shift)
{
	struct values v;

	fill(&v, r, model, TRIALS, shift);
	if (!judge(&v, RATES, TRIALS, -1, 0.001).changed)
		return 0;
	fill(&v, r, model, FRESH, shift);
	return judge(&v, RATES, FRESH, -1, 0.001).changed ? 2 : 1;
}

/* Pairs in which nothing differs, a quarter of them scattered in each way. */
static void false_alarms(void **state)
{
	static draw *const models[] = {overload, knee, two_ways, whole_curve};
	const size_t pairs = 1000;
	struct cb_random r = {.state = 2};
	size_t first = 0, confirmed = 0;

	(void)state;
	for (size_t i = 0; i < pairs; i++) {
		int found = gate(&r, models[i % 4], 0);

		first += found > 0;
		confirmed += found > 1;
	}
	print_message("false alarms of %zu: %zu, confirmed %zu\n", pairs, first, confirmed);
	assert_true(first * 100 <= pairs * 5);
	assert_true(confirmed * 100 <= pairs);
	/* a gate that never finds anything would pass, too */
	assert_true(first > 0);
}

static void two_points_are_found(void **state)
{
	struct cb_random r = {.state = 5};
	size_t all = 0, half = 0;
	const size_t pairs = 25;

	(void)state;
	for (size_t i = 0; i < pairs; i++) {
		all += gate(&r, overload, 0.02) == 2;
		half += gate(&r, whole_curve, 0.02) == 2;
	}
	print_message("of %zu: %zu on all rates, %zu where half of the rates lose nothing\n", pairs,
		all, half);
	assert_true(all * 10 >= pairs * 8);
	assert_true(half * 10 >= pairs * 8);
}

static void zero_baselines_are_equal(void **state)
{
	struct values v = {0};
	struct cb_judged j;

	(void)state;
	for (size_t i = 0; i < RATES; i++) {
		for (size_t k = 0; k < TRIALS; k++)
			v.a[i][k] = v.b[i][k] = 1;
	}
	j = judge_with(&v, RATES, TRIALS, -1, 0.001, true);
	assert_false(j.changed);
	assert_true(j.p == 1);
	assert_true(j.shift.estimate == 0);
	/* a candidate that drops in most trials what the base never does */
	for (size_t k = 0; k < 4; k++)
		v.a[7][k] = 0.99;
	j = judge(&v, RATES, TRIALS, -1, 0.001);
	assert_true(j.changed);
	assert_true(fabs(j.effect - 0.01) < 1e-12);
	assert_false(judge(&v, RATES, TRIALS, +1, 0.001).changed);
}

static void exact_p_of_one_cell(void **state)
{
	struct values v = {.a = {{1, 2, 3, 4, 5}}, .b = {{6, 7, 8, 9, 10}}};
	struct cb_judged j = judge(&v, 1, 5, -1, 0.001);

	(void)state;
	assert_true(fabs(j.p - 1.0 / 252) < 1e-12);
	assert_true(j.shift.estimate == -5);
	assert_true(j.changed);
	assert_false(j.alone); /* one in 252 is no proof */
}

static void a_floor_holds(void **state)
{
	struct values v = {0};

	(void)state;
	for (size_t i = 0; i < RATES; i++) {
		for (size_t k = 0; k < TRIALS; k++) {
			v.b[i][k] = 0.9 + 0.00001 * (double)k;
			v.a[i][k] = v.b[i][k] - 0.0005;
		}
	}
	assert_false(judge(&v, RATES, TRIALS, -1, 0.001).changed);
	assert_true(judge(&v, RATES, TRIALS, -1, 0.0004).changed);
}

static void too_few_trials_say_so(void **state)
{
	struct values v = {.a = {{1, 2}}, .b = {{6, 7}}};
	struct cb_judged j = judge_with(&v, 1, 2, -1, 0.001, true);

	(void)state;
	assert_true(j.too_few);
	assert_false(j.changed);
	assert_true(isinf(j.detectable));
	j = judge(&v, 0, 0, -1, 0.001);
	assert_true(isnan(j.p));
	assert_false(j.changed);
}

/* What is said to be detectable is: shifts of that size are found about four times of five. */
static void detectable_is_detected(void **state)
{
	struct cb_random r = {.state = 11};
	double said = 0;
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		struct values v;

		fill(&v, &r, overload, TRIALS, 0);
		said += judge_with(&v, RATES, TRIALS, -1, 0, true).detectable / 20;
	}
	for (size_t i = 0; i < 100; i++) {
		struct values v;

		fill(&v, &r, overload, TRIALS, said);
		found += judge(&v, RATES, TRIALS, -1, 0).changed;
	}
	print_message("%.4f found in %zu of 100\n", said, found);
	assert_true(found >= 68 && found <= 95);
}

static void heaps_are_told_from_outliers(void **state)
{
	struct values v = {
		.a = {{1, 1.01, 1.02, 5, 5.01, 5.02}}, .b = {{1, 1.01, 1.02, 1.03, 1.01, 9}}};
	struct cb_judged j = {.strata = v.strata, .n = 1, .direction = 1};
	struct cb_error err = {0};

	(void)state;
	v.strata[0] = (struct cb_stratum){v.b[0], v.b[0], 6, 6};
	assert_int_equal(cb_judge_describe(&j, &rules, &err), 0);
	assert_false(j.points[0].two_heaps);
	cb_judged_finish(&j);
	v.strata[0] = (struct cb_stratum){v.a[0], v.b[0], 6, 6};
	assert_int_equal(cb_judge_describe(&j, &rules, &err), 0);
	/* of 6 trials 3 in each heap: the median lies between, and so far are all from it */
	assert_false(j.points[0].two_heaps);
	cb_judged_finish(&j);
	v.a[0][2] = 5.005;
	v.a[0][6] = 5.03;
	v.strata[0] = (struct cb_stratum){v.a[0], v.b[0], 7, 6};
	assert_int_equal(cb_judge_describe(&j, &rules, &err), 0);
	assert_true(j.points[0].two_heaps);
	cb_judged_finish(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(false_alarms),
		cmocka_unit_test(two_points_are_found),
		cmocka_unit_test(zero_baselines_are_equal),
		cmocka_unit_test(exact_p_of_one_cell),
		cmocka_unit_test(a_floor_holds),
		cmocka_unit_test(too_few_trials_say_so),
		cmocka_unit_test(detectable_is_detected),
		cmocka_unit_test(heaps_are_told_from_outliers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
