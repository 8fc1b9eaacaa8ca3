/*
 * summary.json. Metrics of a cell are objects {median, min, max, n, unknown}; what is not available
 * is null. Counts of trials are of last attempts.
 */
#include "harness/report/changes.h"
#include "harness/report/pages.h"
#include "harness/report/param.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SUMMARY_SCHEMA 1

static void set_summary(json_t *object, const char *key, const struct cb_summary *s)
{
	json_t *value = json_object();

	cb_json_set_real(value, "median", s->n ? s->median : NAN);
	cb_json_set_real(value, "min", s->n ? s->min : NAN);
	cb_json_set_real(value, "max", s->n ? s->max : NAN);
	cb_json_set_count(value, "n", (int64_t)s->n);
	cb_json_set_count(value, "unknown", (int64_t)s->unknown);
	json_object_set_new(object, key, value);
}

static json_t *marks_json(const struct cb_report_cell *cell)
{
	json_t *marks = json_array();

	for (const struct cb_cell_mark *m = cb_cell_marks; m->sign; m++) {
		if (m->applies(cell))
			json_array_append_new(marks, json_string(m->name));
	}
	return marks;
}

static json_t *cell_json(const struct cb_report *r, const struct cb_report_cell *cell)
{
	json_t *object = json_object();
	struct cb_text label = {0};
	struct cb_summary s;

	cb_report_cell_print(&r->cells, cell, r->registry, &label);
	cb_json_set_count(object, "cell", (int64_t)cell->index);
	cb_json_set_text(object, "id", cell->id);
	cb_json_set_text(object, "label", cb_text_get(&label));
	json_object_set_new(object, "params", json_deep_copy(cell->params));
	cb_json_set_count(object, "n", (int64_t)cell->n);
	cb_json_set_count(object, "trials", (int64_t)cell->n_trials);
	cb_json_set_count(object, "valid", (int64_t)(cell->n - cell->generator_limited));
	cb_json_set_count(object, "generator_limited", (int64_t)cell->generator_limited);
	cb_json_set_count(object, "invalid", (int64_t)cell->invalid);
	cb_json_set_count(object, "missing", (int64_t)cell->missing);
	json_object_set_new(object, "marked", marks_json(cell));
	cb_json_set_real(object, "ceiling_pps", cell->ceiling_pps);
	for (const struct cb_metric *m = cb_metrics; m->name; m++) {
		s = cb_report_cell_summary(cell, m);
		set_summary(object, m->name, &s);
	}
	cb_text_finish(&label);
	return object;
}

static json_t *point_json(const struct cb_graph *g, const struct cb_graph_point *p)
{
	json_t *object = json_object();

	cb_json_set_count(object, "cell", (int64_t)p->cell->index);
	cb_json_set_real(object, "x", p->x);
	json_object_set_new(object, "asked", json_deep_copy(p->asked));
	cb_json_set_count(object, "n", (int64_t)p->y.n);
	cb_json_set_real(object, "median", p->y.n ? p->y.median : NAN);
	cb_json_set_real(object, "min", p->y.n ? p->y.min : NAN);
	cb_json_set_real(object, "max", p->y.n ? p->y.max : NAN);
	json_object_set_new(object, "marked", marks_json(p->cell));
	return object;
}

static json_t *series_json(const struct cb_graph *g, const struct cb_graph_series *s)
{
	json_t *object = json_object(), *points = json_array();

	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(points, point_json(g, &s->points[i]));
	cb_json_set_text(object, "label", s->label);
	json_object_set_new(object, "points", points);
	return object;
}

/* What was asked for along x, in order: a table's columns. */
static json_t *x_values_json(const struct cb_graph *g)
{
	json_t *values = json_array();

	for (size_t i = 0; i < g->n_categories; i++) {
		struct cb_text text = {0};
		json_t *value = json_object();

		cb_graph_category_print(g, i, &text);
		json_object_set_new(value, "asked", json_deep_copy(g->categories[i]));
		cb_json_set_text(value, "text", cb_text_get(&text));
		json_array_append_new(values, value);
		cb_text_finish(&text);
	}
	return values;
}

