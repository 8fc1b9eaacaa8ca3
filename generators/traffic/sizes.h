/*
 * Frame sizes: a cyclic sequence, so that the size of a frame follows from its sequence number
 * alone. What was sent of each size is then known from how many frames were sent, and a mix costs
 * the sending loop one look-up. Sizes are RFC 2544's: with FCS. Members of the axis "sizes".
 */
#ifndef CB_GENERATORS_TRAFFIC_SIZES_H
#define CB_GENERATORS_TRAFFIC_SIZES_H

#include "harness/base/error.h"
#include "harness/base/member.h"

#include <stdbool.h>
#include <stdint.h>

#define CB_SIZES_SEQUENCE_MAX 65536 /* of one cycle */
#define CB_SIZES_KINDS_MAX    9019  /* a weight for each size */

struct cb_sizes {
	uint16_t *sequence; /* owned; NULL: every frame has the size `largest` */
	uint32_t n;         /* of one cycle */
	double *shares;     /* asked: CB_SIZES_KINDS_MAX, by size; owned, NULL with `sequence` */
	uint16_t largest, smallest;
	double mean;
	bool ordered; /* the cycle's order is part of what was asked for: a genome */
};

const struct cb_member *cb_sizes_at(size_t i);
extern const struct cb_axis cb_sizes_axis;

/*
 * `text`: "fixed" (all of `frame_size`), "imix", "genome:aaaaaaaddddg", "list:64x7/594x4/1518x1",
 * "uniform:from=64,to=1518", "file:PATH" (a size and a weight in each line), "pcap:PATH" (its
 * packets' lengths). `mtu_size` is the
 * largest frame that the link takes: the letter z of a genome. Reads the file. CB_ERR_USAGE,
 * CB_ERR_INTERNAL out of memory; cb_sizes_finish frees in each case.
 */
int cb_sizes_make(struct cb_sizes *s, const char *text, uint16_t frame_size, uint16_t mtu_size,
	struct cb_error *err);
void cb_sizes_finish(struct cb_sizes *s);

static inline uint16_t cb_sizes_of(const struct cb_sizes *s, uint64_t sequence)
{
	return s->sequence ? s->sequence[sequence % s->n] : s->largest;
}

/*
 * Pearson's chi-square of what frames 0 .. frames - 1 have sent against the shares that were asked
 * for: 0 when they agree exactly. Unknown (NaN) for a fixed size and without a frame.
 */
double cb_sizes_chi_square(const struct cb_sizes *s, uint64_t frames);

/* ---- for the members (sizes_*.c) ---- */

struct cb_weights {
	uint64_t of[CB_SIZES_KINDS_MAX]; /* by size */
};

struct cb_sizes_member {
	struct cb_member member;
	/* NULL: fixed */
	int (*make)(
		struct cb_sizes *s, const void *options, uint16_t mtu_size, struct cb_error *err);
};

/* A cycle in which every size has its share, as exactly as 65 536 frames allow, in an order drawn
 * from the seed. CB_ERR_USAGE without a weight, or with one that gets no frame. */
int cb_sizes_from_weights(struct cb_sizes *s, const struct cb_weights *w, uint64_t seed,
	const char *name, struct cb_error *err);

/* A cycle written out, 0 < n <= CB_SIZES_SEQUENCE_MAX. */
int cb_sizes_from_sequence(
	struct cb_sizes *s, const uint16_t *sequence, uint32_t n, struct cb_error *err);

/* CB_ERR_USAGE unless the size is one that a frame may have. */
int cb_sizes_check(uint64_t size, const char *name, struct cb_error *err);

#endif
