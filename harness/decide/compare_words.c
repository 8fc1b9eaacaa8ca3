/* What the pages of a comparison say. */
#include "harness/decide/compare_page.h"
#include "harness/decide/compared.h"
#include "harness/report/format.h"
#include "harness/report/param.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *cb_compare_word(const struct cb_compare *c, enum cb_outcome outcome)
{
	static const char *const worse[] = {
		"no regression", "cannot tell", "suspected regression", "REGRESSION"};
	static const char *const better[] = {
		"no improvement", "cannot tell", "suspected improvement", "IMPROVEMENT"};

	return c->options.improvements ? better[outcome] : worse[outcome];
}

static size_t count(const struct cb_compare *c, enum cb_outcome outcome)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->list[i].outcome == outcome;
	return n;
}

/* The first that has the outcome of all. */
static const struct cb_compared *decisive(const struct cb_compare *c)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->list[i].outcome == c->outcome)
			return &c->list[i];
	}
	return NULL;
}

static void headline_change(const struct cb_compare *c, struct cb_text *out)
{
	const struct cb_compared *x = decisive(c);
	size_t more = count(c, c->outcome);

	cb_text_add(out, ": ");
	cb_compared_print_name(x, out);
	cb_text_add(out, " ");
	cb_compared_print_effect(x, c, out);
	if (more > 1)
		cb_text_addf(out, ", and %zu more", more - 1);
	cb_text_addf(out, " (of %zu compared)", c->n);
}

void cb_compare_headline(const struct cb_compare *c, struct cb_text *out)
{
	const char *why = json_string_value(json_array_get(c->reasons, 0));
	const struct cb_compared *x = decisive(c);

	cb_text_add(out, cb_compare_word(c, c->outcome));
	if (c->outcome == CB_OUTCOME_CONFIRMED || c->outcome == CB_OUTCOME_SUSPECT) {
		headline_change(c, out);
	} else if (c->outcome == CB_OUTCOME_SAME) {
		cb_text_addf(out, " in %zu curve%s", c->n, c->n == 1 ? "" : "s");
	} else {
		cb_text_add(out, ": ");
		if (!why && x) {
			why = json_string_value(json_array_get(x->reasons, 0));
			cb_compared_print_name(x, out);
			cb_text_add(out, ": ");
		}
		cb_text_add(out, why ? why : "see below");
	}
}

/* A cell of the side's variant; NULL where the side is a whole run. */
static const struct cb_report_cell *variant_cell(const struct cb_compare *c, int side)
{
	for (size_t i = 0; c->variants[side] && i < c->match.n; i++) {
		const struct cb_match_point *p = c->match.curves[i].points;

		if (c->match.curves[i].n)
			return side == CB_COMPARE_BASE ? p->base : p->cand;
	}
	return NULL;
}

void cb_compare_print_settings(const struct cb_compare *c, int side, struct cb_text *out)
{
	const struct cb_scenario *s = cb_compare_side(c, side)->data.scenario;
	const struct cb_report_cell *cell = variant_cell(c, side);

	for (size_t i = 0; cell && i < s->n_variant_paths; i++) {
		struct cb_text value = {0};

		if (!cb_param_is_told(s->variant_paths[i], s->variant_paths, s->n_variant_paths))
			cb_param_print_of(s->variant_paths[i], cell->params, c->registry, &value);
		if (value.length)
			cb_text_addf(out, "%s%s", out->length ? ", " : "", cb_text_get(&value));
		cb_text_finish(&value);
	}
}

/* "0.0123", no more digits than mean something. */
static void print_p(double p, struct cb_text *out)
{
	if (isnan(p))
		cb_text_add(out, "-");
	else
		cb_text_addf(out, p < 0.001 ? "%.1e" : "%.3f", p);
}

static void print_interval(
	const struct cb_measure *m, const struct cb_interval *i, struct cb_text *out)
{
	cb_measure_print_shift(m, i->estimate, isnan(i->estimate), out);
	if (isnan(i->low) || isnan(i->estimate))
		return;
	cb_text_add(out, " [");
	cb_measure_print_shift(m, i->low, true, out);
	cb_text_add(out, ", ");
	cb_measure_print_shift(m, i->high, true, out);
	cb_text_add(out, "]");
}

/* "5" where all points have it, "4 to 5". */
static void print_n(const struct cb_compared *x, struct cb_text *out)
{
	size_t least = SIZE_MAX, most = 0;

	for (size_t i = 0; i < x->curve->n; i++) {
		const size_t sides[] = {x->strata[i].n_a, x->strata[i].n_b};

		for (size_t side = 0; side < 2; side++) {
			least = sides[side] < least ? sides[side] : least;
			most = sides[side] > most ? sides[side] : most;
		}
	}
	cb_text_addf(
		out, least == most ? "%zu x %zu" : "%zu x %zu to %zu", x->curve->n, least, most);
}

