#include "harness/report/format.h"
#include "harness/report/param.h"
#include "harness/report/script.h"

#include <math.h>
#include <string.h>

#define TICS_MAX 12 /* more values than this are left to gnuplot to mark */

/* Single trials are drawn where they were offered, not where their median is. */
static void measure_trials(
	const struct cb_graph *g, const struct cb_graph_point *p, struct cb_script_extent *e)
{
	for (size_t i = 0; i < p->cell->n_trials; i++) {
		const struct cb_trial_record *r = p->cell->trials[i];
		double x = cb_graph_trial_x(g, p, r);

		if (!cb_report_trial_enters(r) || isnan(g->metric->value(r)))
			continue;
		e->x_min = fmin(e->x_min, x);
		e->x_max = fmax(e->x_max, x);
	}
}

struct cb_script_extent cb_script_measure(const struct cb_graph *g)
{
	struct cb_script_extent e = {NAN, NAN, NAN, NAN};

	for (size_t i = 0; i < g->n_series; i++) {
		for (size_t j = 0; j < g->series[i].n; j++) {
			const struct cb_graph_point *p = &g->series[i].points[j];

			/* fmin and fmax pass over NaN. */
			e.x_min = fmin(e.x_min, p->x);
			e.x_max = fmax(e.x_max, p->x);
			e.y_min = fmin(e.y_min, p->y.min);
			e.y_max = fmax(e.y_max, p->y.max);
			measure_trials(g, p, &e);
		}
	}
	return e;
}

static struct cb_script_scale rate_scale(double most)
{
	return most >= 2e6    ? (struct cb_script_scale){1e-6, "Mpps"}
		: most >= 2e3 ? (struct cb_script_scale){1e-3, "kpps"}
			      : (struct cb_script_scale){1, "pps"};
}

struct cb_script_scale cb_script_x_scale(const struct cb_graph *g, const struct cb_script_extent *e)
{
	double most = e->x_max;

	if (g->category)
		return (struct cb_script_scale){1, ""};
	switch (g->x_unit) {
	case CB_UNIT_RATE:
		return rate_scale(most);
	case CB_UNIT_TIME:
		return most >= 1e9    ? (struct cb_script_scale){1e-9, "s"}
			: most >= 1e6 ? (struct cb_script_scale){1e-6, "ms"}
			: most >= 1e3 ? (struct cb_script_scale){1e-3, "µs"}
				      : (struct cb_script_scale){1, "ns"};
	case CB_UNIT_BYTES:
		return most >= 1 << 20    ? (struct cb_script_scale){1.0 / (1 << 20), "MiB"}
			: most >= 1 << 14 ? (struct cb_script_scale){1.0 / (1 << 10), "KiB"}
					  : (struct cb_script_scale){1, "bytes"};
	case CB_UNIT_RATIO:
		return (struct cb_script_scale){1e-4, "%"};
	default:
		return (struct cb_script_scale){1, ""};
	}
}

static struct cb_script_scale y_scale(const struct cb_graph *g, const struct cb_script_extent *e)
{
	switch (g->metric->kind) {
	case CB_METRIC_SHARE:
		return (struct cb_script_scale){100, "%"};
	case CB_METRIC_RATE:
		if (strcmp(g->metric->unit, "frames/s") == 0)
			return rate_scale(e->y_max);
		return (struct cb_script_scale){1, g->metric->unit};
	case CB_METRIC_TIME:
		return e->y_max >= 1e7    ? (struct cb_script_scale){1e-6, "ms"}
			: e->y_max >= 1e4 ? (struct cb_script_scale){1e-3, "µs"}
					  : (struct cb_script_scale){1, "ns"};
	default:
		return (struct cb_script_scale){1, g->metric->unit};
	}
}

double cb_script_y_factor(const struct cb_graph *g, const struct cb_script_extent *e)
{
	return y_scale(g, e).factor;
}

static void add_axis_title(
	struct cb_text *out, const char *axis, const char *label, const char *unit)
{
	struct cb_text title = {0};

