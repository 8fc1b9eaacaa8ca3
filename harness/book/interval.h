/*
 * Intervals from order statistics alone: of a median, and of the shift between two samples. They
 * hold whatever the distribution is, and tell the confidence that so few trials really give.
 */
#ifndef CB_HARNESS_BOOK_INTERVAL_H
#define CB_HARNESS_BOOK_INTERVAL_H

#include "harness/book/permutation.h"

struct cb_interval {
	double estimate, low, high; /* NaN without values */
	double confidence;          /* that [low, high] really has; 0: fewer than two values */
};

/*
 * The median, and the narrowest pair of values, as far from one end as from the other, that holds
 * the true one with `confidence` (0 to 1), by the binomial distribution; [min, max] where even that
 * has less: n = 5 gives 0.9375. NaN values are passed over. On CB_ERR_INTERNAL out of memory.
 */
int cb_median_interval(const double *values, size_t n, double confidence,
	struct cb_interval *interval, struct cb_error *err);

/*
 * How much larger `a` is than `b` (Hodges and Lehmann 1963): the median of all differences between
 * a value of `a` and one of `b` in the same stratum; and the interval that the stratified rank test
 * gives, which is exact for one shift all along the curve. Where even the extreme differences have
 * less than `confidence`, [least, greatest].
 */
int cb_shift_interval(const struct cb_stratum *strata, size_t n, double confidence,
	struct cb_interval *interval, struct cb_error *err);

#endif
