/* The claims of report.html: what was said, what came out here. */
#include "harness/report/format.h"
#include "harness/report/html.h"

#include <math.h>
#include <string.h>

static const char *text_of(const json_t *claim, const char *key)
{
	const char *text = json_string_value(json_object_get(claim, key));

	return text ? text : "";
}

static void add_figure(const json_t *claim, struct cb_text *out)
{
	const char *figure = text_of(claim, "figure");

	cb_text_add(out, "<td class=\"text\">");
	if (*figure) {
		cb_text_add(out, "<a href=\"#figure-");
		cb_format_html(out, figure);
		cb_text_add(out, "\">");
		cb_format_html(out, figure);
		cb_text_add(out, "</a>");
	}
	cb_text_add(out, "</td>");
}

static void add_small(struct cb_text *out, const char *label, const char *text)
{
	if (!*text)
		return;
	cb_text_addf(out, "<br><span class=\"small\">%s", label);
	cb_format_html(out, text);
	cb_text_add(out, "</span>");
}

static void add_verdict(const json_t *claim, struct cb_text *out)
{
	const char *verdict = text_of(claim, "verdict"), *analogue = text_of(claim, "analogue");
	bool decided = strstr(verdict, "reproduced") != NULL;

	cb_text_addf(out, "<td class=\"text verdict %s\"><b>",
		strcmp(verdict, "reproduced") == 0 ? "holds"
			: decided                  ? "fails"
						   : "open");
	cb_format_html(out, verdict);
	cb_text_add(out, "</b>");
	if (*analogue && decided)
		cb_text_add(out, " on an analogue");
	add_small(out, "", text_of(claim, "why"));
	if (decided)
		add_small(out, "", analogue);
	cb_text_add(out, "</td>");
}

static void add_found(const json_t *claim, struct cb_text *out)
{
	const json_t *p = json_object_get(claim, "p");

	cb_text_add(out, "<td class=\"text\">");
	cb_format_html(out, text_of(claim, "found"));
	if (json_is_number(p))
		cb_text_addf(out, "; p = %.2g", json_number_value(p));
	add_small(out, "Evidence, medians of all its cells: ", text_of(claim, "evidence"));
	add_small(out, "", text_of(claim, "otherwise"));
	cb_text_add(out, "</td>");
}

static void add_row(const json_t *claim, struct cb_text *out)
{
	cb_text_add(out, "<tr id=\"claim-");
	cb_format_html(out, text_of(claim, "id"));
	cb_text_add(out, "\"><th scope=\"row\">");
	cb_format_html(out, text_of(claim, "id"));
	cb_text_add(out, "</th><td class=\"text\">");
	cb_format_html(out, text_of(claim, "says"));
	cb_text_add(out, "</td><td class=\"text\">");
	cb_format_html(out, text_of(claim, "section"));
	cb_text_add(out, "</td>");
	add_verdict(claim, out);
	add_found(claim, out);
	add_figure(claim, out);
	cb_text_add(out, "</tr>\n");
}

void cb_html_claims_link(const struct cb_report *r, struct cb_text *out)
{
	if (json_array_size(json_object_get(r->summary, "claims")))
		cb_text_add(out, "<a href=\"#claims\">Claims</a> ");
}

void cb_html_claims(const struct cb_report *r, struct cb_text *out)
{
	const json_t *claims = json_object_get(r->summary, "claims");

	if (json_array_size(claims) == 0)
		return;
	cb_text_add(out,
		"<section id=\"claims\">\n<h2>Claims</h2>\n"
		"<p>What was said, and what these trials say to it. A verdict rests on a "
		"permutation test over all points of a curve that both sides have, exact where "
		"every split can be counted, and is corrected for the number of claims (Holm): "
		"p is what is left of it. ");
	cb_text_addf(out,
		"A claim is called reproduced, or not reproduced, where p is %g&nbsp;%% at most, "
		"so that the verdict should come out again when the run is repeated; else it is "
		"undecided. ",
		100 * CB_VERDICT_ALPHA);
	cb_text_add(out,
		"The effect is the median of all differences between a trial of one side and one "
		"of the other, with its 95&nbsp;% interval where so few trials can give one. "
		"Where the median share is 99.9&nbsp;% on both sides, the share can't tell them "
		"apart, and the point is left out.</p>\n");
	cb_html_table_open(out);
	cb_text_add(out,
		"<thead><tr><th scope=\"col\" class=\"text\">claim</th>"
		"<th scope=\"col\" class=\"text\">says</th>"
		"<th scope=\"col\" class=\"text\">section</th>"
		"<th scope=\"col\" class=\"text\">verdict here</th>"
		"<th scope=\"col\" class=\"text\">what was found</th>"
		"<th scope=\"col\" class=\"text\">figure</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < json_array_size(claims); i++)
		add_row(json_array_get(claims, i), out);
	cb_text_add(out, "</tbody>");
	cb_html_table_close(out);
	cb_text_add(out, "</section>\n");
}
