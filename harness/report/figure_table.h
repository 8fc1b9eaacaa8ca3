/* A figure as a table: x down, series across, "median [min, max]" and marks in each field. */
#ifndef CB_HARNESS_REPORT_FIGURE_TABLE_H
#define CB_HARNESS_REPORT_FIGURE_TABLE_H

#include "harness/report/graph.h"

/* The series' point for the i-th of g->categories; NULL: none. */
const struct cb_graph_point *cb_figure_table_point(
	const struct cb_graph *g, const struct cb_graph_series *s, size_t i);

/* "22.7 [21.9, 23.0]" with the signs below; "-" without a value. n is told where it differs from
 * `common_n`. Plain text. */
void cb_figure_table_field(const struct cb_graph *g, const struct cb_graph_point *p,
	size_t common_n, struct cb_text *out);

/* Whether any cell of the figure has the mark: a table explains the signs it uses. */
bool cb_figure_table_uses(const struct cb_graph *g, const struct cb_cell_mark *mark);

#endif
