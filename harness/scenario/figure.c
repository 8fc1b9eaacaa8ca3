#include "harness/scenario/figure.h"

#include "harness/scenario/pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERIES_MAX \
	(sizeof(((struct cb_figure *)0)->series) / sizeof(((struct cb_figure *)0)->series[0]))
#define POINT_SLOTS 32768 /* twice CB_CELLS_MAX and more */

struct reader {
	struct cb_scenario *s;
	const struct cb_registry *registry;
	const struct cb_node *map;    /* the figure that is being read */
	char label[32];               /* "figures[0]" */
	const struct cb_cell **cells; /* that it shows; room for all */
	size_t n_cells;
	size_t *budget;
	struct cb_error *err;
};

void cb_figure_finish(struct cb_figure *f)
{
	json_decref(f->where);
	f->where = NULL;
}

/* A parameter for x or series, without "trial.". */
static int read_path(const struct reader *r, const struct cb_node *value, const char *key,
	char path[CB_PATH_MAX])
{
	char prefix[64];
	const char *option;
	size_t row;

	snprintf(prefix, sizeof(prefix), "%s.%s: ", r->label, key);
	if (value->kind != CB_NODE_SCALAR || cb_node_is_null(value))
		return cb_node_error(value, r->err,
			"%sa parameter's path is wanted, as in traffic.rate", prefix);
	return cb_trial_path(value, prefix, path, &row, &option, r->err);
}

static int read_series(const struct reader *r, struct cb_figure *f)
{
	const struct cb_node *series = cb_node_find(r->map, "series");
	int rc = 0;

	if (!series)
		return 0;
	if (series->kind != CB_NODE_SEQUENCE)
		return read_path(r, series, "series", f->series[0]);
	if (series->n > SERIES_MAX)
		return cb_node_error(
			series, r->err, "%s.series: at most %zu paths", r->label, SERIES_MAX);
	for (size_t i = 0; i < series->n && !rc; i++)
		rc = read_path(r, series->items[i], "series", f->series[i]);
	return rc;
}

static int check_metric(const struct reader *r, const struct cb_figure *f)
{
	struct cb_text known = {0};
	const char *near;
	size_t n;
	int rc;

	for (n = 0; cb_metric_names[n]; n++) {
		if (!strcmp(cb_metric_names[n], f->y))
			return 0;
		cb_text_addf(&known, "%s%s", n ? ", " : "", cb_metric_names[n]);
	}
	near = cb_text_nearest(f->y, cb_metric_names, n);
	if (near)
		rc = cb_node_error(cb_node_find(r->map, "y"), r->err,
			"%s.y: \"%s\" is no metric; did you mean \"%s\"?", r->label, f->y, near);
	else
		rc = cb_node_error(cb_node_find(r->map, "y"), r->err,
			"%s.y: \"%s\" is no metric: it may be %s", r->label, f->y,
			cb_text_get(&known));
	cb_text_finish(&known);
	return rc;
}

static int check_id(const struct reader *r, const struct cb_figure *f)
{
	const struct cb_node *id = cb_node_find(r->map, "id");

	if (!cb_schema_is_file_name(f->id))
		return cb_node_error(id, r->err,
			"%s.id: \"%s\" names files: letters, digits, - _ . are allowed", r->label,
			f->id);
	for (size_t i = 0; i < r->s->n_figures; i++) {
		if (!strcmp(r->s->figures[i].id, f->id))
			return cb_node_error(
				id, r->err, "%s.id: \"%s\" is there twice", r->label, f->id);
	}
	return 0;
}

/* Every cell of the figure must have the parameter. */
static int check_path(const struct reader *r, const char *key, const char *path)
{
	size_t lacking = 0;

	for (size_t i = 0; i < r->n_cells; i++)
		lacking += !json_object_get(r->cells[i]->params, path);
	if (!lacking)
		return 0;
	if (lacking == r->n_cells)
		return cb_node_error(cb_node_find(r->map, key), r->err,
			"%s.%s: none of the figure's cells has %s", r->label, key, path);
	return cb_node_error(cb_node_find(r->map, key), r->err,
		"%s.%s: %zu of the figure's %zu cells have no %s: leave them out with where",
		r->label, key, lacking, r->n_cells, path);
}

static uint64_t hash_value(uint64_t hash, const json_t *value)
{
	const uint64_t prime = UINT64_C(0x100000001b3);

	if (json_is_integer(value))
		return (hash ^ (uint64_t)json_integer_value(value)) * prime;
	for (const char *c = json_string_value(value); c && *c; c++)
		hash = (hash ^ (unsigned char)*c) * prime;
	return (hash ^ 0xff) * prime;
}

static const char *nth_path(const struct cb_figure *f, size_t i)
{
	return i ? f->series[i - 1] : f->x;
}

static bool same_point(const struct cb_figure *f, const struct cb_cell *a, const struct cb_cell *b)
{
	for (size_t i = 0; i <= SERIES_MAX && *nth_path(f, i); i++) {
		if (!json_equal(json_object_get(a->params, nth_path(f, i)),
			    json_object_get(b->params, nth_path(f, i))))
			return false;
	}
	return true;
}

static bool shown(const struct cb_figure *f, const char *path)
{
	for (size_t i = 0; i <= SERIES_MAX && *nth_path(f, i); i++) {
		if (!strcmp(nth_path(f, i), path))
			return true;
	}
	return false;
}

