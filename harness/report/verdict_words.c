/* Verdicts in words and as JSON. */
#include "harness/report/comparison.h"
#include "harness/report/format.h"
#include "harness/report/param.h"
#include "harness/report/verdict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Options of a member that the other arm has otherwise: "yield (yields 100)". */
static void print_options(const json_t *member, const json_t *other, struct cb_text *out)
{
	const char *key, *before = " (";
	const json_t *value;

	json_object_foreach((json_t *)member, key, value)
	{
		char *text;

		if (json_equal(value, json_object_get(other, key)) || strcmp(key, "name") == 0)
			continue;
		text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
		cb_text_add(out, before);
		cb_format_line(out, key);
		cb_text_add(out, " ");
		cb_format_line(out, text ? text : json_string_value(value));
		free(text);
		before = ", ";
	}
	cb_text_add(out, *before == ',' ? ")" : "");
}

/* A value of a pattern: a member is an object of its parameters. `other`: the other arm's. */
static void print_value(const char *path, const json_t *value, const json_t *other,
	const struct cb_registry *registry, struct cb_text *out)
{
	const char *name = json_string_value(json_object_get(value, "name"));

	if (name) {
		cb_format_line(out, name);
		if (json_equal(json_object_get(other, "name"), json_object_get(value, "name")))
			print_options(value, other, out);
	} else if (!json_is_object(value))
		cb_param_print_alone(path, value, cb_param_unit(path, registry), out);
}

static void print_arm(const struct cb_finding *f, size_t arm, size_t against,
	const struct cb_registry *registry, struct cb_text *out)
{
	const struct cb_claim_arm *a = &f->expectation->arms[arm];
	const json_t *other = f->expectation->arms[against].pattern;
	const char *path, *before = "";
	json_t *values;

	if (a->label[0]) {
		cb_format_line(out, a->label);
		return;
	}
	json_object_foreach(a->pattern, path, values)
	{
		size_t n = json_is_array(values) ? json_array_size(values) : 1;

		cb_text_add(out, before);
		for (size_t i = 0; i < n && i < 3; i++) {
			cb_text_add(out, i ? " or " : "");
			print_value(path,
				json_is_array(values) ? json_array_get(values, i) : values,
				json_object_get(other, path), registry, out);
		}
		cb_text_add(out, n > 3 ? " ..." : "");
		before = ", ";
	}
}

static double shown(const struct cb_finding *f, double effect)
{
	if (f->unit == CB_EFFECT_RATIO)
		return 100 * expm1(effect);
	return f->unit == CB_EFFECT_POINTS ? 100 * effect : effect;
}

/* "+37.6 points [30.1, 41.0]" */
static void print_effect(const struct cb_finding *f, struct cb_text *out)
{
	static const char *const units[] = {[CB_EFFECT_NONE] = "",
		[CB_EFFECT_POINTS] = " points",
		[CB_EFFECT_RATIO] = " %",
		[CB_EFFECT_CORRELATION] = ""};

	cb_text_addf(out, "%+.*f%s", f->unit == CB_EFFECT_CORRELATION ? 2 : 1,
		shown(f, f->effect.estimate), units[f->unit]);
	if (!isnan(f->effect.low))
		cb_text_addf(
			out, " [%+.1f, %+.1f]", shown(f, f->effect.low), shown(f, f->effect.high));
}

static void print_sides(
	const struct cb_finding *f, const struct cb_registry *registry, struct cb_text *out)
{
	const struct cb_expectation *e = f->expectation;

	if (f->a == CB_ARM_ALL) {
		cb_text_addf(out, "%s along %s%s: ", f->metric->label,
			*e->with ? cb_metric_find(e->with)->label : cb_param_label(e->along),
			f->unit == CB_EFFECT_CORRELATION ? "" : ", from one end to the other");
		return;
	}
	cb_text_addf(out, "%s%s, ", e->kind == CB_EXPECT_SPREADS ? "distance from the median " : "",
		f->metric->label);
	print_arm(f, f->a, f->b, registry, out);
	cb_text_add(out, " against ");
	print_arm(f, f->b, f->a, registry, out);
	cb_text_add(out, ": ");
}

void cb_verdict_effect(
	const struct cb_verdict *v, const struct cb_registry *registry, struct cb_text *out)
{
	const struct cb_finding *f = &v->finding;

	if (!f->expectation || isnan(f->effect.estimate))
		return;
	print_sides(f, registry, out);
	if (f->unit == CB_EFFECT_CORRELATION)
		cb_text_add(out, "rank correlation ");
	print_effect(f, out);
	cb_text_addf(out, "; %zu trials at %zu point%s", f->trials, f->points,
		f->points == 1 ? "" : "s");
	if (f->by_cost)
		cb_text_add(out, " where both captured everything");
}

