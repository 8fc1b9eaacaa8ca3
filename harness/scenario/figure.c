#include "harness/scenario/figure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct cb_scenario *s;
	const struct cb_registry *registry;
	const struct cb_node *map; /* the figure that is being read */
	char label[32];            /* "figures[0]" */
	struct cb_pattern_budget *budget;
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
	if (series->n > CB_FIGURE_SERIES_MAX)
		return cb_node_error(series, r->err, "%s.series: at most %d paths", r->label,
			CB_FIGURE_SERIES_MAX);
	for (size_t i = 0; i < series->n && !rc; i++)
		rc = read_path(r, series->items[i], "series", f->series[i]);
	return rc;
}

/* The variants are curves of one figure. */
static void add_variants(struct cb_figure *f)
{
	size_t n = 0;

	while (n < CB_FIGURE_SERIES_MAX && *f->series[n] && strcmp(f->series[n], "variant") != 0)
		n++;
	if (n < CB_FIGURE_SERIES_MAX && strcmp(f->x, "variant") != 0)
		cb_text_copy(f->series[n], sizeof(f->series[n]), "variant");
}

static int check_metric(const struct reader *r, const struct cb_figure *f)
{
	const struct cb_node *y = cb_node_find(r->map, "y");
	struct cb_text known = {0};
	const char *near;
	size_t n;
	int rc;

	for (n = 0; cb_metric_names[n] && strcmp(cb_metric_names[n], f->y) != 0; n++)
		cb_text_addf(&known, "%s%s", n ? ", " : "", cb_metric_names[n]);
	near = cb_text_nearest(f->y, cb_metric_names, n);
	if (cb_metric_names[n])
		rc = 0;
	else if (near)
		rc = cb_node_error(y, r->err, "%s.y: \"%s\" is no metric; did you mean \"%s\"?",
			r->label, f->y, near);
	else
		rc = cb_node_error(y, r->err, "%s.y: \"%s\" is no metric: it may be %s", r->label,
			f->y, cb_text_get(&known));
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

static int read_figure(const struct reader *r, struct cb_figure *f)
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
	if (!rc && r->s->n_variants)
		add_variants(f);
	where = cb_node_find(r->map, "where");
	if (!rc && where)
		rc = cb_pattern_read(r->registry, where, where_label, r->budget, &f->where, r->err);
	if (rc)
		return rc;
	if (!*f->title)
		cb_text_copy(f->title, sizeof(f->title), f->id);
	return 0;
}

bool cb_figure_shows(const struct cb_figure *f, const struct cb_cell *cell)
{
	return f->parts & cell->parts && cb_cell_matches(f->where, cell->params);
}

int cb_figures_read(struct cb_scenario *s, const struct cb_registry *registry,
	const struct cb_node *figures, uint64_t parts, struct cb_pattern_budget *budget,
	struct cb_error *err)
{
	struct reader r = {.s = s, .registry = registry, .budget = budget, .err = err};
	size_t first = s->n_figures;
	struct cb_figure *more;
	int rc = 0;

	if (figures->kind != CB_NODE_SEQUENCE)
		return cb_node_error(figures, err, "figures: is %s: a list of figures is wanted",
			cb_node_kind_text(figures));
	if (figures->n > CB_FIGURES_MAX - first)
		return cb_node_error(figures, err, "figures: at most %d", CB_FIGURES_MAX);
	more = reallocarray(s->figures, first + figures->n + 1, sizeof(*more));
	if (!more)
		return cb_error_memory(err, "figures");
	s->figures = more;
	memset(more + first, 0, (figures->n + 1) * sizeof(*more));
	for (size_t i = 0; i < figures->n && !rc; i++) {
		struct cb_figure *f = &s->figures[first + i];

		r.map = figures->items[i];
		snprintf(r.label, sizeof(r.label), "figures[%zu]", i);
		f->parts = parts;
		rc = read_figure(&r, f);
		s->n_figures++;
	}
	return rc ? rc : cb_figures_check(s, figures, first, err);
}

void cb_figures_prune(struct cb_scenario *s)
{
	size_t kept = 0;

	for (size_t f = 0; f < s->n_figures; f++) {
		bool any = false;

		for (size_t i = 0; i < s->n_cells && !any; i++)
			any = cb_figure_shows(&s->figures[f], &s->cells[i]);
		if (any)
			s->figures[kept++] = s->figures[f];
		else
			cb_figure_finish(&s->figures[f]);
	}
	s->n_figures = kept;
}
