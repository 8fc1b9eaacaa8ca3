#include "harness/book/adjust.h"

#include <math.h>
#include <stdlib.h>

struct ranked {
	double p;
	size_t i;
};

static int compare(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->p != y->p)
		return x->p < y->p ? -1 : 1;
	return (x->i > y->i) - (x->i < y->i);
}

int cb_holm(const double *p, size_t n, double *adjusted)
{
	struct ranked *tests = calloc(n + 1, sizeof(*tests));
	double largest = 0;
	size_t m = 0;

	if (!tests)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!isnan(p[i]))
			tests[m++] = (struct ranked){p[i], i};
		else
			adjusted[i] = NAN;
	}
	qsort(tests, m, sizeof(*tests), compare);
	for (size_t k = 0; k < m; k++) {
		largest = fmax(largest, fmin(1, tests[k].p * (double)(m - k)));
		adjusted[tests[k].i] = largest;
	}
	free(tests);
	return 0;
}

/* The x with P(X > x) = p for X standard normal, by bisection: quick enough, and plain. */
static double normal_score(double p)
{
	double low = -40, high = 40;

	for (int i = 0; i < 200; i++) {
		double x = (low + high) / 2;

		if (erfc(x / sqrt(2)) / 2 > p)
			low = x;
		else
			high = x;
	}
	return (low + high) / 2;
}

/* Whether n against n in each stratum have enough splits for a p of `wanted`. */
static int enough_splits(size_t n, size_t strata, double wanted)
{
	double one = lgamma(2 * (double)n + 1) - 2 * lgamma((double)n + 1);

	return (double)strata * one >= -log(wanted);
}

size_t cb_repetitions_least(double wanted, size_t strata)
{
	size_t n = 1;

	if (!(wanted > 0) || !strata)
		return 0;
	while (n <= CB_REPETITIONS_MAX && !enough_splits(n, strata, wanted))
		n++;
	return n <= CB_REPETITIONS_MAX ? n : 0;
}

size_t cb_repetitions_needed(double p, double wanted, size_t repetitions, size_t strata)
{
	double score = normal_score(p), needed;
	size_t n;

	if (!(p < 0.5) || !(wanted > 0) || !repetitions || !strata || !(score > 0))
		return 0;
	needed = (double)repetitions * pow(normal_score(wanted) / score, 2);
	if (!(needed <= CB_REPETITIONS_MAX))
		return 0;
	n = (size_t)ceil(needed);
	while (n <= CB_REPETITIONS_MAX && !enough_splits(n, strata, wanted))
		n++;
	return n <= CB_REPETITIONS_MAX ? n : 0;
}
