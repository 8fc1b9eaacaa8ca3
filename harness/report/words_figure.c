/* One figure in words: what its medians say. */
#include "harness/report/format.h"
#include "harness/report/pages.h"
#include "harness/report/param.h"

#include <math.h>
#include <string.h>

/* More series than this are told by their extremes. */
#define SERIES_TOLD_MAX 4
#define POINTS_MAX      256 /* of a series that the words look at */

static void print_value(
	const struct cb_graph *g, const struct cb_graph_point *p, struct cb_text *out)
{
	cb_metric_print(g->metric, p->y.median, out);
	if (g->metric->unit[0])
		cb_text_addf(out, " %s", g->metric->unit);
}

/* Where a point lies: what was asked for, but the rate that was really offered where that is
 * another one. */
static void print_x(const struct cb_graph *g, const struct cb_graph_point *p, struct cb_text *out)
{
	double asked = cb_param_number(p->asked);
	char text[64];

	if (g->offered && !(fabs(p->x - asked) <= 0.005 * asked))
		cb_text_add(out, cb_unit_human(CB_UNIT_RATE, p->x, text, sizeof(text)));
	else
		cb_param_print_of(g->figure->x, p->cell->params, g->registry, out);
}

/* Points with a value, from the first; the others tell nothing. */
static size_t known_points(
	const struct cb_graph_series *s, const struct cb_graph_point **points, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n && n < room; i++) {
		if (s->points[i].y.n)
			points[n++] = &s->points[i];
	}
	return n;
}

static bool is_captured_share(const struct cb_graph *g)
{
	return strcmp(g->metric->name, "captured_share") == 0;
}

/* "all frames up to 400 kpps, 22.7 % at 1 Mpps" */
static void say_curve(
	const struct cb_graph *g, const struct cb_graph_point **p, size_t n, struct cb_text *out)
{
	size_t whole = 0;

	while (is_captured_share(g) && whole < n && p[whole]->y.min >= 1)
		whole++;
	if (whole == n) {
		cb_text_add(out, "all frames at every point");
		return;
	}
	if (whole) {
		cb_text_add(out, "all frames up to ");
		print_x(g, p[whole - 1], out);
		cb_text_add(out, ", ");
	} else if (n > 1) {
		print_value(g, p[0], out);
		cb_text_add(out, " at ");
		print_x(g, p[0], out);
		cb_text_add(out, ", ");
	}
	print_value(g, p[n - 1], out);
	cb_text_add(out, " at ");
	print_x(g, p[n - 1], out);
}

/* Least and greatest over categories: "least 22.7 % (recv), most 60.3 % (tpacket3)". */
static void say_extremes(
	const struct cb_graph *g, const struct cb_graph_point **p, size_t n, struct cb_text *out)
{
	size_t least = 0, most = 0;

	for (size_t i = 1; i < n; i++) {
		least = p[i]->y.median < p[least]->y.median ? i : least;
		most = p[i]->y.median > p[most]->y.median ? i : most;
	}
	if (p[least]->y.median == p[most]->y.median && n > 1) {
		print_value(g, p[most], out);
		cb_text_add(out, " in all");
		return;
	}
	if (n > 1) {
		cb_text_add(out, "least ");
		print_value(g, p[least], out);
		cb_text_add(out, " (");
		print_x(g, p[least], out);
		cb_text_add(out, "), most ");
	}
	print_value(g, p[most], out);
	cb_text_add(out, " (");
	print_x(g, p[most], out);
	cb_text_add(out, ")");
}

static void say_series(const struct cb_graph *g, const struct cb_graph_series *s, size_t *told,
	struct cb_text *out)
{
	const struct cb_graph_point *points[POINTS_MAX];
	size_t n = known_points(s, points, POINTS_MAX);

	if (n == 0)
		return;
	cb_text_add(out, (*told)++ ? "; " : "");
	if (s->label[0])
		cb_text_addf(out, "%s: ", s->label);
	if (g->category)
		say_extremes(g, points, n, out);
	else
		say_curve(g, points, n, out);
}

