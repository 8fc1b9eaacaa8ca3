/* report.md: the short form, fit for a pull request. */
#include "harness/report/books.h"
#include "harness/report/figure_table.h"
#include "harness/report/format.h"
#include "harness/report/machine.h"
#include "harness/report/pages.h"
#include "harness/report/param.h"

#include <inttypes.h>
#include <string.h>

/* Lists longer than this end with how many more there are. */
#define LISTED_MAX 20

static void add_list(const json_t *list, struct cb_text *out)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		cb_text_add(out, "- ");
		cb_format_markdown(out, json_string_value(json_array_get(list, i)));
		cb_text_add(out, "\n");
	}
	cb_text_add(out, "\n");
}

static void add_row_end(struct cb_text *out)
{
	cb_text_add(out, " |\n");
}

static void add_rule(size_t columns, struct cb_text *out)
{
	cb_text_add(out, "|:--");
	for (size_t i = 1; i < columns; i++)
		cb_text_add(out, "|--:");
	cb_text_add(out, "|\n");
}

static void add_field(struct cb_text *out, const struct cb_text *plain)
{
	cb_text_add(out, " | ");
	cb_format_markdown(out, cb_text_get(plain));
}

static void add_signs(const struct cb_graph *g, struct cb_text *out)
{
	size_t n = 0;

	for (const struct cb_cell_mark *m = cb_cell_marks; m->sign; m++) {
		if (!cb_figure_table_uses(g, m))
			continue;
		cb_text_add(out, n++ ? "; " : "");
		cb_format_markdown(out, m->sign);
		cb_text_addf(out, " %s", m->text);
	}
	cb_text_add(out, n ? "\n\n" : "");
}

static void add_figure_row(const struct cb_graph *g, size_t i, size_t common_n, struct cb_text *out)
{
	struct cb_text field = {0};

	cb_graph_category_print(g, i, &field);
	cb_text_add(out, "| ");
	cb_format_markdown(out, cb_text_get(&field));
	for (size_t j = 0; j < g->n_series; j++) {
		cb_text_clear(&field);
		cb_figure_table_field(
			g, cb_figure_table_point(g, &g->series[j], i), common_n, &field);
		add_field(out, &field);
	}
	add_row_end(out);
	cb_text_finish(&field);
}

static void add_figure_table(const struct cb_graph *g, struct cb_text *out)
{
	struct cb_text title = {0};
	size_t least, common_n;

	cb_graph_n_range(g, &least, &common_n);
	cb_text_addf(out, "| %s", cb_param_label(g->figure->x));
	cb_graph_y_title(g, &title);
	for (size_t i = 0; i < g->n_series; i++) {
		cb_text_add(out, " | ");
		cb_format_markdown(
			out, g->series[i].label[0] ? g->series[i].label : cb_text_get(&title));
	}
	add_row_end(out);
	add_rule(g->n_series + 1, out);
	for (size_t i = 0; i < g->n_categories; i++)
		add_figure_row(g, i, common_n, out);
	cb_text_add(out, "\n");
	cb_text_finish(&title);
}

static void add_figure(const struct cb_report *r, const struct cb_graph *g, struct cb_text *out)
{
	struct cb_text caption = {0};

	cb_text_add(out, "## ");
	cb_format_markdown(out, g->figure->title[0] ? g->figure->title : g->id);
	cb_text_addf(out, "\n\n![%s](%s.png)\n\n", g->id, g->id);
	cb_graph_caption(g, &r->data, &caption);
	cb_format_markdown(out, cb_text_get(&caption));
	cb_text_addf(out,
		"\n\nFiles: [%s.dat](%s.dat), [%s.gp](%s.gp), [%s.svg](%s.svg), "
		"[%s.pdf](%s.pdf)\n\n",
		g->id, g->id, g->id, g->id, g->id, g->id, g->id, g->id);
	if (g->n_series) {
		add_figure_table(g, out);
		add_signs(g, out);
	}
	cb_text_finish(&caption);
}

static void add_books_row(const struct cb_report *r, const struct cb_report_cell *cell, size_t view,
	size_t views, struct cb_text *out)
{
	struct cb_text label = {0};
	struct cb_books b;

	cb_books_sum(&b, cell, view);
	cb_report_cell_print(&r->cells, cell, r->registry, &label);
	cb_text_add(out, "| ");
	cb_format_markdown(out, cb_text_get(&label));
	if (views > 1)
		cb_text_addf(out, ", view %zu", view + 1);
	cb_text_addf(out, " | %zu", b.n);
	for (const struct cb_books_column *c = cb_books_columns; c->label; c++) {
		cb_text_add(out, " | ");
		cb_format_count(out, cb_books_value(&b, c));
	}
	add_row_end(out);
	cb_text_finish(&label);
}

