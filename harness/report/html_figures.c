/* The figures of report.html: picture, caption, the same as a table. */
#include "harness/report/figure_table.h"
#include "harness/report/format.h"
#include "harness/report/html.h"
#include "harness/report/param.h"
#include "harness/report/picture.h"

#include <string.h>

static const char *title_of(const struct cb_graph *g)
{
	return g->figure->title[0] ? g->figure->title : g->id;
}

/* The rate that was really offered stands beside the one that was asked for. */
static void add_offered(const struct cb_graph *g, size_t i, struct cb_text *out)
{
	double least = 0, most = 0;
	char low[64], high[64];
	bool any = false;

	for (size_t j = 0; j < g->n_series; j++) {
		const struct cb_graph_point *p = cb_figure_table_point(g, &g->series[j], i);

		if (!p || !p->y.n)
			continue;
		least = !any || p->x < least ? p->x : least;
		most = !any || p->x > most ? p->x : most;
		any = true;
	}
	cb_unit_human(CB_UNIT_RATE, least, low, sizeof(low));
	cb_unit_human(CB_UNIT_RATE, most, high, sizeof(high));
	if (!any)
		cb_text_add(out, "<td>-</td>");
	else if (strcmp(low, high) == 0)
		cb_text_addf(out, "<td>%s</td>", low);
	else
		cb_text_addf(out, "<td>%s to %s</td>", low, high);
}

static void add_head(const struct cb_graph *g, struct cb_text *out)
{
	struct cb_text y = {0};

	cb_graph_y_title(g, &y);
	cb_text_add(out, "<thead><tr><th scope=\"col\" class=\"text\">");
	cb_format_html(out, cb_param_label(g->figure->x));
	cb_text_add(out, g->offered ? ": asked</th><th scope=\"col\">offered</th>" : "</th>");
	for (size_t i = 0; i < g->n_series; i++) {
		cb_text_add(out, "<th scope=\"col\">");
		cb_format_html(out, g->series[i].label[0] ? g->series[i].label : cb_text_get(&y));
		cb_text_add(out, "</th>");
	}
	cb_text_add(out, "</tr></thead>\n");
	cb_text_finish(&y);
}

static void add_row(const struct cb_graph *g, size_t i, size_t common_n, struct cb_text *out)
{
	struct cb_text field = {0};

	cb_graph_category_print(g, i, &field);
	cb_text_add(out, "<tr><th scope=\"row\">");
	cb_format_html(out, cb_text_get(&field));
	cb_text_add(out, "</th>");
	if (g->offered)
		add_offered(g, i, out);
	for (size_t j = 0; j < g->n_series; j++) {
		cb_text_clear(&field);
		cb_figure_table_field(
			g, cb_figure_table_point(g, &g->series[j], i), common_n, &field);
		cb_text_add(out, "<td>");
		cb_format_html(out, cb_text_get(&field));
		cb_text_add(out, "</td>");
	}
	cb_text_add(out, "</tr>\n");
	cb_text_finish(&field);
}

static void add_signs(const struct cb_graph *g, struct cb_text *out)
{
	size_t n = 0;

	for (const struct cb_cell_mark *m = cb_cell_marks; m->sign; m++) {
		if (!cb_figure_table_uses(g, m))
			continue;
		cb_text_addf(out, "%s<b>%s</b> ", n++ ? "; " : "<p class=\"small\">", m->sign);
		cb_format_html(out, m->text);
	}
	cb_text_add(out, n ? "</p>\n" : "");
}

static void add_table(const struct cb_graph *g, struct cb_text *out)
{
	struct cb_text y = {0}, caption = {0};
	size_t least, common_n;

	cb_graph_n_range(g, &least, &common_n);
	cb_graph_y_title(g, &y);
	cb_text_addf(&caption, "%s: median%s, n = %zu unless said", cb_text_get(&y),
		common_n > 1 ? " [min, max]" : "", common_n);
	cb_html_table_open(out);
	cb_html_caption(out, cb_text_get(&caption));
	add_head(g, out);
	cb_text_add(out, "<tbody>\n");
	for (size_t i = 0; i < g->n_categories; i++)
		add_row(g, i, common_n, out);
	cb_text_add(out, "</tbody>");
	cb_html_table_close(out);
	add_signs(g, out);
	cb_text_finish(&y);
	cb_text_finish(&caption);
}

