/*
 * Summaries over repetitions: the unit is the trial. Order statistics only;
 * nothing is deleted. [min, max] of n = 5 is a 93.75 % interval of the
 * median: 1 - 2 * 0.5^5 (distribution-free, binomial).
 */
#ifndef CB_HARNESS_BOOK_SUMMARY_H
#define CB_HARNESS_BOOK_SUMMARY_H

#include <stddef.h>

struct cb_summary {
	size_t n; /* values that are numbers; NaN values are left out and counted in `unknown` */
	size_t unknown;
	double median, min, max; /* NaN for n = 0 */
};

/* `values` is left as it was. CB needs no order. -ENOMEM is reported as n = 0, unknown = count. */
struct cb_summary cb_summarise(const double *values, size_t count);

/* Coverage of [min, max] as an interval of the median, in percent: 100 * (1 - 2^(1-n)); 0 for n
 * < 2. */
double cb_minmax_coverage(size_t n);

#endif
