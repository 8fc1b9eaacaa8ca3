#include "generators/pacing/histogram.h"

/* log2 of CB_HISTOGRAM_SPLIT */
#define SPLIT_BITS 5

/* Values below 32 have a bucket each; above, the top 6 bits of the value choose it. */
static unsigned bucket_of(uint64_t value)
{
	unsigned shift;

	if (value < CB_HISTOGRAM_SPLIT)
		return (unsigned)value;
	shift = 63 - (unsigned)__builtin_clzll(value) - SPLIT_BITS;
	return (shift + 1) * CB_HISTOGRAM_SPLIT +
		(unsigned)((value >> shift) & (CB_HISTOGRAM_SPLIT - 1));
}

/* The largest value that falls into the bucket. */
static uint64_t bucket_end(unsigned bucket)
{
	unsigned shift;
	uint64_t top;

	if (bucket < CB_HISTOGRAM_SPLIT)
		return bucket;
	shift = bucket / CB_HISTOGRAM_SPLIT - 1;
	top = CB_HISTOGRAM_SPLIT + bucket % CB_HISTOGRAM_SPLIT;
	return (top << shift) + ((UINT64_C(1) << shift) - 1);
}

void cb_histogram_add(struct cb_histogram *h, uint64_t value)
{
	cb_histogram_add_many(h, value, 1);
}

void cb_histogram_add_many(struct cb_histogram *h, uint64_t value, uint64_t n)
{
	if (!n)
		return;
	h->buckets[bucket_of(value)] += n;
	h->total += n;
	if (value > h->max)
		h->max = value;
}

void cb_histogram_merge(struct cb_histogram *into, const struct cb_histogram *from)
{
	for (unsigned i = 0; i < CB_HISTOGRAM_BUCKETS; i++)
		into->buckets[i] += from->buckets[i];
	into->total += from->total;
	if (from->max > into->max)
		into->max = from->max;
}

/* ceil(total * ppm / 1e6) without overflow */
static uint64_t rank_of(uint64_t total, uint32_t ppm)
{
	return (uint64_t)(((unsigned __int128)total * ppm + 999999) / 1000000);
}

uint64_t cb_histogram_quantile(const struct cb_histogram *h, uint32_t ppm)
{
	uint64_t rank = rank_of(h->total, ppm), seen = 0;

	for (unsigned i = 0; i < CB_HISTOGRAM_BUCKETS; i++) {
		seen += h->buckets[i];
		if (seen > 0 && seen >= rank)
			return bucket_end(i) < h->max ? bucket_end(i) : h->max;
	}
	return h->max;
}
