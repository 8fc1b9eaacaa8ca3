/* One expectation of a claim against the trials. */
#include "harness/report/comparison.h"
#include "harness/report/verdict.h"

#include <math.h>
#include <string.h>

#define SEED       1    /* the same data gives the same report */
#define CONFIDENCE 0.95 /* of intervals */

/* How arms are compared with one another. */
enum pairs { CHAIN, FIRST_WITH_ALL, ALL_WITH_ALL, NO_ARMS };

/* What a pair (a, b) must show: a above b, both alike, ... */
enum relation { ABOVE, NOT_BELOW, ALIKE };

static const struct kind {
	enum pairs pairs;
	enum relation relation;
	bool swapped; /* it is b that must be above */
	bool spread;
} kinds[] = {
	[CB_EXPECT_GREATER] = {CHAIN, ABOVE, false, false},
	[CB_EXPECT_LESS] = {CHAIN, ABOVE, true, false},
	[CB_EXPECT_AT_LEAST] = {CHAIN, NOT_BELOW, false, false},
	[CB_EXPECT_EQUIVALENT] = {ALL_WITH_ALL, ALIKE, false, false},
	[CB_EXPECT_MOST] = {FIRST_WITH_ALL, ABOVE, false, false},
	[CB_EXPECT_LEAST] = {FIRST_WITH_ALL, ABOVE, true, false},
	[CB_EXPECT_SPREADS] = {FIRST_WITH_ALL, ABOVE, false, true},
	[CB_EXPECT_RISES] = {NO_ARMS, ABOVE, false, false},
	[CB_EXPECT_FALLS] = {NO_ARMS, ABOVE, true, false},
	[CB_EXPECT_RISES_WITH] = {NO_ARMS, ABOVE, false, false},
	[CB_EXPECT_FALLS_WITH] = {NO_ARMS, ABOVE, true, false},
};

/* ppm as an effect of this metric: points of a share, else a difference of logarithms. */
static double effect_of(const struct cb_metric *metric, int64_t ppm)
{
	double effect = (double)ppm / 1e6;

	return metric->kind == CB_METRIC_SHARE ? effect : log1p(effect);
}

static void swap_sides(struct cb_comparison *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct cb_stratum s = c->strata[i];

		c->strata[i] = (struct cb_stratum){s.b, s.a, s.n_b, s.n_a};
	}
}

/* p of "a is above b by more than `shift`", or of "b is above a" when swapped. */
static int greater(
	struct cb_comparison *c, bool swapped, double shift, double *p, struct cb_error *err)
{
	struct cb_test test;
	int rc;

	if (swapped)
		swap_sides(c);
	rc = cb_permutation_greater(c->strata, c->n, shift, SEED, &test, err);
	if (swapped)
		swap_sides(c);
	/* the best of several was taken by looking at the data */
	*p = rc ? NAN : fmin(1, test.p * (double)c->candidates);
	return rc;
}

/* a above b by more than nothing; and not above it by `by`. */
static int test_above(
	struct cb_comparison *c, double by, struct cb_finding *f, struct cb_error *err)
{
	int rc = greater(c, false, 0, &f->p_holds, err);

	if (!rc)
		rc = greater(c, true, -by, &f->p_fails, err);
	f->large_enough = f->effect.estimate >= by;
	return rc;
}

static int test_not_below(
	struct cb_comparison *c, double within, struct cb_finding *f, struct cb_error *err)
{
	int rc = greater(c, false, -within, &f->p_holds, err);

	if (!rc)
		rc = greater(c, true, within, &f->p_fails, err);
	f->large_enough = f->effect.estimate >= -within;
	return rc;
}

static int test_alike(
	struct cb_comparison *c, double within, struct cb_finding *f, struct cb_error *err)
{
	struct cb_test test;
	double above = NAN, below = NAN;
	int rc = cb_permutation_equivalent(c->strata, c->n, within, SEED, &test, err);

	f->p_holds = rc ? NAN : fmin(1, test.p * (double)c->candidates);
	if (!rc)
		rc = greater(c, false, within, &above, err);
	if (!rc)
		rc = greater(c, true, within, &below, err);
	f->p_fails = fmin(1, 2 * fmin(above, below));
	f->large_enough = fabs(f->effect.estimate) <= within;
	return rc;
}

