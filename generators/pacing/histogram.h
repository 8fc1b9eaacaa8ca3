/*
 * A log-linear histogram of durations: every power of two is split into 32
 * buckets, so a quantile is at most 1/32 too high, in constant memory however
 * long the run. Pure functions on values.
 */
#ifndef CB_GENERATORS_PACING_HISTOGRAM_H
#define CB_GENERATORS_PACING_HISTOGRAM_H

#include <stdint.h>

#define CB_HISTOGRAM_SPLIT   32U /* buckets per power of two */
#define CB_HISTOGRAM_BUCKETS (60U * CB_HISTOGRAM_SPLIT)

/* Zero-initialise. */
struct cb_histogram {
	uint64_t buckets[CB_HISTOGRAM_BUCKETS];
	uint64_t total, max;
};

void cb_histogram_add(struct cb_histogram *h, uint64_t value);

/* The same value `n` times. */
void cb_histogram_add_many(struct cb_histogram *h, uint64_t value, uint64_t n);

/* All values of `from`, too. */
void cb_histogram_merge(struct cb_histogram *into, const struct cb_histogram *from);

/*
 * The smallest bucket's upper end with at least `ppm` millionths of the values at or below it
 * (990000: p99), never above the largest value; 0 while the histogram is empty.
 */
uint64_t cb_histogram_quantile(const struct cb_histogram *h, uint32_t ppm);

#endif
