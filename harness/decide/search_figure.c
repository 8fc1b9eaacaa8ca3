#include "harness/decide/search_figure.h"

#include "harness/report/embedded.h"
#include "harness/report/format.h"

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

static void add_bound(double value, const char *style, struct cb_text *out)
{
	if (isfinite(value))
		cb_text_addf(out, "\t\t%.0f * scale with lines %s notitle, \\\n", value, style);
}

static void add_bounds(const struct cb_search_job *job, const struct cb_search_result *results,
	struct cb_text *out)
{
	for (size_t g = 0; g < job->n_goals; g++) {
		char style[96];

		snprintf(style, sizeof(style), "lc rgb '%s' lw 1 dt %s",
			g % 2 ? "#CC79A7" : "#0072B2", g % 2 ? "(9,4)" : "1");
		add_bound(results[g].low, style, out);
		add_bound(results[g].high, style, out);
	}
}

static void add_points(struct cb_text *out)
{
	static const struct {
		const char *title, *style;
	} classes[] = {
		{"kept every goal", "lc rgb '#009E73' pt 7"},
		{"kept some", "lc rgb '#E69F00' pt 9"},
		{"kept none", "lc rgb '#D55E00' pt 11"},
		{"invalid", "lc rgb '#7F7F7F' pt 2"},
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		cb_text_addf(out,
			"\t\tdata using 1:($7 == %zu ? $2 * scale : NaN):(0.5 + 0.7 * "
			"sqrt($4 / longest)) with points %s ps variable title '%s', \\\n",
			i, classes[i].style, classes[i].title);
	cb_text_add(out,
		"\t\tdata using 1:($8 == 1 ? $2 * scale : NaN) with points lc rgb '#444444' pt 6 "
		"ps 1.9 title 'generator-limited', \\\n");
}

static double longest(const struct cb_search_trials *t)
{
	double length = 1e-9;

	for (size_t i = 0; i < t->n; i++)
		length = fmax(length, t->trials[i].length);
	return length;
}

void cb_search_figure_script(const struct cb_search_job *job, const struct cb_search_trials *t,
	const struct cb_search_result *results, const char *id, struct cb_text *out)
{
	bool burst = job->kind == CB_GOAL_BURST;

	cb_text_addf(out, "# Draws %s.svg, %s.pdf and %s.png from %s.dat: gnuplot %s.gp\n\n", id,
		id, id, id, id);
	cb_text_add(out, cb_embedded_find("style.gp"));
	cb_text_addf(out, "\ndata = '%s.dat'\nscale = %s\nlongest = %.9g\n", id,
		burst ? "1" : "1e-3", longest(t));
	cb_text_add(out, "set title ");
	cb_format_gnuplot(out, job->scenario->title);
	cb_text_addf(out,
		"\nset xlabel 'trial'\nset ylabel '%s'\nset logscale y\n"
		"set key outside bottom center horizontal\nset offsets 0.5, 0.5, 0, 0\n",
		burst ? "burst (frames)" : "rate asked for (kpps)");
	cb_text_add(out,
		"set label 1 'larger symbols: longer trials; lines: the intervals found' at "
		"graph 0.99, graph 0.97 right font ',8' textcolor rgb '#444444'\n"
		"\ndo for [form in \"svg pdf png\"] {\n\teval terminal(form)\n");
	cb_text_addf(out, "\tset output '%s.'.form\n\tplot \\\n", id);
	add_points(out);
	add_bounds(job, results, out);
	cb_text_add(out, "\t\tNaN notitle\n}\nset output\n");
}
