#include "harness/decide/aa.h"

#include "harness/book/proportion.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CONFIDENCE 0.95

/* The comparison's curves with the trials of one pair. */
struct trialled {
	struct cb_judged *judged; /* by compared */
	struct cb_judged **list;
	struct cb_stratum **strata;
	double **values;
	size_t n;
};

static void finish(struct trialled *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->judged)
			cb_judged_finish(&t->judged[i]);
		if (t->strata)
			free(t->strata[i]);
		if (t->values)
			free(t->values[i]);
	}
	free(t->judged);
	free(t->list);
	free(t->strata);
	free(t->values);
}

/* The values of one block of repetitions, appended; how many. */
static size_t take_block(const struct cb_measure *m, const struct cb_report_cell *cell,
	size_t block, size_t repetitions, double *out)
{
	size_t n = 0;

	for (size_t i = 0; i < cell->n_trials; i++) {
		const struct cb_trial_record *r = cell->trials[i];
		double value = cb_measure_value(m, r);

		if (cb_report_trial_enters(r) && !isnan(value) &&
			(size_t)r->repetition / repetitions == block)
			out[n++] = value;
	}
	return n;
}

/* Side a of block `i`, side b of block `j`. */
static int take(struct trialled *t, const struct cb_compared *x, size_t k, size_t i, size_t j,
	size_t repetitions)
{
	size_t used = 0;

	t->strata[k] = calloc(x->curve->n + 1, sizeof(**t->strata));
	t->values[k] = calloc(2 * repetitions * x->curve->n + 1, sizeof(**t->values));
	if (!t->strata[k] || !t->values[k])
		return -1;
	for (size_t p = 0; p < x->curve->n; p++) {
		struct cb_stratum *s = &t->strata[k][p];
		double *values = t->values[k] + used;

		s->a = values;
		s->n_a = take_block(x->measure, x->curve->points[p].cand, j, repetitions, values);
		s->b = values + s->n_a;
		s->n_b = take_block(
			x->measure, x->curve->points[p].base, i, repetitions, values + s->n_a);
		used += s->n_a + s->n_b;
	}
	t->judged[k] = (struct cb_judged){.strata = t->strata[k],
		.n = x->curve->n,
		.direction = x->measure->worse,
		.floor = x->judged.floor};
	t->list[k] = &t->judged[k];
	return 0;
}

static int judge(struct trialled *t, const struct cb_compare *c, size_t i, size_t j,
	size_t repetitions, struct cb_error *err)
{
	int rc = 0;

	*t = (struct trialled){.judged = calloc(c->n + 1, sizeof(*t->judged)),
		.list = calloc(c->n + 1, sizeof(*t->list)),
		.strata = calloc(c->n + 1, sizeof(*t->strata)),
		.values = calloc(c->n + 1, sizeof(*t->values)),
		.n = c->n};
	if (!t->judged || !t->list || !t->strata || !t->values)
		return cb_error_memory(err, "a calibration");
	for (size_t k = 0; k < c->n && !rc; k++) {
		if (take(t, &c->list[k], k, i, j, repetitions))
			return cb_error_memory(err, "a calibration");
		rc = cb_judge_curve(t->list[k], &c->options.rules, err);
	}
	if (!rc && cb_judge_all(t->list, t->n, &c->options.rules))
		rc = cb_error_memory(err, "a calibration");
	return rc;
}

/* Squares of the curves' shifts by metric. */
struct squares {
	double sum[CB_COMPARE_METRICS_MAX];
	size_t n[CB_COMPARE_METRICS_MAX];
};

static int add_squares(struct squares *s, const struct trialled *t, const struct cb_compare *c,
	struct cb_error *err)
{
	int rc = 0;

	for (size_t k = 0; k < t->n && !rc; k++) {
		size_t m = (size_t)(c->list[k].measure - c->measures);
		struct cb_interval shift;

		rc = cb_shift_interval(t->strata[k], t->judged[k].n, CONFIDENCE, &shift, err);
		if (rc == CB_ERR_IMPOSSIBLE)
			rc = 0;
		if (rc || isnan(shift.estimate))
			continue;
		s->sum[m] += shift.estimate * shift.estimate;
		s->n[m]++;
	}
	return rc;
}

/* found[k]: pair (i, j) of curve k. */
static int try_pair(bool *found, struct cb_aa_alarms *alarms, struct squares *squares,
	const struct cb_compare *c, size_t i, size_t j, size_t repetitions, struct cb_error *err)
{
	struct trialled t;
	bool any = false;
	int rc = judge(&t, c, i, j, repetitions, err);

	for (size_t k = 0; k < c->n && !rc; k++) {
		found[k] = t.judged[k].changed;
		any = any || found[k];
	}
	if (!rc)
		rc = add_squares(squares, &t, c, err);
	alarms->pairs++;
	alarms->found += any;
	finish(&t);
	return rc;
}

static void settle_noise(double noise[CB_COMPARE_METRICS_MAX], const struct squares *s)
{
	for (size_t m = 0; m < CB_COMPARE_METRICS_MAX; m++)
		noise[m] = s->n[m] ? sqrt(s->sum[m] / (double)s->n[m]) : NAN;
}