/* Two cells on one point: name the axis that tells them apart. */
static int refuse_point(const struct reader *r, const struct cb_figure *f, const struct cb_cell *a,
	const struct cb_cell *b)
{
	const char *axis = "";

	for (size_t i = 0; i < r->s->n_axes && !*axis; i++) {
		const char *path = r->s->axes[i];

		if (!shown(f, path) &&
			!json_equal(
				json_object_get(a->params, path), json_object_get(b->params, path)))
			axis = path;
	}
	return cb_node_error(r->map, r->err,
		"%s: cells that differ in %s fall on one point: add %s to series, or pick one "
		"value "
		"of it with where",
		r->label, axis, axis);
}

static size_t point_slot(const struct cb_figure *f, const struct cb_cell *cell)
{
	uint64_t hash = 0;

	for (size_t p = 0; p <= SERIES_MAX && *nth_path(f, p); p++)
		hash = hash_value(hash, json_object_get(cell->params, nth_path(f, p)));
	return (hash ^ hash >> 32) % POINT_SLOTS;
}

static int check_points(const struct reader *r, const struct cb_figure *f)
{
	const struct cb_cell **points = calloc(POINT_SLOTS, sizeof(const struct cb_cell *));
	int rc = 0;

	if (!points)
		return cb_error_memory(r->err, "points");
	for (size_t i = 0; i < r->n_cells && !rc; i++) {
		size_t slot = point_slot(f, r->cells[i]);

		while (points[slot] && !same_point(f, points[slot], r->cells[i]))
			slot = (slot + 1) % POINT_SLOTS;
		if (points[slot])
			rc = refuse_point(r, f, points[slot], r->cells[i]);
		points[slot] = r->cells[i];
	}
	free(points);
	return rc;
}

static int check_cells(struct reader *r, const struct cb_figure *f)
{
	int rc;

	r->n_cells = 0;
	for (size_t i = 0; i < r->s->n_cells; i++) {
		if (cb_cell_matches(f->where, r->s->cells[i].params))
			r->cells[r->n_cells++] = &r->s->cells[i];
	}
	if (!r->n_cells)
		return cb_node_error(cb_node_find(r->map, "where"), r->err,
			"%s.where: no cell has all of this", r->label);
	rc = check_path(r, "x", f->x);
	for (size_t p = 0; p < SERIES_MAX && *f->series[p] && !rc; p++)
		rc = check_path(r, "series", f->series[p]);
	return rc ? rc : check_points(r, f);
}

static int read_figure(struct reader *r, struct cb_figure *f)
{
	char prefix[48], where_label[48];
	const struct cb_schema schema = {cb_figure_options, cb_figure_sections, prefix};
	const struct cb_node *where;
	int rc = cb_schema_want_map(r->map, r->label, r->err);

	snprintf(prefix, sizeof(prefix), "%s.", r->label);
	snprintf(where_label, sizeof(where_label), "%s.where", r->label);
	if (!rc)
		rc = cb_schema_decode(&schema, r->map, f, r->err);
	if (!rc)
		rc = check_id(r, f);
	if (!rc)
		rc = check_metric(r, f);
	if (!rc)
		rc = read_path(r, cb_node_find(r->map, "x"), "x", f->x);
	if (!rc)
		rc = read_series(r, f);
	where = cb_node_find(r->map, "where");
	if (!rc && where)
		rc = cb_pattern_read(r->registry, where, where_label, r->budget, &f->where, r->err);
	if (rc)
		return rc;
	if (!*f->title)
		cb_text_copy(f->title, sizeof(f->title), f->id);
	return check_cells(r, f);
}

int cb_figures_read(struct cb_scenario *s, const struct cb_registry *registry,
	const struct cb_node *figures, size_t *budget, struct cb_error *err)
{
	struct reader r = {.s = s, .registry = registry, .budget = budget, .err = err};
	int rc = 0;

	if (figures->kind != CB_NODE_SEQUENCE)
		return cb_node_error(figures, err, "figures: is %s: a list of figures is wanted",
			cb_node_kind_text(figures));
	if (figures->n > CB_FIGURES_MAX)
		return cb_node_error(figures, err, "figures: at most %d", CB_FIGURES_MAX);
	s->figures = calloc(figures->n + 1, sizeof(*s->figures));
	r.cells = calloc(s->n_cells + 1, sizeof(*r.cells));
	if (!s->figures || !r.cells)
		rc = cb_error_memory(err, "figures");
	for (size_t i = 0; i < figures->n && !rc; i++) {
		r.map = figures->items[i];
		snprintf(r.label, sizeof(r.label), "figures[%zu]", i);
		rc = read_figure(&r, &s->figures[i]);
		s->n_figures++;
	}
	free(r.cells);
	return rc;
}

void cb_figures_prune(struct cb_scenario *s)
{
	size_t kept = 0;

	for (size_t f = 0; f < s->n_figures; f++) {
		bool any = false;

		for (size_t i = 0; i < s->n_cells && !any; i++)
			any = cb_cell_matches(s->figures[f].where, s->cells[i].params);
		if (any)
			s->figures[kept++] = s->figures[f];
		else
			cb_figure_finish(&s->figures[f]);
	}
	s->n_figures = kept;
}
