/* How `trial.placement` is written. (test_layout.c: which cores it comes to.) */
#include <stdio.h>

#include "tests/unit/harness/scenario/load.h"

static void placements_have_one_spelling(void **state)
{
	static const struct {
		const char *written, *canonical;
	} cases[] = {
		{"A:A", "A:A"},
		{"\"A:B, C\"", "A:B,C"},
		{"auto", "auto"},
		{"{capture: 1, receive: [0]}", "{receive: [0], capture: [1]}"},
		{"\"{ capture: [1,2] }\"", "{capture: [1, 2]}"},
		{"{generator: 0}", "{generator: [0]}"},
	};
	char yaml[256];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cb_scenario *s;

		snprintf(yaml, sizeof(yaml), "%s  placement: %s\n", SHORT, cases[i].written);
		s = load(yaml);
		assert_string_equal(s->cells[0].spec.placement, cases[i].canonical);
		cb_scenario_destroy(s);
	}
}

static void wrong_placements_are_refused(void **state)
{
	static const struct refusal cases[] = {
		{SHORT "  placement: B:A\n",
			"t.yaml:5:14: trial.placement: \"B:A\" is no placement: A:A (same core), "
			"A:B "
			"(different cores), A:B,C (processes in turn), auto, or {generator: [0], "
			"receive: [1], capture: [2]}"},
		{SHORT "  placement: A:C\n",
			"t.yaml:5:14: trial.placement: \"A:C\": letters come in order: B before C"},
		{SHORT "  placement: 'A:'\n",
			"t.yaml:5:14: trial.placement: \"A:\": letters from A to Z, parted by "
			"commas, are wanted after the colon"},
		{SHORT "  placement: A:1\n",
			"t.yaml:5:14: trial.placement: \"A:1\": letters from A to Z, parted by "
			"commas, are wanted after the colon"},
		{SHORT "  placement: [A:A]\n",
			"t.yaml:5:14: trial.placement: A:A, A:B, auto or a "
			"map of cores is wanted"},
		{SHORT "  placement: {}\n",
			"t.yaml:5:14: trial.placement: is empty: generator, "
			"receive, capture are wanted"},
		{SHORT "  placement: {core: 1}\n",
			"t.yaml:5:15: trial.placement.core: unknown key; known here: generator, "
			"receive, capture"},
		{SHORT "  placement: {receive: [1, 2]}\n",
			"t.yaml:5:24: trial.placement: receive: at most 1 core"},
		{SHORT "  placement: {receive: []}\n",
			"t.yaml:5:24: trial.placement: receive: a core or a list of cores is "
			"wanted, as in [1]"},
		{SHORT "  placement: {receive: 1024}\n",
			"t.yaml:5:24: trial.placement: a core's number from 0 to 1023 is wanted"},
		{SHORT "  placement: {receive: -1}\n",
			"t.yaml:5:24: trial.placement: a core's number from 0 to 1023 is wanted"},
	};

	refuse_all(cases, COUNT(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(placements_have_one_spelling),
		cmocka_unit_test(wrong_placements_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
