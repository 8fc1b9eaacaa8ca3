#include "harness/report/comparison.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A cell at its place. */
struct entry {
	char *key;    /* of the stratum or curve; owned */
	size_t order; /* of the side, or of the point along a curve */
	double x;     /* along a curve */
	const struct cb_report_cell *cell;
};

struct entries {
	struct entry *list;
	size_t n;
};

bool cb_comparison_belongs(
	const struct cb_comparison_input *in, size_t arm, const struct cb_report_cell *cell)
{
	const struct cb_expectation *e = in->expectation;

	return cell->parts & in->claim->parts && cb_cell_matches(e->where, cell->params) &&
		(arm == CB_ARM_ALL || cb_cell_matches(e->arms[arm].pattern, cell->params));
}

static void finish_entries(struct entries *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->list[i].key);
	free(e->list);
}

static int add_entry(struct entries *e, const struct cb_expectation *expectation, bool one_curve,
	size_t order, double x, const struct cb_report_cell *cell)
{
	struct cb_text key = {0};

	if (!one_curve)
		cb_expectation_stratum(expectation, cell->params, &key);
	e->list[e->n] = (struct entry){strdup(cb_text_get(&key)), order, x, cell};
	cb_text_finish(&key);
	return e->list[e->n++].key ? 0 : CB_ERR_INTERNAL;
}

static int by_place(const void *a, const void *b)
{
	const struct entry *p = a, *q = b;
	int by = strcmp(p->key, q->key);

	if (!by && p->order != q->order)
		by = p->order < q->order ? -1 : 1;
	if (!by && p->x != q->x)
		by = p->x < q->x ? -1 : 1;
	if (!by)
		by = (p->cell->index > q->cell->index) - (p->cell->index < q->cell->index);
	return by;
}

static bool is_share(const struct cb_metric *metric)
{
	return metric->kind == CB_METRIC_SHARE;
}

static bool has_ceiling(const struct cb_metric *metric)
{
	return cb_text_starts_with(metric->name, "captured_share") ||
		strcmp(metric->name, "attempt_share") == 0;
}

/* A cost is better when it is lower. */
static bool is_cost(const struct cb_metric *metric)
{
	return metric->kind == CB_METRIC_TIME || strcmp(metric->name, "syscalls_per_frame") == 0;
}

static double median_of(const struct cb_report_cell *cell, const struct cb_metric *metric)
{
	struct cb_summary s = cb_report_cell_summary(cell, metric);

	return s.n ? s.median : NAN;
}

static double transform(const struct cb_metric *metric, double value)
{
	if (is_share(metric))
		return value;
	return value > 0 ? log(value) : NAN;
}

/* The cell's values to out[]; how many. */
static size_t take_values(
	const struct cb_comparison_input *in, const struct cb_report_cell *cell, double *out)
{
	double middle = in->spread ? transform(in->metric, median_of(cell, in->metric)) : 0;
	size_t n = 0;

	for (size_t i = 0; i < cell->n_trials; i++) {
		double value = transform(in->metric, in->metric->value(cell->trials[i]));

		if (!cb_report_trial_enters(cell->trials[i]) || isnan(value))
			continue;
		out[n++] = in->spread ? fabs(value - middle) : value;
	}
	return n;
}

/* Entries [first, end) of one side at one point. */
struct side {
	const struct entry *first, *end;
	bool best;
};

/* The one entry to take of a side whose best is asked for. */
static const struct entry *best_of(const struct cb_comparison_input *in, const struct side *s)
{
	const struct entry *best = s->first;
	bool cost = is_cost(in->metric);

	for (const struct entry *e = s->first; e < s->end; e++) {
		double is = median_of(e->cell, in->metric), was = median_of(best->cell, in->metric);

		if (!isnan(is) && (isnan(was) || (cost ? is < was : is > was)))
			best = e;
	}
	return best;
}

