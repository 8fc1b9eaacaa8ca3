/* `figures:` -> struct cb_figure, checked against the cells that they are to show. */
#ifndef CB_HARNESS_SCENARIO_FIGURE_H
#define CB_HARNESS_SCENARIO_FIGURE_H

#include "harness/scenario/pattern.h"

#define CB_FIGURES_MAX       64
#define CB_FIGURE_SERIES_MAX 4 /* paths: the rows of cb_figure.series */

/*
 * Add the figures of the list `figures`, of the cells of `parts`, to s->figures. CB_ERR_USAGE for
 * paths that no cell has, a figure without cells, or one in which different cells would fall on one
 * point.
 */
int cb_figures_read(struct cb_scenario *s, const struct cb_registry *registry,
	const struct cb_node *figures, uint64_t parts, struct cb_pattern_budget *budget,
	struct cb_error *err);

/* The part of it that looks at the cells, when all figures from the `first` on are decoded from
 * `figures`. */
int cb_figures_check(const struct cb_scenario *s, const struct cb_node *figures, size_t first,
	struct cb_error *err);

bool cb_figure_shows(const struct cb_figure *f, const struct cb_cell *cell);

/* Take away the figures that have no cell (any more). */
void cb_figures_prune(struct cb_scenario *s);

void cb_figure_finish(struct cb_figure *f);

#endif
