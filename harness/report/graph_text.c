/* What a figure says in words and columns: axis titles, caption, .dat. */
#include "harness/report/format.h"
#include "harness/report/graph.h"
#include "harness/report/machine.h"
#include "harness/report/param.h"

#include <math.h>
#include <string.h>

double cb_graph_trial_x(
	const struct cb_graph *g, const struct cb_graph_point *p, const struct cb_trial_record *r)
{
	return g->offered && !isnan(r->generator.offered_pps) ? r->generator.offered_pps : p->x;
}

void cb_graph_n_range(const struct cb_graph *g, size_t *least, size_t *most)
{
	*least = *most = 0;
	for (size_t i = 0; i < g->n_series; i++) {
		for (size_t j = 0; j < g->series[i].n; j++) {
			size_t n = g->series[i].points[j].y.n;

			if (n && (*least == 0 || n < *least))
				*least = n;
			if (n > *most)
				*most = n;
		}
	}
}

struct cb_graph_marks cb_graph_marks_count(const struct cb_graph *g)
{
	struct cb_graph_marks marks = {0};

	for (size_t i = 0; i < g->n_series; i++) {
		for (size_t j = 0; j < g->series[i].n; j++) {
			const struct cb_graph_point *p = &g->series[i].points[j];

			marks.points += p->y.n > 0;
			marks.generator_limited += p->y.n > 0 && p->cell->generator_limited > 0;
			marks.buffer += p->y.n > 0 && p->cell->buffer_passes;
			marks.whole_attempt += p->y.n > 0 && p->cell->whole_attempt;
			marks.without += p->y.n == 0 && p->cell->n > 0;
		}
	}
	return marks;
}

bool cb_graph_buffer_marked(const struct cb_graph_marks *m)
{
	return m->buffer && m->buffer < m->points;
}

void cb_graph_y_title(const struct cb_graph *g, struct cb_text *out)
{
	cb_text_add(out, g->metric->label);
	if (g->metric->unit[0])
		cb_text_addf(out, " (%s)", g->metric->unit);
}

/* The parameters worth telling when they are the same in every cell, in reading order. */
static const char *const context[] = {"traffic.rate", "traffic.frame_size", "generator.transmitter",
	"capture.mechanism", "capture.wait", "capture.load", "capture.processes", "capture.buffer",
	"placement", "receive", "duration", "warmup"};

static const json_t *common_value(const struct cb_graph *g, const char *path)
{
	const json_t *value = NULL;

	for (size_t i = 0; i < g->n_series; i++) {
		for (size_t j = 0; j < g->series[i].n; j++) {
			const json_t *other =
				json_object_get(g->series[i].points[j].cell->params, path);

			if (!other || (value && !json_equal(value, other)))
				return NULL;
			value = other;
		}
	}
	return value;
}

static bool shown_elsewhere(const struct cb_graph *g, const char *path)
{
	for (size_t i = 0; i < g->n_splits; i++) {
		if (strcmp(g->splits[i], path) == 0)
			return true;
	}
	return strcmp(g->figure->x, path) == 0;
}

static void add_context(const struct cb_graph *g, struct cb_text *out)
{
	size_t printed = 0;

	for (size_t i = 0; i < sizeof(context) / sizeof(*context); i++) {
		const json_t *value = common_value(g, context[i]);

		if (!value || shown_elsewhere(g, context[i]))
			continue;
		cb_text_add(out, printed++ ? ", " : " In every cell: ");
		cb_param_print_of(
			context[i], g->series[0].points[0].cell->params, g->registry, out);
	}
	if (printed)
		cb_text_add(out, ".");
	if (g->absent.length)
		cb_text_addf(out, " Left out: %s.", cb_text_get(&g->absent));
}

