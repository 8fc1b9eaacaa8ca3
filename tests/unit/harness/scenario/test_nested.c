/* Members that have a member of their axis as an option. */
#include "tests/unit/harness/scenario/load.h"

#define WITH_LOAD(load)                              \
	"name: t\ntrial:\n  traffic: {rate: 100k}\n" \
	"  capture: {mechanism: recv, load: " load "}\n"

/* In brackets or not; what is said about it is said where the load stands. */
static void members_stand_in_members(void **state)
{
	static const struct {
		const char *text, *canonical;
	} cases[] = {
		{WITH_LOAD("'handoff:behind=(packzip:1,frame)'"),
			"handoff:behind=(packzip:level=1,stream=frame)"},
		{WITH_LOAD("{name: handoff, behind: 'packzip:1,frame'}"),
			"handoff:behind=(packzip:level=1,stream=frame)"},
		{WITH_LOAD("{name: handoff, behind: '(packzip:1,frame)'}"),
			"handoff:behind=(packzip:level=1,stream=frame)"},
		{WITH_LOAD("{name: handoff, behind: 'work:2us'}"), "handoff:behind=work:time=2us"},
		{WITH_LOAD("{name: handoff, behind: discard}"), "handoff"},
	};
	static const struct refusal wrong[] = {
		{WITH_LOAD("{name: handoff, behind: 'packzip:11'}"),
			"t.yaml:4:36: trial.capture.load: load handoff: behind: load packzip: "
			"level: \"11\" is out of range: 0 to 9"},
		{WITH_LOAD("{name: handoff, behind: 'packzip:1),(x'}"),
			"t.yaml:4:36: trial.capture.load: load handoff takes no more than 1 option "
			"(behind)"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cb_scenario *s = load(cases[i].text);

		assert_string_equal(s->cells[0].spec.capture.load, cases[i].canonical);
		cb_scenario_destroy(s);
	}
	refuse_all(wrong, COUNT(wrong));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_stand_in_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
