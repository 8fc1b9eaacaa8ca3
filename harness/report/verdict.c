#include "harness/report/verdict.h"

#include "harness/book/adjust.h"
#include "harness/report/comparison.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const cb_verdict_names[] = {"reproduced", "not reproduced", "undecided", "needs", NULL};

/* All expectations of a claim must hold; the weakest stands for it. */
static int find(struct cb_verdict *v, const struct cb_report_cells *cells, struct cb_error *err)
{
	double fails = NAN;
	int rc = 0;

	v->finding.p_holds = v->finding.p_fails = NAN;
	for (size_t i = 0; i < v->claim->n_expectations && !rc; i++) {
		struct cb_finding one;
		bool weaker;

		rc = cb_finding_make(&one, v->claim, &v->claim->expectations[i], cells, err);
		if (rc)
			break;
		one.p_fails = fmin(1, one.p_fails * (double)v->claim->n_expectations);
		if (isnan(fails) || one.p_fails < fails)
			fails = one.p_fails;
		weaker = !i || isnan(one.p_holds) ||
			(!isnan(v->finding.p_holds) &&
				(one.large_enough < v->finding.large_enough ||
					(one.large_enough == v->finding.large_enough &&
						one.p_holds > v->finding.p_holds)));
		if (weaker)
			v->finding = one;
	}
	/* fmin passes over what is not known: a claim without a test has no p */
	v->finding.p_fails = isnan(v->finding.p_holds) ? NAN : fails;
	return rc;
}

/* What of the test-bed the claim needs and is not there; false: nothing. */
static bool lacks(struct cb_verdict *v, const json_t *run)
{
	const json_t *testbed = json_object_get(run, "testbed");
	const json_t *cores = json_object_get(testbed, "cores"),
		     *sensors = json_object_get(testbed, "sensors");
	const char *kind = json_string_value(json_object_get(testbed, "kind"));
	int64_t n_cores = json_is_integer(cores) ? json_integer_value(cores) : INT64_MAX,
		n_sensors = json_is_integer(sensors) ? json_integer_value(sensors) : 1;
	const struct cb_claim *c = v->claim;

	if (c->needs_sensors > n_sensors)
		snprintf(v->why, sizeof(v->why), "%lld sensors: there was %lld",
			(long long)c->needs_sensors, (long long)n_sensors);
	else if (c->needs_cores > n_cores)
		snprintf(v->why, sizeof(v->why), "%lld cores: there were %lld",
			(long long)c->needs_cores, (long long)n_cores);
	else if (c->needs_nic && kind && strcmp(kind, "local") == 0)
		snprintf(v->why, sizeof(v->why),
			"a network card: the link was a veth pair, which has no interrupts");
	else
		return false;
	return true;
}

/* Why one of the claim's cells could not be measured; NULL: it was not left out. */
static const char *left_out(
	const struct cb_verdict *v, const struct cb_report_cells *cells, const json_t *run)
{
	for (size_t i = 0; i < v->claim->n_expectations; i++) {
		const struct cb_expectation *e = &v->claim->expectations[i];
		const struct cb_comparison_input in = {
			.cells = cells, .claim = v->claim, .expectation = e};

		for (size_t k = 0; k < cells->n; k++) {
			const struct cb_report_cell *cell = &cells->cells[k];
			bool belongs = !e->n_arms && cb_comparison_belongs(&in, CB_ARM_ALL, cell);

			for (size_t a = 0; a < e->n_arms && !belongs; a++)
				belongs = cb_comparison_belongs(&in, a, cell);
			if (belongs && !cell->n_trials && cb_report_left_out(run, cell->index))
				return cb_report_left_out(run, cell->index);
		}
	}
	return NULL;
}

/* Whether it can be told at all; if not, kind and why are settled. */
static bool can_tell(struct cb_verdict *v, const struct cb_report_cells *cells, const json_t *run)
{
	const char *why;

	v->kind = CB_VERDICT_NEEDS;
	if (lacks(v, run))
		return false;
	if (!isnan(v->finding.p_holds))
		return true;
	why = left_out(v, cells, run);
	if (why) {
		snprintf(v->why, sizeof(v->why), "%s", why);
		return false;
	}
	v->kind = CB_VERDICT_UNDECIDED;
	if (v->finding.at_ceiling)
		snprintf(v->why, sizeof(v->why),
			"both at the ceiling: everything was captured on all sides");
	else
		snprintf(v->why, sizeof(v->why), "nothing was measured that could tell");
	return false;
}

