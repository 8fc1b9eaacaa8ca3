/* The whole report: its files, its contract, its escapes. */
#include "harness/report/format.h"
#include "harness/report/report.h"

#include "tests/unit/harness/report/synthetic.h"

#define YAML(title)                                                 \
	"name: whole\n"                                             \
	"title: \"" title "\"\n"                                    \
	"question: \"Is <i>this</i> | that?\"\n"                    \
	"trial:\n"                                                  \
	"  duration: 1s\n"                                          \
	"  warmup: 200ms\n"                                         \
	"  traffic: {frame_size: 64, rate: 100k}\n"                 \
	"  generator: {transmitter: packet}\n"                      \
	"  capture: {mechanism: recv, wait: poll, load: discard}\n" \
	"  placement: 'A:B'\n"                                      \
	"vary:\n"                                                   \
	"  traffic.rate: [100k, 200k]\n"                            \
	"repetitions: 2\n"                                          \
	"figures:\n"                                                \
	"  - {id: share, title: Share, x: traffic.rate, y: captured_share}\n"

static void add_trials(struct synthetic *s)
{
	struct cb_trial_record r;

	synthetic_add(s, &(struct synthetic_trial){.trial = 0, .pps = 100000, .share = 1});
	synthetic_add(s,
		&(struct synthetic_trial){.trial = 1,
			.repetition = 1,
			.pps = 100000,
			.share = 0.9,
			.views = 3,
			.state = CB_TRIAL_GENERATOR_LIMITED,
			.reason = "unoffered"});
	synthetic_record(s,
		&(struct synthetic_trial){.trial = 2,
			.cell = 1,
			.pps = 200000,
			.share = 0.5,
			.state = CB_TRIAL_INVALID,
			.reason = "books, \"quoted\" <b>& bold</b>"},
		&r);
	r.views[0].book.unaccounted = -12;
	synthetic_add_record(s, &r);
	cb_trial_record_finish(&r);
}

static json_t *report(struct synthetic *s, int wanted)
{
	struct cb_report_options options = {.pictures = false};
	struct cb_error err = {0};
	json_t *summary = NULL;
	int r = cb_report_write(s->directory, &test_registry, &options, &summary, &err);

	if (r != wanted)
		fail_msg("%d: %s", r, err.text);
	return summary;
}

static int64_t count(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		fail_msg("%s is no integer", key);
	return json_integer_value(value);
}

static double real(const json_t *object, const char *key, const char *part)
{
	const json_t *value = json_object_get(json_object_get(object, key), part);

	if (!json_is_number(value))
		fail_msg("%s.%s is no number", key, part);
	return json_number_value(value);
}

static void check_contract(const json_t *s)
{
	const json_t *cell = json_array_get(json_object_get(s, "cells"), 0);

	assert_int_equal(count(s, "schema"), 1);
	assert_string_equal(json_string_value(json_object_get(s, "scenario")), "whole");
	assert_int_equal(count(s, "trials"), 3);
	assert_int_equal(count(s, "valid"), 1);
	assert_int_equal(count(s, "invalid"), 1);
	assert_int_equal(count(s, "generator_limited"), 1);
	assert_int_equal(count(s, "unaccounted"), 12);
	assert_int_equal(count(s, "unaccounted_unknown"), 0);
	assert_int_equal(count(s, "missing"), 1);
	assert_string_equal(json_string_value(json_object_get(s, "status")), "complete");
	assert_int_equal(json_array_size(json_object_get(s, "cells")), 2);
	assert_int_equal(count(cell, "cell"), 0);
	assert_int_equal(strlen(json_string_value(json_object_get(cell, "id"))), 16);
	assert_int_equal(count(json_object_get(cell, "params"), "traffic.rate"), 100000);
	assert_int_equal(count(cell, "n"), 2);
	assert_true(real(cell, "captured_share", "median") == 0.95);
	assert_true(real(cell, "captured_share", "min") == 0.9);
	assert_true(real(cell, "captured_share", "max") == 1);
	assert_true(real(cell, "cpu_ns_per_frame", "median") == 350);
	assert_true(real(cell, "offered_pps", "median") == 100000);
	assert_true(real(cell, "frames_per_wakeup", "median") == 20);
	assert_int_equal(json_array_size(json_object_get(cell, "marked")), 1);
	/* An invalid trial alone is no value: null, not 0. */
	cell = json_array_get(json_object_get(s, "cells"), 1);
	assert_int_equal(count(cell, "n"), 0);
	assert_int_equal(count(cell, "invalid"), 1);
	assert_true(
		json_is_null(json_object_get(json_object_get(cell, "captured_share"), "median")));
}