static int judge(
	struct cb_comparison *c, enum relation relation, struct cb_finding *f, struct cb_error *err)
{
	const struct cb_expectation *e = f->expectation;
	int rc = cb_shift_interval(c->strata, c->n, CONFIDENCE, &f->effect, err);

	if (rc)
		return rc;
	f->trials = c->trials;
	f->points = c->n;
	f->repetitions = c->repetitions;
	f->unit = f->metric->kind == CB_METRIC_SHARE ? CB_EFFECT_POINTS : CB_EFFECT_RATIO;
	if (relation == ABOVE)
		return test_above(c, effect_of(f->metric, e->by), f, err);
	if (relation == NOT_BELOW)
		return test_not_below(c, effect_of(f->metric, e->within), f, err);
	return test_alike(c, effect_of(f->metric, e->within), f, err);
}

/* Arm a against arm b; where both captured everything, what it cost them. */
static int compare_pair(struct cb_finding *f, const struct cb_comparison_input *input, size_t a,
	size_t b, enum relation relation, struct cb_error *err)
{
	const struct cb_expectation *e = input->expectation;
	struct cb_comparison_input in = *input;
	struct cb_comparison c;
	int rc = cb_comparison_make(&c, &in, a, b, err);

	*f = (struct cb_finding){.expectation = e,
		.metric = in.metric,
		.p_holds = NAN,
		.p_fails = NAN,
		.effect = {.estimate = NAN, .low = NAN, .high = NAN},
		.a = a,
		.b = b};
	f->at_ceiling = !rc && !c.n && c.at_ceiling;
	if (f->at_ceiling && *e->at_ceiling) {
		cb_comparison_finish(&c);
		in.metric = f->metric = cb_metric_find(e->at_ceiling);
		in.keep_ceiling = true;
		/* less of a cost is better */
		rc = cb_comparison_make(&c, &in, b, a, err);
		f->by_cost = true;
		f->at_ceiling = false;
		f->a = b;
		f->b = a;
	}
	if (!rc && c.n)
		rc = judge(&c, relation, f, err);
	cb_comparison_finish(&c);
	return rc;
}

/* The weaker of two findings: what supports an expectation least stands for it. */
static bool weaker(const struct cb_finding *f, const struct cb_finding *than)
{
	if (isnan(f->p_holds) != isnan(than->p_holds))
		return isnan(f->p_holds);
	if (f->large_enough != than->large_enough)
		return !f->large_enough;
	return f->p_holds > than->p_holds;
}

/* All of them must hold: p of "it holds" is the largest, of "it fails" the smallest, times their
 * number. */
static void combine(struct cb_finding *all, const struct cb_finding *one, size_t nth, size_t count)
{
	double fails = fmin(1, one->p_fails * (double)count);

	if (nth == 0) {
		*all = *one;
		all->p_fails = fails;
		return;
	}
	fails = isnan(fails)          ? all->p_fails
		: isnan(all->p_fails) ? fails
				      : fmin(fails, all->p_fails);
	if (weaker(one, all))
		*all = *one;
	all->p_fails = fails;
}

static bool wanted(enum pairs pairs, size_t a, size_t b)
{
	return pairs == CHAIN ? b == a + 1 : pairs == FIRST_WITH_ALL ? a == 0 : true;
}

static size_t count_pairs(enum pairs pairs, size_t n)
{
	return pairs == ALL_WITH_ALL ? n * (n - 1) / 2 : n - 1;
}

static int compare_arms(struct cb_finding *f, const struct cb_comparison_input *in,
	const struct kind *kind, struct cb_error *err)
{
	size_t n = in->expectation->n_arms, count = count_pairs(kind->pairs, n), nth = 0;
	int rc = 0;

	for (size_t a = 0; a < n && !rc; a++) {
		for (size_t b = a + 1; b < n && !rc; b++) {
			struct cb_finding one;

			if (!wanted(kind->pairs, a, b))
				continue;
			rc = compare_pair(&one, in, kind->swapped ? b : a, kind->swapped ? a : b,
				kind->relation, err);
			if (!rc)
				combine(f, &one, nth++, count);
		}
	}
	return rc;
}

