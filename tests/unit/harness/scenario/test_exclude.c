#include "tests/unit/harness/scenario/load.h"

static void excluded_cells_are_left_out(void **state)
{
	struct cb_scenario *s = load(
		SHORT "vary: {traffic.rate: [1k, 2k, 3k], placement: [A:A, A:B], capture.load: "
		      "[packzip:1, packzip, discard]}\n"
		      "exclude:\n"
		      "  - {traffic.rate: [1k, 0.002M], placement: A:A}\n"
		      "  - {capture.load: packzip, traffic.rate: 3k}\n"
		      "  - {capture.load: 'packzip:level=6', placement: A:B}\n"
		      "  - {capture.load.level: 1, traffic.rate: 1k}\n");

	/* of 18: 6 by the first, 4 by the second, 2 of those left by the third, 1 by the fourth */
	assert_int_equal(s->n_cells, 5);
	for (size_t i = 0; i < s->n_cells; i++) {
		const struct cb_trial_spec *spec = &s->cells[i].spec;

		assert_true(spec->traffic.rate == 3000 || !strcmp(spec->placement, "A:B"));
		assert_string_not_equal(spec->capture.load, "packzip");
	}
	cb_scenario_destroy(s);
}

/* What makes no sense may be excluded. */
static void excluded_combinations_are_not_checked(void **state)
{
	struct cb_scenario *s =
		load(SHORT "vary: {capture.mechanism: [recv, af-xdp], capture.wait: [poll, "
			   "busy-poll]}\n"
			   "exclude: [{capture.mechanism: recv, capture.wait: busy-poll}]\n");

	assert_int_equal(s->n_cells, 3);
	cb_scenario_destroy(s);
}

static void wrong_excludes_are_refused(void **state)
{
	static const struct refusal cases[] = {
		{SHORT "exclude: {placement: A:A}\n",
			"t.yaml:5:10: exclude: is a map: a list of maps is wanted, as in - "
			"{placement: \"A:A\"}"},
		{SHORT "exclude: [5]\n",
			"t.yaml:5:11: exclude[0]: is a value: a map of keys is wanted"},
		{SHORT "exclude: [{}]\n",
			"t.yaml:5:11: exclude[0]: is empty: it would match every cell"},
		{SHORT "exclude: [{placement: A:A}]\n",
			"t.yaml:5:11: exclude: matches no cell: is a path or value mistyped?"},
		{SHORT "exclude: [{placement: auto}]\n",
			"t.yaml:5:11: exclude: takes every cell away: nothing is left"},
		{SHORT "exclude: [{placement: auto, placment: auto}]\n",
			"t.yaml:5:29: exclude[0].placment: unknown key; did you mean "
			"\"placement\"?"},
		{SHORT "exclude: [{traffic.rate: 1x}]\n",
			"t.yaml:5:26: exclude[0].traffic.rate: \"1x\" is not a rate: a number with "
			"k, M or G, as in 1270k, or max"},
		{SHORT "exclude: [{traffic.rate: []}]\n",
			"t.yaml:5:26: exclude[0].traffic.rate: an empty list matches nothing"},
		{SHORT "exclude: [{traffic.rate: 1k, trial.traffic.rate: 1k}]\n",
			"t.yaml:5:30: exclude[0].traffic.rate: is there twice"},
		{SHORT "exclude: [{capture.load.lvel: 1}]\n",
			"t.yaml:5:31: exclude[0].capture.load.lvel: no load has this option"},
		{SHORT "exclude: [{capture.load.level: 11}]\n",
			"t.yaml:5:32: exclude[0].capture.load.level: \"11\" is out of range: 0 to "
			"9"},
		{SHORT "exclude: [{capture.load: packzp}]\n",
			"t.yaml:5:26: trial.capture.load: load \"packzp\" is not known; did you "
			"mean "
			"\"packzip\"? (capbench list loads)"},
		{SHORT "exclude: [{capture.load.name: packzp}]\n",
			"t.yaml:5:31: exclude[0].capture.load.name: load \"packzp\" is not known; "
			"did you mean \"packzip\"? (capbench list loads)"},
	};

	refuse_all(cases, COUNT(cases));
}

static void one_user_of_xdp_turns_napi_on_everywhere(void **state)
{
	struct cb_scenario *s = load(SHORT "vary: {capture.mechanism: [recv, af-xdp]}\n");

	assert_int_equal(s->cells[0].spec.napi, CB_NAPI_ON);
	assert_int_equal(s->cells[1].spec.napi, CB_NAPI_ON);
	assert_string_equal(json_string_value(json_object_get(s->cells[0].params, "napi")), "on");
	cb_scenario_destroy(s);
	s = load(SHORT "vary: {generator.transmitter: [packet, xdp]}\n");
	assert_int_equal(s->cells[0].spec.napi, CB_NAPI_ON);
	assert_int_equal(s->cells[1].spec.napi, CB_NAPI_ON);
	cb_scenario_destroy(s);
	s = load(SHORT "vary: {capture.mechanism: [recv, tpacket2]}\n");
	assert_int_equal(s->cells[0].spec.napi, CB_NAPI_OFF);
	cb_scenario_destroy(s);
	refuse_with(SHORT "  napi: off\nvary: {capture.mechanism: [recv, af-xdp]}\n",
		&(struct asked){0},
		"t.yaml:3:3: trial.napi: off, but af-xdp works in the driver, where NAPI is on: "
		"leave it auto");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_user_of_xdp_turns_napi_on_everywhere),
		cmocka_unit_test(excluded_cells_are_left_out),
		cmocka_unit_test(excluded_combinations_are_not_checked),
		cmocka_unit_test(wrong_excludes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
