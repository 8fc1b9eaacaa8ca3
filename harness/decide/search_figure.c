#include "harness/decide/search_figure.h"

#include "harness/report/embedded.h"
#include "harness/report/format.h"
#include "harness/report/frame.h"

#include <math.h>
#include <stdio.h>

static bool tells(const struct cb_search_trial *t)
{
	return !t->invalid && isfinite(t->loss);
}

/* How many of the goals a trial kept. */
static size_t kept(const struct cb_search_job *job, const struct cb_search_trial *t)
{
	size_t n = 0;

	for (size_t g = 0; g < job->n_goals; g++)
		n += tells(t) && t->loss <= job->targets[g].loss;
	return n;
}

static const char *class_of(const struct cb_search_job *job, const struct cb_search_trial *t)
{
	size_t n = kept(job, t);

	if (!tells(t))
		return "invalid";
	return n == job->n_goals ? "all" : n ? "some" : "none";
}

/* The same for gnuplot, which sees no words. */
static int code_of(const struct cb_search_job *job, const struct cb_search_trial *t)
{
	size_t n = kept(job, t);

	if (!tells(t))
		return 3;
	return n == job->n_goals ? 0 : n ? 1 : 2;
}

void cb_search_figure_data(
	const struct cb_search_job *job, const struct cb_search_trials *t, struct cb_text *out)
{
	cb_text_add(out, "trial load offered seconds loss kept class limited\n");
	for (size_t i = 0; i < t->n; i++) {
		const struct cb_search_trial *s = &t->trials[i];

		cb_text_addf(out, "%lld %.0f %.0f %.6g ", (long long)t->records[i]->trial,
			isinf(s->load) ? s->offered : s->load, s->offered, s->length);
		if (isfinite(s->loss))
			cb_text_addf(out, "%.9g", s->loss);
		else
			cb_text_add(out, "NaN");
		cb_text_addf(out, " %s %d %d\n", class_of(job, s), code_of(job, s), s->limited);
	}
}

/* What symbols stand for, by code_of(). */
static const struct {
	const char *title, *style;
} classes[] = {
	{"kept every goal", "lc rgb '#009E73' pt 7"},
	{"kept some", "lc rgb '#E69F00' pt 9"},
	{"kept none", "lc rgb '#D55E00' pt 11"},
	{"invalid", "lc rgb '#7F7F7F' pt 2"},
};
#define CLASSES (sizeof(classes) / sizeof(*classes))

static const char *const colours[] = {"#0072B2", "#CC79A7", "#000000", "#56B4E9"};
#define COLOURS (sizeof(colours) / sizeof(*colours))

/* Interval ends and loads in the picture, and what its legend has. */
struct picture {
	double low, high, longest;
	size_t of_class[CLASSES], limited, bounds, widest; /* widest: letters of an entry */
};

static void take_load(struct picture *p, double load)
{
	if (!isfinite(load) || load <= 0)
		return;
	p->low = p->low > 0 ? fmin(p->low, load) : load;
	p->high = fmax(p->high, load);
}

static const char *goal_name(const struct cb_search_job *job, size_t g)
{
	return job->scenario->goals[job->goals[g]].name;
}

static bool has_bounds(const struct cb_search_result *r)
{
	return isfinite(r->low) || isfinite(r->high);
}

static void take_entry(struct picture *p, const char *title)
{
	size_t width = cb_format_width(title);

	p->widest = width > p->widest ? width : p->widest;
}

static struct picture measure(const struct cb_search_job *job, const struct cb_search_trials *t,
	const struct cb_search_result *results)
{
	struct picture p = {.longest = 1e-9, .widest = sizeof("generator-limited") - 1};

	for (size_t i = 0; i < t->n; i++) {
		const struct cb_search_trial *s = &t->trials[i];

		take_load(&p, isinf(s->load) ? s->offered : s->load);
		p.longest = fmax(p.longest, s->length);
		p.of_class[code_of(job, s)]++;
		p.limited += s->limited;
	}
	for (size_t g = 0; g < job->n_goals; g++) {
		take_load(&p, results[g].low);
		take_load(&p, results[g].high);
		p.bounds += has_bounds(&results[g]);
		if (has_bounds(&results[g]))
			take_entry(&p, goal_name(job, g));
	}
	return p;
}

