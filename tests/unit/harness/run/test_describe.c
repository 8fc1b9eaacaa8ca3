#include "harness/run/describe.h"

#include <string.h>

#include "tests/unit/harness/scenario/load.h"

#define CELLS SHORT "vary: {placement: [A:A, A:B], traffic.rate: [1k, 2k]}\nseed: 7\n"

static json_t *describe(const char *text, const struct cb_testbed_shape *shape)
{
	struct cb_scenario *s = load(text);
	struct cb_plan *p = NULL;
	struct cb_error err = {0};
	json_t *run;

	if (cb_plan_make(&p, s, shape, 0, &err))
		fail_msg("%s", err.text);
	run = cb_run_describe(p, shape, "capbench run \"t.yaml\"");
	assert_non_null(run);
	cb_plan_destroy(p);
	cb_scenario_destroy(s);
	return run;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text)
		fail_msg("%s is no text", key);
	return text;
}

static void says_what_was_asked_for(void **state)
{
	const struct cb_testbed_shape shape = {
		.cores = 2, .shared = true, .inline_receive = true, .rps = true};
	json_t *run = describe(CELLS, &shape), *plan = json_object_get(run, "plan");

	assert_string_equal(text_of(run, "seed"), "7");
	assert_string_equal(text_of(run, "scenario"), "t");
	assert_string_equal(text_of(run, "status"), "running");
	assert_string_equal(text_of(run, "command_line"), "capbench run \"t.yaml\"");
	assert_int_equal(json_integer_value(json_object_get(plan, "cells")), 4);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(run, "testbed"), "cores")), 2);
	json_decref(run);
}

static void tells_each_layout_once(void **state)
{
	const struct cb_testbed_shape shape = {
		.cores = 2, .shared = true, .inline_receive = true, .rps = true};
	json_t *run = describe(CELLS, &shape), *layouts = json_object_get(run, "layouts");
	const json_t *apart = json_array_get(layouts, 1), *cells = json_object_get(apart, "cells");

	assert_int_equal(json_array_size(layouts), 2);
	assert_int_equal(json_array_size(cells), 2);
	assert_int_equal(json_integer_value(json_array_get(cells, 0)), 2);
	assert_int_equal(json_integer_value(json_array_get(cells, 1)), 3);
	assert_string_equal(text_of(apart, "receive"), "rps");
	assert_int_equal(json_integer_value(json_object_get(apart, "generator_core")), 0);
	assert_int_equal(
		json_integer_value(json_array_get(json_object_get(apart, "capture_cores"), 0)), 1);
	assert_non_null(strstr(text_of(apart, "note"), "shares the generator's core"));
	assert_string_equal(text_of(json_array_get(layouts, 0), "receive"), "rps");
	assert_string_equal(text_of(json_array_get(layouts, 0), "note"), "");
	json_decref(run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_was_asked_for),
		cmocka_unit_test(tells_each_layout_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
