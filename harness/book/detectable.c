#include "harness/book/detectable.h"

#include "harness/base/random.h"
#include "harness/book/summary.h"

#include <math.h>
#include <stdlib.h>

#define DEALS     100 /* of the values to the sides */
#define BISECTION 30  /* steps: 2^-30 of the largest shift */

/* One stratum: what is left of its values without their sides' medians. */
struct pool {
	double *values; /* the first n_a are dealt to a */
	size_t n_a, n;
};

struct pools {
	struct pool *all;
	size_t n;
	double span; /* a shift that no two values can undo */
};

static void finish(struct pools *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->all[i].values);
	free(p->all);
}

/* Residuals of one side, appended. A median of few values lies too close to them: n / (n - 1) makes
 * up for it. */
static size_t take(double *out, const double *values, size_t n)
{
	struct cb_summary s = cb_summarise(values, n);
	double wider = s.n > 1 ? sqrt((double)s.n / (double)(s.n - 1)) : 1;
	size_t taken = 0;

	for (size_t i = 0; i < n; i++) {
		if (!isnan(values[i]))
			out[taken++] = (values[i] - s.median) * wider;
	}
	return taken;
}

static int add_pool(struct pools *p, const struct cb_stratum *s)
{
	struct pool *pool = &p->all[p->n];
	size_t n_b;

	pool->values = calloc(s->n_a + s->n_b + 1, sizeof(*pool->values));
	if (!pool->values)
		return CB_ERR_INTERNAL;
	pool->n_a = take(pool->values, s->a, s->n_a);
	n_b = take(pool->values + pool->n_a, s->b, s->n_b);
	pool->n = pool->n_a + n_b;
	if (!pool->n_a || !n_b) {
		free(pool->values);
		return 0;
	}
	for (size_t i = 0; i < pool->n; i++)
		p->span = fmax(p->span, 4 * fabs(pool->values[i]));
	p->n++;
	return 0;
}

static void deal(struct pools *p, struct cb_random *random)
{
	for (size_t i = 0; i < p->n; i++) {
		struct pool *pool = &p->all[i];

		for (size_t k = pool->n; k > 1; k--) {
			size_t j = (size_t)cb_random_below(random, k);
			double value = pool->values[k - 1];

			pool->values[k - 1] = pool->values[j];
			pool->values[j] = value;
		}
	}
}

/* The rank sum of a's values, doubled, when they are raised by `shift`. */
static size_t rank_sum(const struct pools *p, double shift)
{
	size_t sum = 0;

	for (size_t s = 0; s < p->n; s++) {
		const struct pool *pool = &p->all[s];

		for (size_t i = 0; i < pool->n_a; i++) {
			double value = pool->values[i] + shift;

			sum += pool->n_a + 1; /* against a's own: the same for any shift */
			for (size_t j = pool->n_a; j < pool->n; j++)
				sum += pool->values[j] < value ? 2 : pool->values[j] == value;
		}
	}
	return sum;
}

/* The least rank sum with a p of at most alpha; SIZE_MAX: there is none. */
static size_t critical_sum(const double *p, size_t n, double alpha)
{
	double above = 0;
	size_t least = SIZE_MAX;

	for (size_t i = n; i > 0; i--) {
		above += p[i - 1];
		if (above > alpha)
			break;
		if (p[i - 1] > 0)
			least = i - 1;
	}
	return least;
}

static double shift_needed(const struct pools *p, size_t critical)
{
	double low = 0, high = p->span;

	if (rank_sum(p, 0) >= critical)
		return 0;
	for (int i = 0; i < BISECTION; i++) {
		double middle = (low + high) / 2;

		if (rank_sum(p, middle) >= critical)
			high = middle;
		else
			low = middle;
	}
	return high;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double try_deals(struct pools *p, size_t critical, double power, uint64_t seed)
{
	struct cb_random random = {.state = seed};
	double needed[DEALS];
	size_t at = (size_t)ceil(power * DEALS);

	if (critical == SIZE_MAX)
		return INFINITY;
	for (size_t i = 0; i < DEALS; i++) {
		deal(p, &random);
		needed[i] = shift_needed(p, critical);
	}
	qsort(needed, DEALS, sizeof(*needed), compare);
	return needed[at < 1 ? 0 : at > DEALS ? DEALS - 1 : at - 1];
}

int cb_shift_detectable(const struct cb_stratum *strata, size_t n, double alpha, double power,
	uint64_t seed, double *shift, struct cb_error *err)
{
	struct pools p = {.all = calloc(n + 1, sizeof(*p.all))};
	double *distribution = NULL;
	size_t count = 0;
	int rc = p.all ? 0 : CB_ERR_INTERNAL;

	*shift = NAN;
	for (size_t i = 0; i < n && !rc; i++)
		rc = add_pool(&p, &strata[i]);
	if (rc)
		cb_error_memory(err, "a permutation test");
	if (!rc && p.n)
		rc = cb_rank_sum_distribution(strata, n, &distribution, &count, err);
	if (!rc && p.n)
		*shift = try_deals(&p, critical_sum(distribution, count, alpha), power, seed);
	free(distribution);
	finish(&p);
	/* more trials than can be counted are no lack of them */
	return rc == CB_ERR_IMPOSSIBLE ? 0 : rc;
}
