/* Variants: read, crossed with the sweep, put in order, given on a command line. */
#include "harness/scenario/plan.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/variant.h"
#include "harness/scenario/variant_text.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/harness/report/members.h"

#define TRIAL "name: v\ntrial: {traffic: {rate: 100k}, capture: {mechanism: tpacket2}}\n"
#define PAIR  "variants:\n  base: {capture.wait: poll}\n  cand: {capture.wait: spin}\n"

static int load(struct cb_scenario **s, const char *yaml, const char *set, struct cb_error *err)
{
	struct cb_scenario_source source = {
		.path = "v.yaml", .text = yaml, .sets = &set, .n_sets = set != NULL};

	*s = NULL;
	return cb_scenario_load(s, &source, &test_registry, err);
}

static struct cb_scenario *loaded(const char *yaml, const char *set)
{
	struct cb_error err = {0};
	struct cb_scenario *s;

	if (load(&s, yaml, set, &err))
		fail_msg("%s", err.text);
	return s;
}

static void each_cell_is_there_twice(void **state)
{
	struct cb_error err = {0};
	struct cb_scenario *s =
		loaded(TRIAL PAIR "vary:\n  traffic.rate: [100k, 200k]\n"
				  "figures:\n  - {id: f, x: traffic.rate, y: captured_share}\n",
			NULL);
	size_t *partners;

	(void)state;
	assert_int_equal(s->n_cells, 4);
	assert_string_equal(s->cells[0].spec.variant, "base");
	assert_string_equal(s->cells[0].spec.capture.wait, "poll");
	assert_string_equal(
		json_string_value(json_object_get(s->cells[2].params, "variant")), "cand");
	assert_string_equal(s->cells[2].spec.capture.wait, "spin");
	assert_string_equal(s->figures[0].series[0], "variant");
	assert_int_equal(cb_variants_pair(s, &partners, &err), 0);
	assert_int_equal(partners[0], 2);
	assert_int_equal(partners[2], 0);
	assert_int_equal(partners[1], 3);
	free(partners);
	cb_scenario_destroy(s);
}

/* A variant that changes nothing is one all the same: the same against itself. */
static void nothing_is_a_variant(void **state)
{
	struct cb_scenario *plain = loaded(TRIAL, NULL), *s;

	(void)state;
	assert_null(json_object_get(plain->cells[0].params, "variant"));
	s = loaded(TRIAL, "variants={a: {}, b: }");
	assert_int_equal(s->n_cells, 2);
	assert_string_not_equal(s->cells[0].id, s->cells[1].id);
	cb_scenario_destroy(s);
	cb_scenario_destroy(plain);
}

static void reads_back(void **state)
{
	struct cb_scenario *s = loaded(TRIAL
		"vary:\n  - {traffic.rate: [1k, 2k]}\n  - {capture.load: "
		"packzip, capture.load.level: [1, 2]}\n",
		"variants={a: {capture.mechanism: recv}, b: {capture.mechanism: tpacket3}}");
	struct cb_scenario *again;

	(void)state;
	assert_int_equal(s->n_cells, 8);
	again = loaded(s->resolved, NULL);
	assert_int_equal(again->n_cells, 8);
	for (size_t i = 0; i < 8; i++)
		assert_string_equal(s->cells[i].id, again->cells[i].id);
	cb_scenario_destroy(again);
	cb_scenario_destroy(s);
}

static void what_is_no_pair_is_refused(void **state)
{
	static const struct {
		const char *yaml, *set, *says;
	} wrong[] = {
		{TRIAL "variants: {a: {}}\n", NULL, "there must be two"},
		{TRIAL "variants: [a, b]\n", NULL, "variants"},
		{TRIAL "variants: {a: {}, b: {capture.wat: spin}}\n", NULL, "did you mean"},
		{TRIAL "variants: {a: {}, b: {capture.wait: [spin, poll]}}\n", NULL,
			"one value is wanted"},
		{TRIAL "variants: {a: {}, \"b/c\": {}}\n", NULL, "names one"},
		{TRIAL PAIR "vary: {capture.wait: [poll]}\n", NULL, "varies already"},
		{TRIAL PAIR, "capture.wait=spin", "both variants set it"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct cb_scenario *s;
		struct cb_error err = {0};

		assert_int_not_equal(load(&s, wrong[i].yaml, wrong[i].set, &err), 0);
		assert_null(s);
		if (!strstr(err.text, wrong[i].says))
			fail_msg("\"%s\" does not say \"%s\"", err.text, wrong[i].says);
	}
}

/* A B B A, of each rate; the last of five repetitions begins with either. */
static void trials_alternate(void **state)
{
	struct cb_testbed_shape shape = {.cores = 2, .shared = true, .rps = true};
	struct cb_error err = {0};
	struct cb_scenario *s =
		loaded(TRIAL PAIR "repetitions: 5\nvary:\n  traffic.rate: [1k, 2k]\n", NULL);
	size_t firsts[2] = {0};
	struct cb_plan *p = NULL;

	(void)state;
	if (cb_plan_make(&p, s, &shape, 7, &err))
		fail_msg("%s", err.text);
	assert_int_equal(p->n_trials, 20);
	for (size_t i = 0; i < p->n_trials;) {
		const struct cb_planned_trial *t = &p->trials[i];
		size_t other = (t[0].cell + 2) % 4;

		assert_int_equal(t[1].cell, other);
		assert_int_equal(t[1].repetition, t[0].repetition);
		firsts[t[0].cell / 2] += t[0].repetition == 4;
		if (t[0].repetition < 4) {
			assert_int_equal(t[2].cell, other);
			assert_int_equal(t[3].cell, t[0].cell);
			assert_int_equal(t[2].repetition, t[0].repetition + 1);
			assert_int_equal(t[3].repetition, t[0].repetition + 1);
		}
		i += t[0].repetition < 4 ? 4 : 2;
	}
	assert_int_equal(firsts[0], 1);
	assert_int_equal(firsts[1], 1);
	cb_plan_destroy(p);
	cb_scenario_destroy(s);
}

static void command_lines_are_read(void **state)
{
	static const struct {
		const char *text, *overlay;
	} right[] = {
		{"base=capture.wait=poll,cand=capture.wait=spin",
			"variants={\"base\": {\"capture.wait\": \"poll\"}, \"cand\": "
			"{\"capture.wait\": \"spin\"}}"},
		{"a=,b=placement=A:B;capture.load=work:2us",
			"variants={\"a\": {}, \"b\": {\"placement\": \"A:B\", \"capture.load\": "
			"\"work:2us\"}}"},
		{"a={capture.wait: \"batch:1,2ms\"},b=",
			"variants={\"a\": {capture.wait: \"batch:1,2ms\"}, \"b\": {}}"},
	};
	static const char *const wrong[] = {"base", "base=x,cand=y", "a=p=1,=q", "a=p=,b="};

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
		struct cb_error err = {0};
		struct cb_text out = {0};

		if (cb_variants_overlay(right[i].text, &out, &err))
			fail_msg("%s", err.text);
		assert_string_equal(cb_text_get(&out), right[i].overlay);
		cb_text_finish(&out);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct cb_error err = {0};
		struct cb_text out = {0};

		assert_int_equal(cb_variants_overlay(wrong[i], &out, &err), CB_ERR_USAGE);
		cb_text_finish(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_cell_is_there_twice),
		cmocka_unit_test(nothing_is_a_variant),
		cmocka_unit_test(reads_back),
		cmocka_unit_test(what_is_no_pair_is_refused),
		cmocka_unit_test(trials_alternate),
		cmocka_unit_test(command_lines_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
