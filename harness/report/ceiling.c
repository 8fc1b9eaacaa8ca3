/* The generator's ceilings of a figure. */
#include "harness/report/graph.h"
#include "harness/report/param.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct cb_report_cell *next_cell(
	const struct cb_graph *g, size_t *series, size_t *point)
{
	while (*series < g->n_series && *point == g->series[*series].n) {
		(*series)++;
		*point = 0;
	}
	return *series < g->n_series ? g->series[*series].points[(*point)++].cell : NULL;
}

/* The value that all cells with this ceiling have in common and no other cell has; NULL: none. */
static const json_t *own_value(const struct cb_graph *g, double pps, const char *path)
{
	const struct cb_report_cell *cell;
	const json_t *own = NULL;
	size_t i = 0, j = 0;

	while ((cell = next_cell(g, &i, &j))) {
		const json_t *value = json_object_get(cell->params, path);

		if (cell->ceiling_pps != pps)
			continue;
		if (!value || (own && !json_equal(own, value)))
			return NULL;
		own = value;
	}
	i = j = 0;
	while (own && (cell = next_cell(g, &i, &j))) {
		const json_t *value = json_object_get(cell->params, path);

		if (cell->ceiling_pps != pps && value && json_equal(own, value))
			return NULL;
	}
	return own;
}

static void label(const struct cb_graph *g, struct cb_graph_ceiling *c)
{
	struct cb_text text = {0};

	for (size_t i = 0; i < g->n_splits; i++) {
		const json_t *value = own_value(g, c->pps, g->splits[i]);

		if (!value)
			continue;
		cb_text_add(&text, text.length ? ", " : "");
		cb_param_print_alone(
			g->splits[i], value, cb_param_unit(g->splits[i], g->registry), &text);
	}
	cb_text_copy(c->label, sizeof(c->label), cb_text_get(&text));
	cb_text_finish(&text);
}

static bool known(const struct cb_graph_ceiling *ceilings, size_t n, double pps)
{
	for (size_t i = 0; i < n; i++) {
		if (ceilings[i].pps == pps)
			return true;
	}
	return false;
}

static void sort(struct cb_graph_ceiling *c, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		for (size_t j = i; j > 0 && c[j].pps < c[j - 1].pps; j--) {
			struct cb_graph_ceiling swap = c[j];

			c[j] = c[j - 1];
			c[j - 1] = swap;
		}
	}
}

size_t cb_graph_ceilings(
	const struct cb_graph *g, struct cb_graph_ceiling ceilings[CB_GRAPH_CEILINGS_MAX])
{
	const struct cb_report_cell *cell;
	size_t n = 0, i = 0, j = 0;
	double lowest = INFINITY;
	bool many = false;

	while ((cell = next_cell(g, &i, &j))) {
		double pps = cell->ceiling_pps;

		if (isnan(pps) || known(ceilings, n, pps))
			continue;
		lowest = fmin(lowest, pps);
		many |= n == CB_GRAPH_CEILINGS_MAX;
		if (!many)
			ceilings[n++].pps = pps;
	}
	if (many) {
		ceilings[0].pps = lowest;
		snprintf(ceilings[0].label, sizeof(ceilings[0].label), "the lowest of several");
		return 1;
	}
	sort(ceilings, n);
	for (size_t k = 0; k < n; k++) {
		ceilings[k].label[0] = '\0';
		if (n > 1)
			label(g, &ceilings[k]);
	}
	return n;
}
