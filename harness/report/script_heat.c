/* A heat map as a gnuplot script; plots/heat.gp is its look. */
#include "harness/report/embedded.h"
#include "harness/report/format.h"
#include "harness/report/param.h"
#include "harness/report/script.h"

#include <math.h>
#include <string.h>

#define NAME_PX 7.2 /* of a character of a row's name */

size_t cb_script_heat_left_px(const struct cb_graph *g)
{
	size_t longest = 0;

	for (size_t i = 0; i < g->n_series; i++) {
		size_t columns = cb_format_width(g->series[i].label);

		longest = columns > longest ? columns : longest;
	}
	return (size_t)((double)longest * NAME_PX);
}

static void add_rows(const struct cb_graph *g, struct cb_text *out)
{
	cb_text_add(out, "set ytics (");
	for (size_t i = 0; i < g->n_series; i++) {
		cb_text_add(out, i ? ", " : "");
		cb_format_gnuplot(out, g->series[i].label);
		cb_text_addf(out, " %zu", i + 1);
	}
	cb_text_add(out, ")\nunset ylabel\n");
}

static void add_scale(const struct cb_graph *g, const struct cb_script_extent *e, double factor,
	struct cb_text *out)
{
	double top = strncmp(g->metric->name, "captured_share", strlen("captured_share")) == 0
		? 1
		: e->y_max;

	cb_text_addf(out, "rows = %zu\ny_top = %.9g\n", g->n_series, top > 0 ? top * factor : 1.0);
}

/* Numbers in white on dark fields, in black on light ones. */
static void add_numbers(size_t block, size_t row, bool on_dark, struct cb_text *out)
{
	cb_text_addf(out,
		"\t\tdata index %zu using (column(\"x\")):(shown(field(column(\"median\")), %d) "
		"? %zu - 0.12 : NaN):(number(field(column(\"median\")))) with labels textcolor "
		"rgb '%s' notitle, \\\n"
		"\t\tdata index %zu using (column(\"x\")):(shown(field(column(\"median\")), %d) "
		"? %zu + 0.2 : NaN):(range(field(column(\"min\")), field(column(\"max\")))) with "
		"labels font ',8' textcolor rgb '%s' notitle, \\\n",
		block, on_dark, row, on_dark ? "#ffffff" : "#000000", block, on_dark, row,
		on_dark ? "#ffffff" : "#000000");
}

void cb_script_heat_map(
	const struct cb_graph *g, const struct cb_script_extent *e, struct cb_text *out)
{
	struct cb_text label = {0};

	add_rows(g, out);
	add_scale(g, e, cb_script_y_factor(g, e), out);
	cb_text_add(out, cb_embedded_find("heat.gp"));
	cb_graph_y_title(g, &label);
	cb_text_add(out, "set cblabel ");
	cb_format_gnuplot(out, cb_text_get(&label));
	cb_text_addf(out,
		"\n\ndo for [form in \"svg pdf png\"] {\n\teval terminal(form)\n"
		"\tset output '%s.'.form\n\tplot \\\n",
		g->id);
	for (size_t i = 0; i < g->n_series; i++) {
		cb_text_addf(out,
			"\t\tdata index %zu using (column(\"x\")):(%zu):(column(\"x\") - "
			"0.5):(column(\"x\") + 0.5):(%zu - 0.5):(%zu + "
			"0.5):(field(column(\"median\"))) with boxxyerror fc palette notitle, "
			"\\\n",
			2 * i, i + 1, i + 1, i + 1);
		add_numbers(2 * i, i + 1, true, out);
		add_numbers(2 * i, i + 1, false, out);
	}
	cb_text_add(out, "\t\tNaN notitle\n}\nset output\n");
	cb_text_finish(&label);
}
