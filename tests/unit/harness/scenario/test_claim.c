#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/harness/scenario/load.h"

#define SWEPT                                                                              \
	SHORT "vary:\n"                                                                    \
	      "  - {traffic.rate: [100k, 200k, 300k, max], placement: [A:A, A:B]}\n"       \
	      "  - {capture.load: packzip, capture.load.level: [0, 3, 9],\n"               \
	      "     capture.wait: [poll, \"sleep:20us\", \"sleep:1ms\"]}\n"                \
	      "figures: [{id: f, x: traffic.rate, y: captured_share, series: placement,\n" \
	      "           where: {capture.load: discard}}]\n"

#define CLAIM(rest)  SWEPT "claims:\n  - {id: c, says: It is so, " rest "}\n"
#define EXPECT(rest) CLAIM("expect: {" rest "}")
#define DISCARD      "where: {capture.load: discard}"
#define ARMS         "[{placement: \"A:A\"}, {placement: \"A:B\"}]"

static void a_claim_is_read(void **state)
{
	struct cb_scenario *s = load(CLAIM(
		"section: \"4.1\", figure: f, analogue: this for that, otherwise: for a reason, "
		"needs: {cores: 3, sensors: 2, nic: yes}, expect: {less: " ARMS ", " DISCARD
		", metric: captured_pps, by: 5%, at_ceiling: cpu_ns_per_frame}"));
	const struct cb_claim *c = s->claims;
	const struct cb_expectation *e = c->expectations;

	assert_int_equal(s->n_claims, 1);
	assert_string_equal(c->id, "c");
	assert_string_equal(c->says, "It is so");
	assert_string_equal(c->section, "4.1");
	assert_string_equal(c->figure, "f");
	assert_string_equal(c->analogue, "this for that");
	assert_string_equal(c->otherwise, "for a reason");
	assert_int_equal(c->needs_cores, 3);
	assert_int_equal(c->needs_sensors, 2);
	assert_true(c->needs_nic);
	assert_int_equal(c->n_expectations, 1);
	assert_int_equal(e->kind, CB_EXPECT_LESS);
	assert_int_equal(e->n_arms, 2);
	assert_string_equal(e->metric, "captured_pps");
	assert_string_equal(e->at_ceiling, "cpu_ns_per_frame");
	assert_int_equal(e->by, 50000);
	assert_int_equal(e->within, 20000);
	assert_string_equal(
		json_string_value(json_object_get(e->arms[1].pattern, "placement")), "A:B");
	cb_scenario_destroy(s);
}

static void arms_have_names_and_a_choice(void **state)
{
	struct cb_scenario *s = load(EXPECT("greater: [{capture.wait: sleep, take: best, label: "
					    "the best sleep}, {capture.wait: poll}]"));
	const struct cb_claim_arm *arms = s->claims->expectations->arms;

	assert_string_equal(arms[0].label, "the best sleep");
	assert_true(arms[0].best);
	assert_false(arms[1].best);
	assert_null(json_object_get(arms[0].pattern, "take"));
	cb_scenario_destroy(s);
}

static size_t values(const char *text, const char *path)
{
	char yaml[2048];
	struct cb_scenario *s;
	size_t n;

	snprintf(yaml, sizeof(yaml),
		"%sclaims: [{id: c, says: so, expect: {falls: placement, "
		"where: %s}}]\n",
		SWEPT, text);
	s = load(yaml);
	n = json_array_size(json_object_get(s->claims->expectations->where, path));
	cb_scenario_destroy(s);
	return n;
}

/* Of 100k, 200k, 300k and max; of 0, 3 and 9. */
static void words_stand_for_what_was_swept(void **state)
{
	struct cb_scenario *s;
	const json_t *list;

	assert_int_equal(values("{traffic.rate: lowest}", "traffic.rate"), 1);
	assert_int_equal(values("{traffic.rate: upper, capture.load: discard}", "traffic.rate"), 2);
	assert_int_equal(values("{capture.load.level: lower}", "capture.load.level"), 1);
	assert_int_equal(values("{capture.load.level: upper}", "capture.load.level"), 1);
	s = load(EXPECT("less: " ARMS ", where: {traffic.rate: highest}"));
	list = json_object_get(s->claims->expectations->where, "traffic.rate");
	assert_string_equal(json_string_value(json_array_get(list, 0)), "max");
	cb_scenario_destroy(s);
	/* the only value is the lower and the upper half */
	s = load(SHORT "claims: [{id: c, says: so, expect: {falls: placement, where: "
		       "{traffic.rate: upper}}}]\n");
	list = json_object_get(s->claims->expectations->where, "traffic.rate");
	assert_int_equal(json_integer_value(json_array_get(list, 0)), 100000);
	cb_scenario_destroy(s);
}

static void what_is_named_is_not_compared(void **state)
{
	struct cb_scenario *s =
		load(EXPECT("greater: [{capture.wait: sleep}, {capture.wait: poll}], "
			    "where: {capture.load.level: 9}"));
	const struct cb_expectation *e = s->claims->expectations;
	struct cb_text keys[2] = {{0}};
	size_t n = 0;

	for (size_t i = 0; i < s->n_cells; i++) {
		if (cb_cell_matches(e->where, s->cells[i].params) && n < 2)
			cb_expectation_stratum(e, s->cells[i].params, &keys[n++]);
	}
	assert_int_equal(n, 2);
	assert_string_equal(cb_text_get(&keys[0]), cb_text_get(&keys[1]));
	assert_null(strstr(cb_text_get(&keys[0]), "capture.wait"));
	assert_non_null(strstr(cb_text_get(&keys[0]), "capture.load.level"));
	cb_text_finish(&keys[0]);
	cb_text_finish(&keys[1]);
	cb_scenario_destroy(s);
}

