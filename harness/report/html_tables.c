/* The tables of report.html: books, evidence, trials that need a word. */
#include "harness/report/books.h"
#include "harness/report/format.h"
#include "harness/report/html.h"
#include "harness/report/param.h"

#include <inttypes.h>
#include <string.h>

/* A list longer than this ends with how many more there are; all are in trials.jsonl. */
#define LISTED_MAX 200

/* More columns than this leave no room for the numbers, least of all on paper. */
#define AXES_MAX 6

/* Whether a cell is told by a column for each axis, not by its name. */
static bool has_axis_columns(const struct cb_report *r)
{
	return r->cells.n_axes > 0 && r->cells.n_axes <= AXES_MAX;
}

static void add_axis_heads(const struct cb_report *r, struct cb_text *out)
{
	for (size_t i = 0; has_axis_columns(r) && i < r->cells.n_axes; i++) {
		cb_text_add(out, "<th scope=\"col\" class=\"text\">");
		cb_format_html(out, cb_param_label(r->cells.axes[i]));
		cb_text_add(out, "</th>");
	}
	if (!has_axis_columns(r))
		cb_text_add(out, "<th scope=\"col\" class=\"text\">cell</th>");
}

/* Where the figures have it, or else what tells it from most others. */
static void add_cell_name(
	const struct cb_report *r, const struct cb_report_cell *cell, struct cb_text *out)
{
	struct cb_text text = {0};

	if (!r->cells.n_axes)
		cb_text_addf(&text, "%zu", cell->index);
	else if (!cb_graphs_cell_print(r->graphs, r->n_graphs, cell, &text))
		cb_report_cell_print_rare(&r->cells, cell, r->registry, &text);
	cb_text_add(out, "<th scope=\"row\" class=\"cell\">");
	cb_format_html(out, cb_text_get(&text));
	cb_text_add(out, "</th>");
	cb_text_finish(&text);
}

static void add_axis_fields(
	const struct cb_report *r, const struct cb_report_cell *cell, struct cb_text *out)
{
	if (!has_axis_columns(r))
		add_cell_name(r, cell, out);
	for (size_t i = 0; has_axis_columns(r) && i < r->cells.n_axes; i++) {
		struct cb_text text = {0};

		cb_param_print(json_object_get(cell->params, r->cells.axes[i]),
			cb_param_unit(r->cells.axes[i], r->registry), &text);
		cb_text_add(out, i ? "<td class=\"text\">" : "<th scope=\"row\">");
		cb_format_html(out, cb_text_get(&text));
		cb_text_add(out, i ? "</td>" : "</th>");
		cb_text_finish(&text);
	}
}

static bool several_views(const struct cb_report *r)
{
	for (size_t i = 0; i < r->cells.n; i++) {
		if (cb_books_views(&r->cells.cells[i]) > 1)
			return true;
	}
	return false;
}

static void add_books_row(const struct cb_report *r, const struct cb_report_cell *cell, size_t view,
	bool several, struct cb_text *out)
{
	struct cb_books b;

	cb_books_sum(&b, cell, view);
	cb_text_add(out, "<tr>");
	add_axis_fields(r, cell, out);
	if (several)
		cb_text_addf(out, "<td>%zu</td>", view + 1);
	cb_text_addf(out, "<td>%zu</td>", b.n);
	for (const struct cb_books_column *c = cb_books_columns; c->label; c++) {
		int64_t value = cb_books_value(&b, c);
		bool off =
			strcmp(c->label, "unaccounted") == 0 && value != 0 && value != CB_UNKNOWN;

		cb_text_add(out, off ? "<td class=\"bad\">" : "<td>");
		cb_format_count(out, value);
		cb_text_add(out, "</td>");
	}
	cb_text_add(out, "</tr>\n");
}

