/* A share of few: so many of n. */
#ifndef CB_HARNESS_BOOK_PROPORTION_H
#define CB_HARNESS_BOOK_PROPORTION_H

#include "harness/book/interval.h"

/* hits / n with the interval of Clopper and Pearson (1934), which never has less than `confidence`;
 * NaN for n = 0. */
struct cb_interval cb_proportion(size_t hits, size_t n, double confidence);

#endif