/* Values of a side, appended; *n of them. */
static const double *take_side(struct cb_comparison *c, const struct cb_comparison_input *in,
	const struct side *s, size_t *used, size_t *n)
{
	const double *values = c->values + *used;
	size_t choices = (size_t)(s->end - s->first);

	*n = 0;
	if (s->best && choices > c->candidates)
		c->candidates = choices;
	if (s->best && choices)
		*n = take_values(in, best_of(in, s)->cell, c->values + *used);
	for (const struct entry *e = s->first; !s->best && e < s->end; e++)
		*n += take_values(in, e->cell, c->values + *used + *n);
	*used += *n;
	if (*n > c->repetitions)
		c->repetitions = *n;
	return values;
}

static bool side_at_ceiling(const struct cb_comparison_input *in, const struct side *s)
{
	for (const struct entry *e = s->first; e < s->end; e++) {
		/* not what is not known, and of the best the best */
		if (!(median_of(e->cell, in->metric) >= CB_CEILING_SHARE) && !s->best)
			return false;
	}
	return !s->best || median_of(best_of(in, s)->cell, in->metric) >= CB_CEILING_SHARE;
}

static void add_stratum(struct cb_comparison *c, const struct cb_comparison_input *in,
	const struct side *a, const struct side *b, size_t *used)
{
	struct cb_stratum *s = &c->strata[c->n];

	if (a->first == a->end || b->first == b->end)
		return;
	if (has_ceiling(in->metric) && !in->keep_ceiling && side_at_ceiling(in, a) &&
		side_at_ceiling(in, b)) {
		c->at_ceiling++;
		return;
	}
	s->a = take_side(c, in, a, used, &s->n_a);
	s->b = take_side(c, in, b, used, &s->n_b);
	if (!s->n_a || !s->n_b)
		return;
	c->trials += s->n_a + s->n_b;
	c->n++;
}

static size_t count_trials(const struct entries *e)
{
	size_t n = 1;

	for (size_t i = 0; i < e->n; i++)
		n += e->list[i].cell->n_trials;
	return n;
}

static int start(struct cb_comparison *c, const struct entries *e)
{
	*c = (struct cb_comparison){.candidates = 1};
	c->strata = calloc(e->n + 1, sizeof(*c->strata));
	c->values = calloc(count_trials(e), sizeof(*c->values));
	return c->strata && c->values ? 0 : CB_ERR_INTERNAL;
}

/* One point after the other: first a's cells, then b's. */
static void walk(struct cb_comparison *c, const struct cb_comparison_input *in,
	const struct entries *e, bool best_a, bool best_b)
{
	size_t used = 0;

	for (size_t i = 0; i < e->n;) {
		const char *key = e->list[i].key;
		struct side a = {.first = &e->list[i], .best = best_a}, b = {.best = best_b};

		while (i < e->n && !strcmp(e->list[i].key, key) && e->list[i].order == 0)
			i++;
		a.end = b.first = &e->list[i];
		while (i < e->n && !strcmp(e->list[i].key, key))
			i++;
		b.end = &e->list[i];
		add_stratum(c, in, &a, &b, &used);
	}
}

int cb_comparison_make(struct cb_comparison *c, const struct cb_comparison_input *in, size_t a,
	size_t b, struct cb_error *err)
{
	const size_t arms[] = {a, b};
	struct entries e = {.list = calloc(2 * in->cells->n + 1, sizeof(*e.list))};
	int rc = e.list ? 0 : CB_ERR_INTERNAL;

	*c = (struct cb_comparison){.candidates = 1};
	for (size_t i = 0; i < in->cells->n && !rc; i++) {
		const struct cb_report_cell *cell = &in->cells->cells[i];

		for (size_t side = 0; side < 2 && !rc; side++) {
			if (cb_comparison_belongs(in, arms[side], cell))
				rc = add_entry(&e, in->expectation, false, side, 0, cell);
		}
	}
	if (!rc)
		rc = start(c, &e);
	if (!rc) {
		qsort(e.list, e.n, sizeof(*e.list), by_place);
		walk(c, in, &e, in->expectation->arms[a].best, in->expectation->arms[b].best);
	}
	finish_entries(&e);
	return rc ? cb_error_memory(err, "a claim") : 0;
}

void cb_comparison_finish(struct cb_comparison *c)
{
	free(c->strata);
	free(c->values);
	*c = (struct cb_comparison){.candidates = 1};
}