/* A series with the point of it that a comparison is about. */
struct arm {
	const struct cb_graph_series *series;
	const struct cb_graph_point *point; /* NULL: none */
};

/* The last point of a series; or, with `whole`, the last one up to which all frames were captured.
 */
static struct arm far_point(const struct cb_graph *g, size_t i, bool whole)
{
	const struct cb_graph_point *points[POINTS_MAX];
	size_t n = known_points(&g->series[i], points, POINTS_MAX), k = 0;

	while (whole && k < n && points[k]->y.min >= 1)
		k++;
	n = whole ? k : n;
	return (struct arm){&g->series[i], n ? points[n - 1] : NULL};
}

/* How many other series captured everything up to the same place. */
static size_t others_as_far(const struct cb_graph *g, const struct arm *a)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_series; i++) {
		struct arm other = far_point(g, i, true);

		n += other.series != a->series && other.point && a->point &&
			fabs(other.point->x - a->point->x) <= 0.005 * fabs(a->point->x);
	}
	return n;
}

static void print_arm(const struct cb_graph *g, const struct arm *a, bool x, struct cb_text *out)
{
	if (x)
		print_x(g, a->point, out);
	else
		print_value(g, a->point, out);
	cb_text_addf(out, " (%s", a->series->label);
	if (x && others_as_far(g, a))
		cb_text_addf(out, " and %zu more", others_as_far(g, a));
	cb_text_add(out, ")");
}

/* "all frames up to 400 kpps (A:B, tpacket3) at best, 100 kpps (A:A, recv) at worst; " */
static void say_whole(const struct cb_graph *g, struct cb_text *out)
{
	struct arm best = {0}, worst = {0};

	for (size_t i = 0; is_captured_share(g) && i < g->n_series; i++) {
		struct arm a = far_point(g, i, true);
		double x = a.point ? a.point->x : -INFINITY;

		if (!far_point(g, i, false).point)
			continue;
		if (!best.series || x > (best.point ? best.point->x : -INFINITY))
			best = a;
		if (!worst.series || x < (worst.point ? worst.point->x : -INFINITY))
			worst = a;
	}
	if (!best.point || g->category)
		return;
	cb_text_add(out, "all frames up to ");
	print_arm(g, &best, true, out);
	cb_text_add(out, " at best, ");
	if (worst.point)
		print_arm(g, &worst, true, out);
	else
		cb_text_addf(out, "at no point (%s)", worst.series->label);
	cb_text_add(out, " at worst; ");
}

/* "at the last point of 6 series from 7.3 % (A:A, recv) to 53.4 % (A:B, tpacket3)" */
static void say_far_end(const struct cb_graph *g, struct cb_text *out)
{
	struct arm highest = {0}, lowest = {0};

	for (size_t i = 0; i < g->n_series; i++) {
		struct arm a = far_point(g, i, false);

		if (!a.point)
			continue;
		if (!highest.point || a.point->y.median > highest.point->y.median)
			highest = a;
		if (!lowest.point || a.point->y.median < lowest.point->y.median)
			lowest = a;
	}
	if (!highest.point)
		return;
	if (fabs(highest.point->x - lowest.point->x) <= 0.005 * fabs(highest.point->x)) {
		cb_text_add(out, "at ");
		print_x(g, highest.point, out);
	} else {
		cb_text_add(out, "at the last points");
	}
	cb_text_add(out, " from ");
	print_arm(g, &lowest, false, out);
	cb_text_add(out, " to ");
	print_arm(g, &highest, false, out);
}

void cb_words_figure(const struct cb_graph *g, struct cb_text *out)
{
	struct cb_text text = {0};
	size_t told = 0;

	if (g->n_series > SERIES_TOLD_MAX) {
		say_whole(g, &text);
		say_far_end(g, &text);
	} else {
		for (size_t i = 0; i < g->n_series; i++)
			say_series(g, &g->series[i], &told, &text);
	}
	if (text.length) {
		cb_format_line(out, g->figure->title[0] ? g->figure->title : g->id);
		cb_text_addf(out, ", median %s: %s.", g->metric->label, cb_text_get(&text));
	}
	cb_text_finish(&text);
}
