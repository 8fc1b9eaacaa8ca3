/* A figure's data: which cells it shows, as which series, at which x. */
#ifndef CB_HARNESS_REPORT_GRAPH_H
#define CB_HARNESS_REPORT_GRAPH_H

#include "harness/base/units.h"
#include "harness/report/cells.h"

struct cb_graph_point {
	const struct cb_report_cell *cell;
	const json_t *asked; /* the x that the scenario asked for; borrowed */
	double x;            /* where it is drawn, base units; categories: 1, 2, ... */
	struct cb_summary y;
};

struct cb_graph_series {
	char *label;                   /* "" when there is only one; owned */
	struct cb_graph_point *points; /* by x; owned */
	size_t n;
};

struct cb_graph {
	const struct cb_figure *figure;
	char id[64]; /* the figure's, made fit for a file name */
	const struct cb_metric *metric;
	enum cb_unit x_unit;
	bool offered;  /* x is the rate that was really offered, not the one asked for */
	bool category; /* x are names: bars, not lines */
	const json_t **categories; /* distinct asked x in the scenario's order; borrowed elements */
	size_t n_categories;
	const char (*splits)[64]; /* parameters that tell series apart: the figure's */
	size_t n_splits;
	struct cb_graph_series *series; /* those of which a trial was made */
	size_t n_series;
	struct cb_text absent; /* names of the others: "pfring; recv" */
	const struct cb_registry *registry;
};

/*
 * CB_ERR_USAGE when the metric is not known; CB_ERR_INTERNAL out of memory. A figure without cells
 * is no error: it has no series. `number` (from 1) names a figure whose id cannot be a file name.
 */
int cb_graph_make(struct cb_graph *g, const struct cb_figure *figure, size_t number,
	const struct cb_report_cells *cells, const struct cb_registry *registry,
	struct cb_error *err);
void cb_graph_finish(struct cb_graph *g);

/* The trial's own place on the x axis: what it was offered, or its cell's x. */
double cb_graph_trial_x(
	const struct cb_graph *g, const struct cb_graph_point *p, const struct cb_trial_record *r);

/* Least and greatest n of the points that have one; both 0 without points. */
void cb_graph_n_range(const struct cb_graph *g, size_t *least, size_t *most);

/* Points; of these, with trials that are generator-limited, whose tap buffer can pass for capacity,
 * that count frames over the whole attempt; and cells with trials that have no point, for want of a
 * value. */
struct cb_graph_marks {
	size_t points, generator_limited, buffer, whole_attempt, without;
};
struct cb_graph_marks cb_graph_marks_count(const struct cb_graph *g);
/* Marking every point would mark none: the caption says it then. */
bool cb_graph_buffer_marked(const struct cb_graph_marks *m);

/* What the generator alone reaches in the layouts of a figure's cells: distinct values, at most
 * CB_GRAPH_CEILINGS_MAX; more than that are told as their lowest. Returns how many. */
#define CB_GRAPH_CEILINGS_MAX 4
struct cb_graph_ceiling {
	double pps;
	char label[160]; /* the series it holds for; "" all */
};
size_t cb_graph_ceilings(
	const struct cb_graph *g, struct cb_graph_ceiling ceilings[CB_GRAPH_CEILINGS_MAX]);

/*
 * What a reader needs below the figure: the scenario's caption, n, what the marks mean, duration,
 * frame size and the other parameters that are the same in every cell, the machine. Plain
 * sentences.
 */
void cb_graph_caption(
	const struct cb_graph *g, const struct cb_report_data *d, struct cb_text *out);

/* The shortest form of it, for inside the picture: n, frame size, duration, machine. */
void cb_graph_caption_small(
	const struct cb_graph *g, const struct cb_report_data *d, struct cb_text *out);

/* <id>.dat: named columns in base units; two blocks a series, the medians, then every trial. */
void cb_graph_data(const struct cb_graph *g, struct cb_text *out);

/* <id>.gp: a gnuplot script that needs nothing but <id>.dat beside it. `small` stands below the
 * plot. */
void cb_graph_script(const struct cb_graph *g, const char *small, struct cb_text *out);

/* The cell as the first figure that shows it does: "fig12: wait batch:512,1ms, level 9". false:
 * none of the n shows it. */
bool cb_graphs_cell_print(const struct cb_graph *graphs, size_t n,
	const struct cb_report_cell *cell, struct cb_text *out);

static inline bool cb_graph_is_heat_map(const struct cb_graph *g)
{
	return g->figure->kind == CB_FIGURE_HEAT_MAP;
}

/* The i-th category as it stands at its tic. */
void cb_graph_category_print(const struct cb_graph *g, size_t i, struct cb_text *out);

/* "captured share (%)", "offered rate (pps)" */
void cb_graph_y_title(const struct cb_graph *g, struct cb_text *out);

#endif
