/* Cells to series and points. */
#include "harness/report/graph.h"

#include "harness/report/param.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cells that a figure shows. */
struct selection {
	const struct cb_report_cell **cells;
	size_t n;
};

static bool same_value(const json_t *a, const json_t *b)
{
	if (json_is_number(a) && json_is_number(b))
		return json_number_value(a) == json_number_value(b);
	return a && b && json_equal(a, b);
}

static bool belongs(const struct cb_figure *figure, const struct cb_report_cell *cell)
{
	return figure->parts & cell->parts && json_object_get(cell->params, figure->x) &&
		cb_cell_matches(figure->where, cell->params);
}

/* The values of the series' parameters as one text: equal for the cells of one series. (The
 * scenario's reader sees to it that no two cells fall on one point.) */
static bool make_key(
	const struct cb_graph *g, const struct cb_report_cell *cell, struct cb_text *key)
{
	cb_text_clear(key);
	for (size_t i = 0; i < g->n_splits; i++) {
		const json_t *value = json_object_get(cell->params, g->splits[i]);
		char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);

		cb_text_addf(key, "%s\n", text ? text : "");
		free(text);
	}
	return !key->failed;
}

static void print_label(
	const struct cb_graph *g, const struct cb_report_cell *cell, struct cb_text *label)
{
	for (size_t i = 0; i < g->n_splits; i++) {
		if (!json_object_get(cell->params, g->splits[i]))
			continue;
		cb_text_add(label, label->length ? ", " : "");
		cb_param_print_of(g->splits[i], cell->params, g->registry, label);
	}
}

/* A new, empty series for the cells that are like `cell`; room for `room` points. */
static struct cb_graph_series *new_series(
	struct cb_graph *g, const struct cb_report_cell *cell, size_t room)
{
	struct cb_graph_series *more = reallocarray(g->series, g->n_series + 1, sizeof(*more)), *s;
	struct cb_text label = {0};

	if (!more)
		return NULL;
	g->series = more;
	s = &g->series[g->n_series];
	memset(s, 0, sizeof(*s));
	print_label(g, cell, &label);
	s->label = strdup(cb_text_get(&label));
	s->points = calloc(room, sizeof(*s->points));
	g->n_series++;
	cb_text_finish(&label);
	return s->label && s->points ? s : NULL;
}

static double position(struct cb_graph *g, const struct cb_report_cell *cell, const json_t *asked)
{
	const struct cb_metric *offered = cb_metric_find("offered_pps");
	struct cb_summary rate;

	if (g->category) {
		for (size_t i = 0; i < g->n_categories; i++) {
			if (same_value(g->categories[i], asked))
				return (double)i + 1;
		}
		return NAN;
	}
	if (g->offered) {
		rate = cb_report_cell_summary(cell, offered);
		if (rate.n)
			return rate.median;
	}
	return cb_param_number(asked);
}

static void add_point(
	struct cb_graph *g, struct cb_graph_series *s, const struct cb_report_cell *cell)
{
	struct cb_graph_point *p = &s->points[s->n++];

	p->cell = cell;
	p->asked = json_object_get(cell->params, g->figure->x);
	p->x = position(g, cell, p->asked);
	p->y = cb_report_cell_summary(cell, g->metric);
}

static int by_x(const void *a, const void *b)
{
	const struct cb_graph_point *p = a, *q = b;

	if (isnan(p->x) != isnan(q->x))
		return isnan(p->x) ? 1 : -1;
	if (!isnan(p->x) && p->x != q->x)
		return p->x < q->x ? -1 : 1;
	return (p->cell->index > q->cell->index) - (p->cell->index < q->cell->index);
}

static void finish_series(struct cb_graph_series *s)
{
	free(s->label);
	free(s->points);
}

static bool measured(const struct cb_graph_series *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->points[i].cell->n_trials)
			return true;
	}
	return false;
}

/* A name in the legend without a line in the picture is a riddle: the caption tells of it. Of a run
 * without any trial yet all names stay. */
static void drop_absent(struct cb_graph *g)
{
	size_t kept = 0, there = 0;

	for (size_t i = 0; i < g->n_series; i++)
		there += measured(&g->series[i]);
	if (!there)
		return;
	for (size_t i = 0; i < g->n_series; i++) {
		struct cb_graph_series *s = &g->series[i];

		if (measured(s)) {
			g->series[kept++] = *s;
			continue;
		}
		if (s->label && s->label[0])
			cb_text_addf(&g->absent, "%s%s", g->absent.length ? "; " : "", s->label);
		finish_series(s);
	}
	g->n_series = kept;
}

