#include "harness/book/correlation.h"

#include "harness/base/random.h"

#include <math.h>
#include <stdlib.h>

#define ORDERS_MAX 5040 /* of all curves together: counted one by one, not drawn */

/* One curve as doubled mid-ranks. */
struct curve {
	uint32_t *x, *y;
	size_t n;
	double rho;
};

struct curves {
	struct curve *curves;
	size_t n;
};

static void finish(struct curves *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->curves[i].x);
		free(c->curves[i].y);
	}
	free(c->curves);
}

static bool known(const struct cb_pairs *p, size_t i)
{
	return !isnan(p->x[i]) && !isnan(p->y[i]);
}

/* Twice the mid-rank of v[i] among the pairs that are known. */
static uint32_t rank_of(const struct cb_pairs *p, const double *v, size_t i)
{
	uint32_t rank = 1;

	for (size_t j = 0; j < p->n; j++) {
		if (known(p, j))
			rank += v[j] < v[i] ? 2 : v[j] == v[i];
	}
	return rank;
}

/* Pearson's coefficient of the ranks; NaN where one side is all alike. */
static double correlate(const struct curve *c)
{
	double mean = (double)c->n + 1, xy = 0, xx = 0, yy = 0;

	for (size_t i = 0; i < c->n; i++) {
		double x = (double)c->x[i] - mean, y = (double)c->y[i] - mean;

		xy += x * y;
		xx += x * x;
		yy += y * y;
	}
	return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
}

static int add_curve(struct curves *c, const struct cb_pairs *p)
{
	struct curve *out = &c->curves[c->n++];

	out->x = calloc(p->n + 1, sizeof(*out->x));
	out->y = calloc(p->n + 1, sizeof(*out->y));
	if (!out->x || !out->y)
		return CB_ERR_INTERNAL;
	for (size_t i = 0; i < p->n; i++) {
		if (!known(p, i))
			continue;
		out->x[out->n] = rank_of(p, p->x, i);
		out->y[out->n++] = rank_of(p, p->y, i);
	}
	out->rho = correlate(out);
	return 0;
}

static uint64_t statistic(const struct curve *c)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < c->n; i++)
		sum += (uint64_t)c->x[i] * c->y[i];
	return sum;
}

static uint64_t statistics(const struct curves *c)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < c->n; i++)
		sum += statistic(&c->curves[i]);
	return sum;
}

/* Every order of one curve's y, by Heap's algorithm; the curves after it go through theirs each
 * time. Returns how many orders have a statistic of at least `seen`. */
static size_t count_orders(struct curves *c, size_t at, size_t k, uint64_t seen)
{
	struct curve *curve;
	size_t as_large = 0;

	if (at == c->n)
		return statistics(c) >= seen;
	curve = &c->curves[at];
	if (k <= 1)
		return count_orders(c, at + 1, at + 1 < c->n ? c->curves[at + 1].n : 0, seen);
	for (size_t i = 0; i < k; i++) {
		size_t j = k % 2 ? 0 : i;
		uint32_t y;

		as_large += count_orders(c, at, k - 1, seen);
		y = curve->y[j];
		curve->y[j] = curve->y[k - 1];
		curve->y[k - 1] = y;
	}
	return as_large;
}

static void shuffle(struct curve *c, struct cb_random *random)
{
	for (size_t i = c->n; i > 1; i--) {
		size_t j = (size_t)cb_random_below(random, i);
		uint32_t y = c->y[i - 1];

		c->y[i - 1] = c->y[j];
		c->y[j] = y;
	}
}

static double test_by_draws(struct curves *c, uint64_t seen, uint64_t seed)
{
	struct cb_random random = {.state = seed};
	size_t as_large = 1;

	for (size_t i = 0; i < CB_PERMUTATION_DRAWS; i++) {
		for (size_t k = 0; k < c->n; k++)
			shuffle(&c->curves[k], &random);
		as_large += statistics(c) >= seen;
	}
	return (double)as_large / (CB_PERMUTATION_DRAWS + 1);
}

static double orders(const struct curves *c)
{
	double all = 1;

	for (size_t i = 0; i < c->n; i++)
		all *= exp(lgamma((double)c->curves[i].n + 1));
	return all;
}

/* Curves that are flat in x or y say nothing, and take no part. */
static double judge(const struct curves *c, size_t *telling)
{
	double sum = 0, weight = 0;

	*telling = 0;
	for (size_t i = 0; i < c->n; i++) {
		if (isnan(c->curves[i].rho))
			continue;
		(*telling)++;
		sum += c->curves[i].rho * (double)c->curves[i].n;
		weight += (double)c->curves[i].n;
	}
	return weight > 0 ? sum / weight : NAN;
}

int cb_correlation_rises(const struct cb_pairs *curves, size_t n, uint64_t seed,
	struct cb_test *test, double *rho, struct cb_error *err)
{
	struct curves c = {.curves = calloc(n + 1, sizeof(*c.curves))};
	uint64_t seen;
	double all;
	int rc = c.curves ? 0 : CB_ERR_INTERNAL;

	for (size_t i = 0; i < n && !rc; i++)
		rc = add_curve(&c, &curves[i]);
	if (rc) {
		finish(&c);
		return cb_error_memory(err, "a correlation");
	}
	*test = (struct cb_test){.p = NAN};
	*rho = judge(&c, &test->strata);
	seen = statistics(&c);
	all = orders(&c);
	test->exact = all < ORDERS_MAX + 0.5;
	test->least_p = 1 / all;
	if (test->strata && test->exact)
		test->p = (double)count_orders(&c, 0, c.curves[0].n, seen) / round(all);
	else if (test->strata)
		test->p = test_by_draws(&c, seen, seed);
	if (!test->exact && test->least_p < 1.0 / (CB_PERMUTATION_DRAWS + 1))
		test->least_p = 1.0 / (CB_PERMUTATION_DRAWS + 1);
	finish(&c);
	return 0;
}
