/* A trend's figures: a level for each run, a line a curve, no more of them in a figure than can be
 * told apart. */
#include "harness/base/file.h"
#include "harness/base/log.h"
#include "harness/decide/trend.h"
#include "harness/decide/trend_legend.h"
#include "harness/report/embedded.h"
#include "harness/report/format.h"
#include "harness/report/frame.h"
#include "harness/report/picture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DATES_PX 42 /* that slanting dates take more than numbers */
#define MARK     "new level"

/* One figure: the curves of a metric, or a part of them. */
struct part {
	const struct cb_trend *t;
	const struct cb_measure *of;
	const struct cb_trend_series *series[CB_TREND_LEGEND_MAX];
	size_t n, changes;
	struct cb_trend_legend legend;
	char id[64];
};

static const char *label_of(const struct cb_trend_series *s, const char *only)
{
	return s->label[0] ? s->label : only;
}

static void add_value(struct cb_text *out, double value)
{
	if (isnan(value))
		cb_text_add(out, " NaN");
	else
		cb_text_addf(out, " %.9g", value);
}

static void add_block(
	const struct cb_trend *t, const struct cb_trend_series *s, struct cb_text *out)
{
	size_t c = 0;

	cb_text_add(out, "\n\n# ");
	cb_format_line(out, label_of(s, "the only curve"));
	cb_text_add(out, "\nrun started level changed\n");
	for (size_t k = 0; k < t->n_runs; k++) {
		bool changed = c < s->n_changes && s->changes[c].at == k;

		cb_text_addf(out, "%zu %s", k + 1, t->runs[k].started);
		add_value(out, s->levels[k]);
		cb_text_addf(out, " %d\n", changed);
		c += changed;
	}
}

/* A block a series: one row a run. */
static void add_data(const struct part *p, struct cb_text *out)
{
	cb_text_addf(out, "# %s by run, in base units; changed: a new level begins here\n",
		p->of->metric->name);
	for (size_t i = 0; i < p->n; i++)
		add_block(p->t, p->series[i], out);
}

static void add_elements(const struct part *p, struct cb_text *out)
{
	for (size_t i = 0; i < p->n; i++) {
		cb_text_addf(out,
			"\t\tdata index %zu using 1:(y_scale * $3) with linespoints ls %zu title ",
			i, i + 1);
		cb_format_gnuplot(out, cb_text_get(&p->legend.names[i]));
		cb_text_add(out, ", \\\n");
	}
	for (size_t i = 0; i < p->n; i++)
		cb_text_addf(out,
			"\t\tdata index %zu using 1:($4 > 0 ? y_scale * $3 : NaN) with points lc "
			"rgb "
			"'#111111' lw 1.6 pt 6 ps 2.2 %s, \\\n",
			i, p->changes && !i ? "title '" MARK "'" : "notitle");
}

static void add_frame(const struct part *p, struct cb_text *out)
{
	size_t widest = p->legend.widest;
	const struct cb_frame f = {.title = p->t->title,
		.small = p->legend.small.length ? cb_text_get(&p->legend.small) : NULL,
		.entries = p->n + (p->changes > 0),
		.widest = widest > strlen(MARK) ? widest : strlen(MARK),
		.plot_px = CB_FRAME_PLOT_PX,
		.below_px = DATES_PX,
		.left_px = 90,
		.right_px = 30};

	cb_frame_add(&f, out);
}

/* The day is enough, where no two dates that are shown are of the same. */
static void add_tics(const struct cb_trend *t, struct cb_text *out)
{
	size_t step = t->n_runs / 10 + 1;
	bool same_day = false;

	for (size_t k = step; k < t->n_runs; k += step)
		same_day = same_day || !strncmp(t->runs[k].started, t->runs[k - step].started, 10);
	cb_text_addf(out, "set xrange [0.5:%zu.5]\nset xtics ", t->n_runs);
	for (size_t k = 0; k < t->n_runs; k += step) {
		const char *at = t->runs[k].started;

		cb_text_add(out, k ? ", " : "(");
		if (same_day && strlen(at) > 16) /* "11-22 10:41" */
			cb_text_addf(out, "'%.5s %.5s' %zu", at + 5, at + 11, k + 1);
		else
			cb_text_addf(out, "'%.10s' %zu", at, k + 1);
	}
	cb_text_add(out, ") rotate by -30\n");
}