/* Both ends of an interval, named once. */
static void add_bounds(const struct cb_search_job *job, const struct cb_search_result *results,
	struct cb_text *out)
{
	for (size_t g = 0; g < job->n_goals; g++) {
		const double ends[] = {results[g].low, results[g].high};
		bool named = false;

		for (size_t i = 0; i < 2; i++) {
			if (!isfinite(ends[i]))
				continue;
			cb_text_addf(out, "\t\t%.0f * scale with lines lc rgb '%s' lw 1 dt %s ",
				ends[i], colours[g % COLOURS], g % 2 ? "(9,4)" : "1");
			cb_text_add(out, named ? "notitle" : "title ");
			if (!named)
				cb_format_gnuplot(out, goal_name(job, g));
			cb_text_add(out, ", \\\n");
			named = true;
		}
	}
}

static void add_points(const struct picture *p, struct cb_text *out)
{
	for (size_t i = 0; i < CLASSES; i++) {
		if (p->of_class[i])
			cb_text_addf(out,
				"\t\tdata using 1:($7 == %zu ? $2 * scale : NaN):(0.5 + 0.7 * "
				"sqrt($4 / longest)) with points %s ps variable title '%s', \\\n",
				i, classes[i].style, classes[i].title);
	}
	if (p->limited)
		cb_text_add(out,
			"\t\tdata using 1:($8 == 1 ? $2 * scale : NaN) with points lc rgb "
			"'#444444' "
			"pt 6 ps 1.9 title 'generator-limited', \\\n");
}

static void add_frame(const struct cb_search_job *job, const struct picture *p, struct cb_text *out)
{
	struct cb_text title = {0};
	struct cb_frame f = {
		.small = "larger symbols: longer trials; lines: the ends of the interval found for "
			 "each goal",
		.entries = p->bounds + (p->limited > 0),
		.widest = p->widest,
		.plot_px = CB_FRAME_PLOT_PX,
		.left_px = 90,
		.right_px = 30};

	for (size_t i = 0; i < CLASSES; i++)
		f.entries += p->of_class[i] > 0;
	cb_text_addf(&title, "%s: %s", job->scenario->title,
		job->kind == CB_GOAL_BURST ? job->of : "rates");
	if (job->scenario->n_cells > 1)
		cb_text_addf(&title, ", cell %zu", job->cell);
	f.title = cb_text_get(&title);
	cb_frame_add(&f, out);
	cb_text_finish(&title);
}

/* 1, 2 and 5 of each decade between these. */
static void add_y_tics(double low, double high, struct cb_text *out)
{
	static const double steps[] = {1, 2, 5};
	const char *before = "";

	if (!(low > 0))
		return;
	cb_text_addf(out, "set yrange [%.6g:%.6g]\nset ytics (", low, high);
	for (int decade = -3; decade <= 9; decade++) {
		for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
			double at = steps[i] * pow(10, decade);

			if (at < low || at > high)
				continue;
			cb_text_addf(out, "%s'%.10g' %.10g", before, at, at);
			before = ", ";
		}
	}
	cb_text_add(out, ")\n");
}

static void add_axes(const struct cb_search_job *job, const struct cb_search_trials *t,
	const struct picture *p, struct cb_text *out)
{
	long long first = t->n ? (long long)t->records[0]->trial : 0;
	long long last = t->n ? (long long)t->records[t->n - 1]->trial : 1;
	double scale = job->kind == CB_GOAL_BURST ? 1 : 1e-3;

	cb_text_addf(out,
		"set xlabel 'trial'\nset ylabel '%s'\nset logscale y\nset xrange [%lld - 0.7:%lld "
		"+ 0.7]\n"
		"set xtics %lld, %lld\n",
		job->kind == CB_GOAL_BURST ? "burst (frames)" : "rate asked for (kpps)", first,
		last, first, (last - first) / 10 + 1);
	add_y_tics(p->low / 1.5 * scale, p->high * 1.5 * scale, out);
}

void cb_search_figure_script(const struct cb_search_job *job, const struct cb_search_trials *t,
	const struct cb_search_result *results, const char *id, struct cb_text *out)
{
	struct picture p = measure(job, t, results);

	cb_text_addf(out, "# Draws %s.svg, %s.pdf and %s.png from %s.dat: gnuplot %s.gp\n\n", id,
		id, id, id, id);
	cb_text_add(out, cb_embedded_find("style.gp"));
	cb_text_addf(out, "\ndata = '%s.dat'\nscale = %s\nlongest = %.9g\n", id,
		job->kind == CB_GOAL_BURST ? "1" : "1e-3", p.longest);
	add_frame(job, &p, out);
	add_axes(job, t, &p, out);
	cb_text_add(out, "\ndo for [form in \"svg pdf png\"] {\n\teval terminal(form)\n");
	cb_text_addf(out, "\tset output '%s.'.form\n\tplot \\\n", id);
	add_points(&p, out);
	add_bounds(job, results, out);
	cb_text_add(out, "\t\tNaN notitle\n}\nset output\n");
}
