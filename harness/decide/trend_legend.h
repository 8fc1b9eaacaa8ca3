/*
 * Names for the lines of one figure, from the curves' labels, which tell all curves of a run apart
 * and may be too long for a legend. Pure.
 */
#ifndef CB_HARNESS_DECIDE_TREND_LEGEND_H
#define CB_HARNESS_DECIDE_TREND_LEGEND_H

#include "harness/base/text.h"

#include <stddef.h>

#define CB_TREND_LEGEND_MAX 8 /* lines of a figure: as many colours as style.gp has */

struct cb_trend_legend {
	struct cb_text names[CB_TREND_LEGEND_MAX];
	struct cb_text small; /* "all: ..." what is common to the names and was taken off them;
				 the labels, where only numbers fit; may be empty */
	size_t n, widest;     /* letters of the longest name */
};

/* A name is at most `fit` letters long. n <= CB_TREND_LEGEND_MAX; to be finished. */
void cb_trend_legend_make(
	struct cb_trend_legend *l, const char *const *labels, size_t n, size_t fit);
void cb_trend_legend_finish(struct cb_trend_legend *l);

#endif