static void add_axes(const struct part *p, struct cb_text *out)
{
	const struct cb_metric *m = p->of->metric;

	cb_text_add(out, "set ylabel ");
	cb_format_gnuplot(out, m->label);
	cb_text_addf(out, "%s%s%s\n", m->unit[0] ? ".' (" : "", m->unit, m->unit[0] ? ")'" : "");
	cb_text_addf(out, "set xlabel \"run; its level is the %smean of the curve's medians\"\n",
		p->of->ratio ? "geometric " : "");
	add_tics(p->t, out);
	if (strncmp(m->name, "captured_share", strlen("captured_share")) == 0)
		cb_text_add(out, "set yrange [0:102]\nset ytics 0,20,100\n");
	else
		cb_text_add(out, "set yrange [0:*]\nset offsets 0, 0, graph 0.08, 0\n");
}

static void add_script(const struct part *p, struct cb_text *out)
{
	cb_text_addf(out, "# Draws %s.svg, %s.pdf and %s.png from %s.dat: gnuplot %s.gp\n\n", p->id,
		p->id, p->id, p->id, p->id);
	cb_text_add(out, cb_embedded_find("style.gp"));
	cb_text_addf(out, "\ndata = '%s.dat'\ny_scale = %d\n", p->id,
		p->of->metric->kind == CB_METRIC_SHARE ? 100 : 1);
	add_frame(p, out);
	add_axes(p, out);
	cb_text_add(out, "do for [form in \"svg pdf png\"] {\n\teval terminal(form)\n");
	cb_text_addf(out, "\tset output '%s.'.form\n\tplot \\\n", p->id);
	add_elements(p, out);
	cb_text_add(out, "\t\tNaN notitle\n}\nset output\n");
}

static int write_text(const char *directory, const char *id, const char *ending,
	const struct cb_text *text, struct cb_error *err)
{
	char name[96], path[4096];
	int rc = text->failed ? cb_error_memory(err, "a trend") : 0;

	snprintf(name, sizeof(name), "%s%s", id, ending);
	if (!rc)
		rc = cb_file_join(path, sizeof(path), directory, name, err);
	return rc ? rc : cb_file_replace(path, cb_text_get(text), text->length, err);
}

static void make_legend(struct part *p)
{
	const char *labels[CB_TREND_LEGEND_MAX];

	for (size_t i = 0; i < p->n; i++)
		labels[i] = label_of(p->series[i], "level");
	cb_trend_legend_make(&p->legend, labels, p->n, CB_FRAME_LEGEND_LETTERS);
}

static int write_part(
	const struct part *p, const char *directory, bool *pictures, struct cb_error *err)
{
	struct cb_text data = {0}, script = {0};
	struct cb_error drawing = {0};
	int rc;

	add_data(p, &data);
	add_script(p, &script);
	rc = write_text(directory, p->id, ".dat", &data, err);
	if (!rc)
		rc = write_text(directory, p->id, ".gp", &script, err);
	if (!rc && *pictures && cb_picture_draw(directory, p->id, &drawing)) {
		*pictures = drawing.code != CB_ERR_IMPOSSIBLE;
		cb_warn("%s", drawing.text);
	}
	cb_text_finish(&data);
	cb_text_finish(&script);
	return rc;
}

static int write_measure(const struct cb_trend *t, const struct cb_measure *m,
	const char *directory, bool *pictures, struct cb_error *err)
{
	int rc = 0;

	for (size_t i = 0, parts = 0; i < t->n && !rc;) {
		struct part p = {.t = t, .of = m};

		for (; i < t->n && p.n < CB_TREND_LEGEND_MAX; i++) {
			if (t->series[i].measure != m)
				continue;
			p.series[p.n++] = &t->series[i];
			p.changes += t->series[i].n_changes;
		}
		if (!p.n)
			break;
		if (parts++)
			snprintf(p.id, sizeof(p.id), "trend-%.40s-%zu", m->metric->name, parts);
		else
			snprintf(p.id, sizeof(p.id), "trend-%.40s", m->metric->name);
		make_legend(&p);
		rc = write_part(&p, directory, pictures, err);
		cb_trend_legend_finish(&p.legend);
	}
	return rc;
}

int cb_trend_figures_write(
	const struct cb_trend *t, const char *directory, bool pictures, struct cb_error *err)
{
	int rc = 0;

	for (size_t m = 0; m < t->n_measures && !rc; m++)
		rc = write_measure(t, &t->measures[m], directory, &pictures, err);
	return rc;
}
