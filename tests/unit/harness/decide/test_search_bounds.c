/* What trials say of loads: bounds, and the generator's ceiling. */
#include "harness/decide/search.h"

#include <math.h>

#include "tests/unit/cmocka.h"

/* A generator that stalls now and then has no lower ceiling for it. */
static void takes_no_stall_for_a_limit(void **state)
{
	const struct cb_search_trial trials[] = {
		{.load = 200000, .length = 1, .offered = 199999},
		{.load = 50000, .length = 1, .offered = 20000, .limited = true},
		{.load = 50000, .length = 1, .offered = 10000, .limited = true},
		{.load = 300000, .length = 1, .offered = 250000, .limited = true},
	};

	assert_true(isinf(cb_search_ceiling(trials, 1)) || cb_search_ceiling(trials, 1) >= 195000);
	assert_true(cb_search_ceiling(trials, 3) >= 195000);
	assert_true(cb_search_ceiling(trials, 4) >= 245000 - 1);
}

static enum cb_search_class classify(const char *lengths_and_losses)
{
	const struct cb_search_target target = {
		.loss = 0.01, .exceed = 0.25, .width = 0.01, .length = 1, .sum = 4};
	struct cb_search_trial trials[16];
	size_t n = 0;

	/* "L" a long trial, "s" one of a quarter, capital or not; "+" good, "-" bad */
	for (const char *p = lengths_and_losses; *p; p += 2)
		trials[n++] = (struct cb_search_trial){.load = 5,
			.length = *p == 'L' || *p == 'G' ? 1 : 0.25,
			.loss = p[1] == '+' ? 0.01 : 0.02,
			.limited = *p == 'G',
			.invalid = p[1] == '?'};
	return cb_search_classify(&target, trials, n, 5);
}

static void classifies_as_mlrsearch_does(void **state)
{
	assert_int_equal(classify(""), CB_LOAD_UNDECIDED);
	assert_int_equal(classify("L+L+"), CB_LOAD_UNDECIDED);
	assert_int_equal(classify("L+L+L+"), CB_LOAD_LOW); /* the fourth may be bad */
	assert_int_equal(classify("L-"), CB_LOAD_UNDECIDED);
	assert_int_equal(classify("L-L-"), CB_LOAD_HIGH);
	assert_int_equal(classify("L-L+L+L+"), CB_LOAD_LOW);
	assert_int_equal(classify("s+s+s+s+s+s+s+s+"), CB_LOAD_UNDECIDED); /* too short to show */
	assert_int_equal(classify("s-s-s-s-s-"), CB_LOAD_HIGH);
	assert_int_equal(classify("s+s+s+s-"), CB_LOAD_UNDECIDED); /* one of four is allowed */
	assert_int_equal(classify("L+L+L+L?"), CB_LOAD_LOW);
	assert_int_equal(classify("G+G+G+G+"), CB_LOAD_UNDECIDED); /* less was offered */
	assert_int_equal(classify("G-G-"), CB_LOAD_HIGH);          /* and even that was too much */
}

static void believes_the_lower_load(void **state)
{
	const struct cb_search_target t = {
		.loss = 0, .exceed = 0.5, .width = 0.01, .length = 1, .sum = 1};
	const struct cb_search_trial trials[] = {
		{.load = 100, .length = 1},
		{.load = 200, .length = 1, .loss = 0.1},
		{.load = 300, .length = 1},
		{.load = 400, .length = 1, .loss = 0.1},
	};
	struct cb_search_bounds b = cb_search_bounds(&t, trials, 4);
	struct cb_search_goal goal = {
		.exceed = 0.5, .width = 1, .initial = 1, .final = 1, .sum = 1};
	struct cb_search s = {.goals = &goal,
		.n_goals = 1,
		.least = 1,
		.most = 1000,
		.invalid_max = 1,
		.trials_max = 9};
	struct cb_search_step step;
	struct cb_search_result r;

	assert_true(b.low == 100 && b.high == 200);
	cb_search_next(&s, trials, 4, &step, &r);
	assert_true(step.done && !step.gave_up);
	assert_int_equal(r.state, CB_SEARCH_FOUND);
	assert_int_equal(r.inconsistent, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_no_stall_for_a_limit),
		cmocka_unit_test(classifies_as_mlrsearch_does),
		cmocka_unit_test(believes_the_lower_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
