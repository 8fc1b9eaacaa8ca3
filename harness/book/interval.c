#include "harness/book/interval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double middle(const double *sorted, size_t n)
{
	if (!n)
		return NAN;
	return n % 2 ? sorted[n / 2] : sorted[n / 2 - 1] / 2 + sorted[n / 2] / 2;
}

/* P(X = k) for X binomial(n, 1/2). */
static double coin(size_t n, size_t k)
{
	return exp(lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1) -
		(double)n * log(2));
}

int cb_median_interval(const double *values, size_t n, double confidence,
	struct cb_interval *interval, struct cb_error *err)
{
	double *sorted = calloc(n + 1, sizeof(*sorted)), outside = 0;
	size_t known = 0, k = 0;

	if (!sorted)
		return cb_error_memory(err, "an interval");
	for (size_t i = 0; i < n; i++) {
		if (!isnan(values[i]))
			sorted[known++] = values[i];
	}
	qsort(sorted, known, sizeof(*sorted), compare);
	*interval = (struct cb_interval){
		.estimate = middle(sorted, known), .low = NAN, .high = NAN, .confidence = 0};
	if (known >= 2) {
		/* one step inwards as long as the confidence stays */
		outside = coin(known, 0);
		while (2 * (k + 1) < known - 1 &&
			1 - 2 * (outside + coin(known, k + 1)) >= confidence)
			outside += coin(known, ++k);
		interval->confidence = 1 - 2 * outside;
	}
	if (known) {
		interval->low = sorted[k];
		interval->high = sorted[known - 1 - k];
	}
	free(sorted);
	return 0;
}

/* All differences within strata, sorted; *n of them. NULL out of memory. */
static double *differences(const struct cb_stratum *strata, size_t n_strata, size_t *n)
{
	double *all;
	size_t room = 1;

	for (size_t s = 0; s < n_strata; s++)
		room += strata[s].n_a * strata[s].n_b;
	all = calloc(room, sizeof(*all));
	*n = 0;
	for (size_t s = 0; all && s < n_strata; s++) {
		for (size_t i = 0; i < strata[s].n_a; i++) {
			for (size_t j = 0; j < strata[s].n_b; j++) {
				double d = strata[s].a[i] - strata[s].b[j];

				if (!isnan(d))
					all[(*n)++] = d;
			}
		}
	}
	if (all)
		qsort(all, *n, sizeof(*all), compare);
	return all;
}

/*
 * How many differences can be cut off each end: the k-th smallest is a lower bound unless fewer
 * than k of them lie on one side, which the null distribution of Mann and Whitney's U gives. *kept
 * is the confidence that is left.
 */
static size_t cut(const double *p, size_t n_p, double confidence, double *kept)
{
	double below = 0;
	size_t least = 0, k = 0;

	while (least < n_p && p[least] <= 0)
		least++;
	/* doubled ranks: U rises by one where the sum rises by two */
	for (size_t t = least; t < n_p; t += 2) {
		if (k && 1 - 2 * (below + p[t]) < confidence)
			break;
		below += p[t];
		k++;
	}
	*kept = 1 - 2 * below;
	return k;
}

int cb_shift_interval(const struct cb_stratum *strata, size_t n, double confidence,
	struct cb_interval *interval, struct cb_error *err)
{
	double *all, *p = NULL;
	size_t n_all, n_p, k;
	int rc;

	*interval = (struct cb_interval){.estimate = NAN, .low = NAN, .high = NAN};
	all = differences(strata, n, &n_all);
	if (!all)
		return cb_error_memory(err, "an interval");
	interval->estimate = middle(all, n_all);
	rc = n_all ? cb_rank_sum_distribution(strata, n, &p, &n_p, err) : 0;
	if (!rc && n_all) {
		k = cut(p, n_p, confidence, &interval->confidence);
		if (k > (n_all + 1) / 2)
			k = (n_all + 1) / 2;
		interval->low = all[k - 1];
		interval->high = all[n_all - k];
		if (interval->confidence < 0)
			interval->confidence = 0;
	}
	free(p);
	free(all);
	return rc;
}
