#include "harness/book/proportion.h"

#include <math.h>

/* P(X <= hits) for X binomial(n, p). */
static double at_most(size_t hits, size_t n, double p)
{
	double sum = 0;

	if (p <= 0)
		return 1;
	if (p >= 1)
		return hits >= n;
	for (size_t k = 0; k <= hits; k++)
		sum += exp(lgamma((double)n + 1) - lgamma((double)k + 1) -
			lgamma((double)(n - k) + 1) + (double)k * log(p) +
			(double)(n - k) * log1p(-p));
	return sum;
}

/* The p at which so few as `hits` have the probability `tail`. */
static double highest(size_t hits, size_t n, double tail)
{
	double low = 0, high = 1;

	for (int i = 0; i < 60; i++) {
		double p = (low + high) / 2;

		if (at_most(hits, n, p) > tail)
			low = p;
		else
			high = p;
	}
	return low;
}

struct cb_interval cb_proportion(size_t hits, size_t n, double confidence)
{
	double tail = (1 - confidence) / 2;

	if (!n || hits > n)
		return (struct cb_interval){.estimate = NAN, .low = NAN, .high = NAN};
	return (struct cb_interval){.estimate = (double)hits / (double)n,
		.low = hits ? 1 - highest(n - hits, n, tail) : 0,
		.high = hits < n ? highest(hits, n, tail) : 1,
		.confidence = confidence};
}
