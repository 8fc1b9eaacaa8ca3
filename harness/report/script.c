/* <id>.gp: a figure as a gnuplot script that people can read and change. */
#include "harness/report/script.h"

#include "harness/report/embedded.h"
#include "harness/report/format.h"
#include "harness/report/frame.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LEFT_PX      72 /* of the y axis, with its title and numbers */
#define STYLES       16 /* set style line 1 to 16 of style.gp; 101 to 116 are their pale dots */
#define LIMITED_MARK "generator-limited"
#define BUFFER_MARK  "buffer can pass for capacity"

/* The legend: its entries are the series, if there are several, and the marks that occur. */
static void measure_legend(const struct cb_graph *g, struct cb_frame *f)
{
	struct cb_graph_marks m = cb_graph_marks_count(g);

	if (cb_graph_is_heat_map(g))
		return;
	f->entries = g->n_series > 1 ? g->n_series : 0;
	for (size_t i = 0; i < f->entries; i++) {
		size_t width = cb_format_width(g->series[i].label);

		f->widest = width > f->widest ? width : f->widest;
	}
	if (m.generator_limited && f->widest < strlen(LIMITED_MARK))
		f->widest = strlen(LIMITED_MARK);
	if (cb_graph_buffer_marked(&m) && f->widest < strlen(BUFFER_MARK))
		f->widest = strlen(BUFFER_MARK);
	f->entries += (m.generator_limited > 0) + cb_graph_buffer_marked(&m);
}

/* Above the plot are the names of the ceilings. */
static void add_frame(
	const struct cb_graph *g, const char *small, size_t ceilings, struct cb_text *out)
{
	struct cb_script_room room = cb_script_tics_room(g);
	struct cb_frame f = {.title = g->figure->title[0] ? g->figure->title : g->id,
		.small = small,
		.above_px = 16 * ceilings,
		.plot_px = CB_FRAME_PLOT_PX,
		.below_px = room.below_px,
		.right_px =
			room.slanting ? 18 : 0}; /* gnuplot leaves room as if they stood upright */

	measure_legend(g, &f);
	if (cb_graph_is_heat_map(g)) {
		f.plot_px = CB_SCRIPT_HEAT_ROW_PX * g->n_series;
		room.left_px = cb_script_heat_left_px(g);
	}
	f.left_px = room.left_px ? LEFT_PX + room.left_px : 0;
	cb_frame_add(&f, out);
}

/* One element of the plot command: rows of a block of the .dat. */
struct element {
	size_t block;
	double shift;
	const char *columns; /* after x, with y_scale in them */
	const char *style;
};

static void add_element(const struct element *e, const char *title, struct cb_text *out)
{
	cb_text_addf(out, "\t\tdata index %zu using (x_scale * column(\"x\")", e->block);
	if (e->shift != 0)
		cb_text_addf(out, " %c %.4g", e->shift < 0 ? '-' : '+', fabs(e->shift));
	cb_text_addf(out, "):%s %s ", e->columns, e->style);
	if (title)
		cb_text_add(out, "title ");
	cb_text_add(out, title ? title : "notitle");
	cb_text_add(out, ", \\\n");
}

#define MEDIAN  "(y_scale * column(\"median\"))"
#define BARS    MEDIAN ":(y_scale * column(\"min\")):(y_scale * column(\"max\"))"
#define RINGED  "(column(\"generator_limited\") > 0 ? y_scale * column(\"median\") : NaN)"
#define SQUARED "(column(\"buffer_passes\") > 0 ? y_scale * column(\"median\") : NaN)"

