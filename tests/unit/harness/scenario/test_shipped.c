/* The scenarios that come with the program, and what their README says. */
#include "harness/base/file.h"
#include "harness/scenario/goal.h"
#include "harness/scenario/plan.h"
#include "harness/scenario/tables.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/harness/scenario/load.h"

#define SCENARIOS CB_SOURCE_DIR "/scenarios"

static const struct cb_testbed_shape two_cores = {
	.cores = 2, .shared = true, .inline_receive = true, .rps = true, .threaded = true};

static struct cb_scenario *load_file(const char *path, const char *profile)
{
	struct cb_scenario_source source = {.path = path, .profile = profile};
	struct cb_scenario *s = NULL;
	struct cb_error err = {0};

	if (cb_scenario_load(&s, &source, &fake_registry, &err))
		fail_msg("%s", err.text);
	return s;
}

/* What the first contact with capbench promises. */
static void the_quick_one_is_quick(void **state)
{
	struct cb_scenario *s = load_file(SCENARIOS "/quick.yaml", NULL);
	struct cb_plan *p = NULL;

	assert_int_equal(cb_plan_make(&p, s, &two_cores, 1, NULL), 0);
	assert_true(p->estimated_ns < INT64_C(70) * 1000000000);
	assert_int_equal(p->cores_needed, 2);
	assert_int_equal(s->n_figures, 2);
	assert_string_equal(s->figures[0].x, "traffic.rate");
	assert_string_equal(s->figures[1].x, "capture.load.level");
	cb_plan_destroy(p);
	cb_scenario_destroy(s);
}

static void its_smoke_takes_seconds(void **state)
{
	struct cb_scenario *s = load_file(SCENARIOS "/quick.yaml", "smoke");
	struct cb_plan *p = NULL;

	assert_int_equal(cb_plan_make(&p, s, &two_cores, 1, NULL), 0);
	assert_true(p->estimated_ns < INT64_C(6) * 1000000000);
	assert_int_equal(s->n_figures, 2);
	cb_plan_destroy(p);
	cb_scenario_destroy(s);
}

static char *readme(void)
{
	char *text = NULL;
	struct cb_error err = {0};

	if (cb_file_read(SCENARIOS "/README.md", 1 << 20, &text, NULL, &err))
		fail_msg("%s", err.text);
	return text;
}

static void assert_documented(const char *text, const char *name, const char *what)
{
	char quoted[80];

	snprintf(quoted, sizeof(quoted), "`%s`", name);
	if (!strstr(text, quoted))
		fail_msg("the README does not tell of %s %s", what, name);
}

static void every_key_is_documented(void **state)
{
	char *text = readme();

	for (const struct cb_option *row = cb_trial_options; row->name; row++)
		assert_documented(text, row->name, "trial key");
	for (const struct cb_option *row = cb_root_options; row->name; row++)
		assert_documented(text, row->name, "key");
	for (const struct cb_option *row = cb_figure_options; row->name; row++)
		assert_documented(text, row->name, "figure key");
	for (const struct cb_option *row = cb_claim_options; row->name; row++)
		assert_documented(text, row->name, "claim key");
	for (const struct cb_option *row = cb_expectation_options; row->name; row++)
		assert_documented(text, row->name, "expectation key");
	for (const struct cb_option *row = cb_goal_options; row->name; row++)
		assert_documented(text, row->name, "goal key");
	for (size_t i = 0; cb_expect_names[i]; i++)
		assert_documented(text, cb_expect_names[i], "expectation");
	for (size_t i = 0; cb_root_sections[i]; i++)
		assert_documented(text, cb_root_sections[i], "section");
	for (size_t i = 0; cb_figure_sections[i]; i++)
		assert_documented(text, cb_figure_sections[i], "figure key");
	for (size_t i = 0; cb_metric_names[i]; i++)
		assert_documented(text, cb_metric_names[i], "metric");
	free(text);
}

/* A default in the README's tables is the default of the code. */
static void every_default_is_the_documented_one(void **state)
{
	char *text = readme(), want[160];

	for (const struct cb_option *row = cb_trial_options; row->name; row++) {
		if (row->fallback)
			snprintf(want, sizeof(want), "| `%s` | `%s` |", row->name, row->fallback);
		else
			snprintf(want, sizeof(want), "| `%s` | needed |", row->name);
		assert_says(text, want);
	}
	free(text);
}

/*
 * The README's YAML works: a whole scenario by itself, any other piece on top of one that has what
 * it refers to.
 */
static void every_example_works(void **state)
{
	static const char head[] = "name: t\n", trial[] = "trial:\n  traffic: {rate: 1M}\n";
	static const char capture[] = "  capture: {mechanism: tpacket2}\n";
	char *text = readme(), *at = text;
	size_t n = 0;

	while ((at = strstr(at, "```yaml\n"))) {
		char *body = at + strlen("```yaml\n"), *end = strstr(body, "```");
		struct cb_text whole = {0};

		assert_non_null(end);
		*end = '\0';
		at = end + 1;
		n++;
		if (!strncmp(body, "name:", 5)) {
			cb_scenario_destroy(load(body));
			continue;
		}
		if (!strncmp(body, "capture:", 8)) {
			/* one key a line: three scenarios */
			for (char *line = strtok(body, "\n"); line; line = strtok(NULL, "\n")) {
				cb_text_clear(&whole);
				cb_text_addf(&whole, "%s%s  %s\nvary: {capture.mechanism: recv}\n",
					head, trial, line);
				cb_scenario_destroy(load(cb_text_get(&whole)));
			}
		} else {
			cb_text_addf(&whole, "%s%s%s%s", head, trial, capture, body);
			if (!strstr(body, "vary:"))
				cb_text_add(&whole,
					"vary: {placement: [A:A, A:B], traffic.rate: "
					"[1M, max, 5k]}\n");
			cb_scenario_destroy(load(cb_text_get(&whole)));
		}
		cb_text_finish(&whole);
	}
	assert_int_equal(n, 13);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_quick_one_is_quick),
		cmocka_unit_test(its_smoke_takes_seconds),
		cmocka_unit_test(every_key_is_documented),
		cmocka_unit_test(every_default_is_the_documented_one),
		cmocka_unit_test(every_example_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
