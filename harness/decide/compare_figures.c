/* Both sides of a curve in one figure: the cells of both, told apart by a parameter that only the
 * picture has, go through the report's own figures. */
#include "harness/base/file.h"
#include "harness/base/log.h"
#include "harness/decide/compare_page.h"
#include "harness/decide/compared.h"
#include "harness/report/format.h"
#include "harness/report/graph.h"
#include "harness/report/html.h"
#include "harness/report/param.h"
#include "harness/report/picture.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDE_PARAM "variant"

/* A figure with what it is made of. */
struct picture {
	const struct cb_compared *of;
	struct cb_figure figure;
	struct cb_report_cells cells; /* copies with parameters of their own */
	struct cb_graph graph;
};

static void finish(struct picture *p)
{
	cb_graph_finish(&p->graph);
	for (size_t i = 0; i < p->cells.n; i++)
		json_decref((json_t *)p->cells.cells[i].params);
	free(p->cells.cells);
}

/* The cell of one side, with the side's name among its parameters, and without those that the sides
 * have set apart: what is common is told in the caption. */
static int add_cell(
	struct picture *p, const struct cb_compare *c, int side, const struct cb_report_cell *cell)
{
	struct cb_report_cell *copy = &p->cells.cells[p->cells.n];
	json_t *params = json_copy((json_t *)cell->params);

	if (!params || json_object_set_new(params, SIDE_PARAM, json_string(c->labels[side]))) {
		json_decref(params);
		return -1;
	}
	*copy = *cell;
	copy->params = params;
	copy->parts = 1;
	copy->index = p->cells.n++;
	return 0;
}

static void name_figure(struct picture *p, size_t number)
{
	struct cb_text title = {0};

	cb_compared_print_name(p->of, &title);
	cb_text_copy(p->figure.title, sizeof(p->figure.title), cb_text_get(&title));
	snprintf(p->figure.id, sizeof(p->figure.id), "compare-%zu-%.40s", number,
		p->of->measure->metric->name);
	cb_text_finish(&title);
}

static int make(struct picture *p, const struct cb_compare *c, const struct cb_compared *x,
	size_t number, struct cb_error *err)
{
	const char *along = c->match.along[0] ? c->match.along : SIDE_PARAM;
	int rc = 0;

	*p = (struct picture){.of = x, .figure = {.parts = 1}};
	p->cells.cells = calloc(2 * x->curve->n + 1, sizeof(*p->cells.cells));
	if (!p->cells.cells)
		return cb_error_memory(err, "a figure");
	for (size_t i = 0; i < x->curve->n && !rc; i++) {
		rc = add_cell(p, c, CB_COMPARE_BASE, x->curve->points[i].base);
		if (!rc)
			rc = add_cell(p, c, CB_COMPARE_CAND, x->curve->points[i].cand);
	}
	if (rc)
		return cb_error_memory(err, "a figure");
	name_figure(p, number);
	cb_text_copy(p->figure.x, sizeof(p->figure.x), along);
	cb_text_copy(p->figure.y, sizeof(p->figure.y), x->measure->metric->name);
	cb_text_copy(p->figure.series[0], sizeof(p->figure.series[0]), SIDE_PARAM);
	return cb_graph_make(&p->graph, &p->figure, number, &p->cells, c->registry, err);
}

static int write_text(const char *directory, const char *id, const char *ending,
	const struct cb_text *text, struct cb_error *err)
{
	char name[96], path[4096];
	int rc;

	snprintf(name, sizeof(name), "%s.%s", id, ending);
	if (text->failed)
		return cb_error_memory(err, "a figure");
	rc = cb_file_join(path, sizeof(path), directory, name, err);
	return rc ? rc : cb_file_replace(path, cb_text_get(text), text->length, err);
}

static int write_one(const struct picture *p, const struct cb_compare *c, const char *directory,
	struct cb_error *err)
{
	struct cb_text data = {0}, script = {0}, small = {0};
	int rc;

