#include "harness/book/permutation.h"

#include "harness/base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Counting every split of a stratum takes about this many additions at most. */
#define WORK_MAX 100000000.0
/* Different values of the statistic, over all strata. */
#define SUMS_MAX 2000000

/* One stratum as ranks. */
struct ranked {
	uint32_t *ranks; /* doubled; the first n_a are those of `a` */
	size_t n_a, n;
	uint64_t sum; /* of the first n_a */
};

struct ranking {
	struct ranked *strata;
	size_t n;
};

/* A distribution over whole numbers from 0. */
struct distribution {
	double *p;
	size_t n;
};

static void finish(struct ranking *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->strata[i].ranks);
	free(r->strata);
}

static size_t take(double *out, const double *values, size_t n, double shift)
{
	size_t taken = 0;

	for (size_t i = 0; i < n; i++) {
		if (!isnan(values[i]))
			out[taken++] = values[i] - shift;
	}
	return taken;
}

/* Mid-ranks, doubled: twice the values below, and those alike, plus one. */
static void rank_values(const double *values, size_t n, uint32_t *ranks)
{
	for (size_t i = 0; i < n; i++) {
		ranks[i] = 1;
		for (size_t j = 0; j < n; j++)
			ranks[i] += values[j] < values[i] ? 2 : values[j] == values[i];
	}
}

/* Adds a stratum unless a side of it is empty. */
static int add_stratum(struct ranking *r, const struct cb_stratum *s, double shift)
{
	double *values = calloc(s->n_a + s->n_b + 1, sizeof(*values));
	struct ranked *out = &r->strata[r->n];
	size_t n_b;

	if (!values)
		return CB_ERR_INTERNAL;
	out->n_a = take(values, s->a, s->n_a, shift);
	n_b = take(values + out->n_a, s->b, s->n_b, 0);
	out->n = out->n_a + n_b;
	if (!out->n_a || !n_b) {
		free(values);
		return 0;
	}
	out->ranks = calloc(out->n, sizeof(*out->ranks));
	if (!out->ranks) {
		free(values);
		return CB_ERR_INTERNAL;
	}
	rank_values(values, out->n, out->ranks);
	free(values);
	out->sum = 0;
	for (size_t i = 0; i < out->n_a; i++)
		out->sum += out->ranks[i];
	r->n++;
	return 0;
}

static int rank_all(struct ranking *r, const struct cb_stratum *strata, size_t n, double shift,
	struct cb_error *err)
{
	*r = (struct ranking){.strata = calloc(n + 1, sizeof(*r->strata))};
	if (!r->strata)
		return cb_error_memory(err, "a permutation test");
	for (size_t i = 0; i < n; i++) {
		if (add_stratum(r, &strata[i], shift)) {
			finish(r);
			cb_error_memory(err, "a permutation test");
			return CB_ERR_INTERNAL;
		}
	}
	return 0;
}

static double binomial(size_t n, size_t k)
{
	return exp(lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1));
}

static double splits(const struct ranking *r)
{
	double all = 1;

	for (size_t i = 0; i < r->n; i++)
		all *= binomial(r->strata[i].n, r->strata[i].n_a);
	return all;
}

/* The largest sum that n_a of the ranks can have. */
static uint64_t largest_sum(const struct ranked *s)
{
	/* doubled mid-ranks are at most 2n, and n of them sum up to n (n + 1) */
	return s->n_a * (uint64_t)(2 * s->n);
}

static bool countable(const struct ranking *r)
{
	uint64_t sums = 1;

	for (size_t i = 0; i < r->n; i++) {
		const struct ranked *s = &r->strata[i];
		double largest = (double)largest_sum(s);

		sums += largest_sum(s);
		/* the number of splits must fit into a double, too */
		if (sums > SUMS_MAX || s->n > 1000 ||
			(double)s->n * (double)s->n_a * largest > WORK_MAX)
			return false;
	}
	return (double)sums * (double)sums / (double)(r->n ? r->n : 1) <= WORK_MAX;
}

/*
 * The distribution of the sum of n_a ranks drawn from a stratum's, by dynamic programming over its
 * values: ways[k][t] is how many choices of k have the sum t.
 */
static int count_stratum(const struct ranked *s, struct distribution *out)
{
	size_t width = (size_t)largest_sum(s) + 1;
	double *ways = calloc((s->n_a + 1) * width, sizeof(*ways)), all = 0;

	out->p = calloc(width, sizeof(*out->p));
	out->n = width;
	if (!ways || !out->p) {
		free(ways);
		return CB_ERR_INTERNAL;
	}
	ways[0] = 1;
	for (size_t i = 0; i < s->n; i++) {
		for (size_t k = s->n_a < i + 1 ? s->n_a : i + 1; k > 0; k--) {
			double *to = &ways[k * width];
			const double *from = &ways[(k - 1) * width];

			for (size_t t = s->ranks[i]; t < width; t++)
				to[t] += from[t - s->ranks[i]];
		}
	}
	for (size_t t = 0; t < width; t++)
		all += ways[s->n_a * width + t];
	for (size_t t = 0; t < width; t++)
		out->p[t] = ways[s->n_a * width + t] / all;
	free(ways);
	return 0;
}

