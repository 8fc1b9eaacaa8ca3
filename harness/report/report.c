#include "harness/report/report.h"

#include "harness/base/file.h"
#include "harness/base/log.h"
#include "harness/report/pages.h"
#include "harness/report/picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int write_file(
	struct cb_report *r, const char *name, const struct cb_text *text, struct cb_error *err)
{
	char path[4096];

	if (text->failed)
		return cb_error_memory(err, name);
	if (cb_file_join(path, sizeof(path), r->directory, name, err))
		return CB_ERR_INTERNAL;
	return cb_file_replace(path, cb_text_get(text), text->length, err);
}

static int make_graphs(struct cb_report *r, struct cb_error *err)
{
	size_t n = r->data.scenario ? r->data.scenario->n_figures : 0;

	r->graphs = calloc(n + 1, sizeof(*r->graphs));
	if (!r->graphs)
		return cb_error_memory(err, "the report's figures");
	for (size_t i = 0; i < n; i++) {
		struct cb_error figure_err = {0};
		int e = cb_graph_make(&r->graphs[r->n_graphs], &r->data.scenario->figures[i], i + 1,
			&r->cells, r->registry, &figure_err);

		if (e == CB_ERR_USAGE) {
			cb_report_data_note(&r->data, "%s", figure_err.text);
			continue;
		}
		if (e)
			return cb_error_set(err, e, "%s", figure_err.text);
		r->n_graphs++;
	}
	return 0;
}

static int write_figure(struct cb_report *r, const struct cb_graph *g, struct cb_error *err)
{
	struct cb_text data = {0}, script = {0}, small = {0};
	char name[80];
	int e;

	cb_graph_data(g, &data);
	cb_graph_caption_small(g, &r->data, &small);
	cb_graph_script(g, cb_text_get(&small), &script);
	snprintf(name, sizeof(name), "%s.dat", g->id);
	e = write_file(r, name, &data, err);
	snprintf(name, sizeof(name), "%s.gp", g->id);
	if (!e)
		e = write_file(r, name, &script, err);
	cb_text_finish(&data);
	cb_text_finish(&script);
	cb_text_finish(&small);
	return e;
}

/* Pictures are worth a warning, never the report: the data and the scripts are there. */
static void draw(struct cb_report *r, const char *id, bool *possible)
{
	struct cb_error err = {0};

	if (!*possible || cb_picture_draw(r->directory, id, &err) == 0)
		return;
	*possible = err.code != CB_ERR_IMPOSSIBLE;
	cb_warn("%s", err.text);
	cb_report_data_note(&r->data, "%s", err.text);
}

/* A picture of an earlier report must not stand for this one's data. */
static void remove_pictures(struct cb_report *r, const char *id)
{
	static const char *const forms[] = {"svg", "pdf", "png"};
	char path[4096 + 80];

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		snprintf(path, sizeof(path), "%s/%s.%s", r->directory, id, forms[i]);
		remove(path);
	}
}

static int write_figures(
	struct cb_report *r, const struct cb_report_options *options, struct cb_error *err)
{
	bool possible = !options || options->pictures;

	for (size_t i = 0; i < r->n_graphs; i++) {
		int e = write_figure(r, &r->graphs[i], err);

		if (e)
			return e;
		remove_pictures(r, r->graphs[i].id);
		draw(r, r->graphs[i].id, &possible);
	}
	return 0;
}

static int write_pages(struct cb_report *r, struct cb_error *err)
{
	static const struct {
		const char *name;
		void (*make)(const struct cb_report *r, struct cb_text *out);
	} pages[] = {
		{"summary.json", cb_page_summary},
		{"trials.csv", cb_page_csv},
		{"report.md", cb_page_markdown},
		{"report.html", cb_page_html},
	};
	int e = 0;

	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages) && !e; i++) {
		struct cb_text text = {0};

		pages[i].make(r, &text);
		e = write_file(r, pages[i].name, &text, err);
		cb_text_finish(&text);
	}
	return e;
}

static void finish(struct cb_report *r)
{
	for (size_t i = 0; i < r->n_graphs; i++)
		cb_graph_finish(&r->graphs[i]);
	free(r->graphs);
	free(r->verdicts);
	free(r->losses);
	json_decref(r->summary);
	cb_report_cells_finish(&r->cells);
	cb_report_data_finish(&r->data);
}

static int make(struct cb_report *r, const char *directory, const struct cb_report_options *options,
	struct cb_error *err)
{
	int e = cb_report_data_load(&r->data, directory, r->registry, err);

	if (!e)
		e = cb_report_cells_make(&r->cells, &r->data, err);
	if (!e)
		e = cb_file_join(r->directory, sizeof(r->directory), directory, "report", err);
	if (!e)
		e = cb_file_make_dirs(r->directory, err);
	if (e)
		return e;
	cb_report_totals_make(&r->totals, &r->data);
	e = make_graphs(r, err);
	if (!e)
		e = write_figures(r, options, err);
	if (e)
		return e;
	e = cb_verdicts_make(
		&r->verdicts, &r->n_verdicts, r->data.scenario, &r->cells, r->data.run, err);
	if (e)
		return e;
	e = cb_losses_make(&r->losses, &r->n_losses, &r->cells, r->data.run, err);
	if (e)
		return e;
	r->summary = cb_summary_json(r);
	if (!r->summary)
		return cb_error_memory(err, "the summary");
	return write_pages(r, err);
}

int cb_report_write(const char *directory, const struct cb_registry *registry,
	const struct cb_report_options *options, json_t **summary, struct cb_error *err)
{
	struct cb_report *r = calloc(1, sizeof(*r));
	int e;

	if (summary)
		*summary = NULL;
	if (!r)
		return cb_error_memory(err, "the report");
	r->registry = registry;
	e = make(r, directory, options, err);
	if (!e && summary)
		*summary = json_incref(r->summary);
	if (!e && r->totals.trials == 0)
		e = cb_error_set(err, CB_ERR_INCONCLUSIVE,
			"%s holds no finished trial: the report says so, and nothing else; finish "
			"the run with "
			"--resume",
			directory);
	finish(r);
	free(r);
	return e;
}