	cb_text_add(&title, label);
	if (unit[0])
		cb_text_addf(&title, " (%s)", unit);
	cb_text_addf(out, "set %slabel ", axis);
	cb_format_gnuplot(out, cb_text_get(&title));
	cb_text_add(out, "\n");
	cb_text_finish(&title);
}

bool cb_script_logarithmic(const struct cb_graph *g, const struct cb_script_extent *e)
{
	return !g->category && !g->offered && g->n_categories > 3 && e->x_min > 0 &&
		e->x_max / e->x_min > 50;
}

/* About as many characters fit side by side. */
#define TICS_COLUMNS 85
/* Pixels of a character, and of what is left of them either way at 45 degrees. */
#define COLUMN_PX 4.8
#define PLOT_PX   620
#define MARGIN_PX 60 /* that names may use left of the axis */

static size_t tic_columns(const struct cb_graph *g, size_t i)
{
	struct cb_text label = {0};
	size_t columns;

	cb_graph_category_print(g, i, &label);
	columns = cb_format_width(cb_text_get(&label));
	cb_text_finish(&label);
	return columns;
}

/* Side by side where they fit; else slanting, each ending at its tic, and then they need room. */
struct cb_script_room cb_script_tics_room(const struct cb_graph *g)
{
	struct cb_script_room room = {0};
	size_t sum = 0, longest = 0;

	for (size_t i = 0; g->category && i < g->n_categories; i++) {
		size_t columns = tic_columns(g, i);
		double left = (double)columns * COLUMN_PX - MARGIN_PX -
			((double)i + 0.6) * PLOT_PX / (double)g->n_categories;

		sum += columns + 2;
		longest = columns > longest ? columns : longest;
		room.left_px = left > (double)room.left_px ? (size_t)left : room.left_px;
	}
	room.slanting = sum > TICS_COLUMNS;
	if (!room.slanting)
		room.left_px = 0;
	else
		room.below_px = (size_t)((double)longest * COLUMN_PX);
	return room;
}

static void add_category_tics(const struct cb_graph *g, struct cb_text *out)
{
	struct cb_text label = {0};

	cb_text_add(out, "set xtics (");
	for (size_t i = 0; i < g->n_categories; i++) {
		cb_text_clear(&label);
		cb_graph_category_print(g, i, &label);
		cb_text_add(out, i ? ", " : "");
		cb_format_gnuplot(out, cb_text_get(&label));
		cb_text_addf(out, " %zu", i + 1);
	}
	cb_text_addf(out, ")%s\n", cb_script_tics_room(g).slanting ? " rotate by 45 right" : "");
	cb_text_finish(&label);
}

/* Sizes and times stand at their tics with their units: "64 KiB" beside "4 MiB". */
static bool units_at_tics(const struct cb_graph *g)
{
	return !g->category && !g->offered && g->n_categories <= TICS_MAX &&
		(g->x_unit == CB_UNIT_BYTES || g->x_unit == CB_UNIT_TIME);
}

static void add_number_tics(
	const struct cb_graph *g, const struct cb_script_scale *x, struct cb_text *out)
{
	struct cb_text label = {0};

	if (g->offered || g->n_categories > TICS_MAX)
		return;
	cb_text_add(out, "set xtics (");
	for (size_t i = 0; i < g->n_categories; i++) {
		cb_text_add(out, i ? ", " : "");
		if (units_at_tics(g)) {
			cb_text_clear(&label);
			cb_graph_category_print(g, i, &label);
			cb_format_gnuplot(out, cb_text_get(&label));
			cb_text_add(out, " ");
		}
		cb_text_addf(out, "%.9g", cb_param_number(g->categories[i]) * x->factor);
	}
	cb_text_add(out, ")\n");
	cb_text_finish(&label);
}