void cb_html_books(const struct cb_report *r, struct cb_text *out)
{
	bool several = several_views(r);

	cb_text_add(out, "<dl class=\"words\">\n");
	for (const struct cb_books_column *c = cb_books_columns; c->label; c++) {
		cb_text_addf(out, "<div><dt>%s</dt><dd>", c->label);
		cb_format_html(out, c->help);
		cb_text_add(out, "</dd></div>\n");
	}
	cb_text_add(out, "</dl>\n");
	cb_html_table_open(out);
	cb_text_add(out, "<thead><tr>");
	add_axis_heads(r, out);
	cb_text_add(out, several ? "<th scope=\"col\">view</th>" : "");
	cb_text_add(out, "<th scope=\"col\">n</th>");
	for (const struct cb_books_column *c = cb_books_columns; c->label; c++)
		cb_text_addf(out, "<th scope=\"col\">%s</th>", c->label);
	cb_text_add(out, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < r->cells.n; i++) {
		size_t views = cb_books_views(&r->cells.cells[i]);

		for (size_t v = 0; v < views || v == 0; v++)
			add_books_row(r, &r->cells.cells[i], v, several, out);
	}
	cb_text_add(out, "</tbody>");
	cb_html_table_close(out);
}

/* What explains the books, in reading order. */
static const char *const evidence[] = {"cpu_ns_per_frame", "cpu_share", "receive_ns_per_frame",
	"frames_per_wakeup", "syscalls_per_frame", "context_switches_per_second",
	"softnet_squeezed", "interrupts_per_second", "steal_share", "generator_cpu_ns_per_frame",
	"generator_lateness_p99_ns"};
#define N_EVIDENCE (sizeof(evidence) / sizeof(*evidence))

static void add_evidence_head(const struct cb_report *r, struct cb_text *out)
{
	cb_text_add(out, "<thead><tr>");
	add_axis_heads(r, out);
	cb_text_add(out, "<th scope=\"col\">n</th>");
	for (size_t i = 0; i < N_EVIDENCE; i++) {
		const struct cb_metric *m = cb_metric_find(evidence[i]);

		cb_text_add(out, "<th scope=\"col\">");
		cb_format_html(out, m->label);
		if (m->unit[0] && m->kind != CB_METRIC_RATE)
			cb_text_addf(out, " (%s)", m->unit);
		cb_text_add(out, "</th>");
	}
	cb_text_add(out, "</tr></thead>\n");
}

static void add_evidence_row(
	const struct cb_report *r, const struct cb_report_cell *cell, struct cb_text *out)
{
	cb_text_add(out, "<tr>");
	add_axis_fields(r, cell, out);
	cb_text_addf(out, "<td>%zu</td>", cell->n);
	for (size_t i = 0; i < N_EVIDENCE; i++) {
		const struct cb_metric *m = cb_metric_find(evidence[i]);
		struct cb_summary s = cb_report_cell_summary(cell, m);

		cb_text_add(out, "<td>");
		cb_metric_print_summary(m, &s, out);
		cb_text_add(out, "</td>");
	}
	cb_text_add(out, "</tr>\n");
}

static void add_evidence_cost(const struct cb_report *r, struct cb_text *out)
{
	const json_t *e = json_object_get(r->data.run, "evidence");
	const json_t *cost = json_object_get(e, "softirq_cost_ns");
	const char *why = json_string_value(json_object_get(e, "why_not"));

	if (json_is_number(cost) && json_number_value(cost) >= 0)
		cb_text_addf(out,
			"<p>Measuring the softirq time costs %.3g ns for each softirq on this "
			"machine; "
			"it is part of the numbers.</p>\n",
			json_number_value(cost));
	else
		cb_text_add(out, "<p>What the measuring of softirq time costs is not known.</p>\n");
	if (why && why[0]) {
		cb_text_add(out, "<p>Softirq time could not be measured: ");
		cb_format_html(out, why);
		cb_text_add(out, ".</p>\n");
	}
}