static void add_files(const struct cb_graph *g, struct cb_text *out)
{
	static const char *const forms[] = {"svg", "pdf", "png", "dat", "gp"};

	cb_text_add(out, "<p class=\"small files\">Files:");
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		cb_text_addf(out, " <a href=\"%s.%s\">%s.%s</a>", g->id, forms[i], g->id, forms[i]);
	cb_text_add(out, "</p>\n");
}

/* Of several scenarios in one report, what the one asked that the figure is of. */
static void add_question(const struct cb_report *r, const struct cb_graph *g, struct cb_text *out)
{
	const struct cb_scenario *s = r->data.scenario;
	size_t i = 0;

	if (!s || s->n_parts < 2)
		return;
	while (i < s->n_parts && !(g->figure->parts >> i & 1))
		i++;
	if (i == s->n_parts || !s->parts[i].question[0])
		return;
	cb_text_add(out, "<p class=\"question\">");
	cb_format_html(out, s->parts[i].question);
	cb_text_add(out, "</p>\n");
	if (!s->parts[i].paper_section[0])
		return;
	cb_text_add(out, "<p class=\"small\">Braun et al. 2010, ");
	if (s->parts[i].paper_figure)
		cb_text_addf(out, "figure %d, ", s->parts[i].paper_figure);
	cb_text_add(out, "section ");
	cb_format_html(out, s->parts[i].paper_section);
	cb_text_add(out, "</p>\n");
}

/* What the figure says, and what the claims say to it. */
static void add_answer(const struct cb_report *r, const struct cb_graph *g, struct cb_text *out)
{
	struct cb_text words = {0};
	const char *before = "<p class=\"small\">Claims: ";

	if (r->n_graphs > 1) {
		cb_words_figure(g, &words);
		cb_html_text(out, "p", cb_text_get(&words));
	}
	for (size_t i = 0; i < r->n_verdicts; i++) {
		const struct cb_verdict *v = &r->verdicts[i];

		if (strcmp(v->claim->figure, g->figure->id) != 0)
			continue;
		cb_text_addf(out, "%s<a href=\"#claim-", before);
		cb_format_html(out, v->claim->id);
		cb_text_add(out, "\">");
		cb_format_html(out, v->claim->id);
		cb_text_addf(out, "</a> %s", cb_verdict_names[v->kind]);
		before = "; ";
	}
	cb_text_add(out, *before == ';' ? "</p>\n" : "");
	cb_text_finish(&words);
}

static void add_figure(const struct cb_report *r, const struct cb_graph *g, struct cb_text *out)
{
	struct cb_text caption = {0}, picture = {0};
	bool drawn;

	cb_text_addf(out, "<section class=\"figure\" id=\"figure-%s\">\n", g->id);
	drawn = cb_picture_inline(r->directory, g->id, title_of(g), &picture);
	/* The picture holds its title; the heading is for those who cannot see it. */
	cb_html_text(out, drawn ? "h3 class=\"unseen\"" : "h3", title_of(g));
	add_question(r, g, out);
	cb_text_add(out, "<figure><div class=\"scroll picture\" tabindex=\"0\">");
	cb_text_add(out,
		drawn ? cb_text_get(&picture)
		      : "<p class=\"small\">The picture was not drawn; its numbers are "
			"in the table below.</p>");
	cb_text_add(out, "</div>\n<figcaption>");
	cb_graph_caption(g, &r->data, &caption);
	cb_format_html(out, cb_text_get(&caption));
	cb_text_add(out, "</figcaption></figure>\n");
	add_answer(r, g, out);
	if (g->n_series)
		add_table(g, out);
	add_files(g, out);
	cb_text_add(out, "</section>\n");
	cb_text_finish(&picture);
	cb_text_finish(&caption);
}

void cb_html_figures(const struct cb_report *r, struct cb_text *out)
{
	if (r->n_graphs == 0)
		cb_text_add(out, "<p>The scenario names no figure that can be drawn.</p>\n");
	for (size_t i = 0; i < r->n_graphs; i++)
		add_figure(r, &r->graphs[i], out);
}