static void add_series(const struct cb_graph *g, size_t i, double shift, struct cb_text *out)
{
	unsigned style = (unsigned)(i % STYLES) + 1;
	char text[128];
	struct element e = {2 * i, shift, MEDIAN, text};
	struct cb_text title = {0};

	cb_format_gnuplot(&title, g->series[i].label);
	if (g->category) {
		snprintf(text, sizeof(text),
			"with boxes fs transparent solid 0.18 border ls %u dt 1", style);
		add_element(&e, NULL, out);
	}
	e.block = 2 * i + 1;
	e.columns = "(y_scale * column(\"y\"))";
	snprintf(text, sizeof(text), "with points ls %u", style + 100);
	/* Beside the error bar where there is room. */
	e.shift = shift - (g->category ? 0.2 / (double)g->n_series : 0);
	add_element(&e, NULL, out);
	e.block = 2 * i;
	e.shift = shift;
	if (g->figure->errors == 0) {
		e.columns = BARS;
		snprintf(text, sizeof(text), "with yerrorbars ls %u dt 1 lw 1.1 pt -1", style);
		add_element(&e, NULL, out);
	}
	e.columns = MEDIAN;
	snprintf(
		text, sizeof(text), "with %s ls %u", g->category ? "points" : "linespoints", style);
	add_element(&e, g->n_series > 1 ? cb_text_get(&title) : NULL, out);
	cb_text_finish(&title);
}

/* Only the first element of a mark has an entry in the legend. */
static void add_marks(
	const struct cb_graph *g, size_t i, double shift, bool first, struct cb_text *out)
{
	struct cb_graph_marks m = cb_graph_marks_count(g);
	struct element ringed = {
		2 * i, shift, RINGED, "with points lc rgb '#444444' lw 1 pt 6 ps 1.8"};
	struct element squared = {
		2 * i, shift, SQUARED, "with points lc rgb '#444444' lw 1 pt 4 ps 1.8"};

	if (m.generator_limited)
		add_element(&ringed, first ? "'" LIMITED_MARK "'" : NULL, out);
	if (cb_graph_buffer_marked(&m))
		add_element(&squared, first ? "'" BUFFER_MARK "'" : NULL, out);
}

/* Series side by side: always for bars, and a little where x values coincide. */
static double shift_of(const struct cb_graph *g, const struct cb_script_extent *e,
	const struct cb_script_scale *x, size_t i)
{
	double place = (double)i - ((double)g->n_series - 1) / 2, step;

	if (g->category)
		return place * 0.8 / (double)g->n_series;
	if (g->offered || cb_script_logarithmic(g, e) || !(e->x_max > e->x_min))
		return 0;
	step = g->n_series > 6 ? 0.036 / (double)g->n_series : 0.006;
	return place * step * (e->x_max - e->x_min) * x->factor;
}

static void add_plot(const struct cb_graph *g, const struct cb_script_extent *e,
	const struct cb_script_scale *x, struct cb_text *out)
{
	cb_text_addf(out,
		"\ndo for [form in \"svg pdf png\"] {\n\teval terminal(form)\n"
		"\tset output '%s.'.form\n\tplot \\\n",
		g->id);
	for (size_t i = 0; i < g->n_series; i++)
		add_series(g, i, shift_of(g, e, x, i), out);
	for (size_t i = 0; i < g->n_series; i++)
		add_marks(g, i, shift_of(g, e, x, i), i == 0, out);
	/* Ends the list, and draws the axes where there is no point at all. */
	cb_text_add(out, "\t\tNaN notitle\n}\nset output\n");
}

void cb_graph_script(const struct cb_graph *g, const char *small, struct cb_text *out)
{
	struct cb_script_extent e = cb_script_measure(g);
	struct cb_script_scale x = cb_script_x_scale(g, &e);
	struct cb_graph_ceiling ceilings[CB_GRAPH_CEILINGS_MAX];

	cb_text_addf(out, "# Draws %s.svg, %s.pdf and %s.png from %s.dat: gnuplot %s.gp\n\n", g->id,
		g->id, g->id, g->id, g->id);
	cb_text_add(out, cb_embedded_find("style.gp"));
	cb_text_addf(out, "\n# This figure.\ndata = '%s.dat'\n", g->id);
	add_frame(g, small, cb_script_ceilings(g, &e, ceilings), out);
	cb_script_axes(g, &e, &x, out);
	if (g->category)
		cb_text_addf(out, "set boxwidth %.4g\n",
			0.8 / (double)(g->n_series ? g->n_series : 1) * 0.9);
	if (cb_graph_is_heat_map(g) && g->n_series) {
		cb_script_heat_map(g, &e, out);
		return;
	}
	if (isnan(e.y_max))
		cb_text_add(out,
			"set label 3 'no trial can be shown' at graph 0.5, graph 0.5 center\n");
	add_plot(g, &e, &x, out);
}