/* Whether y rises with x, or falls where that is expected. */
static int correlate(struct cb_finding *f, const struct cb_curves *c, bool falls, double *p_rises,
	double *p_falls, struct cb_error *err)
{
	struct cb_test rises, fallen = {.p = NAN};
	double rho;
	int rc = cb_correlation_rises(c->curves, c->n, SEED, &rises, &rho, err);

	for (size_t i = 0; i < c->n && !rc; i++) {
		double *y = (double *)c->curves[i].y; /* the curves are this finding's own */

		for (size_t k = 0; k < c->curves[i].n; k++)
			y[k] = -y[k];
		f->trials += c->curves[i].n;
	}
	if (!rc)
		rc = cb_correlation_rises(c->curves, c->n, SEED, &fallen, &rho, err);
	*p_rises = rc ? NAN : rises.p;
	*p_falls = rc ? NAN : fallen.p;
	/* rho is that of the turned curves now */
	f->effect = (struct cb_interval){.estimate = falls ? rho : -rho, .low = NAN, .high = NAN};
	f->points = rises.strata;
	f->unit = CB_EFFECT_CORRELATION;
	f->p_holds = falls ? *p_falls : *p_rises;
	f->p_fails = falls ? *p_rises : *p_falls;
	return rc;
}

/* Along a parameter: all points in order, and its two ends apart by what was claimed. */
static int follow(struct cb_finding *f, struct cb_curves *c, bool falls, struct cb_error *err)
{
	double rises = NAN, fallen = NAN, by = effect_of(f->metric, f->expectation->by);
	struct cb_finding ends = *f;
	int rc = correlate(f, c, falls, &rises, &fallen, err);

	if (rc || !c->ends.n)
		return rc;
	if (falls)
		swap_sides(&c->ends);
	rc = judge(&c->ends, ABOVE, &ends, err);
	f->effect = ends.effect;
	f->unit = ends.unit;
	f->p_fails = ends.p_fails;
	f->large_enough = f->effect.estimate >= by;
	f->repetitions = ends.repetitions;
	return rc;
}

/* As a reader expects it: what falls has fallen by less than nothing. */
static void turn(struct cb_interval *effect)
{
	double low = effect->low;

	effect->estimate = -effect->estimate;
	effect->low = -effect->high;
	effect->high = -low;
}

static int trace(struct cb_finding *f, const struct cb_comparison_input *in, bool falls,
	struct cb_error *err)
{
	const struct cb_expectation *e = in->expectation;
	const struct cb_metric *with = *e->with ? cb_metric_find(e->with) : NULL;
	double rises, fallen;
	struct cb_curves c;
	int rc = cb_curves_make(&c, in, with, err);

	*f = (struct cb_finding){.expectation = e,
		.metric = in->metric,
		.p_holds = NAN,
		.p_fails = NAN,
		.effect = {.estimate = NAN, .low = NAN, .high = NAN},
		.a = CB_ARM_ALL,
		.b = CB_ARM_ALL};
	f->at_ceiling = !rc && !c.n && c.at_ceiling;
	if (!rc && c.n && with) {
		rc = correlate(f, &c, falls, &rises, &fallen, err);
		f->large_enough = f->effect.estimate >= (double)e->by / 1e6;
		f->repetitions = c.curves[0].n;
	} else if (!rc && c.n) {
		rc = follow(f, &c, falls, err);
	}
	if (falls)
		turn(&f->effect);
	cb_curves_finish(&c);
	return rc;
}

int cb_finding_make(struct cb_finding *finding, const struct cb_claim *claim,
	const struct cb_expectation *e, const struct cb_report_cells *cells, struct cb_error *err)
{
	const struct kind *kind = &kinds[e->kind];
	struct cb_comparison_input in = {.cells = cells,
		.claim = claim,
		.expectation = e,
		.metric = cb_metric_find(e->metric),
		.spread = kind->spread,
		.keep_ceiling = kind->spread};

	if (!in.metric || (*e->at_ceiling && !cb_metric_find(e->at_ceiling)) ||
		(*e->with && !cb_metric_find(e->with)))
		return cb_error_set(
			err, CB_ERR_INTERNAL, "claim %s: a metric is not known", claim->id);
	if (kind->pairs == NO_ARMS)
		return trace(finding, &in, kind->swapped, err);
	return compare_arms(finding, &in, kind, err);
}
