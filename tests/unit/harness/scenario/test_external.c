/* Whole programs in the place of mechanism, wait and load. */
#include "harness/scenario/scenario.h"

#include <string.h>

#include "tests/unit/harness/scenario/load.h"

#define START      "name: t\ntrial:\n  traffic: {rate: 100k}\n"
#define WITH(text) START "  capture: {external: " text "}\n"

static const char *param(const struct cb_cell *cell, const char *path)
{
	const char *text = json_string_value(json_object_get(cell->params, path));

	return text ? text : "(none)";
}

static void a_name_takes_the_place_of_members(void **state)
{
	struct cb_scenario *s = load(WITH("sniffer"));
	const struct cb_cell *cell = &s->cells[0];

	assert_int_equal(s->n_cells, 1);
	assert_string_equal(cell->spec.capture.external, "sniffer");
	assert_string_equal(cell->spec.capture.mechanism, "");
	assert_string_equal(cell->spec.capture.wait, "");
	assert_string_equal(cell->spec.capture.load, "");
	assert_string_equal(param(cell, "capture.external"), "sniffer");
	assert_string_equal(param(cell, "capture.mechanism"), "external:sniffer");
	assert_string_equal(param(cell, "capture.wait"), "external");
	assert_string_equal(param(cell, "capture.load"), "external");
	assert_string_equal(param(cell, "capture.external.program"), "(none)");
	cb_scenario_destroy(s);
}

static void without_one_members_stay(void **state)
{
	struct cb_scenario *s = load(SHORT);

	assert_string_equal(s->cells[0].spec.capture.external, "none");
	assert_string_equal(param(&s->cells[0], "capture.external"), "(none)");
	assert_string_equal(param(&s->cells[0], "capture.mechanism"), "tpacket2");
	cb_scenario_destroy(s);
	s = load(START "  capture: {external: none, mechanism: recv, load: packzip}\n");
	assert_string_equal(s->cells[0].spec.capture.mechanism, "recv");
	cb_scenario_destroy(s);
}

static void a_map_describes_one(void **state)
{
	struct cb_scenario *s = load(
		START "  capture:\n    external:\n      name: mine\n"
		      "      command: [prog, -i, \"{interface}\", \"a b\"]\n      linger: 1s\n");
	const struct cb_cell *cell = &s->cells[0];
	json_t *read = json_loads(cell->spec.capture.external, 0, NULL);
	json_t *wanted = json_pack("{s:s, s:[s,s,s,s], s:s}", "name", "mine", "command", "prog",
		"-i", "{interface}", "a b", "linger", "1s");

	assert_true(json_equal(read, wanted));
	assert_string_equal(param(cell, "capture.external"), "mine");
	assert_string_equal(param(cell, "capture.mechanism"), "external:mine");
	assert_string_equal(param(cell, "capture.external.program"), cell->spec.capture.external);
	json_decref(read);
	json_decref(wanted);
	cb_scenario_destroy(s);
}

/* Programs beside mechanisms: a list of maps keeps them apart; what is resolved reads back. */
static void programs_vary(void **state)
{
	struct cb_scenario
		*s = load(START
			"vary:\n"
			"  - {capture.external: [sniffer, {name: a, command: [x]}, {name: a, "
			"command: [y]}]}\n"
			"  - {capture.mechanism: [recv, tpacket2], capture.wait: [poll, spin]}\n"),
		*again;

	assert_int_equal(s->n_cells, 7);
	assert_string_equal(param(&s->cells[0], "capture.mechanism"), "external:sniffer");
	assert_string_equal(param(&s->cells[1], "capture.external"), "a");
	assert_string_equal(param(&s->cells[2], "capture.external"), "a");
	assert_string_not_equal(s->cells[1].id, s->cells[2].id);
	assert_string_equal(param(&s->cells[3], "capture.external"), "(none)");
	assert_string_equal(param(&s->cells[6], "capture.wait"), "spin");
	again = load(s->resolved);
	assert_int_equal(again->n_cells, 7);
	for (size_t i = 0; i < 7; i++)
		assert_string_equal(again->cells[i].id, s->cells[i].id);
	cb_scenario_destroy(again);
	cb_scenario_destroy(s);
}

