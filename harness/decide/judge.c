#include "harness/decide/judge.h"

#include "harness/book/adjust.h"
#include "harness/book/detectable.h"
#include "harness/book/summary.h"

#include <math.h>
#include <stdlib.h>

/* Trials of one side with a gap among them of more than this many median distances from the median
 * have two ways of going: a median of so few tells which way won, not how far. */
#define HEAP_GAP 5

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* `scratch` has room for 2 n. */
static bool in_two_heaps(const double *values, size_t n, double *scratch)
{
	double *distances = scratch + n, spread, gap = 0;
	struct cb_summary s = cb_summarise(values, n);
	size_t known = 0;

	for (size_t i = 0; i < n; i++) {
		if (isnan(values[i]))
			continue;
		distances[known] = fabs(values[i] - s.median);
		scratch[known++] = values[i];
	}
	qsort(scratch, known, sizeof(*scratch), compare);
	spread = cb_summarise(distances, known).median;
	for (size_t i = 1; i < known; i++)
		gap = fmax(gap, scratch[i] - scratch[i - 1]);
	/* one that lies apart is an outlier, no heap */
	return known >= 5 && spread > 0 && gap > HEAP_GAP * spread &&
		scratch[known - 1] - scratch[known - 2] < gap && scratch[1] - scratch[0] < gap;
}

/* The test in the direction that is looked for. */
static int test_strata(const struct cb_judged *j, const struct cb_stratum *strata, size_t n,
	const struct cb_judge_rules *rules, struct cb_test *test, struct cb_error *err)
{
	struct cb_stratum *turned;
	int rc;

	if (j->direction > 0)
		return cb_permutation_greater(strata, n, 0, rules->seed, test, err);
	turned = calloc(n + 1, sizeof(*turned));
	if (!turned)
		return cb_error_memory(err, "a comparison");
	for (size_t i = 0; i < n; i++)
		turned[i] =
			(struct cb_stratum){strata[i].b, strata[i].a, strata[i].n_b, strata[i].n_a};
	rc = cb_permutation_greater(turned, n, 0, rules->seed, test, err);
	free(turned);
	return rc;
}

/* An interval where there are too many trials to count every split has no ends. */
static int shift_of(
	const struct cb_stratum *strata, size_t n, struct cb_interval *shift, struct cb_error *err)
{
	int rc = cb_shift_interval(strata, n, CB_JUDGE_CONFIDENCE, shift, err);

	return rc == CB_ERR_IMPOSSIBLE ? 0 : rc;
}

static int judge_point(
	struct cb_judged *j, size_t i, const struct cb_judge_rules *rules, struct cb_error *err)
{
	const struct cb_stratum *s = &j->strata[i];
	size_t most = s->n_a > s->n_b ? s->n_a : s->n_b;
	struct cb_judged_point *point = &j->points[i];
	double *scratch = calloc(2 * most + 1, sizeof(*scratch));
	struct cb_test test = {.p = NAN};
	int rc;

	if (!scratch)
		return cb_error_memory(err, "a comparison");
	point->two_heaps =
		in_two_heaps(s->a, s->n_a, scratch) || in_two_heaps(s->b, s->n_b, scratch);
	free(scratch);
	rc = test_strata(j, s, 1, rules, &test, err);
	point->p = rc ? NAN : test.p;
	return rc ? rc : shift_of(s, 1, &point->shift, err);
}

/* The points' p-values corrected for their number. */
static int correct_points(struct cb_judged *j, struct cb_error *err)
{
	double *p = calloc(j->n + 1, sizeof(*p));
	int rc = p ? 0 : -1;

	for (size_t i = 0; p && i < j->n; i++)
		p[i] = j->points[i].p;
	if (!rc)
		rc = cb_holm(p, j->n, p);
	for (size_t i = 0; !rc && i < j->n; i++)
		j->points[i].p_holm = p[i];
	free(p);
	return rc ? cb_error_memory(err, "a comparison") : 0;
}

/* A loss that begins at the knee of a curve moves few of its points: their shift counts. */
static double largest_effect(const struct cb_judged *j, double alpha)
{
	double largest = j->direction * j->shift.estimate;

	for (size_t i = 0; i < j->n; i++) {
		if (j->points[i].p <= alpha)
			largest = fmax(largest, j->direction * j->points[i].shift.estimate);
	}
	return largest;
}

static int measure_effect(
	struct cb_judged *j, const struct cb_judge_rules *rules, struct cb_error *err)
{
	int rc = 0;

	if (j->points)
		return 0;
	j->points = calloc(j->n + 1, sizeof(*j->points));
	if (!j->points)
		return cb_error_memory(err, "a comparison");
	rc = shift_of(j->strata, j->n, &j->shift, err);
	for (size_t i = 0; i < j->n && !rc; i++)
		rc = judge_point(j, i, rules, err);
	if (!rc)
		rc = correct_points(j, err);
	j->effect = rc ? NAN : largest_effect(j, rules->alpha);
	return rc;
}

int cb_judge_curve(struct cb_judged *j, const struct cb_judge_rules *rules, struct cb_error *err)
{
	int rc;

	j->p = j->detectable = j->effect = NAN;
	j->shift = (struct cb_interval){.estimate = NAN, .low = NAN, .high = NAN};
	rc = test_strata(j, j->strata, j->n, rules, &j->test, err);
	if (!rc && j->test.p <= rules->alpha)
		rc = measure_effect(j, rules, err);
	return rc;
}

int cb_judge_describe(struct cb_judged *j, const struct cb_judge_rules *rules, struct cb_error *err)
{
	int rc = measure_effect(j, rules, err);

	if (!rc)
		rc = cb_shift_detectable(j->strata, j->n, rules->alpha, rules->power, rules->seed,
			&j->detectable, err);
	return rc;
}

void cb_judged_finish(struct cb_judged *j)
{
	free(j->points);
	j->points = NULL;
}

int cb_judge_all(struct cb_judged *const *curves, size_t n, const struct cb_judge_rules *rules)
{
	double *p = calloc(n + 1, sizeof(*p));
	size_t tests = 0;

	if (!p)
		return -1;
	for (size_t i = 0; i < n; i++) {
		p[i] = curves[i]->test.p;
		tests += !isnan(p[i]);
	}
	if (cb_holm(p, n, p)) {
		free(p);
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		struct cb_judged *j = curves[i];

		j->p = p[i];
		j->too_few = !isnan(p[i]) && j->test.least_p * (double)tests > rules->alpha;
		j->changed = j->p <= rules->alpha && j->effect >= j->floor;
		j->alone = j->changed && j->p <= rules->alpha_alone;
	}
	free(p);
	return 0;
}