static void add_n(const struct cb_graph *g, struct cb_text *out)
{
	size_t least, most;

	cb_graph_n_range(g, &least, &most);
	if (most == 0) {
		cb_text_add(out, "No trial can be shown.");
		return;
	}
	cb_text_add(out, least == most && most == 1 ? "One trial a point" : "Medians");
	if (most > 1 && g->figure->errors == 0)
		cb_text_add(out, ", bars from least to greatest,");
	if (most > 1)
		cb_text_addf(out, " of n = %zu", least);
	if (least != most)
		cb_text_addf(out, " to %zu", most);
	if (most > 1)
		cb_text_add(out, " trials a point; small dots are single trials");
	cb_text_add(out, ".");
	if (least == most && most > 1 && cb_minmax_coverage(most) > 0 && g->figure->errors == 0)
		cb_text_addf(out, " The bars are a %.4g %% interval of the median.",
			cb_minmax_coverage(most));
}

/* Shares and rates are all that the window makes different from the whole attempt. */
static bool counts_window(const struct cb_graph *g)
{
	return cb_text_starts_with(g->metric->name, "captured_");
}

static void add_marks(const struct cb_graph *g, struct cb_text *out)
{
	struct cb_graph_marks m = cb_graph_marks_count(g);

	if (m.generator_limited)
		cb_text_addf(out,
			" Ringed: generator-limited, offered less than asked (%zu of %zu points).",
			m.generator_limited, m.points);
	if (m.buffer && !cb_graph_buffer_marked(&m))
		cb_text_add(out,
			" At every point the tap's buffer holds more than 1 % of the frames: "
			"buffer can pass for capacity.");
	else if (m.buffer)
		cb_text_addf(out,
			" Squared: the tap's buffer holds more than 1 %% of the frames, buffer can "
			"pass for capacity (%zu of %zu points).",
			m.buffer, m.points);
	if (m.whole_attempt && counts_window(g))
		cb_text_addf(out,
			" %zu of %zu points are of the whole attempt, warm-up included: the "
			"program does not tell which frames are of the window.",
			m.whole_attempt, m.points);
	if (m.without)
		cb_text_addf(out, " %zu of %zu cells have no point: the value is not available.",
			m.without, m.points + m.without);
}

static void add_ceilings(const struct cb_graph *g, struct cb_text *out)
{
	struct cb_graph_ceiling ceilings[CB_GRAPH_CEILINGS_MAX];
	size_t n = cb_graph_ceilings(g, ceilings);
	char text[64];

	for (size_t i = 0; i < n; i++)
		cb_text_addf(out, "%s%s%s%s", i ? ", " : " The generator alone reaches ",
			cb_unit_human(CB_UNIT_RATE, ceilings[i].pps, text, sizeof(text)),
			ceilings[i].label[0] ? " with " : "", ceilings[i].label);
	cb_text_add(out, n ? " (its ceiling)." : "");
}

void cb_graph_caption(const struct cb_graph *g, const struct cb_report_data *d, struct cb_text *out)
{
	if (g->figure->caption[0]) {
		size_t n = strlen(g->figure->caption);

		cb_format_line(out, g->figure->caption);
		cb_text_add(out, strchr(".!?", g->figure->caption[n - 1]) ? " " : ". ");
	}
	add_n(g, out);
	add_marks(g, out);
	add_ceilings(g, out);
	add_context(g, out);
	cb_text_add(out, " ");
	cb_machine_print(d, out);
	cb_text_add(out, ".");
}

void cb_graph_caption_small(
	const struct cb_graph *g, const struct cb_report_data *d, struct cb_text *out)
{
	static const char *const told[] = {"traffic.frame_size", "duration"};
	struct cb_graph_marks marks = cb_graph_marks_count(g);
	size_t least, most;

	cb_graph_n_range(g, &least, &most);
	if (most > 1 && g->figure->errors == 0)
		cb_text_add(out, "median [min, max], ");
	cb_text_addf(out, least == most ? "n = %zu" : "n = %zu to %zu", least, most);
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		const json_t *value = common_value(g, told[i]);

		if (!value || shown_elsewhere(g, told[i]))
			continue;
		cb_text_add(out, "; ");
		cb_param_print_alone(told[i], value, cb_param_unit(told[i], g->registry), out);
	}
	if (counts_window(g) && marks.whole_attempt)
		cb_text_addf(out, "; %zu of %zu points with the warm-up", marks.whole_attempt,
			marks.points);
	cb_text_add(out, "; ");
	cb_machine_print(d, out);
}