/* The trials of one cell as (x, y). */
static size_t take_pairs(const struct cb_comparison_input *in, const struct cb_metric *with,
	const struct entry *e, double *x, double *y)
{
	size_t n = 0;

	for (size_t i = 0; i < e->cell->n_trials; i++) {
		const struct cb_trial_record *r = e->cell->trials[i];

		if (!cb_report_trial_enters(r))
			continue;
		x[n] = with ? with->value(r) : e->x;
		y[n++] = in->metric->value(r);
	}
	return n;
}

static bool curve_at_ceiling(const struct cb_comparison_input *in, const struct side *s)
{
	return has_ceiling(in->metric) && !in->keep_ceiling && side_at_ceiling(in, s);
}

/* The first and the last point of the curve, against each other. */
static void add_ends(struct cb_curves *c, const struct cb_comparison_input *in,
	const struct side *s, size_t *used)
{
	struct side low = {.first = s->first, .end = s->first},
		    high = {.first = s->end, .end = s->end};

	while (low.end < s->end && low.end->x == s->first->x)
		low.end++;
	while (high.first > s->first && high.first[-1].x == s->end[-1].x)
		high.first--;
	if (low.end <= high.first)
		add_stratum(&c->ends, in, &high, &low, used);
}

static void add_curve(struct cb_curves *c, const struct cb_comparison_input *in,
	const struct cb_metric *with, const struct side *s, size_t *used, size_t *used_ends)
{
	struct cb_pairs *p = &c->curves[c->n];
	double *x, *y;
	size_t room = 0;

	if (curve_at_ceiling(in, s)) {
		c->at_ceiling++;
		return;
	}
	for (const struct entry *e = s->first; e < s->end; e++)
		room += e->cell->n_trials;
	x = c->values + *used;
	y = x + room;
	*used += 2 * room;
	for (const struct entry *e = s->first; e < s->end; e++)
		p->n += take_pairs(in, with, e, x + p->n, y + p->n);
	p->x = x;
	p->y = y;
	c->n += p->n > 0;
	if (!with)
		add_ends(c, in, s, used_ends);
}

static int gather(struct cb_curves *c, const struct cb_comparison_input *in,
	const struct cb_metric *with, struct entries *e)
{
	bool one_curve = with && !*in->expectation->along;
	int rc = 0;

	for (size_t i = 0; i < in->cells->n && !rc; i++) {
		const struct cb_report_cell *cell = &in->cells->cells[i];
		double x = with
			? 0
			: cb_param_order(json_object_get(cell->params, in->expectation->along));

		if (!isnan(x) && cb_comparison_belongs(in, CB_ARM_ALL, cell))
			rc = add_entry(e, in->expectation, one_curve, 0, x, cell);
	}
	if (rc)
		return rc;
	c->curves = calloc(e->n + 1, sizeof(*c->curves));
	c->values = calloc(2 * count_trials(e), sizeof(*c->values));
	return c->curves && c->values ? start(&c->ends, e) : CB_ERR_INTERNAL;
}

int cb_curves_make(struct cb_curves *c, const struct cb_comparison_input *in,
	const struct cb_metric *with, struct cb_error *err)
{
	struct entries e = {.list = calloc(in->cells->n + 1, sizeof(*e.list))};
	size_t used = 0, used_ends = 0;
	int rc;

	*c = (struct cb_curves){.n = 0};
	rc = e.list ? gather(c, in, with, &e) : CB_ERR_INTERNAL;
	if (!rc)
		qsort(e.list, e.n, sizeof(*e.list), by_place);
	for (size_t i = 0; i < e.n && !rc;) {
		struct side s = {.first = &e.list[i]};

		while (i < e.n && !strcmp(e.list[i].key, s.first->key))
			i++;
		s.end = &e.list[i];
		add_curve(c, in, with, &s, &used, &used_ends);
	}
	finish_entries(&e);
	return rc ? cb_error_memory(err, "a claim") : 0;
}

void cb_curves_finish(struct cb_curves *c)
{
	cb_comparison_finish(&c->ends);
	free(c->curves);
	free(c->values);
	*c = (struct cb_curves){.n = 0};
}