/* *into = the distribution of the sum of both. */
static int convolve(struct distribution *into, const struct distribution *with)
{
	struct distribution sum = {.n = into->n + with->n - 1};

	sum.p = calloc(sum.n, sizeof(*sum.p));
	if (!sum.p)
		return CB_ERR_INTERNAL;
	for (size_t i = 0; i < into->n; i++) {
		for (size_t j = 0; into->p[i] > 0 && j < with->n; j++)
			sum.p[i + j] += into->p[i] * with->p[j];
	}
	free(into->p);
	*into = sum;
	return 0;
}

static int distribute(const struct ranking *r, struct distribution *out)
{
	int rc = 0;

	*out = (struct distribution){.p = calloc(1, sizeof(*out->p)), .n = 1};
	if (!out->p)
		return CB_ERR_INTERNAL;
	out->p[0] = 1;
	for (size_t i = 0; i < r->n && !rc; i++) {
		struct distribution one = {0};

		rc = count_stratum(&r->strata[i], &one);
		if (!rc)
			rc = convolve(out, &one);
		free(one.p);
	}
	return rc;
}

static int test_exactly(const struct ranking *r, uint64_t seen, double *p)
{
	struct distribution d;
	int rc = distribute(r, &d);

	*p = 0;
	/* from the far end: small terms first */
	for (size_t t = d.n; !rc && t > seen; t--)
		*p += d.p[t - 1];
	if (*p > 1)
		*p = 1;
	free(d.p);
	return rc;
}

/* The sum of n_a ranks drawn without replacement: the first steps of a shuffle. */
static uint64_t draw(struct ranked *s, struct cb_random *random)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->n_a; i++) {
		size_t j = i + (size_t)cb_random_below(random, s->n - i);
		uint32_t rank = s->ranks[j];

		s->ranks[j] = s->ranks[i];
		s->ranks[i] = rank;
		sum += rank;
	}
	return sum;
}

/* The split that was seen counts as one more draw, so that p is never 0 and the test stays valid
 * (Phipson and Smyth 2010). */
static double test_by_draws(const struct ranking *r, uint64_t seen, uint64_t seed)
{
	struct cb_random random = {.state = seed};
	size_t as_large = 1;

	for (size_t i = 0; i < CB_PERMUTATION_DRAWS; i++) {
		uint64_t sum = 0;

		for (size_t s = 0; s < r->n; s++)
			sum += draw(&r->strata[s], &random);
		as_large += sum >= seen;
	}
	return (double)as_large / (CB_PERMUTATION_DRAWS + 1);
}

int cb_permutation_greater(const struct cb_stratum *strata, size_t n, double shift, uint64_t seed,
	struct cb_test *test, struct cb_error *err)
{
	struct ranking r;
	uint64_t seen = 0;
	int rc = rank_all(&r, strata, n, shift, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < r.n; i++)
		seen += r.strata[i].sum;
	*test = (struct cb_test){
		.p = NAN, .least_p = 1 / splits(&r), .strata = r.n, .exact = countable(&r)};
	if (r.n && test->exact)
		rc = test_exactly(&r, seen, &test->p);
	else if (r.n)
		test->p = test_by_draws(&r, seen, seed);
	if (!test->exact && test->least_p < 1.0 / (CB_PERMUTATION_DRAWS + 1))
		test->least_p = 1.0 / (CB_PERMUTATION_DRAWS + 1);
	finish(&r);
	return rc ? cb_error_memory(err, "a permutation test") : 0;
}

int cb_permutation_equivalent(const struct cb_stratum *strata, size_t n, double margin,
	uint64_t seed, struct cb_test *test, struct cb_error *err)
{
	struct cb_stratum *swapped = calloc(n + 1, sizeof(*swapped));
	struct cb_test other;
	int rc;

	if (!swapped)
		return cb_error_memory(err, "a permutation test");
	for (size_t i = 0; i < n; i++)
		swapped[i] = (struct cb_stratum){.a = strata[i].b,
			.b = strata[i].a,
			.n_a = strata[i].n_b,
			.n_b = strata[i].n_a};
	rc = cb_permutation_greater(strata, n, -margin, seed, test, err);
	if (!rc)
		rc = cb_permutation_greater(swapped, n, -margin, seed, &other, err);
	if (!rc && other.p > test->p)
		*test = other;
	free(swapped);
	return rc;
}

int cb_rank_sum_distribution(
	const struct cb_stratum *strata, size_t n, double **p, size_t *count, struct cb_error *err)
{
	struct distribution d = {0};
	struct ranking r;
	int rc = rank_all(&r, strata, n, 0, err);

	*p = NULL;
	*count = 0;
	if (rc)
		return rc;
	/* as if no two values were alike */
	for (size_t i = 0; i < r.n; i++) {
		for (size_t j = 0; j < r.strata[i].n; j++)
			r.strata[i].ranks[j] = (uint32_t)(2 * (j + 1));
	}
	if (!countable(&r))
		rc = cb_error_set(err, CB_ERR_IMPOSSIBLE, "too many trials to count every split");
	else if (distribute(&r, &d))
		rc = cb_error_memory(err, "a permutation test");
	finish(&r);
	if (rc) {
		free(d.p);
		return rc;
	}
	*p = d.p;
	*count = d.n;
	return 0;
}
