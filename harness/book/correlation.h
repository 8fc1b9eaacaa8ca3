/*
 * Does y rise with x? A permutation test on the rank correlation (Spearman 1904), stratified over
 * curves: y values change places only within their own curve. With trials at the levels of an axis
 * it is a test of a trend. Seeded draws; every order where there are few.
 */
#ifndef CB_HARNESS_BOOK_CORRELATION_H
#define CB_HARNESS_BOOK_CORRELATION_H

#include "harness/book/permutation.h"

/* The trials of one curve: (x[i], y[i]). Pairs with a NaN are passed over. Borrowed. */
struct cb_pairs {
	const double *x, *y;
	size_t n;
};

/*
 * One-sided: p is the probability of so strong a rise, were there no relation; NaN when no curve
 * has two different x. *rho is the mean of the curves' rank correlations, weighted by their trials.
 * CB_ERR_INTERNAL out of memory.
 */
int cb_correlation_rises(const struct cb_pairs *curves, size_t n, uint64_t seed,
	struct cb_test *test, double *rho, struct cb_error *err);

#endif
