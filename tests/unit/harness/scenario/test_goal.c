/* `goals:` of a scenario: what a search looks for. */
#include "harness/base/units.h"
#include "harness/scenario/goal.h"

#include "tests/unit/harness/scenario/load.h"

#define TRIAL "name: t\ntrial: {traffic: {rate: 1M}, capture: {mechanism: tpacket2}}\n"

static void refuse(const char *text, const char *error)
{
	refuse_with(text, &(struct asked){.profile = NULL}, error);
}

static void two_goals_by_default(void **state)
{
	struct cb_scenario *s = load(TRIAL);

	assert_int_equal(s->n_goals, 2);
	assert_string_equal(s->goals[0].name, "throughput");
	assert_int_equal(s->goals[0].loss, 0);
	assert_string_equal(s->goals[1].name, "pdr");
	assert_int_equal(s->goals[1].loss, 5000);
	assert_int_equal(s->goals[1].width, 10000);
	assert_int_equal(s->goals[1].trials, 5);
	cb_scenario_destroy(s);
}

static void goals_are_read(void **state)
{
	struct cb_scenario *s = load(TRIAL "goals:\n"
					   "  - {name: a, loss: 1%, exceed: 10%, width: 2%}\n"
					   "  - {name: b, kind: burst, rate: 500k, longest: 1s}\n"
					   "  - {name: c, initial: 100ms, final: 2s, trials: 9}\n");

	assert_int_equal(s->n_goals, 3);
	assert_int_equal(s->goals[0].kind, CB_GOAL_RATE);
	assert_int_equal(s->goals[0].loss, 10000);
	assert_int_equal(s->goals[0].exceed, 100000);
	assert_int_equal(s->goals[1].kind, CB_GOAL_BURST);
	assert_int_equal(s->goals[1].rate, 500000);
	assert_int_equal(s->goals[1].longest_ns, 1000000000);
	assert_int_equal(s->goals[2].initial_ns, 100000000);
	assert_int_equal(s->goals[2].trials, 9);
	assert_int_equal(s->goals[2].rate, CB_RATE_MAX);
	cb_scenario_destroy(s);
}

static void what_is_wrong_is_refused(void **state)
{
	refuse(TRIAL "goals: throughput\n",
		"t.yaml:3:8: goals: a list of one to 16 goals is wanted, as in [{name: throughput, "
		"loss: 0}]");
	refuse(TRIAL "goals: []\n",
		"t.yaml:3:8: goals: a list of one to 16 goals is wanted, as in [{name: throughput, "
		"loss: 0}]");
	refuse(TRIAL "goals:\n  - {name: a}\n  - {name: a}\n",
		"t.yaml:5:12: goals[1].name: \"a\" is there twice");
	refuse(TRIAL "goals:\n  - {name: ../a}\n",
		"t.yaml:4:12: goals[0].name: \"../a\" names a result: letters, digits, - _ . are "
		"allowed");
	refuse(TRIAL "goals:\n  - {name: a, initial: 2s, final: 1s}\n",
		"t.yaml:4:24: goals[0].initial: the first trials may not be longer than the final "
		"ones");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_goals_by_default),
		cmocka_unit_test(goals_are_read),
		cmocka_unit_test(what_is_wrong_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