static void add_real(struct cb_text *out, double value)
{
	if (isfinite(value))
		cb_text_addf(out, " %.9g", value);
	else
		cb_text_add(out, " NaN");
}

static void add_point_row(const struct cb_graph_point *p, struct cb_text *out)
{
	const struct cb_report_cell *c = p->cell;

	cb_text_addf(out, "%zu", c->index);
	add_real(out, p->x);
	add_real(out, cb_param_number(p->asked));
	add_real(out, p->y.median);
	add_real(out, p->y.min);
	add_real(out, p->y.max);
	cb_text_addf(out, " %zu %zu %zu %zu %d", p->y.n, p->y.unknown, c->invalid,
		c->generator_limited, c->buffer_passes);
	add_real(out, c->ceiling_pps);
	cb_text_add(out, "\n");
}

static size_t add_trial_rows(
	const struct cb_graph *g, const struct cb_graph_point *p, struct cb_text *out)
{
	size_t rows = 0;

	for (size_t i = 0; i < p->cell->n_trials; i++) {
		const struct cb_trial_record *r = p->cell->trials[i];

		if (!cb_report_trial_enters(r))
			continue;
		cb_text_addf(out, "%zu", p->cell->index);
		add_real(out, cb_graph_trial_x(g, p, r));
		add_real(out, g->metric->value(r));
		cb_text_addf(out, " %lld %lld %d\n", (long long)r->trial, (long long)r->attempt,
			r->state == CB_TRIAL_GENERATOR_LIMITED);
		rows++;
	}
	return rows;
}

static void add_series(const struct cb_graph *g, size_t i, struct cb_text *out)
{
	const struct cb_graph_series *s = &g->series[i];
	size_t rows = 0;

	cb_text_addf(out, "\n\n# block %zu: series %zu, a row a cell: ", 2 * i, i + 1);
	cb_format_line(out, s->label[0] ? s->label : "the only one");
	cb_text_add(out,
		"\ncell x asked median min max n unknown invalid generator_limited "
		"buffer_passes ceiling_pps\n");
	for (size_t j = 0; j < s->n; j++)
		add_point_row(&s->points[j], out);
	cb_text_addf(out,
		"\n\n# block %zu: series %zu, a row a trial\ncell x y trial attempt "
		"generator_limited\n",
		2 * i + 1, i + 1);
	for (size_t j = 0; j < s->n; j++)
		rows += add_trial_rows(g, &s->points[j], out);
	/* gnuplot counts blocks by their rows: none must be empty. */
	if (rows == 0)
		cb_text_add(out, "-1 NaN NaN -1 -1 0\n");
}

void cb_graph_data(const struct cb_graph *g, struct cb_text *out)
{
	cb_text_addf(out, "# %s: %s against ", g->id, g->metric->name);
	cb_format_line(out, g->figure->x);
	cb_text_add(
		out, ", in base units (shares 0 to 1, frames/s, ns, bytes); NaN: not available\n");
	cb_text_add(out, "# x is where a point is drawn: ");
	if (g->offered)
		cb_text_add(out, "the rate that was really offered; asked: the scenario's rate\n");
	else if (g->category)
		cb_text_add(out, "a number for each category\n");
	else
		cb_text_add(out, "the scenario's value\n");
	for (size_t i = 0; g->category && i < g->n_categories; i++) {
		cb_text_addf(out, "# x = %zu: ", i + 1);
		cb_graph_category_print(g, i, out);
		cb_text_add(out, "\n");
	}
	for (size_t i = 0; i < g->n_series; i++)
		add_series(g, i, out);
}
