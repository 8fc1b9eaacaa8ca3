/*
 * What a permutation test could have found: without it "nothing was seen" is read as "there is
 * nothing". Pure; seeded.
 */
#ifndef CB_HARNESS_BOOK_DETECTABLE_H
#define CB_HARNESS_BOOK_DETECTABLE_H

#include "harness/book/permutation.h"

/*
 * The smallest shift between the sides that the stratified test would have called with probability
 * `power` at the one-sided level `alpha`, had the values been scattered as they are: values less
 * their own side's median are dealt to the sides anew, again and again, and moved apart until the
 * rank sum is large enough. *shift is infinite where so few values can't reach `alpha` at all, and
 * NaN without any. CB_ERR_INTERNAL out of memory.
 */
int cb_shift_detectable(const struct cb_stratum *strata, size_t n, double alpha, double power,
	uint64_t seed, double *shift, struct cb_error *err);

#endif
