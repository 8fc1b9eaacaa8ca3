/* Figures against cells: every path is there, and no two cells fall on one point. */
#include "harness/scenario/figure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATHS_MAX (1 + CB_FIGURE_SERIES_MAX) /* x, then series */

_Static_assert(sizeof(((struct cb_figure *)0)->series) ==
		CB_FIGURE_SERIES_MAX * sizeof(((struct cb_figure *)0)->series[0]),
	"series has the rows that the header tells");

/* What is found out about one figure. */
struct check {
	const struct cb_figure *figure;
	const struct cb_node *map;
	char label[32]; /* "figures[0]" */
	const char *paths[PATHS_MAX];
	size_t n_paths;
	size_t n_cells, lacking[PATHS_MAX];
	const struct cb_cell **points; /* open addressing; the first cell on each point */
	size_t n_slots;
	const struct cb_cell *twins[2]; /* two on one point, or NULL */
};

static uint64_t hash_value(uint64_t hash, const json_t *value)
{
	const uint64_t prime = UINT64_C(0x100000001b3);

	if (json_is_integer(value))
		return (hash ^ (uint64_t)json_integer_value(value)) * prime;
	for (const char *c = json_string_value(value); c && *c; c++)
		hash = (hash ^ (unsigned char)*c) * prime;
	return (hash ^ 0xff) * prime;
}

static bool same_point(const struct check *c, const struct cb_cell *a, const struct cb_cell *b)
{
	for (size_t p = 0; p < c->n_paths; p++) {
		if (!json_equal(json_object_get(a->params, c->paths[p]),
			    json_object_get(b->params, c->paths[p])))
			return false;
	}
	return true;
}

static void add_point(struct check *c, const struct cb_cell *cell, uint64_t hash)
{
	size_t slot = (hash ^ hash >> 32) % c->n_slots;

	while (c->points[slot] && !same_point(c, c->points[slot], cell))
		slot = (slot + 1) % c->n_slots;
	if (!c->points[slot]) {
		c->points[slot] = cell;
	} else if (!c->twins[0]) {
		c->twins[0] = c->points[slot];
		c->twins[1] = cell;
	}
}

static void add_cell(struct check *c, const struct cb_cell *cell)
{
	uint64_t hash = 0;

	if (!cb_figure_shows(c->figure, cell))
		return;
	c->n_cells++;
	for (size_t p = 0; p < c->n_paths; p++) {
		const json_t *value = json_object_get(cell->params, c->paths[p]);

		c->lacking[p] += !value;
		hash = hash_value(hash, value);
	}
	add_point(c, cell, hash);
}

/* Two cells on one point: name the axis that tells them apart. */
static int refuse_point(const struct cb_scenario *s, const struct check *c, struct cb_error *err)
{
	const char *axis = "";

	for (size_t i = 0; i < s->n_axes && !*axis; i++) {
		bool shown = false;

		for (size_t p = 0; p < c->n_paths; p++)
			shown = shown || !strcmp(c->paths[p], s->axes[i]);
		if (!shown &&
			!json_equal(json_object_get(c->twins[0]->params, s->axes[i]),
				json_object_get(c->twins[1]->params, s->axes[i])))
			axis = s->axes[i];
	}
	return cb_node_error(c->map, err,
		"%s: cells that differ in %s fall on one point: add %s to series, or pick one "
		"value "
		"of it with where",
		c->label, axis, axis);
}

static int refuse_path(const struct check *c, size_t p, struct cb_error *err)
{
	const char *key = p ? "series" : "x";
	const struct cb_node *at = cb_node_find(c->map, key);

	if (c->lacking[p] == c->n_cells)
		return cb_node_error(at, err, "%s.%s: none of the figure's cells has %s", c->label,
			key, c->paths[p]);
	return cb_node_error(at, err,
		"%s.%s: %zu of the figure's %zu cells have no %s: leave them out with where",
		c->label, key, c->lacking[p], c->n_cells, c->paths[p]);
}

static int judge(const struct cb_scenario *s, const struct check *c, struct cb_error *err)
{
	if (!c->n_cells)
		return cb_node_error(cb_node_find(c->map, "where"), err,
			"%s.where: no cell has all of this", c->label);
	for (size_t p = 0; p < c->n_paths; p++) {
		if (c->lacking[p])
			return refuse_path(c, p, err);
	}
	return c->twins[0] ? refuse_point(s, c, err) : 0;
}

static int begin(struct check *c, const struct cb_scenario *s, const struct cb_figure *f,
	const struct cb_node *figures, size_t i)
{
	c->figure = f;
	c->map = figures->items[i];
	snprintf(c->label, sizeof(c->label), "figures[%zu]", i);
	c->paths[c->n_paths++] = f->x;
	for (size_t p = 0; p < CB_FIGURE_SERIES_MAX && *f->series[p]; p++)
		c->paths[c->n_paths++] = f->series[p];
	c->n_slots = 2 * s->n_cells + 1;
	c->points = calloc(c->n_slots, sizeof(const struct cb_cell *));
	return c->points ? 0 : CB_ERR_INTERNAL;
}

int cb_figures_check(const struct cb_scenario *s, const struct cb_node *figures, size_t first,
	struct cb_error *err)
{
	size_t n = s->n_figures - first;
	struct check *checks = calloc(n + 1, sizeof(*checks));
	int rc = 0;

	if (!checks)
		return cb_error_memory(err, "figures");
	for (size_t f = 0; f < n && !rc; f++) {
		if (begin(&checks[f], s, &s->figures[first + f], figures, f))
			rc = cb_error_memory(err, "figures");
	}
	/* cell by cell: a cell's parameters stay in the cache for all figures */
	for (size_t i = 0; i < s->n_cells && !rc; i++) {
		for (size_t f = 0; f < n; f++)
			add_cell(&checks[f], &s->cells[i]);
	}
	for (size_t f = 0; f < n && !rc; f++)
		rc = judge(s, &checks[f], err);
	for (size_t f = 0; f < n; f++)
		free(checks[f].points);
	free(checks);
	return rc;
}
