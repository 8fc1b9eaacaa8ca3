/* A trend as text, as JSON and as figures. */
#include "harness/base/file.h"
#include "harness/base/log.h"
#include "harness/decide/table.h"
#include "harness/decide/trend.h"
#include "harness/report/embedded.h"
#include "harness/report/format.h"
#include "harness/report/picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STYLES 16 /* line styles of style.gp */

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
	return json_pack("{s:i, s:s, s:f, s:o, s:o, s:O}", "schema", 1, "title", t->title, "alpha",
		CB_TREND_ALPHA, "runs", runs, "series", series, "notes", t->notes);
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

/* ---- figures ---- */

static void add_value(struct cb_text *out, double value)
{
	if (isnan(value))
		cb_text_add(out, " NaN");
	else
		cb_text_addf(out, " %.9g", value);
}

/* A block a series: one row a run. */
static void add_data(const struct cb_trend *t, const struct cb_measure *m, struct cb_text *out)
{
	cb_text_addf(out, "# %s by run, in base units; changed: a new level begins here\n",
		m->metric->name);
	for (size_t i = 0; i < t->n; i++) {
		const struct cb_trend_series *s = &t->series[i];
		size_t c = 0;

		if (s->measure != m)
			continue;
		cb_text_add(out, "\n\n# ");
		cb_format_line(out, s->label[0] ? s->label : "the only curve");
		cb_text_add(out, "\nrun started level changed\n");
		for (size_t k = 0; k < t->n_runs; k++) {
			bool changed = c < s->n_changes && s->changes[c].at == k;

			cb_text_addf(out, "%zu %s", k + 1, t->runs[k].started);
			add_value(out, s->levels[k]);
			cb_text_addf(out, " %d\n", changed);
			c += changed;
		}
	}
}

static void add_elements(const struct cb_trend *t, const struct cb_measure *m, struct cb_text *out)
{
	size_t block = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct cb_trend_series *s = &t->series[i];

		if (s->measure != m)
			continue;
		cb_text_addf(out,
			"\t\tdata index %zu using 1:(y_scale * $3) with linespoints ls %zu title ",
			block, block % STYLES + 1);
		cb_format_gnuplot(out, s->label[0] ? s->label : "level");
		cb_text_addf(out,
			", \\\n\t\tdata index %zu using 1:($4 > 0 ? y_scale * $3 : NaN) with "
			"points lc rgb '#111111' lw 1.6 pt 6 ps 2.2 %s, \\\n",
			block, block ? "notitle" : "title 'new level'");
		block++;
	}
}

static void add_script(
	const struct cb_trend *t, const struct cb_measure *m, const char *id, struct cb_text *out)
{
	bool share = m->metric->kind == CB_METRIC_SHARE;

	cb_text_addf(out, "# Draws %s.svg, %s.pdf and %s.png from %s.dat: gnuplot %s.gp\n\n", id,
		id, id, id, id);
	cb_text_add(out, cb_embedded_find("style.gp"));
	cb_text_addf(out, "\ndata = '%s.dat'\ny_scale = %d\n", id, share ? 100 : 1);
	cb_text_add(out, "set title ");
	cb_format_gnuplot(out, t->title);
	cb_text_add(out, " noenhanced\nset ylabel ");
	cb_format_gnuplot(out, m->metric->label);
	cb_text_addf(out, ".' (%s)'\nset xlabel 'run'\n", m->metric->unit);
	cb_text_addf(out, "set xrange [0.5:%zu.5]\nset xtics ", t->n_runs);
	/* the day is enough, and not more of them than can be read */
	for (size_t k = 0, step = t->n_runs / 10 + 1; k < t->n_runs; k += step)
		cb_text_addf(out, "%s'%.10s' %zu", k ? ", " : "(", t->runs[k].started, k + 1);
	cb_text_add(out,
		") rotate by -30\nset yrange [0:*]\nset offsets 0, 0, graph 0.08, 0\n"
		"set key outside top left horizontal Left reverse\n"
		"do for [form in \"svg pdf png\"] {\n\teval terminal(form)\n");
	cb_text_addf(out, "\tset output '%s.'.form\n\tplot \\\n", id);
	add_elements(t, m, out);
	cb_text_add(out, "\t\tNaN notitle\n}\nset output\n");
}

static int write_text(const char *directory, const char *id, const char *ending,
	const struct cb_text *text, struct cb_error *err)
{
	char name[96], path[4096];
	int rc = text->failed ? cb_error_memory(err, "a trend") : 0;

	snprintf(name, sizeof(name), "%s%s", id, ending);
	if (!rc)
		rc = cb_file_join(path, sizeof(path), directory, name, err);
	return rc ? rc : cb_file_replace(path, cb_text_get(text), text->length, err);
}

static int write_figure(const struct cb_trend *t, const struct cb_measure *m, const char *directory,
	bool *pictures, struct cb_error *err)
{
	struct cb_text data = {0}, script = {0};
	struct cb_error drawing = {0};
	char id[64];
	int rc;

	snprintf(id, sizeof(id), "trend-%.50s", m->metric->name);
	add_data(t, m, &data);
	add_script(t, m, id, &script);
	rc = write_text(directory, id, ".dat", &data, err);
	if (!rc)
		rc = write_text(directory, id, ".gp", &script, err);
	if (!rc && *pictures && cb_picture_draw(directory, id, &drawing)) {
		*pictures = drawing.code != CB_ERR_IMPOSSIBLE;
		cb_warn("%s", drawing.text);
	}
	cb_text_finish(&data);
	cb_text_finish(&script);
	return rc;
}

int cb_trend_write(
	const struct cb_trend *t, const char *directory, bool pictures, struct cb_error *err)
{
	json_t *json = cb_trend_json(t);
	char *dump = json ? json_dumps(json, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;
	struct cb_text text = {0};
	int rc = dump ? cb_file_make_dirs(directory, err) : cb_error_memory(err, "a trend");

	if (!rc) {
		cb_text_addf(&text, "%s\n", dump);
		rc = write_text(directory, "trend", ".json", &text, err);
	}
	for (size_t m = 0; m < t->n_measures && !rc; m++)
		rc = write_figure(t, &t->measures[m], directory, &pictures, err);
	free(dump);
	json_decref(json);
	cb_text_finish(&text);
	return rc;
}