static int group(struct cb_graph *g, const struct selection *s, struct cb_error *err)
{
	struct cb_text key = {0};
	json_t *index = json_object();
	bool failed = !index;

	for (size_t i = 0; i < s->n && !failed; i++) {
		struct cb_graph_series *series = NULL;
		const json_t *known;

		failed = !make_key(g, s->cells[i], &key);
		known = json_object_get(index, cb_text_get(&key));
		if (known) {
			series = &g->series[json_integer_value(known)];
		} else {
			json_object_set_new(
				index, cb_text_get(&key), json_integer((json_int_t)g->n_series));
			series = new_series(g, s->cells[i], s->n);
		}
		if (!series)
			failed = true;
		else
			add_point(g, series, s->cells[i]);
	}
	for (size_t i = 0; i < g->n_series && !failed; i++)
		qsort(g->series[i].points, g->series[i].n, sizeof(*g->series[i].points), by_x);
	if (!failed)
		drop_absent(g);
	json_decref(index);
	cb_text_finish(&key);
	return failed ? cb_error_memory(err, "a figure's points") : 0;
}

/* Numbers by size, what is none ("max") after them in the scenario's order. */
static void sort_scale(struct cb_graph *g)
{
	for (size_t i = 1; i < g->n_categories; i++) {
		const json_t *x = g->categories[i];
		double number = cb_param_number(x);
		size_t j = i;

		while (j > 0 && !isnan(number) &&
			!(cb_param_number(g->categories[j - 1]) <= number)) {
			g->categories[j] = g->categories[j - 1];
			j--;
		}
		g->categories[j] = x;
	}
}

/* Distinct values of x, and whether all of them are places on a scale. */
static int find_scale(struct cb_graph *g, const struct selection *s, struct cb_error *err)
{
	g->categories = calloc(s->n + 1, sizeof(*g->categories));
	if (!g->categories)
		return cb_error_memory(err, "a figure's categories");
	g->x_unit = cb_param_unit(g->figure->x, g->registry);
	/* A heat map has columns, not a scale. What the generator did is drawn against what it was
	 * asked to do. */
	g->offered = !cb_graph_is_heat_map(g) && strcmp(g->figure->x, "traffic.rate") == 0 &&
		strcmp(g->metric->name, "offered_pps") != 0 &&
		strcmp(g->metric->name, "unoffered_share") != 0;
	for (size_t i = 0; i < s->n; i++) {
		const json_t *x = json_object_get(s->cells[i]->params, g->figure->x);
		size_t j = 0;

		while (j < g->n_categories && !same_value(g->categories[j], x))
			j++;
		if (j == g->n_categories)
			g->categories[g->n_categories++] = x;
		g->category |= !g->offered && !json_is_number(x);
	}
	g->category |= cb_graph_is_heat_map(g);
	if (!g->category)
		sort_scale(g);
	return 0;
}

void cb_graph_category_print(const struct cb_graph *g, size_t i, struct cb_text *out)
{
	for (size_t k = 0; k < g->n_series; k++) {
		for (size_t j = 0; j < g->series[k].n; j++) {
			const json_t *params = g->series[k].points[j].cell->params;

			if (!same_value(g->categories[i], json_object_get(params, g->figure->x)))
				continue;
			cb_param_print_value_of(g->figure->x, params, g->registry, out);
			return;
		}
	}
	cb_param_print(g->categories[i], g->x_unit, out);
}

/* The id is a file name: a scenario must not write elsewhere, or over the report's own files. */
static void make_id(struct cb_graph *g, size_t number)
{
	const char *id = g->figure->id;
	bool fit = id[0] && id[0] != '.' && id[0] != '-' && strcmp(id, "report") != 0 &&
		strcmp(id, "summary") != 0 && strcmp(id, "trials") != 0;

	for (const char *c = id; *c; c++)
		fit = fit && (isalnum((unsigned char)*c) || strchr("._-", *c));
	if (fit)
		cb_text_copy(g->id, sizeof(g->id), id);
	else
		snprintf(g->id, sizeof(g->id), "figure-%zu", number);
}

int cb_graph_make(struct cb_graph *g, const struct cb_figure *figure, size_t number,
	const struct cb_report_cells *cells, const struct cb_registry *registry,
	struct cb_error *err)
{
	struct selection s = {0};
	int r;

	memset(g, 0, sizeof(*g));
	g->figure = figure;
	g->registry = registry;
	g->metric = cb_metric_find(figure->y);
	g->splits = figure->series;
	while (g->n_splits < sizeof(figure->series) / sizeof(*figure->series) &&
		g->splits[g->n_splits][0])
		g->n_splits++;
	make_id(g, number);
	if (!g->metric)
		return cb_error_set(
			err, CB_ERR_USAGE, "figure %s: there is no metric %s", g->id, figure->y);
	s.cells = calloc(cells->n + 1, sizeof(*s.cells));
	if (!s.cells)
		return cb_error_memory(err, "a figure's cells");
	for (size_t i = 0; i < cells->n; i++) {
		if (belongs(figure, &cells->cells[i]))
			s.cells[s.n++] = &cells->cells[i];
	}
	r = find_scale(g, &s, err);
	if (!r)
		r = group(g, &s, err);
	free(s.cells);
	if (r)
		cb_graph_finish(g);
	return r;
}

void cb_graph_finish(struct cb_graph *g)
{
	for (size_t i = 0; i < g->n_series; i++)
		finish_series(&g->series[i]);
	cb_text_finish(&g->absent);
	free(g->series);
	free(g->categories);
	memset(g, 0, sizeof(*g));
}