static void add_books(const struct cb_report *r, struct cb_text *out)
{
	size_t columns = 2;

	cb_text_add(
		out, "<details><summary>Books: every frame of every cell</summary>\n\n| cell | n");
	for (const struct cb_books_column *c = cb_books_columns; c->label; c++, columns++)
		cb_text_addf(out, " | %s", c->label);
	add_row_end(out);
	add_rule(columns, out);
	for (size_t i = 0; i < r->cells.n; i++) {
		size_t views = cb_books_views(&r->cells.cells[i]);

		for (size_t v = 0; v < views || v == 0; v++)
			add_books_row(r, &r->cells.cells[i], v, views, out);
	}
	cb_text_add(out, "\nSums over the trials of a cell, warm-up included.\n\n</details>\n\n");
}

static void add_reasons(const struct cb_trial_record *r, struct cb_text *out)
{
	for (size_t i = 0; i < json_array_size(r->reasons); i++) {
		cb_text_add(out, i ? "; " : ": ");
		cb_format_markdown(out, json_string_value(json_array_get(r->reasons, i)));
	}
	cb_text_add(out, "\n");
}

static void add_invalid(const struct cb_report *r, struct cb_text *out)
{
	int64_t listed = 0;

	if (r->totals.invalid == 0)
		return;
	cb_text_add(out, "## Invalid trials\n\n");
	for (size_t i = 0; i < r->data.n_trials; i++) {
		const struct cb_trial_record *t = &r->data.trials[i].record;

		if (!r->data.trials[i].counts || t->state != CB_TRIAL_INVALID)
			continue;
		if (++listed > LISTED_MAX)
			continue;
		cb_text_addf(out, "- trial %" PRId64 ", cell %" PRId64 ", attempt %" PRId64,
			t->trial, t->cell, t->attempt);
		add_reasons(t, out);
	}
	if (listed > LISTED_MAX)
		cb_text_addf(out, "- and %" PRId64 " more, in report.html\n", listed - LISTED_MAX);
	cb_text_add(out, "\n");
}

/* A host that is not what it was is a reason to look twice. */
static void add_changes(const struct cb_report *r, struct cb_text *out)
{
	const json_t *changes = json_object_get(r->summary, "host_changes"), *change;
	static const char *const keys[] = {"host", "fact", "before", "after"};
	size_t i;

	if (!json_array_size(changes))
		return;
	cb_text_add(out,
		"## Hosts that changed during the run\n\n| Host | What | Before | After "
		"|\n|---|---|---|---|\n");
	json_array_foreach(changes, i, change)
	{
		for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
			cb_text_add(out, "| ");
			cb_format_markdown(
				out, json_string_value(json_object_get(change, keys[k])));
			cb_text_add(out, " ");
		}
		cb_text_add(out, "|\n");
	}
	cb_text_add(out, "\n");
}

/* Inside a fence nothing is markup but the fence itself. */
static void add_command(const struct cb_report *r, struct cb_text *out)
{
	struct cb_text command = {0};

	cb_words_command(r, &command);
	if (command.length && !strstr(cb_text_get(&command), "```"))
		cb_text_addf(out, "```\n%s\n```\n\n", cb_text_get(&command));
	cb_text_finish(&command);
}

static void add_run_text(
	const struct cb_report *r, const char *label, const char *key, struct cb_text *out)
{
	const char *text = cb_report_data_run_text(&r->data, key);

	if (!text[0])
		return;
	cb_text_addf(out, "; %s ", label);
	cb_format_markdown(out, text);
}

static void add_origin(const struct cb_report *r, struct cb_text *out)
{
	const char *version =
		json_string_value(json_object_get(json_object_get(r->data.run, "tool"), "version"));
	struct cb_text machine = {0};

	cb_machine_print(&r->data, &machine);
	cb_text_add(out, "capbench ");
	cb_format_markdown(out, version ? version : "(version not known)");
	add_run_text(r, "started", "started", out);
	add_run_text(r, "status", "status", out);
	add_run_text(r, "seed", "seed", out);
	cb_text_add(out, "; ");
	cb_format_markdown(out, cb_text_get(&machine));
	cb_text_add(out, "\n\n");
	cb_text_finish(&machine);
}

void cb_page_markdown(const struct cb_report *r, struct cb_text *out)
{
	const json_t *warnings = json_object_get(r->summary, "warnings");
	const char *question = r->data.scenario ? r->data.scenario->question : "";

	cb_text_add(out, "# ");
	cb_format_markdown(out, cb_report_data_title(&r->data));
	cb_text_add(out, "\n\n");
	if (question[0]) {
		cb_format_markdown(out, question);
		cb_text_add(out, "\n\n");
	}
	add_list(json_object_get(r->summary, "results"), out);
	if (json_array_size(warnings)) {
		cb_text_add(out, "**Before trusting this:**\n\n");
		add_list(warnings, out);
	}
	cb_markdown_claims(r, out);
	for (size_t i = 0; i < r->n_graphs; i++)
		add_figure(r, &r->graphs[i], out);
	cb_markdown_losses(r, out);
	add_invalid(r, out);
	add_books(r, out);
	add_changes(r, out);
	add_command(r, out);
	add_origin(r, out);
}