static void places_on_a_scale(void **state)
{
	json_t *text = json_string("20% of capacity"), *max = json_string("max"),
	       *name = json_string("A:B"), *number = json_integer(5);

	assert_true(cb_param_order(text) == 200000);
	assert_true(isinf(cb_param_order(max)));
	assert_true(isnan(cb_param_order(name)) && isnan(cb_param_order(NULL)));
	assert_true(cb_param_order(number) == 5);
	json_decref(text);
	json_decref(max);
	json_decref(name);
	json_decref(number);
}

#define AT "t.yaml:12:"

static const struct refusal wrong_claims[] = {
	{SWEPT "claims: 5\n", "t.yaml:11:9: claims: is a value: a list of claims is wanted"},
	{CLAIM("expcet: {}"), AT "29: claims[0].expcet: unknown key; did you mean \"expect\"?"},
	{CLAIM("figure: g"), AT "37: claims[0].figure: there is no figure \"g\" here"},
	{CLAIM("figure: f"),
		AT "5: claims[0].expect: is missing: what must hold of the measurements (or "
		   "needs: what it would take)"},
	{EXPECT("smaller: 5"),
		AT "38: claims[0].expect.smaller: unknown key; known here: metric, "
		   "at_ceiling, along, by, within, greater, less, at_least, equivalent, "
		   "most, least, spreads, rises, falls, rises_with, falls_with, where"},
	{EXPECT("grater: 5"),
		AT "38: claims[0].expect.grater: unknown key; did you mean \"greater\"?"},
	{EXPECT("by: 1%"),
		AT "37: claims[0].expect: nothing is expected: greater, less, at_least, "
		   "equivalent, most, least, spreads, rises, falls, rises_with or "
		   "falls_with"},
	{EXPECT("less: " ARMS ", falls: placement"),
		AT "93: claims[0].expect: one expectation at a time: write a list of them"},
	{EXPECT("less: [{placement: \"A:A\"}]"),
		AT "44: claims[0].expect.less: a list of two to 8 maps is wanted, as in "
		   "[{placement: \"A:A\"}, {placement: \"A:B\"}]"},
	{EXPECT("less: " ARMS ", metric: captured_shar"),
		AT "94: claims[0].expect.metric: \"captured_shar\" is no metric; did you "
		   "mean \"captured_share\"?"},
	{EXPECT("rises_with: nothing"),
		AT "50: claims[0].expect.rises_with: \"nothing\" is no metric (capbench list "
		   "metrics)"},
	{EXPECT("falls: traffic.rat"),
		AT "45: claims[0].expect.falls: traffic.rat: unknown key; did you mean "
		   "\"rate\"?"},
	{EXPECT("less: [{receive: rps}, {placement: \"A:B\"}]"),
		AT "37: claims[0].expect.less[0]: no cell has all of this"},
	{EXPECT("less: [{capture.load.level: 0}, {placement: \"A:B\"}]"),
		AT "37: claims[0].expect.less[1]: no cell of this differs from one of the "
		   "first in nothing but what is named here: name more, or pick with where"},
	{EXPECT("less: " ARMS ", where: {placement: upper}"),
		AT "94: claims[0].expect.where.placement: \"upper\" is for numbers, and no "
		   "cell that the rest of this names has one"},
	{EXPECT("less: [{placement: \"A:A\", take: worst}, {placement: \"A:B\"}]"),
		AT "70: claims[0].expect.less[0].take: \"best\" is all there is: of several "
		   "cells at one point the best"},
	{SWEPT "claims:\n  - {id: c, says: so, needs: {cores: 3}}\n"
	       "  - {id: c, says: so, needs: {cores: 3}}\n",
		"t.yaml:13:10: claims[1].id: \"c\" is there twice"},
	{EXPECT("less: " ARMS ", by: 2"),
		AT "90: claims[0].expect.by: \"2\" is out of range: 0 to 100%"},
};

static void what_is_wrong_is_told_with_its_place(void **state)
{
	for (size_t i = 0; i < COUNT(wrong_claims); i++) {
		struct cb_scenario *s = NULL;
		struct cb_error err = {0};

		assert_int_equal(load_asked(&s, wrong_claims[i].text, &(struct asked){0}, &err),
			CB_ERR_USAGE);
		assert_string_equal(err.text, wrong_claims[i].error);
	}
}

static void claims_are_resolved_too(void **state)
{
	struct cb_scenario *s = load(EXPECT("less: " ARMS ", where: {traffic.rate: upper}")),
			   *again;

	again = load(s->resolved);
	assert_int_equal(again->n_claims, 1);
	assert_true(json_equal(again->claims->expectations->where, s->claims->expectations->where));
	cb_scenario_destroy(again);
	cb_scenario_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_claim_is_read),
		cmocka_unit_test(arms_have_names_and_a_choice),
		cmocka_unit_test(words_stand_for_what_was_swept),
		cmocka_unit_test(what_is_named_is_not_compared),
		cmocka_unit_test(places_on_a_scale),
		cmocka_unit_test(what_is_wrong_is_told_with_its_place),
		cmocka_unit_test(claims_are_resolved_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
