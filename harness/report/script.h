/* The axes of a figure's script: what lies where, in which unit, with which tics. */
#ifndef CB_HARNESS_REPORT_SCRIPT_H
#define CB_HARNESS_REPORT_SCRIPT_H

#include "harness/report/graph.h"

/* Where the points lie, in base units; NaN without any. */
struct cb_script_extent {
	double x_min, x_max, y_min, y_max;
};

/* How an axis is shown: base units times `factor` are in `unit`. */
struct cb_script_scale {
	double factor;
	const char *unit;
};

struct cb_script_extent cb_script_measure(const struct cb_graph *g);
struct cb_script_scale cb_script_x_scale(
	const struct cb_graph *g, const struct cb_script_extent *e);

/* A scale over more than 50-fold is read on a logarithmic axis. */
bool cb_script_logarithmic(const struct cb_graph *g, const struct cb_script_extent *e);

/* The generator's ceilings that lie inside the picture; returns how many. */
size_t cb_script_ceilings(const struct cb_graph *g, const struct cb_script_extent *e,
	struct cb_graph_ceiling ceilings[CB_GRAPH_CEILINGS_MAX]);

/* What the names at the tics of a category axis need, beyond what numbers would. */
struct cb_script_room {
	bool slanting;
	size_t left_px, below_px; /* of the axis */
};
struct cb_script_room cb_script_tics_room(const struct cb_graph *g);

/* What y values in base units are multiplied by. */
double cb_script_y_factor(const struct cb_graph *g, const struct cb_script_extent *e);

/* Titles, ranges, tics and the generator's ceilings. */
void cb_script_axes(const struct cb_graph *g, const struct cb_script_extent *e,
	const struct cb_script_scale *x, struct cb_text *out);

/* The plot of a heat map: axes and fields; and what its rows' names need left of it. */
void cb_script_heat_map(
	const struct cb_graph *g, const struct cb_script_extent *e, struct cb_text *out);
size_t cb_script_heat_left_px(const struct cb_graph *g);
#define CB_SCRIPT_HEAT_ROW_PX 52

#endif