/* How many repetitions would decide, going by what these have shown. */
static void foretell(struct cb_verdict *v, size_t tests)
{
	const struct cb_finding *f = &v->finding;
	double wanted = CB_VERDICT_ALPHA / (double)(tests ? tests : 1);
	bool holds = f->large_enough && f->p_holds < f->p_fails;
	double p = holds ? f->p_holds : f->p_fails;
	size_t least = cb_repetitions_least(wanted, f->points);
	size_t n = cb_repetitions_needed(p, wanted, f->repetitions, f->points);

	if (n && n <= f->repetitions)
		n = f->repetitions + 1;
	if (least > f->repetitions && n < least)
		snprintf(v->why, sizeof(v->why),
			"%zu repetition%s can't decide, whatever they show: it takes %zu at least",
			f->repetitions, f->repetitions == 1 ? "" : "s", least);
	else if (n)
		snprintf(v->why, sizeof(v->why),
			"about %zu repetitions in place of %zu would decide", n, f->repetitions);
	else
		snprintf(v->why, sizeof(v->why),
			"the effect is too close to what would count for any number of "
			"repetitions up to %d",
			CB_REPETITIONS_MAX);
}

static void decide(struct cb_verdict *v, double holds, double fails, size_t tests)
{
	if (holds <= CB_VERDICT_ALPHA && v->finding.large_enough) {
		v->kind = CB_VERDICT_REPRODUCED;
		v->p = holds;
	} else if (fails <= CB_VERDICT_ALPHA && !(v->finding.large_enough && holds < fails)) {
		v->kind = CB_VERDICT_NOT_REPRODUCED;
		v->p = fails;
	} else {
		v->kind = CB_VERDICT_UNDECIDED;
		v->p = v->finding.large_enough ? holds : fails;
		foretell(v, tests);
	}
}

static int settle(struct cb_verdict *v, size_t n, const bool *open, struct cb_error *err)
{
	double *p = calloc(2 * n + 1, sizeof(*p)), *fails = p ? p + n : NULL;
	size_t tests = 0;

	if (!p)
		return cb_error_memory(err, "the claims");
	for (size_t i = 0; i < n; i++) {
		p[i] = open[i] ? v[i].finding.p_holds : NAN;
		fails[i] = open[i] ? v[i].finding.p_fails : NAN;
		tests += open[i];
	}
	if (cb_holm(p, n, p) || cb_holm(fails, n, fails)) {
		free(p);
		return cb_error_memory(err, "the claims");
	}
	for (size_t i = 0; i < n; i++) {
		if (open[i])
			decide(&v[i], p[i], fails[i], tests);
	}
	free(p);
	return 0;
}

int cb_verdicts_make(struct cb_verdict **verdicts, size_t *n, const struct cb_scenario *s,
	const struct cb_report_cells *cells, const json_t *run, struct cb_error *err)
{
	size_t count = s ? s->n_claims : 0;
	struct cb_verdict *v = calloc(count + 1, sizeof(*v));
	bool *open = calloc(count + 1, sizeof(*open));
	int rc = 0;

	*verdicts = NULL;
	*n = 0;
	if (!v || !open) {
		free(v);
		free(open);
		return cb_error_memory(err, "the claims");
	}
	for (size_t i = 0; i < count && !rc; i++) {
		v[i].claim = &s->claims[i];
		v[i].p = NAN;
		rc = find(&v[i], cells, err);
		if (!rc)
			open[i] = can_tell(&v[i], cells, run);
	}
	if (!rc)
		rc = settle(v, count, open, err);
	free(open);
	if (rc) {
		free(v);
		v = NULL;
	}
	*verdicts = v;
	*n = rc ? 0 : count;
	return rc;
}
