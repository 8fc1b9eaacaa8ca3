/*
 * Two-sample permutation tests on mid-ranks (Wilcoxon 1945), over one cell or stratified over the
 * cells of a curve: rank sums are added up, and values change sides only within their own stratum.
 * Exact by counting every split, ties and all; where that is too many, by a seeded sample of them.
 * The unit is the trial. Pure functions; nothing is ever left out but NaN.
 */
#ifndef CB_HARNESS_BOOK_PERMUTATION_H
#define CB_HARNESS_BOOK_PERMUTATION_H

#include "harness/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CB_PERMUTATION_DRAWS 20000 /* of the Monte-Carlo fallback */

/* The trials of two sides at one point of a curve. NaN values are passed over. Borrowed. */
struct cb_stratum {
	const double *a, *b;
	size_t n_a, n_b;
};

struct cb_test {
	double p;       /* one-sided; NaN: no stratum has values on both sides */
	double least_p; /* the smallest that so many trials could have given, ties apart */
	size_t strata;  /* with values on both sides; the others say nothing */
	bool exact;     /* false: from CB_PERMUTATION_DRAWS seeded draws */
};

/*
 * Is `a` larger than `b` by more than `shift`? p is the probability of a rank sum of `a - shift` as
 * large as the one seen, or larger, were the sides alike. CB_ERR_INTERNAL out of memory.
 */
int cb_permutation_greater(const struct cb_stratum *strata, size_t n, double shift, uint64_t seed,
	struct cb_test *test, struct cb_error *err);

/*
 * Do `a` and `b` differ by less than `margin` (> 0)? Two one-sided tests (Schuirmann 1987): p is
 * the larger of "a is not below b by the margin" and "b is not below a by the margin".
 */
int cb_permutation_equivalent(const struct cb_stratum *strata, size_t n, double margin,
	uint64_t seed, struct cb_test *test, struct cb_error *err);

/*
 * Null distribution of the sum over strata of the ranks of `a` (doubled, so that mid-ranks are
 * whole) when no two values are alike: (*p)[i] is the probability of i. The array is the caller's
 * to free. CB_ERR_IMPOSSIBLE when there are too many values to count every split.
 */
int cb_rank_sum_distribution(
	const struct cb_stratum *strata, size_t n, double **p, size_t *count, struct cb_error *err);

#endif
