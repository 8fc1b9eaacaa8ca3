#include "harness/decide/match.h"

#include "harness/report/param.h"
#include "harness/scenario/scenario.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DIFFERENCES_MAX 5 /* that are told */

/* Two cells of one match, before they are put into curves. */
struct pair {
	const struct cb_report_cell *base, *cand;
	char *curve; /* key; owned */
};

struct pairs {
	struct pair *list;
	size_t n;
};

static void finish_pairs(struct pairs *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->list[i].curve);
	free(p->list);
}

/* `path` itself, or what stands below it. */
static bool covers(const char *path, const char *key)
{
	size_t n = strlen(path);

	return strncmp(path, key, n) == 0 && (!key[n] || key[n] == '.');
}

static bool passed_over(const struct cb_match_input *in, const char *key)
{
	for (size_t i = 0; i < in->n_across; i++) {
		if (covers(in->across[i], key))
			return true;
	}
	return false;
}

/* Neither measured nor to be measured is left out of the plan, and of the comparison. */
static bool takes_part(const struct cb_report_cell *cell, const char *variant)
{
	const char *is = json_string_value(json_object_get(cell->params, "variant"));

	return (cell->n_trials || cell->missing) && (!variant || (is && strcmp(is, variant) == 0));
}

/* Parameters as text, without those that are passed over and `along`; to free(), NULL out of
 * memory. */