static void check_warning(const json_t *s, const char *wanted)
{
	const json_t *warning;
	size_t i, n = 0;

	json_array_foreach(json_object_get(s, "warnings"), i, warning) n +=
		strcmp(json_string_value(warning), wanted) == 0;
	if (n != 1)
		fail_msg("%zu warnings say: %s", n, wanted);
}

static void test_contract(void **state)
{
	struct synthetic s;
	json_t *summary, *written;
	char *text;

	(void)state;
	synthetic_open(&s, YAML("Whole"));
	add_trials(&s);
	synthetic_save(&s, 4, "Whole");
	summary = report(&s, 0);
	check_warning(summary, "In 2 of 2 cells " SYNTHETIC_NOTE ".");
	check_contract(summary);
	text = synthetic_read(&s, "report/summary.json");
	written = json_loads(text, 0, NULL);
	check_contract(written);
	free(text);
	json_decref(written);
	json_decref(summary);
	assert_true(synthetic_has(&s, "report/trials.csv"));
	assert_true(synthetic_has(&s, "report/report.md"));
	assert_true(synthetic_has(&s, "report/report.html"));
	assert_true(synthetic_has(&s, "report/share.dat"));
	assert_true(synthetic_has(&s, "report/share.gp"));
	assert_false(synthetic_has(&s, "report/share.svg"));
	synthetic_close(&s);
}

static void check_same(struct synthetic *s, const char *name, const char *before)
{
	char *after = synthetic_read(s, name);

	assert_string_equal(after, before);
	free(after);
}

/* The same data gives the same bytes. */
static void test_determinism(void **state)
{
	static const char *const names[] = {"report/summary.json", "report/report.md",
		"report/report.html", "report/trials.csv", "report/share.dat", "report/share.gp"};
	char *before[sizeof(names) / sizeof(*names)];
	struct synthetic s;

	(void)state;
	synthetic_open(&s, YAML("Whole"));
	add_trials(&s);
	synthetic_save(&s, 4, "Whole");
	json_decref(report(&s, 0));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		before[i] = synthetic_read(&s, names[i]);
	json_decref(report(&s, 0));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		check_same(&s, names[i], before[i]);
		free(before[i]);
	}
	synthetic_close(&s);
}

static void test_html_escapes(void **state)
{
	struct synthetic s;
	char *text;

	(void)state;
	synthetic_open(&s, YAML("</title><script>alert('1')</script>"));
	add_trials(&s);
	synthetic_save(&s, 4, "x");
	json_decref(report(&s, 0));
	text = synthetic_read(&s, "report/report.html");
	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "<i>this"));
	assert_null(strstr(text, "<b>& bold"));
	assert_null(strstr(text, "{{"));
	assert_says(text, "&lt;/title&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;");
	assert_says(text, "books, &quot;quoted&quot; &lt;b&gt;&amp; bold&lt;/b&gt;");
	assert_says(text, "RPS: needs root, so A:A cannot be had");
	assert_says(text, "capbench run scenarios/quick.yaml");
	assert_says(text, "Measuring the softirq time costs 61 ns");
	free(text);
	text = synthetic_read(&s, "report/report.md");
	assert_null(strstr(text, "<script"));
	assert_says(text, "Is &lt;i&gt;this&lt;/i&gt; \\| that?");
	free(text);
	synthetic_close(&s);
}

static void test_csv(void **state)
{
	struct synthetic s;
	char *text, *row;
	size_t rows = 0;

	(void)state;
	synthetic_open(&s, YAML("Whole"));
	add_trials(&s);
	/* Trial 0 was made again: its first attempt has no row. */
	synthetic_add(
		&s, &(struct synthetic_trial){.trial = 0, .attempt = 2, .pps = 123456, .share = 1});
	synthetic_save(&s, 4, "Whole");
	json_decref(report(&s, 0));
	text = synthetic_read(&s, "report/trials.csv");
	for (row = text; (row = strstr(row, "\r\n")); row += 2)
		rows++;
	assert_int_equal(rows, 4);
	assert_says(text, ",123456.0,");
	assert_says(text, "schema,trial,cell,cell_id,repetition,attempt,");
	assert_says(text, "params.traffic.rate");
	assert_says(text, "views.0.received");
	assert_says(text, "views.2.unaccounted");
	assert_says(text, "evidence.steal_share");
	assert_says(text, "metric.captured_share");
	assert_says(text, ",invalid,\"books, \"\"quoted\"\" <b>& bold</b>\",");
	free(text);
	synthetic_close(&s);
}

