/* A comparison as one JSON document. Shifts are as cb_measure_shown: of a share in shares, of
 * everything else relative to the base. */
#include "harness/book/summary.h"
#include "harness/decide/compare_page.h"
#include "harness/decide/compared.h"

#include <math.h>
#include <stdlib.h>

static json_t *real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *interval_json(const struct cb_measure *m, const struct cb_interval *i)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "estimate", real(cb_measure_shown(m, i->estimate)),
		"low", real(cb_measure_shown(m, i->low)), "high",
		real(cb_measure_shown(m, i->high)), "confidence", real(i->confidence));
}

/* The values of one side of a point, in the metric's own unit. */
static json_t *side_json(const struct cb_measure *m, const struct cb_report_cell *cell)
{
	double *values = calloc(cell->n_trials + 1, sizeof(*values));
	json_t *trials = json_array(), *side;
	struct cb_interval median = {.estimate = NAN, .low = NAN, .high = NAN};
	size_t n = 0;

	for (size_t i = 0; values && i < cell->n_trials; i++) {
		double value = m->metric->value(cell->trials[i]);

		if (!cb_report_trial_enters(cell->trials[i]) || isnan(value))
			continue;
		values[n++] = value;
		json_array_append_new(trials, json_integer((json_int_t)cell->trials[i]->trial));
	}
	if (values)
		cb_median_interval(values, n, CB_JUDGE_CONFIDENCE, &median, NULL);
	side = json_pack("{s:s, s:I, s:I, s:o, s:I, s:o, s:o, s:o, s:o}", "cell_id", cell->id,
		"cell", (json_int_t)cell->index, "n", (json_int_t)n, "trials", trials, "invalid",
		(json_int_t)cell->invalid, "median", real(median.estimate), "low", real(median.low),
		"high", real(median.high), "confidence", real(median.confidence));
	free(values);
	return side;
}

static json_t *points_json(const struct cb_compared *x)
{
	json_t *list = json_array();

	for (size_t i = 0; i < x->curve->n; i++) {
		const struct cb_match_point *p = &x->curve->points[i];
		const struct cb_judged_point *j = &x->judged.points[i];

		json_array_append_new(list,
			json_pack("{s:O?, s:o, s:o, s:o, s:o, s:o, s:b}", "x", p->x, "base",
				side_json(x->measure, p->base), "cand",
				side_json(x->measure, p->cand), "shift",
				interval_json(x->measure, &j->shift), "p", real(j->p), "p_holm",
				real(j->p_holm), "two_heaps", j->two_heaps));
	}
	return list;
}

static void add_judged(json_t *o, const struct cb_compared *x)
{
	const struct cb_judged *j = &x->judged;
	const struct cb_measure *m = x->measure;

	json_object_set_new(o, "shift", interval_json(m, &j->shift));
	json_object_set_new(o, "p", real(j->test.p));
	json_object_set_new(o, "p_holm", real(j->p));
	json_object_set_new(o, "exact", json_boolean(j->test.exact));
	json_object_set_new(o, "effect", real(cb_measure_shown(m, j->effect)));
	json_object_set_new(o, "floor", real(cb_measure_shown(m, j->floor)));
	json_object_set_new(o, "noise", real(cb_measure_shown(m, x->noise)));
	json_object_set_new(o, "detectable", real(cb_measure_shown(m, j->detectable)));
	json_object_set_new(o, "changed", json_boolean(j->changed));
	json_object_set_new(o, "points", points_json(x));
}

static json_t *compared_json(const struct cb_compared *x)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:b, s:s, s:O, s:O}", "metric",
		x->measure->metric->name, "curve", x->curve->label, "worse",
		x->measure->worse > 0 ? "more" : "less", "relative", x->measure->ratio, "outcome",
		cb_outcome_names[x->outcome], "reasons", x->reasons, "notes", x->notes);
	json_t *again = json_null();

	if (!o)
		return NULL;
	add_judged(o, x);
	if (x->again) {
		again = json_object();
		add_judged(again, x->again);
		json_object_set(again, "reasons", x->again->reasons);
	}
	json_object_set_new(o, "again", again);
	return o;
}

static json_t *run_json(const struct cb_compare *c, int side)
{
	const struct cb_compare_run *r = cb_compare_side(c, side);

	struct cb_text settings = {0};
	json_t *o;

	cb_compare_print_settings(c, side, &settings);
	o = json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s}", "label", c->labels[side], "directory",
		r->data.directory, "scenario", cb_report_data_name(&r->data), "started",
		cb_report_data_run_text(&r->data, "started"), "variant", c->variants[side],
		"settings", cb_text_get(&settings));
	cb_text_finish(&settings);
	return o;
}

json_t *cb_compare_json(const struct cb_compare *c)
{
	json_t *curves = json_array(), *o;

	for (size_t i = 0; i < c->n; i++)
		json_array_append_new(curves, compared_json(&c->list[i]));
	o = json_pack("{s:i, s:s, s:s, s:i, s:o, s:o, s:s, s:o, s:o, s:O, s:O, s:O, s:o, s:o}",
		"schema", 1, "outcome", cb_outcome_names[c->outcome], "looked_for",
		c->options.improvements ? "improvements" : "regressions", "gate_exit_status",
		-cb_outcome_code(c->outcome), "base", run_json(c, CB_COMPARE_BASE), "candidate",
		run_json(c, CB_COMPARE_CAND), "along", c->match.along, "alpha",
		real(c->options.rules.alpha), "power", real(c->options.rules.power), "environment",
		c->environment, "reasons", c->reasons, "notes", c->notes, "remarks",
		cb_compare_remarks(c), "curves", curves);
	return o;
}
