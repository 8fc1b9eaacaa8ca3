#include "harness/decide/compared.h"

#include "harness/book/adjust.h"
#include "harness/report/param.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cb_compared_say(json_t *list, const char *fmt, ...)
{
	char text[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (json_array_append_new(list, json_string(text)))
		json_array_append_new(list, json_string("something that can't be told in UTF-8"));
}

void cb_compared_print_name(const struct cb_compared *x, struct cb_text *out)
{
	cb_text_add(out, x->measure->metric->label);
	if (x->curve->label[0])
		cb_text_addf(out, ", %s", x->curve->label);
}

/* "at 400 kpps", or nothing where there is but one point. */
static void print_place(const struct cb_compare *c, const struct cb_match_point *p, char out[96])
{
	struct cb_text text = {0};

	out[0] = '\0';
	if (p->x) {
		cb_text_add(&text, " at ");
		cb_param_print_alone(
			c->match.along, p->x, cb_param_unit(c->match.along, c->registry), &text);
		snprintf(out, 96, "%.95s", cb_text_get(&text));
	}
	cb_text_finish(&text);
}

/* The point that the effect is of; NULL: of the whole curve. */
static const struct cb_match_point *point_of_effect(const struct cb_compared *x)
{
	const struct cb_judged *j = &x->judged;

	for (size_t i = 0; j->points && x->curve->n > 1 && i < x->curve->n; i++) {
		if (j->direction * j->shift.estimate < j->effect &&
			j->direction * j->points[i].shift.estimate == j->effect)
			return &x->curve->points[i];
	}
	return NULL;
}

void cb_compared_print_effect(
	const struct cb_compared *x, const struct cb_compare *c, struct cb_text *out)
{
	const struct cb_match_point *p = point_of_effect(x);
	char place[96];

	cb_measure_print_shift(x->measure, x->judged.direction * x->judged.effect, false, out);
	if (!p)
		return;
	print_place(c, p, place);
	cb_text_addf(out, "%s, ", place);
	cb_measure_print_shift(x->measure, x->judged.shift.estimate, false, out);
	cb_text_add(out, " over the curve");
}

static size_t planned(const struct cb_report_cell *cell)
{
	return cell->n_trials + cell->missing;
}

/* Values of a cell, appended; how many. */
static size_t take_values(
	const struct cb_measure *m, const struct cb_report_cell *cell, double *out)
{
	size_t n = 0;

	for (size_t i = 0; i < cell->n_trials; i++) {
		double value = cb_measure_value(m, cell->trials[i]);

		if (cb_report_trial_enters(cell->trials[i]) && !isnan(value))
			out[n++] = value;
	}
	return n;
}

/* A cell with too few sound trials: broken measurements must pass neither for a regression nor for
 * none. */
static void check_side(struct cb_compared *x, const struct cb_compare *c, int side,
	const struct cb_match_point *p, size_t taken)
{
	const struct cb_report_cell *cell = side == CB_COMPARE_BASE ? p->base : p->cand;
	size_t lost = planned(cell) - taken;
	char place[96];

	if ((double)lost <= CB_COMPARED_LOST_MAX * (double)planned(cell))
		return;
	print_place(c, p, place);
	cb_compared_say(x->reasons,
		"%s%s: %zu of %zu trials can be used (%zu invalid, %zu missing, %zu without this "
		"value)",
		c->labels[side], place, taken, planned(cell), cell->invalid, cell->missing,
		lost - cell->invalid - cell->missing);
}

/*
 * Whether a point can be compared though its sides were not offered the same. At a rate that was
 * asked for one sender failed, and nothing can be told; where the rate is "max" that is its nature,
 * and a share of it is passed over.
 */
static bool check_offered(
	struct cb_compared *x, const struct cb_compare *c, const struct cb_match_point *p)
{
	const struct cb_metric *offered = cb_metric_find("offered_pps");
	const char *rate = json_string_value(json_object_get(p->base->params, "traffic.rate"));
	bool most = rate && strcmp(rate, "max") == 0;
	double base = cb_report_cell_summary(p->base, offered).median;
	double cand = cb_report_cell_summary(p->cand, offered).median;
	char place[96], offered_base[32], offered_cand[32];

	if (x->measure->offer == CB_OFFER_ANY || (most && x->measure->offer == CB_OFFER_FIXED) ||
		!(fabs(cand - base) > CB_COMPARE_OFFERED_MAX * base))
		return true;
	print_place(c, p, place);
	cb_unit_human(CB_UNIT_RATE, base, offered_base, sizeof(offered_base));
	cb_unit_human(CB_UNIT_RATE, cand, offered_cand, sizeof(offered_cand));
	cb_compared_say(most ? x->notes : x->reasons, "not offered the same%s: %s and %s", place,
		offered_base, offered_cand);
	return !most;
}

static void take_point(struct cb_compared *x, const struct cb_compare *c, size_t i, size_t *used)
{
	const struct cb_match_point *p = &x->curve->points[i];
	struct cb_stratum *s = &x->strata[i];

	s->b = x->values + *used;
	s->n_b = take_values(x->measure, p->base, x->values + *used);
	*used += s->n_b;
	s->a = x->values + *used;
	s->n_a = take_values(x->measure, p->cand, x->values + *used);
	*used += s->n_a;
	check_side(x, c, CB_COMPARE_BASE, p, s->n_b);
	check_side(x, c, CB_COMPARE_CAND, p, s->n_a);
	if (!check_offered(x, c, p))
		s->n_a = s->n_b = 0;
	if (p->base->whole_attempt != p->cand->whole_attempt)
		cb_compared_say(x->notes,
			"one side counts the warm-up, too: its program does not tell which frames "
			"are of the window");
}

static double floor_of(const struct cb_compare *c, const struct cb_measure *m, double noise)
{
	const struct cb_compare_options *o = &c->options;
	double least = m->ratio
		? log1p(o->floor_ratio > 0 ? o->floor_ratio : CB_COMPARE_FLOOR_RATIO)
		: o->floor_share > 0 ? o->floor_share
				     : CB_COMPARE_FLOOR_POINTS;

	return isnan(noise) ? least : fmax(least, 3 * noise);
}

int cb_compared_take(struct cb_compared *x, const struct cb_compare *c,
	const struct cb_match_curve *curve, const struct cb_measure *measure, struct cb_error *err)
{
	const json_t *noise = json_object_get(c->options.noise, measure->metric->name);
	size_t room = 1, used = 0;

	*x = (struct cb_compared){.curve = curve, .measure = measure};
	for (size_t i = 0; i < curve->n; i++)
		room += curve->points[i].base->n_trials + curve->points[i].cand->n_trials;
	x->strata = calloc(curve->n + 1, sizeof(*x->strata));
	x->values = calloc(room, sizeof(*x->values));
	x->reasons = json_array();
	x->notes = json_array();
	if (!x->strata || !x->values || !x->reasons || !x->notes)
		return cb_error_memory(err, "a comparison");
	for (size_t i = 0; i < curve->n; i++)
		take_point(x, c, i, &used);
	x->noise =
		json_is_number(noise) ? cb_measure_unshown(measure, json_number_value(noise)) : NAN;
	x->judged = (struct cb_judged){.strata = x->strata,
		.n = curve->n,
		.direction = c->options.improvements ? -measure->worse : measure->worse,
		.floor = floor_of(c, measure, x->noise)};
	return 0;
}

void cb_compared_finish(struct cb_compared *x)
{
	if (x->again)
		cb_compared_finish(x->again);
	free(x->again);
	cb_judged_finish(&x->judged);
	free(x->strata);
	free(x->values);
	json_decref(x->reasons);
	json_decref(x->notes);
	*x = (struct cb_compared){.curve = NULL};
}

bool cb_compared_has_values(const struct cb_compared *x)
{
	for (size_t i = 0; i < x->curve->n; i++) {
		if (x->strata[i].n_a || x->strata[i].n_b)
			return true;
	}
	return false;
}

/* The least repetitions that could show anything, for so many curves at once. */
static void say_too_few(struct cb_compared *x, const struct cb_compare *c, size_t tests)
{
	size_t least = cb_repetitions_least(
		c->options.rules.alpha / (double)(tests ? tests : 1), x->judged.test.strata);

	cb_compared_say(x->reasons,
		"too few trials: with %zu curve%s compared, not even the largest difference could "
		"be told from chance; %zu repetitions a side could",
		tests, tests == 1 ? "" : "s", least);
}

static void say_suspect(struct cb_compared *x, const struct cb_compare *c)
{
	cb_compared_say(x->reasons,
		"seen once, with p = %.3g: that alone is no proof (p <= %g would be); measure it "
		"again",
		x->judged.p, c->options.rules.alpha_alone);
}

static void decide_again(struct cb_compared *x)
{
	const struct cb_compared *again = x->again;

	if (json_array_size(again->reasons)) {
		x->outcome = CB_OUTCOME_SUSPECT;
		cb_compared_say(x->reasons, "seen once, and the fresh trials can't tell: %s",
			json_string_value(json_array_get(again->reasons, 0)));
	} else if (again->judged.too_few) {
		x->outcome = CB_OUTCOME_SUSPECT;
		cb_compared_say(x->reasons, "seen once, and the fresh trials are too few to tell");
	} else if (again->judged.changed) {
		x->outcome = CB_OUTCOME_CONFIRMED;
	} else {
		x->outcome = CB_OUTCOME_SAME;
		cb_compared_say(x->notes,
			"seen at first (p = %.3g), but not in fresh trials "
			"(p = %.3g)",
			x->judged.p, again->judged.p);
	}
}

void cb_compared_decide(struct cb_compared *x, const struct cb_compare *c, size_t tests)
{
	const struct cb_judged *j = &x->judged;

	if (isnan(j->p) && json_array_size(x->reasons) == 0)
		cb_compared_say(x->reasons, "no trials that can be compared on both sides");
	else if (j->too_few)
		say_too_few(x, c, tests);
	x->outcome = CB_OUTCOME_UNCLEAR;
	if (json_array_size(x->reasons) || json_array_size(c->reasons))
		return;
	x->outcome = CB_OUTCOME_SAME;
	if (j->changed && x->again)
		decide_again(x);
	else if (j->alone)
		x->outcome = CB_OUTCOME_CONFIRMED;
	else if (j->changed) {
		x->outcome = CB_OUTCOME_SUSPECT;
		say_suspect(x, c);
	}
}