/* Found in a pair, and in the one that was measured after it. */
static size_t count_twice(const bool *found, size_t pairs, size_t curves)
{
	size_t twice = 0;

	for (size_t i = 0; i < pairs; i++) {
		const bool *now = &found[i * curves], *next = &found[(i + 1) % pairs * curves];
		bool any = false;

		for (size_t k = 0; k < curves; k++)
			any = any || (now[k] && next[k]);
		twice += any;
	}
	return twice;
}

int cb_aa_make(struct cb_aa *aa, const struct cb_compare *c, size_t pairs, struct cb_error *err)
{
	const struct cb_scenario *s = c->runs[CB_COMPARE_BASE].data.scenario;
	struct squares beside = {.n = {0}}, apart = {.n = {0}};
	bool *found, *unused;
	int rc = 0;

	*aa = (struct cb_aa){.pairs = pairs};
	aa->repetitions = s && pairs ? (size_t)s->repetitions / pairs : 0;
	if (aa->repetitions < 2 || pairs < 2)
		return cb_error_set(err, CB_ERR_USAGE,
			"%s has %lld repetitions: too few for %zu pairs of two and more",
			c->runs[CB_COMPARE_BASE].data.directory, s ? (long long)s->repetitions : 0,
			pairs);
	found = calloc(pairs * c->n + 1, sizeof(*found));
	unused = calloc(c->n + 1, sizeof(*unused));
	if (!found || !unused) {
		free(found);
		free(unused);
		return cb_error_memory(err, "a calibration");
	}
	for (size_t i = 0; i < pairs && !rc; i++) {
		for (size_t j = 0; j < pairs && !rc; j++)
			rc = i == j ? try_pair(&found[i * c->n], &aa->beside, &beside, c, i, j,
					      aa->repetitions, err)
				    : try_pair(unused, &aa->apart, &apart, c, i, j, aa->repetitions,
					      err);
	}
	if (!rc)
		aa->beside.twice = count_twice(found, pairs, c->n);
	settle_noise(aa->noise_beside, &beside);
	settle_noise(aa->noise_apart, &apart);
	free(found);
	free(unused);
	return rc;
}

static json_t *alarms_json(const struct cb_aa_alarms *a)
{
	struct cb_interval i = cb_proportion(a->found, a->pairs, CONFIDENCE);

	return json_pack("{s:I, s:I, s:f, s:f, s:f}", "pairs", (json_int_t)a->pairs, "found",
		(json_int_t)a->found, "share", i.estimate, "low", i.low, "high", i.high);
}

static json_t *noise_json(const struct cb_compare *c, const double *noise)
{
	json_t *o = json_object();

	for (size_t m = 0; m < c->n_measures; m++) {
		if (!isnan(noise[m]))
			json_object_set_new(o, c->measures[m].metric->name,
				json_real(cb_measure_shown(&c->measures[m], noise[m])));
	}
	return o;
}

json_t *cb_aa_json(const struct cb_aa *aa, const struct cb_compare *c)
{
	json_t *o = json_pack("{s:i, s:s, s:s, s:I, s:I, s:I, s:f, s:o, s:o, s:o, s:o, s:O}",
		"schema", 1, "scenario", cb_report_data_name(&c->runs[CB_COMPARE_BASE].data),
		"directory", c->runs[CB_COMPARE_BASE].data.directory, "pairs",
		(json_int_t)aa->pairs, "repetitions", (json_int_t)aa->repetitions, "curves",
		(json_int_t)c->n, "alpha", c->options.rules.alpha, "beside",
		alarms_json(&aa->beside), "apart", alarms_json(&aa->apart), "noise",
		noise_json(c, aa->noise_beside), "noise_apart", noise_json(c, aa->noise_apart),
		"reasons", c->reasons);

	if (o)
		json_object_set_new(json_object_get(o, "beside"), "found_twice",
			json_integer((json_int_t)aa->beside.twice));
	return o;
}

static void add_alarms(const char *name, const struct cb_aa_alarms *a, struct cb_text *out)
{
	struct cb_interval i = cb_proportion(a->found, a->pairs, CONFIDENCE);

	cb_text_addf(out, "%-17s %zu of %zu (%.1f %%; 95 %% interval %.1f to %.1f %%)\n", name,
		a->found, a->pairs, 100 * i.estimate, 100 * i.low, 100 * i.high);
}

void cb_aa_text(const struct cb_aa *aa, const struct cb_compare *c, struct cb_text *out)
{
	cb_text_addf(out,
		"the same against itself: %zu pairs of %zu trials a side, %zu curve%s each\n\n"
		"false alarms, of which at most %.3g %% are to be expected:\n",
		aa->pairs, aa->repetitions, c->n, c->n == 1 ? "" : "s",
		100 * c->options.rules.alpha);
	add_alarms("  side by side", &aa->beside, out);
	cb_text_addf(
		out, "%-17s %zu of %zu\n", "  and once more", aa->beside.twice, aa->beside.pairs);
	add_alarms("  apart in time", &aa->apart, out);
	cb_text_add(out, "\nnoise: how far apart the same is, by metric:\n");
	for (size_t m = 0; m < c->n_measures; m++) {
		cb_text_addf(out, "  %-28s ", c->measures[m].metric->label);
		cb_measure_print_size(&c->measures[m], aa->noise_beside[m], out);
		cb_text_add(out, " side by side, ");
		cb_measure_print_size(&c->measures[m], aa->noise_apart[m], out);
		cb_text_add(out, " apart\n");
	}
}
