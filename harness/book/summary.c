#include "harness/book/summary.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct cb_summary cb_summarise(const double *values, size_t count)
{
	struct cb_summary s = {.median = (double)NAN, .min = (double)NAN, .max = (double)NAN};
	double *sorted = calloc(count ? count : 1, sizeof(*sorted));

	for (size_t i = 0; sorted && i < count; i++) {
		if (!isnan(values[i]))
			sorted[s.n++] = values[i];
	}
	s.unknown = count - s.n;
	if (s.n) {
		qsort(sorted, s.n, sizeof(*sorted), compare);
		s.min = sorted[0];
		s.max = sorted[s.n - 1];
		s.median = sorted[s.n / 2];
		/* halved before adding: the sum of two large values may not fit */
		if (s.n % 2 == 0)
			s.median = sorted[s.n / 2 - 1] / 2 + s.median / 2;
	}
	free(sorted);
	return s;
}

double cb_minmax_coverage(size_t n)
{
	return n < 2 ? 0 : 100 * (1 - ldexp(2, -(int)(n < 1024 ? n : 1024)));
}