/* The median of a metric over the trials of one side; NaN: none. */
static double side_median(const struct cb_comparison_input *in, size_t arm)
{
	double *values, median = NAN;
	size_t room = 1, n = 0;

	for (size_t i = 0; i < in->cells->n; i++)
		room += in->cells->cells[i].n_trials;
	values = calloc(room, sizeof(*values));
	for (size_t i = 0; values && i < in->cells->n; i++) {
		const struct cb_report_cell *cell = &in->cells->cells[i];

		if (!cb_comparison_belongs(in, arm, cell))
			continue;
		for (size_t k = 0; k < cell->n_trials; k++) {
			if (cb_report_trial_enters(cell->trials[k]))
				values[n++] = in->metric->value(cell->trials[k]);
		}
	}
	if (values)
		median = cb_summarise(values, n).median;
	free(values);
	return median;
}

void cb_verdict_evidence(
	const struct cb_verdict *v, const struct cb_report_cells *cells, struct cb_text *out)
{
	static const char *const told[] = {"captured_share", "frames_per_wakeup",
		"cpu_ns_per_frame", "path_dropped_share", "tap_dropped_share"};
	const struct cb_finding *f = &v->finding;
	const char *before = "";

	if (!f->expectation || f->a == CB_ARM_ALL || isnan(f->effect.estimate))
		return;
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		const struct cb_metric *m = cb_metric_find(told[i]);
		const struct cb_comparison_input in = {.cells = cells,
			.claim = v->claim,
			.expectation = f->expectation,
			.metric = m};
		double a, b;

		if (!m)
			continue;
		a = side_median(&in, f->a);
		b = side_median(&in, f->b);
		if (isnan(a) || isnan(b) || (a == 0 && b == 0))
			continue;
		cb_text_addf(out, "%s%s ", before, m->label);
		cb_metric_print(m, a, out);
		cb_text_add(out, " against ");
		cb_metric_print(m, b, out);
		cb_text_addf(out, "%s%s", *m->unit ? " " : "", m->unit);
		before = "; ";
	}
}

void cb_verdict_print(const struct cb_verdict *v, struct cb_text *out)
{
	cb_text_add(out, cb_verdict_names[v->kind]);
	if (v->kind == CB_VERDICT_NEEDS)
		cb_text_add(out, " ");
	else if (v->claim->analogue[0] && v->kind != CB_VERDICT_UNDECIDED)
		cb_text_add(out, " on an analogue");
	else if (v->why[0])
		cb_text_add(out, ": ");
	if (v->why[0])
		cb_format_line(out, v->why);
}

static json_t *effect_json(const struct cb_finding *f)
{
	static const char *const units[] = {[CB_EFFECT_NONE] = "",
		[CB_EFFECT_POINTS] = "points",
		[CB_EFFECT_RATIO] = "%",
		[CB_EFFECT_CORRELATION] = "rank correlation"};
	json_t *object = json_object();

	cb_json_set_text(object, "unit", units[f->unit]);
	cb_json_set_real(object, "estimate", shown(f, f->effect.estimate));
	cb_json_set_real(object, "low", shown(f, f->effect.low));
	cb_json_set_real(object, "high", shown(f, f->effect.high));
	cb_json_set_real(object, "confidence", f->effect.confidence);
	cb_json_set_text(object, "metric", f->metric->name);
	return object;
}

static json_t *verdict_json(const struct cb_verdict *v, const struct cb_report_cells *cells,
	const struct cb_registry *registry)
{
	struct cb_text effect = {0}, evidence = {0};
	json_t *object = json_object();
	const struct cb_claim *c = v->claim;

	cb_verdict_effect(v, registry, &effect);
	cb_verdict_evidence(v, cells, &evidence);
	cb_json_set_text(object, "id", c->id);
	cb_json_set_text(object, "says", c->says);
	cb_json_set_text(object, "section", c->section);
	cb_json_set_text(object, "figure", c->figure);
	cb_json_set_text(object, "analogue", c->analogue);
	cb_json_set_text(object, "verdict", cb_verdict_names[v->kind]);
	cb_json_set_text(object, "why", v->why);
	cb_json_set_text(
		object, "otherwise", v->kind == CB_VERDICT_NOT_REPRODUCED ? c->otherwise : "");
	cb_json_set_text(object, "found", cb_text_get(&effect));
	cb_json_set_text(object, "evidence", cb_text_get(&evidence));
	cb_json_set_real(object, "p", v->p);
	cb_json_set_real(object, "p_holds", v->finding.p_holds);
	cb_json_set_real(object, "p_fails", v->finding.p_fails);
	cb_json_set_count(object, "trials", (int64_t)v->finding.trials);
	json_object_set_new(
		object, "effect", v->finding.metric ? effect_json(&v->finding) : json_null());
	cb_text_finish(&effect);
	cb_text_finish(&evidence);
	return object;
}

json_t *cb_verdicts_json(const struct cb_verdict *verdicts, size_t n,
	const struct cb_report_cells *cells, const struct cb_registry *registry)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < n; i++) {
		if (json_array_append_new(list, verdict_json(&verdicts[i], cells, registry))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}
