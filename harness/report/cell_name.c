/* A cell's name: where a reader finds it. */
#include "harness/report/graph.h"
#include "harness/report/param.h"

static void print_point(const struct cb_graph *g, const struct cb_graph_series *s,
	const struct cb_graph_point *p, struct cb_text *out)
{
	cb_text_addf(out, "%s: %s%s", g->id, s->label, s->label[0] ? ", " : "");
	cb_param_print_of(g->figure->x, p->cell->params, g->registry, out);
}

bool cb_graphs_cell_print(const struct cb_graph *graphs, size_t n,
	const struct cb_report_cell *cell, struct cb_text *out)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < graphs[i].n_series; k++) {
			const struct cb_graph_series *s = &graphs[i].series[k];

			for (size_t j = 0; j < s->n; j++) {
				if (s->points[j].cell != cell)
					continue;
				print_point(&graphs[i], s, &s->points[j], out);
				return true;
			}
		}
	}
	return false;
}