void cb_compare_curves_table(const struct cb_compare *c, struct cb_table *t)
{
	static const char *const heads[] = {"metric", "curve", "points x n", "shift [95 %]", "p",
		"seen from", "again", "verdict", NULL};
	struct cb_text f = {0};

	*t = (struct cb_table){.numbers = {false, false, true, true, true, true, true, false}};
	memcpy(t->heads, heads, sizeof(heads));
	for (size_t i = 0; i < c->n; i++) {
		const struct cb_compared *x = &c->list[i];

		cb_table_row(t);
		cb_table_put_text(t, 0, x->measure->metric->label);
		cb_table_put_text(t, 1, x->curve->label);
		print_n(x, &f);
		cb_table_put(t, 2, &f);
		print_interval(x->measure, &x->judged.shift, &f);
		cb_table_put(t, 3, &f);
		print_p(x->judged.p, &f);
		cb_table_put(t, 4, &f);
		cb_measure_print_size(x->measure, fmax(x->judged.detectable, x->judged.floor), &f);
		cb_table_put(t, 5, &f);
		if (x->again) {
			print_interval(x->measure, &x->again->judged.shift, &f);
			cb_text_add(&f, ", p ");
			print_p(x->again->judged.p, &f);
			cb_table_put(t, 6, &f);
		}
		cb_table_put_text(t, 7, cb_compare_word(c, x->outcome));
	}
	cb_text_finish(&f);
}

/* "22.7 [21.9, 23.0]" */
static void print_side(
	const struct cb_compared *x, const struct cb_report_cell *cell, struct cb_text *out)
{
	struct cb_interval i = {.estimate = NAN, .low = NAN, .high = NAN};
	double *values = calloc(cell->n_trials + 1, sizeof(*values));
	size_t n = 0;

	for (size_t k = 0; values && k < cell->n_trials; k++) {
		if (cb_report_trial_enters(cell->trials[k]))
			values[n++] = x->measure->metric->value(cell->trials[k]);
	}
	if (values)
		cb_median_interval(values, n, CB_JUDGE_CONFIDENCE, &i, NULL);
	free(values);
	cb_metric_print(x->measure->metric, i.estimate, out);
	if (isnan(i.low))
		return;
	cb_text_add(out, " [");
	cb_metric_print(x->measure->metric, i.low, out);
	cb_text_add(out, ", ");
	cb_metric_print(x->measure->metric, i.high, out);
	cb_text_add(out, "]");
}

static void print_point_note(
	const struct cb_compare *c, const struct cb_compared *x, size_t i, struct cb_text *out)
{
	const struct cb_judged_point *j = &x->judged.points[i];

	if (j->p_holm <= c->options.rules.alpha)
		cb_text_add(out, "changed");
	if (j->two_heaps)
		cb_text_addf(out, "%strials in two heaps", out->length ? ", " : "");
	if (x->curve->points[i].base->generator_limited ||
		x->curve->points[i].cand->generator_limited)
		cb_text_addf(out, "%sgenerator-limited", out->length ? ", " : "");
}

void cb_compare_points_table(
	const struct cb_compare *c, const struct cb_compared *x, struct cb_table *t)
{
	struct cb_text f = {0};

	*t = (struct cb_table){.heads = {c->match.along[0] ? cb_param_label(c->match.along) : "",
				       c->labels[CB_COMPARE_BASE], c->labels[CB_COMPARE_CAND],
				       "shift [95 %]", "p", "note", NULL},
		.numbers = {true, true, true, true, true, false}};
	for (size_t i = 0; i < x->curve->n; i++) {
		const struct cb_match_point *p = &x->curve->points[i];

		cb_table_row(t);
		if (p->x)
			cb_param_print(p->x, cb_param_unit(c->match.along, c->registry), &f);
		cb_table_put(t, 0, &f);
		print_side(x, p->base, &f);
		cb_table_put(t, 1, &f);
		print_side(x, p->cand, &f);
		cb_table_put(t, 2, &f);
		print_interval(x->measure, &x->judged.points[i].shift, &f);
		cb_table_put(t, 3, &f);
		print_p(x->judged.points[i].p_holm, &f);
		cb_table_put(t, 4, &f);
		print_point_note(c, x, i, &f);
		cb_table_put(t, 5, &f);
	}
	cb_text_finish(&f);
}

static void put_fact(struct cb_table *t, size_t column, const json_t *value)
{
	char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);

	cb_table_put_text(t, column,
		json_is_null(value)             ? "not recorded"
			: json_is_string(value) ? json_string_value(value)
			: text                  ? text
						: "?");
	free(text);
}

void cb_compare_environment_table(const struct cb_compare *c, struct cb_table *t)
{
	json_t *entry;
	size_t i;

	*t = (struct cb_table){.heads = {"fact", c->labels[CB_COMPARE_BASE],
				       c->labels[CB_COMPARE_CAND], "", NULL}};
	json_array_foreach(c->environment, i, entry)
	{
		cb_table_row(t);
		put_fact(t, 0, json_object_get(entry, "fact"));
		put_fact(t, 1, json_object_get(entry, "base"));
		put_fact(t, 2, json_object_get(entry, "cand"));
		cb_table_put_text(t, 3,
			json_is_true(json_object_get(entry, "stops")) ? "stops the gate" : "");
	}
}
