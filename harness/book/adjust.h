/*
 * Many tests at once: p-values made larger for their number, and how many repetitions a test that
 * did not decide would have needed.
 */
#ifndef CB_HARNESS_BOOK_ADJUST_H
#define CB_HARNESS_BOOK_ADJUST_H

#include <stddef.h>

/*
 * Holm's step-down correction (1979), which holds whatever the tests have to do with each other:
 * adjusted[i] <= alpha for any i is wrong with probability alpha at most. NaN is no test: it is not
 * counted, and stays NaN. `adjusted` may be `p`. -1: out of memory, nothing is written.
 */
int cb_holm(const double *p, size_t n, double *adjusted);

#define CB_REPETITIONS_MAX 1000

/*
 * About how many repetitions in each of `strata` cells a side would bring a one-sided p to `wanted`
 * if what `repetitions` have shown went on the same way: the normal score of p grows with their
 * square root, and so few splits as n trials have must allow it. 0: more than CB_REPETITIONS_MAX,
 * or no sign of it at all (p of 0.5 or above).
 */
size_t cb_repetitions_needed(double p, double wanted, size_t repetitions, size_t strata);

/* The fewest repetitions in each of `strata` cells a side that can give a p of `wanted` at all; 0:
 * more than CB_REPETITIONS_MAX. */
size_t cb_repetitions_least(double wanted, size_t strata);

#endif
