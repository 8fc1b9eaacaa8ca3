/*
 * Where a series changed its level. Distribution-free and seeded: at each cut the ranks before it
 * are summed up, and the largest deviation of all cuts is compared with those of shuffled series (a
 * rank CUSUM, after Pettitt 1979); a change that is found splits the series, and both parts are
 * looked at again. Pure.
 */
#ifndef CB_HARNESS_BOOK_CHANGES_H
#define CB_HARNESS_BOOK_CHANGES_H

#include "harness/base/error.h"

#include <stddef.h>
#include <stdint.h>

#define CB_CHANGES_LEAST    10 /* values; fewer are no series */
#define CB_CHANGES_SEGMENT  3  /* values on either side of a change, at least */
#define CB_CHANGES_SHUFFLES 1999

struct cb_change {
	size_t at;            /* the first value of the new level */
	double before, after; /* medians of the parts on either side */
	double p;             /* of the split that found it */
};

/*
 * Changes of values[0..n) at the level `alpha` each, in order; NaN values are passed over. The list
 * is the caller's to free, NULL when there are none. CB_ERR_INTERNAL out of memory.
 */
int cb_changes_find(const double *values, size_t n, double alpha, uint64_t seed,
	struct cb_change **changes, size_t *count, struct cb_error *err);

#endif