static void test_empty_run(void **state)
{
	struct synthetic s;
	json_t *summary;
	char *text;

	(void)state;
	synthetic_open(&s, YAML("Whole"));
	synthetic_save(&s, 4, "Whole");
	summary = report(&s, CB_ERR_INCONCLUSIVE);
	assert_non_null(summary);
	assert_int_equal(count(summary, "trials"), 0);
	assert_int_equal(count(summary, "missing"), 4);
	json_decref(summary);
	text = synthetic_read(&s, "report/report.html");
	assert_says(text, "There is no finished trial");
	assert_says(text, "4 of 4 planned trials are missing");
	free(text);
	text = synthetic_read(&s, "report/report.md");
	assert_says(text, "There is no finished trial");
	free(text);
	synthetic_close(&s);
}

/* Data of a version whose scenarios this one cannot read. */
static void test_without_scenario(void **state)
{
	struct synthetic s;
	json_t *summary;

	(void)state;
	synthetic_open(&s, YAML("Whole"));
	add_trials(&s);
	synthetic_save(&s, 4, "Whole");
	synthetic_write(&s, "scenario.resolved.yaml", "name: {x: [\n");
	summary = report(&s, 0);
	assert_int_equal(json_array_size(json_object_get(summary, "cells")), 2);
	assert_int_equal(json_array_size(json_object_get(summary, "figures")), 0);
	json_decref(summary);
	synthetic_close(&s);
}

static size_t widest(const char *text)
{
	size_t most = 0;

	while (*text) {
		size_t n = strcspn(text, "\n"), width;
		char *line = strndup(text, n);

		width = cb_format_width(line);
		most = width > most ? width : most;
		free(line);
		text += n + (text[n] == '\n');
	}
	return most;
}

static void test_print(void **state)
{
	struct cb_text text = {0};
	struct synthetic s;
	json_t *summary;

	(void)state;
	synthetic_open(&s, YAML("Whole"));
	add_trials(&s);
	synthetic_save(&s, 4, "Whole");
	summary = report(&s, 0);
	/* A title may have passed a reader that was less strict. */
	json_object_set_new(summary, "title", json_string("\033[31mred"));
	for (int columns = 40; columns <= 200; columns += 20) {
		cb_text_clear(&text);
		cb_report_print(summary, columns, &text);
		if (widest(cb_text_get(&text)) > (size_t)columns)
			fail_msg("wider than %d:\n%s", columns, cb_text_get(&text));
	}
	assert_null(strchr(cb_text_get(&text), '\033'));
	assert_says(cb_text_get(&text),
		"3 trials: 1 valid, 1 generator-limited, 1 invalid, 1 missing; unaccounted: 12\n");
	assert_says(cb_text_get(&text), "12 frames are unaccounted for in 1 trial");
	assert_says(cb_text_get(&text), "95.0*");
	assert_says(cb_text_get(&text), "-!");
	assert_says(cb_text_get(&text), "* generator-limited\n");
	cb_text_finish(&text);
	json_decref(summary);
	synthetic_close(&s);
}

/* With gnuplot where there is one; without it the report says how to get it. */
static void test_pictures(void **state)
{
	static const char *const names[] = {
		"report/share.svg", "report/share.png", "report/share.pdf"};
	struct cb_report_options options = {.pictures = true};
	struct synthetic s;
	char *text, *path;
	bool without;

	(void)state;
	synthetic_open(&s, YAML("Whole"));
	add_trials(&s);
	synthetic_save(&s, 4, "Whole");
	assert_int_equal(cb_report_write(s.directory, &test_registry, &options, NULL, NULL), 0);
	text = synthetic_read(&s, "report/report.html");
	without = strstr(text, "there is no gnuplot here") != NULL;
	free(text);
	if (without) {
		synthetic_close(&s);
		skip();
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_true(synthetic_has(&s, names[i]));
	text = synthetic_read(&s, "report/report.html");
	assert_says(text, "<svg role=\"img\" aria-label=\"Share\"");
	/* Ids of several pictures on one page must differ. */
	assert_says(text, "id='share-gpPt0'");
	assert_says(text, "xlink:href='#share-gpPt");
	assert_null(strstr(text, "id='gpPt"));
	assert_null(strstr(text, "<?xml"));
	free(text);
	path = getenv("PATH");
	assert_non_null(path);
	path = strdup(path);
	assert_non_null(path);
	setenv("PATH", "/nonexistent", 1);
	assert_int_equal(cb_report_write(s.directory, &test_registry, &options, NULL, NULL), 0);
	setenv("PATH", path, 1);
	free(path);
	/* The old picture is gone: it may be of other data. */
	assert_false(synthetic_has(&s, names[0]));
	text = synthetic_read(&s, "report/report.html");
	assert_says(text, "apt-get install gnuplot-nox");
	free(text);
	synthetic_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contract),
		cmocka_unit_test(test_determinism),
		cmocka_unit_test(test_html_escapes),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_empty_run),
		cmocka_unit_test(test_without_scenario),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_pictures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
