#include "harness/report/figure_table.h"

const struct cb_graph_point *cb_figure_table_point(
	const struct cb_graph *g, const struct cb_graph_series *s, size_t i)
{
	for (size_t j = 0; j < s->n; j++) {
		if (json_equal(s->points[j].asked, g->categories[i]))
			return &s->points[j];
	}
	return NULL;
}

void cb_figure_table_field(const struct cb_graph *g, const struct cb_graph_point *p,
	size_t common_n, struct cb_text *out)
{
	if (!p) {
		cb_text_add(out, "-");
		return;
	}
	cb_metric_print_summary(g->metric, &p->y, out);
	if (p->y.n && p->y.n != common_n)
		cb_text_addf(out, " (n = %zu)", p->y.n);
	for (const struct cb_cell_mark *m = cb_cell_marks; m->sign; m++) {
		if (m->applies(p->cell))
			cb_text_add(out, m->sign);
	}
}

bool cb_figure_table_uses(const struct cb_graph *g, const struct cb_cell_mark *mark)
{
	for (size_t i = 0; i < g->n_series; i++) {
		for (size_t j = 0; j < g->series[i].n; j++) {
			if (mark->applies(g->series[i].points[j].cell))
				return true;
		}
	}
	return false;
}
