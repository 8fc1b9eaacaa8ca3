/*
 * What stands around a plot in a gnuplot script that begins with style.gp: title, legend and small
 * print have places of their own, counted in pixels from the top and from the bottom, so that none
 * of them lies on another, however long they are.
 */
#ifndef CB_HARNESS_REPORT_FRAME_H
#define CB_HARNESS_REPORT_FRAME_H

#include "harness/base/text.h"

#include <stddef.h>

#define CB_FRAME_PLOT_PX        330
#define CB_FRAME_LEGEND_LETTERS 88 /* of a name, so that the legend is not cut off */

struct cb_frame {
	const char *title;
	const char *small;      /* at the bottom; NULL: nothing */
	size_t entries, widest; /* of the legend: how many, letters of the longest; 0: no legend */
	size_t above_px;        /* kept free between legend and plot */
	size_t plot_px;         /* CB_FRAME_PLOT_PX */
	size_t below_px;        /* that the tics take more than upright numbers do */
	size_t left_px, right_px; /* margins; 0: gnuplot's own */
};

/* Sets height, labels 1 and 2, key and margins. Pure. */
void cb_frame_add(const struct cb_frame *f, struct cb_text *out);

#endif