/* What varies lies over what the trial says. */
static void a_program_lies_over_members(void **state)
{
	struct cb_scenario *s = load(SHORT "vary: {capture.external: [none, sniffer]}\n");

	assert_int_equal(s->n_cells, 2);
	assert_string_equal(param(&s->cells[0], "capture.mechanism"), "tpacket2");
	assert_string_equal(param(&s->cells[1], "capture.mechanism"), "external:sniffer");
	assert_string_equal(s->cells[1].spec.capture.mechanism, "");
	cb_scenario_destroy(s);
}

static void programs_can_be_picked(void **state)
{
	static const char text[] = START "vary: {capture.external: [sniffer, {name: a}]}\n";
	struct cb_scenario *s = load_with(text, &(struct asked){.only = {"capture.external=a"}});

	assert_int_equal(s->n_cells, 1);
	assert_string_equal(param(&s->cells[0], "capture.external"), "a");
	cb_scenario_destroy(s);
	s = load_with(START "exclude:\n  - {capture.external: sniffer}\n"
			    "vary: {capture.external: [sniffer, {name: a}]}\n",
		&(struct asked){.profile = NULL});
	assert_int_equal(s->n_cells, 1);
	cb_scenario_destroy(s);
	s = load_with(START "  capture: {processes: 3}\n",
		&(struct asked){.sets = {"capture.external=sniffer"}});
	assert_string_equal(s->cells[0].spec.capture.external, "sniffer");
	cb_scenario_destroy(s);
}

#define TAKES_THE_PLACE                                                                           \
	"capture.external stands in the place of mechanism, wait and load: leave one of the two " \
	"out; a list of maps under vary keeps them apart"

static void wrong_ones_are_refused(void **state)
{
	static const struct refusal cases[] = {
		{WITH("snifer"), "t.yaml:4:23: trial.capture.external: \"snifer\" is not known"},
		{WITH("{}"), "t.yaml:4:23: trial.capture.external: \"{}\" is not known"},
		{WITH(""),
			"t.yaml:4:23: trial.capture.external: a program's name is wanted, or a "
			"map that describes one"},
		{WITH("[sniffer]"),
			"t.yaml:4:23: trial.capture.external: a program's name is "
			"wanted, or a map that describes one"},
		{WITH("'{\"name\": \"a\"}'"),
			"t.yaml:4:23: trial.capture.external: this is no program's name"},
		{WITH("{name: {a: b}}"),
			"t.yaml:4:30: trial.capture.external: texts and lists of texts describe a "
			"program"},
		{WITH("{name: a, command: [[b]]}"),
			"t.yaml:4:42: trial.capture.external: texts and lists of texts describe a "
			"program"},
		{WITH("sniffer, mechanism: recv"),
			"t.yaml:4:43: trial.capture.mechanism: " TAKES_THE_PLACE},
		{WITH("sniffer, wait: poll"), "t.yaml:4:38: trial.capture.wait: " TAKES_THE_PLACE},
		{WITH("sniffer") "vary: {capture.load: [discard]}\n",
			"t.yaml:5:23: trial.capture.load: " TAKES_THE_PLACE},
		{WITH("sniffer") "vary: {capture.load.level: [1]}\n",
			"t.yaml:5:29: trial.capture.load: " TAKES_THE_PLACE},
		{SHORT "vary: {capture.external: sniffer, capture.mechanism: recv}\n",
			"t.yaml:5:54: trial.capture.mechanism: " TAKES_THE_PLACE},
		{WITH("sniffer") "vary: {capture.mechanism: [recv]}\n",
			"t.yaml:5:28: trial.capture.mechanism: " TAKES_THE_PLACE},
	};

	refuse_all(cases, COUNT(cases));
}

static void long_descriptions_are_refused(void **state)
{
	char text[5000];

	snprintf(text, sizeof(text), START "  capture: {external: {name: a%0*d}}\n",
		CB_EXTERNAL_TEXT_MAX, 0);
	refuse_with(text, &(struct asked){.profile = NULL},
		"t.yaml:4:23: trial.capture.external: a description takes 2047 bytes at most");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_takes_the_place_of_members),
		cmocka_unit_test(without_one_members_stay),
		cmocka_unit_test(a_map_describes_one),
		cmocka_unit_test(programs_vary),
		cmocka_unit_test(a_program_lies_over_members),
		cmocka_unit_test(programs_can_be_picked),
		cmocka_unit_test(wrong_ones_are_refused),
		cmocka_unit_test(long_descriptions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