void cb_html_evidence(const struct cb_report *r, struct cb_text *out)
{
	add_evidence_cost(r, out);
	cb_html_table_open(out);
	cb_html_caption(out, "median [min, max]; - means not available");
	add_evidence_head(r, out);
	cb_text_add(out, "<tbody>\n");
	for (size_t i = 0; i < r->cells.n; i++)
		add_evidence_row(r, &r->cells.cells[i], out);
	cb_text_add(out, "</tbody>");
	cb_html_table_close(out);
	cb_text_add(out, "<dl class=\"words\">\n");
	for (size_t i = 0; i < N_EVIDENCE; i++) {
		const struct cb_metric *m = cb_metric_find(evidence[i]);

		cb_text_add(out, "<div><dt>");
		cb_format_html(out, m->label);
		cb_text_add(out, "</dt><dd>");
		cb_format_html(out, m->help);
		cb_text_add(out, "</dd></div>\n");
	}
	cb_text_add(out, "</dl>\n");
}

/* Which trials a list shows. */
struct listing {
	const char *id, *title, *text;
	bool (*holds)(const struct cb_report_trial *t);
};

static bool is_invalid(const struct cb_report_trial *t)
{
	return t->counts && t->record.state == CB_TRIAL_INVALID;
}

static bool is_generator_limited(const struct cb_report_trial *t)
{
	return t->counts && t->record.state == CB_TRIAL_GENERATOR_LIMITED;
}

static bool is_earlier(const struct cb_report_trial *t)
{
	return !t->counts;
}

static const struct listing listings[] = {
	{"invalid", "Invalid trials",
		"Left out of every statistic and figure: what they measured cannot be trusted.",
		is_invalid},
	{"generator-limited", "Generator-limited trials",
		"Over the whole attempt, warm-up included, the generator offered less than 99.5 % "
		"of what was asked for. They are in the statistics at the rate that was really "
		"offered in the measurement window, which stands here, and marked.",
		is_generator_limited},
	{"earlier", "Earlier attempts",
		"Trials that were made again; only the last attempt counts.", is_earlier},
};

static void add_trial(
	const struct cb_report *r, const struct cb_trial_record *t, struct cb_text *out)
{
	const struct cb_report_cell *cell = cb_report_cell_at(&r->cells, (size_t)t->cell);
	char rate[64];

	cb_text_addf(out, "<tr><th scope=\"row\">%" PRId64 "</th><td>%" PRId64 "</td>", t->trial,
		t->attempt);
	if (cell)
		add_axis_fields(r, cell, out);
	cb_text_addf(out, "<td>%s</td><td class=\"text wide\">",
		cb_unit_human(CB_UNIT_RATE, t->generator.offered_pps, rate, sizeof(rate)));
	for (size_t i = 0; i < json_array_size(t->reasons); i++) {
		cb_text_add(out, i ? "; " : "");
		cb_format_html(out, json_string_value(json_array_get(t->reasons, i)));
	}
	cb_text_add(out, "</td></tr>\n");
}

static void add_listing(const struct cb_report *r, const struct listing *l, struct cb_text *out)
{
	size_t n = 0;

	for (size_t i = 0; i < r->data.n_trials; i++) {
		const struct cb_report_trial *t = &r->data.trials[i];

		if (!l->holds(t))
			continue;
		if (n == 0) {
			cb_text_addf(out, "<section id=\"%s\">\n", l->id);
			cb_html_text(out, "h2", l->title);
			cb_html_text(out, "p", l->text);
			cb_html_table_open(out);
			cb_text_add(out,
				"<thead><tr><th scope=\"col\" class=\"text\">trial</th>"
				"<th scope=\"col\">attempt</th>");
			add_axis_heads(r, out);
			cb_text_add(out,
				"<th scope=\"col\">offered</th>"
				"<th scope=\"col\" "
				"class=\"text\">reasons</th></tr></thead>\n<tbody>\n");
		}
		if (++n <= LISTED_MAX)
			add_trial(r, &t->record, out);
	}
	if (n == 0)
		return;
	cb_text_add(out, "</tbody>");
	cb_html_table_close(out);
	if (n > LISTED_MAX)
		cb_text_addf(out, "<p>And %zu more, in trials.jsonl.</p>\n", n - LISTED_MAX);
	cb_text_add(out, "</section>\n");
}

void cb_html_trials(const struct cb_report *r, struct cb_text *out)
{
	for (size_t i = 0; i < sizeof(listings) / sizeof(*listings); i++)
		add_listing(r, &listings[i], out);
}
