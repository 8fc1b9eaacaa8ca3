/* A trend as text and as JSON. */
#include "harness/base/file.h"
#include "harness/decide/table.h"
#include "harness/decide/trend.h"
#include "harness/report/format.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *series_json(const struct cb_trend *t, const struct cb_trend_series *s)
{
	json_t *levels = json_array(), *changes = json_array();

	for (size_t i = 0; i < t->n_runs; i++)
		json_array_append_new(levels, real(s->levels[i]));
	for (size_t i = 0; i < s->n_changes; i++)
		json_array_append_new(changes,
			json_pack("{s:I, s:s, s:f, s:f, s:f}", "run", (json_int_t)s->changes[i].at,
				"started", t->runs[s->changes[i].at].started, "before",
				s->changes[i].before, "after", s->changes[i].after, "p",
				s->changes[i].p));
	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "metric", s->measure->metric->name, "curve",
		s->label, "worse", s->measure->worse > 0 ? "more" : "less", "levels", levels,
		"changes", changes);
}

json_t *cb_trend_json(const struct cb_trend *t)
{
	json_t *runs = json_array(), *series = json_array();

	for (size_t i = 0; i < t->n_runs; i++)
		json_array_append_new(runs,
			json_pack("{s:s, s:s}", "directory", t->runs[i].directory, "started",
				t->runs[i].started));
	for (size_t i = 0; i < t->n; i++)
		json_array_append_new(series, series_json(t, &t->series[i]));
	return json_pack("{s:i, s:s, s:f, s:I, s:i, s:o, s:o, s:O}", "schema", 1, "title", t->title,
		"alpha", CB_TREND_ALPHA, "seed", (json_int_t)t->seed, "shuffles",
		CB_CHANGES_SHUFFLES, "runs", runs, "series", series, "notes", t->notes);
}

static double last_level(const struct cb_trend *t, const struct cb_trend_series *s, size_t *n)
{
	double last = NAN;

	*n = 0;
	for (size_t i = 0; i < t->n_runs; i++) {
		if (isnan(s->levels[i]))
			continue;
		last = s->levels[i];
		++*n;
	}
	return last;
}

/* "2026-11-20T02:00:00Z: 98.1 -> 96.0 (worse)" */
static void print_change(const struct cb_trend *t, const struct cb_trend_series *s,
	const struct cb_change *c, struct cb_text *out)
{
	bool worse = (c->after - c->before) * s->measure->worse > 0;

	cb_text_addf(out, "%s: ", t->runs[c->at].started);
	cb_metric_print(s->measure->metric, c->before, out);
	cb_text_add(out, " -> ");
	cb_metric_print(s->measure->metric, c->after, out);
	cb_text_add(out, worse ? " (worse)" : " (better)");
}

void cb_trend_text(const struct cb_trend *t, struct cb_text *out)
{
	struct cb_table table = {.heads = {"metric", "curve", "runs", "level", "changes", NULL},
		.numbers = {false, false, true, true, false}};
	struct cb_text f = {0};
	json_t *note;
	size_t k;

	cb_format_line(out, t->title);
	cb_text_addf(out, ": %zu runs, %s to %s\n\n", t->n_runs, t->runs[0].started,
		t->runs[t->n_runs - 1].started);
	for (size_t i = 0; i < t->n; i++) {
		const struct cb_trend_series *s = &t->series[i];
		size_t n;
		double last = last_level(t, s, &n);

		cb_table_row(&table);
		cb_table_put_text(&table, 0, s->measure->metric->label);
		cb_table_put_text(&table, 1, s->label);
		cb_text_addf(&f, "%zu", n);
		cb_table_put(&table, 2, &f);
		cb_metric_print(s->measure->metric, last, &f);
		cb_text_addf(&f, " %s", s->measure->metric->unit);
		cb_table_put(&table, 3, &f);
		for (size_t c = 0; c < s->n_changes; c++) {
			cb_text_add(&f, c ? "; " : "");
			print_change(t, s, &s->changes[c], &f);
		}
		cb_table_put(&table, 4, &f);
	}
	cb_table_plain(&table, out);
	cb_text_add(out,
		"(level: of the last run, the mean of the curve's medians; changes are "
		"advisory: look there, and compare)\n");
	json_array_foreach(t->notes, k, note)
	{
		cb_text_add(out, "note       ");
		cb_format_line(out, json_string_value(note));
		cb_text_add(out, "\n");
	}
	cb_table_finish(&table);
	cb_text_finish(&f);
}

int cb_trend_write(
	const struct cb_trend *t, const char *directory, bool pictures, struct cb_error *err)
{
	json_t *json = cb_trend_json(t);
	char *dump = json ? json_dumps(json, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;
	struct cb_text text = {0};
	char path[4096];
	int rc = dump ? cb_file_make_dirs(directory, err) : cb_error_memory(err, "a trend");

	if (!rc) {
		cb_text_addf(&text, "%s\n", dump);
		rc = text.failed ? cb_error_memory(err, "a trend")
				 : cb_file_join(path, sizeof(path), directory, "trend.json", err);
	}
	if (!rc)
		rc = cb_file_replace(path, cb_text_get(&text), text.length, err);
	if (!rc)
		rc = cb_trend_figures_write(t, directory, pictures, err);
	free(dump);
	json_decref(json);
	cb_text_finish(&text);
	return rc;
}