static char *key_of(
	const struct cb_match_input *in, const struct cb_report_cell *cell, const char *along)
{
	json_t *kept = json_object();
	const char *path;
	json_t *value;
	char *text;

	json_object_foreach((json_t *)cell->params, path, value)
	{
		if (!passed_over(in, path) && !(along && covers(along, path)))
			json_object_set(kept, path, value);
	}
	text = json_dumps(kept, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(kept);
	return text;
}

/* Key of each candidate's cell -> its index. */
static json_t *index_cells(const struct cb_match_input *in, size_t *n)
{
	json_t *index = json_object();

	*n = 0;
	for (size_t i = 0; index && i < in->cand->n; i++) {
		const struct cb_report_cell *cell = &in->cand->cells[i];
		char *key;

		if (!takes_part(cell, in->cand_variant))
			continue;
		++*n;
		key = key_of(in, cell, NULL);
		if (key)
			json_object_set_new(index, key, json_integer((json_int_t)i));
		free(key);
	}
	return index;
}

static int pair_cells(
	struct pairs *p, struct cb_match *m, const struct cb_match_input *in, struct cb_error *err)
{
	size_t n_cand;
	json_t *index = index_cells(in, &n_cand);

	p->list = calloc(in->base->n + 1, sizeof(*p->list));
	if (!index || !p->list) {
		json_decref(index);
		return cb_error_memory(err, "a comparison");
	}
	for (size_t i = 0; i < in->base->n; i++) {
		const struct cb_report_cell *cell = &in->base->cells[i];
		const json_t *found;
		char *key;

		if (!takes_part(cell, in->base_variant))
			continue;
		key = key_of(in, cell, NULL);
		found = key ? json_object_get(index, key) : NULL;
		if (found)
			p->list[p->n++] = (struct pair){
				.base = cell, .cand = &in->cand->cells[json_integer_value(found)]};
		else
			m->base_only++;
		free(key);
	}
	m->cand_only = n_cand > p->n ? n_cand - p->n : 0;
	json_decref(index);
	return 0;
}

static bool varies(const struct pairs *p, const char *path)
{
	for (size_t i = 1; i < p->n; i++) {
		if (!json_equal(json_object_get(p->list[0].base->params, path),
			    json_object_get(p->list[i].base->params, path)))
			return true;
	}
	return false;
}

static bool take_along(struct cb_match *m, const struct cb_match_input *in, const struct pairs *p,
	const char *path)
{
	return !passed_over(in, path) && varies(p, path) &&
		cb_text_copy(m->along, sizeof(m->along), path);
}

/* The rate, or what the scenario draws against, or whatever varies first. */
static int choose_along(struct cb_match *m, const struct cb_match_input *in, const struct pairs *p,
	struct cb_error *err)
{
	const struct cb_scenario *s = in->scenario;

	if (in->along && p->n && !json_object_get(p->list[0].base->params, in->along))
		return cb_error_set(err, CB_ERR_USAGE,
			"--along %s: the cells have no such parameter; paths are like traffic.rate",
			in->along);
	if (in->along) {
		cb_text_copy(m->along, sizeof(m->along), in->along);
		return 0;
	}
	if (take_along(m, in, p, "traffic.rate"))
		return 0;
	for (size_t i = 0; s && i < s->n_figures; i++) {
		if (take_along(m, in, p, s->figures[i].x))
			return 0;
	}
	for (size_t i = 0; i < in->base->n_axes; i++) {
		if (take_along(m, in, p, in->base->axes[i]))
			return 0;
	}
	return 0;
}

/* What tells the curves apart, in the scenario's order. */
static int find_axes(struct cb_match *m, const struct cb_match_input *in, const struct pairs *p,
	struct cb_error *err)
{
	m->axes = calloc(in->base->n_axes + 1, sizeof(*m->axes));
	if (!m->axes)
		return cb_error_memory(err, "a comparison");
	for (size_t i = 0; i < in->base->n_axes; i++) {
		const char *path = in->base->axes[i];

		if (strcmp(path, m->along) == 0 || passed_over(in, path) || !varies(p, path))
			continue;
		memcpy(m->axes[m->n_axes++], path, sizeof(*m->axes));
	}
	return 0;
}

static char *label_of(const struct cb_match *m, const struct cb_match_input *in,
	const struct cb_report_cell *cell)
{
	struct cb_text text = {0};
	char *label;

	for (size_t i = 0; i < m->n_axes; i++) {
		const json_t *value = json_object_get(cell->params, m->axes[i]);

		if (!value)
			continue;
		cb_text_add(&text, text.length ? ", " : "");
		cb_param_print_alone(
			m->axes[i], value, cb_param_unit(m->axes[i], in->registry), &text);
	}
	label = strdup(cb_text_get(&text));
	cb_text_finish(&text);
	return label;
}

static struct cb_match_curve *curve_of(struct cb_match *m, const struct cb_match_input *in,
	const struct pairs *p, size_t i, json_t *index)
{
	json_t *known = json_object_get(index, p->list[i].curve);
	struct cb_match_curve *c;

	if (known)
		return &m->curves[json_integer_value(known)];
	json_object_set_new(index, p->list[i].curve, json_integer((json_int_t)m->n));
	c = &m->curves[m->n++];
	c->label = label_of(m, in, p->list[i].base);
	c->points = calloc(p->n, sizeof(*c->points));
	return c->label && c->points ? c : NULL;
}

static int by_x(const void *a, const void *b)
{
	const struct cb_match_point *p = a, *q = b;
	double x = cb_param_order(p->x), y = cb_param_order(q->x);

	if (!isnan(x) && !isnan(y) && x != y)
		return x < y ? -1 : 1;
	return (p->base->index > q->base->index) - (p->base->index < q->base->index);
}

static int group(
	struct cb_match *m, const struct cb_match_input *in, struct pairs *p, struct cb_error *err)
{
	json_t *index = json_object();
	bool failed = !index;

	m->curves = calloc(p->n + 1, sizeof(*m->curves));
	failed = failed || !m->curves;
	for (size_t i = 0; i < p->n && !failed; i++) {
		const struct cb_report_cell *cell = p->list[i].base;
		struct cb_match_curve *c = NULL;

		p->list[i].curve = key_of(in, cell, m->along[0] ? m->along : NULL);
		if (p->list[i].curve)
			c = curve_of(m, in, p, i, index);
		failed = !c;
		if (c)
			c->points[c->n++] = (struct cb_match_point){.base = cell,
				.cand = p->list[i].cand,
				.x = m->along[0] ? json_object_get(cell->params, m->along) : NULL};
	}
	for (size_t i = 0; i < m->n && !failed; i++)
		qsort(m->curves[i].points, m->curves[i].n, sizeof(*m->curves[i].points), by_x);
	json_decref(index);
	return failed ? cb_error_memory(err, "a comparison") : 0;
}

int cb_match_make(struct cb_match *m, const struct cb_match_input *in, struct cb_error *err)
{
	struct pairs p = {0};
	int rc;

	*m = (struct cb_match){.n = 0};
	rc = pair_cells(&p, m, in, err);
	if (!rc)
		rc = choose_along(m, in, &p, err);
	if (!rc)
		rc = find_axes(m, in, &p, err);
	if (!rc)
		rc = group(m, in, &p, err);
	finish_pairs(&p);
	return rc;
}

void cb_match_finish(struct cb_match *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->curves[i].label);
		free(m->curves[i].points);
	}
	free(m->curves);
	free(m->axes);
	*m = (struct cb_match){.n = 0};
}

/* The value that every cell of a side has; NULL: they differ, or there is none. */
static const json_t *common(const struct cb_report_cells *cells, const char *path)
{
	const json_t *value = cells->n ? json_object_get(cells->cells[0].params, path) : NULL;

	for (size_t i = 1; i < cells->n; i++) {
		if (!json_equal(value, json_object_get(cells->cells[i].params, path)))
			return NULL;
	}
	return value;
}

void cb_match_differences(const struct cb_match_input *in, struct cb_text *out)
{
	size_t told = 0;
	const char *path;
	json_t *value;

	if (!in->base->n || !in->cand->n)
		return;
	json_object_foreach((json_t *)in->base->cells[0].params, path, value)
	{
		const json_t *other = json_object_get(in->cand->cells[0].params, path);

		if (told == DIFFERENCES_MAX || passed_over(in, path) || json_equal(value, other) ||
			(other && (!common(in->base, path) || !common(in->cand, path))))
			continue;
		cb_text_addf(out, "%s%s", told++ ? ", " : "", path);
	}
}