static void add_x_axis(const struct cb_graph *g, const struct cb_script_extent *e,
	const struct cb_script_scale *x, struct cb_text *out)
{
	double room = (e->x_max - e->x_min) * 0.06, lower = e->x_min - room;

	add_axis_title(out, "x", cb_param_label(g->figure->x), units_at_tics(g) ? "" : x->unit);
	cb_text_addf(out, "x_scale = %.9g\n", x->factor);
	if (g->category) {
		cb_text_addf(out, "set xrange [0.4:%zu.6]\n", g->n_categories);
		add_category_tics(g, out);
		return;
	}
	add_number_tics(g, x, out);
	if (isnan(e->x_min)) {
		cb_text_add(out, "set xrange [0:1]\n");
	} else if (cb_script_logarithmic(g, e)) {
		cb_text_addf(out, "set logscale x %d\nset xrange [%.6g:%.6g]\n",
			g->x_unit == CB_UNIT_BYTES ? 2 : 10, e->x_min * x->factor / 1.2,
			e->x_max * x->factor * 1.2);
	} else {
		if (g->offered)
			lower = 0;
		if (room <= 0)
			room = e->x_max != 0 ? fabs(e->x_max) * 0.5 : 1;
		cb_text_addf(out, "set xrange [%.6g:%.6g]\n", lower * x->factor,
			(e->x_max + room) * x->factor);
	}
}

static void add_y_axis(const struct cb_graph *g, const struct cb_script_extent *e,
	const struct cb_script_scale *y, struct cb_text *out)
{
	add_axis_title(out, "y", g->metric->label, y->unit);
	cb_text_addf(out, "y_scale = %.9g\n", y->factor);
	if (isnan(e->y_max))
		cb_text_add(out, "set yrange [0:1]\n");
	else if (strncmp(g->metric->name, "captured_share", strlen("captured_share")) == 0)
		cb_text_add(out, "set yrange [0:102]\nset ytics 0,20,100\n");
	else if (g->metric->kind == CB_METRIC_RATIO && e->y_min > 0 && e->y_max / e->y_min > 50)
		cb_text_addf(out, "set logscale y\nset yrange [%.3g:%.3g]\n",
			e->y_min * y->factor / 1.5, e->y_max * y->factor * 1.5);
	else
		cb_text_addf(out, "set yrange [0:%.6g]\n",
			e->y_max > 0 ? e->y_max * y->factor * 1.08 : 1.0);
}

size_t cb_script_ceilings(const struct cb_graph *g, const struct cb_script_extent *e,
	struct cb_graph_ceiling ceilings[CB_GRAPH_CEILINGS_MAX])
{
	size_t n = g->x_unit == CB_UNIT_RATE && !g->category ? cb_graph_ceilings(g, ceilings) : 0;
	size_t inside = 0;

	for (size_t i = 0; i < n; i++) {
		if (ceilings[i].pps <= e->x_max * 1.05)
			ceilings[inside++] = ceilings[i];
	}
	return inside;
}

/* A line each, named above the plot, each name in a row of its own so that none overlap. */
static void add_ceilings(const struct cb_graph *g, const struct cb_script_extent *e,
	const struct cb_script_scale *x, struct cb_text *out)
{
	struct cb_graph_ceiling ceilings[CB_GRAPH_CEILINGS_MAX];
	size_t n = cb_script_ceilings(g, e, ceilings);

	for (size_t i = 0; i < n; i++) {
		double at = ceilings[i].pps * x->factor;
		struct cb_text label = {0};

		cb_text_addf(&label, "generator's ceiling%s%s", ceilings[i].label[0] ? ", " : "",
			ceilings[i].label);
		cb_text_addf(out,
			"set arrow from %.6g, graph 0 to %.6g, graph 1 nohead back lw 1.2 dt (2,3) "
			"lc "
			"rgb '#444444'\nset label ",
			at, at);
		cb_format_gnuplot(out, cb_text_get(&label));
		/* Towards the side where there is more room. */
		cb_text_addf(out,
			" at %.6g, graph 1 %s offset 0,%.2f font ',8' textcolor rgb '#444444'\n",
			at, at > e->x_max * x->factor / 2 ? "right" : "left",
			0.6 + 1.0 * (double)i);
		cb_text_finish(&label);
	}
}

void cb_script_axes(const struct cb_graph *g, const struct cb_script_extent *e,
	const struct cb_script_scale *x, struct cb_text *out)
{
	struct cb_script_scale y = y_scale(g, e);

	add_x_axis(g, e, x, out);
	add_y_axis(g, e, &y, out);
	add_ceilings(g, e, x, out);
}
