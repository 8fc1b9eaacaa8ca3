/*
 * A small seedable generator (splitmix64; Steele, Lea, Flood 2014): the same seed gives the same
 * order on every machine.
 */
#ifndef CB_HARNESS_BASE_RANDOM_H
#define CB_HARNESS_BASE_RANDOM_H

#include <stdint.h>

struct cb_random {
	uint64_t state;
};

static inline uint64_t cb_random_next(struct cb_random *r)
{
	uint64_t z = (r->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Uniform in [0, n), n > 0, without modulo bias (Lemire 2019, by rejection). */
static inline uint64_t cb_random_below(struct cb_random *r, uint64_t n)
{
	uint64_t limit = -n % n, x;

	do
		x = cb_random_next(r);
	while (x < limit);
	return x % n;
}

#endif