static json_t *figure_json(const struct cb_report *r, const struct cb_graph *g)
{
	struct cb_text caption = {0}, words = {0};
	json_t *object = json_object(), *series = json_array();

	cb_graph_caption(g, &r->data, &caption);
	cb_words_figure(g, &words);
	cb_json_set_text(object, "id", g->id);
	cb_json_set_text(object, "title", g->figure->title);
	cb_json_set_text(object, "x", g->figure->x);
	cb_json_set_text(object, "x_label", cb_param_label(g->figure->x));
	cb_json_set_text(object, "y", g->metric->name);
	cb_json_set_text(object, "caption", cb_text_get(&caption));
	cb_json_set_text(object, "says", cb_text_get(&words));
	for (size_t i = 0; i < g->n_series; i++)
		json_array_append_new(series, series_json(g, &g->series[i]));
	json_object_set_new(object, "x_values", x_values_json(g));
	json_object_set_new(object, "series", series);
	cb_text_finish(&caption);
	cb_text_finish(&words);
	return object;
}

static void set_totals(json_t *object, const struct cb_report_totals *t)
{
	cb_json_set_count(object, "trials", t->trials);
	cb_json_set_count(object, "valid", t->valid);
	cb_json_set_count(object, "invalid", t->invalid);
	cb_json_set_count(object, "generator_limited", t->generator_limited);
	cb_json_set_count(object, "planned", t->planned);
	cb_json_set_count(object, "missing", t->missing);
	cb_json_set_count(object, "earlier_attempts", t->earlier);
	cb_json_set_count(object, "unaccounted", t->unaccounted);
	cb_json_set_count(object, "unaccounted_unknown", t->unaccounted_unknown);
	cb_json_set_count(object, "unaccounted_trials", t->unaccounted_trials);
}

/* The run's own words, as far as they are there. */
static void copy_run(json_t *object, const json_t *run)
{
	static const char *const keys[] = {
		"status", "started", "finished", "seed", "tool", "command_line"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const json_t *value = json_object_get(run, keys[i]);

		json_object_set_new(object, keys[i], value ? json_deep_copy(value) : json_null());
	}
}

static void set_losses(json_t *object, const struct cb_report *r)
{
	const struct cb_loss_names names = {&r->cells, r->registry, r->graphs, r->n_graphs};

	json_object_set_new(
		object, "loss_causes", cb_loss_causes_json(r->losses, r->n_losses, &names));
	json_object_set_new(object, "losses", cb_losses_json(r->losses, r->n_losses, &names));
	json_object_set_new(object, "losses_unexplained",
		cb_losses_unexplained_json(r->losses, r->n_losses, &names));
}

json_t *cb_summary_json(const struct cb_report *r)
{
	json_t *object = json_object(), *cells = json_array(), *figures = json_array(), *claims;

	if (!object || !cells || !figures)
		goto out;
	cb_json_set_count(object, "schema", SUMMARY_SCHEMA);
	cb_json_set_text(object, "scenario", cb_report_data_name(&r->data));
	cb_json_set_text(object, "title", cb_report_data_title(&r->data));
	copy_run(object, r->data.run);
	set_totals(object, &r->totals);
	json_object_set_new(object, "results", cb_words_results(r));
	json_object_set_new(object, "warnings", cb_words_warnings(r));
	if (r->n_verdicts) {
		claims = cb_verdicts_json(r->verdicts, r->n_verdicts, &r->cells, r->registry);
		json_object_set_new(object, "claims", claims);
	}
	set_losses(object, r);
	json_object_set_new(object, "host_changes", cb_host_changes(&r->data));
	for (size_t i = 0; i < r->cells.n; i++)
		json_array_append_new(cells, cell_json(r, &r->cells.cells[i]));
	for (size_t i = 0; i < r->n_graphs; i++)
		json_array_append_new(figures, figure_json(r, &r->graphs[i]));
out:
	/* Sets of members that did not exist are refused, so a half-made object shows here. */
	if (!object || json_object_set_new(object, "cells", cells) ||
		json_object_set_new(object, "figures", figures)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

void cb_page_summary(const struct cb_report *r, struct cb_text *out)
{
	char *text = json_dumps(
		r->summary, JSON_INDENT(1) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12));

	if (text)
		cb_text_addf(out, "%s\n", text);
	out->failed |= !text;
	free(text);
}