	cb_graph_data(&p->graph, &data);
	cb_graph_caption_small(&p->graph, &cb_compare_side(c, CB_COMPARE_BASE)->data, &small);
	cb_graph_script(&p->graph, cb_text_get(&small), &script);
	rc = write_text(directory, p->graph.id, "dat", &data, err);
	if (!rc)
		rc = write_text(directory, p->graph.id, "gp", &script, err);
	cb_text_finish(&data);
	cb_text_finish(&script);
	cb_text_finish(&small);
	return rc;
}

/* What changed first, then the rest, by number from 1: calls `use` with each figure. */
static int each_figure(const struct cb_compare *c,
	int (*use)(const struct picture *p, const struct cb_compare *c, void *arg,
		struct cb_error *err),
	void *arg, struct cb_error *err)
{
	size_t number = 0;
	int rc = 0;

	for (int outcome = CB_OUTCOME_CONFIRMED; outcome >= 0; outcome--) {
		for (size_t i = 0; i < c->n && !rc && number < CB_COMPARE_FIGURES_MAX; i++) {
			struct picture p;

			if (c->list[i].outcome != (enum cb_outcome)outcome)
				continue;
			rc = make(&p, c, &c->list[i], ++number, err);
			if (!rc)
				rc = use(&p, c, arg, err);
			finish(&p);
		}
	}
	return rc;
}

struct writing {
	const char *directory;
	bool possible;
};

static int write_and_draw(
	const struct picture *p, const struct cb_compare *c, void *arg, struct cb_error *err)
{
	struct writing *w = arg;
	struct cb_error picture_err = {0};
	int rc = write_one(p, c, w->directory, err);

	if (rc || !w->possible || !cb_picture_draw(w->directory, p->graph.id, &picture_err))
		return rc;
	w->possible = picture_err.code != CB_ERR_IMPOSSIBLE;
	cb_warn("%s", picture_err.text);
	return 0;
}

int cb_compare_figures_write(
	const struct cb_compare *c, const char *directory, bool pictures, struct cb_error *err)
{
	struct writing w = {directory, pictures};

	return each_figure(c, write_and_draw, &w, err);
}

struct showing {
	const char *directory;
	struct cb_text *out;
};

static int show(
	const struct picture *p, const struct cb_compare *c, void *arg, struct cb_error *err)
{
	const struct showing *s = arg;
	struct cb_text picture = {0}, caption = {0};
	bool drawn = cb_picture_inline(s->directory, p->graph.id, p->figure.title, &picture);

	(void)err;
	cb_text_addf(s->out, "<section class=\"figure\" id=\"%s\">\n", p->graph.id);
	cb_html_text(s->out, drawn ? "h3 class=\"unseen\"" : "h3", p->figure.title);
	cb_text_add(s->out, "<figure><div class=\"scroll picture\" tabindex=\"0\">");
	cb_text_add(s->out,
		drawn ? cb_text_get(&picture)
		      : "<p class=\"small\">The picture was not drawn; its numbers are in the "
			"tables.</p>");
	cb_text_add(s->out, "</div>\n<figcaption>");
	cb_graph_caption(&p->graph, &cb_compare_side(c, CB_COMPARE_BASE)->data, &caption);
	cb_format_html(s->out, cb_text_get(&caption));
	cb_text_add(s->out, "</figcaption></figure>\n</section>\n");
	cb_text_finish(&picture);
	cb_text_finish(&caption);
	return 0;
}

void cb_compare_figures_html(const struct cb_compare *c, const char *directory, struct cb_text *out)
{
	struct showing s = {directory, out};
	struct cb_error err = {0};

	if (each_figure(c, show, &s, &err))
		cb_html_text(out, "p", err.text);
	if (c->n > CB_COMPARE_FIGURES_MAX)
		cb_text_addf(out,
			"<p class=\"small\">%zu more curves have no figure of their own here: "
			"compare fewer metrics at once (--metric).</p>\n",
			c->n - CB_COMPARE_FIGURES_MAX);
}
