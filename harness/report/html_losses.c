/* "Why frames were lost" of report.html. */
#include "harness/report/format.h"
#include "harness/report/html.h"

#include <string.h>

static void add_cell(const json_t *loss, const char *key, struct cb_text *out)
{
	const char *text = json_string_value(json_object_get(loss, key));

	cb_text_add(out, "<td class=\"text\">");
	cb_format_html(out, text && *text ? text : "-");
	cb_text_add(out, "</td>");
}

static void add_row(const json_t *loss, struct cb_text *out)
{
	const char *label = json_string_value(json_object_get(loss, "label"));

	cb_text_add(out, "<tr><th scope=\"row\">");
	cb_format_html(out, label ? label : "?");
	cb_text_add(out, "</th><td>");
	cb_format_percent(out, json_number_value(json_object_get(loss, "lost")));
	cb_text_add(out, "</td>");
	add_cell(loss, "cause", out);
	add_cell(loss, "numbers", out);
	add_cell(loss, "cure", out);
	add_cell(loss, "measured", out);
	cb_text_add(out, "</tr>\n");
}

void cb_html_losses(const struct cb_report *r, struct cb_text *out)
{
	const json_t *losses = json_object_get(r->summary, "losses");

	if (json_array_size(losses) == 0) {
		cb_text_add(out,
			"<p>No cell lost 0.1 % and more for a reason that the rules know.</p>\n");
		return;
	}
	cb_text_add(out,
		"<p>Rules over the evidence (medians of a cell's trials), the cells that lost most "
		"first. A cell may have several causes. The last column is what a cell that "
		"differs "
		"in the change alone captured more.</p>\n");
	cb_html_table_open(out);
	cb_text_add(out,
		"<thead><tr><th scope=\"col\" class=\"text\">cell</th><th scope=\"col\">lost "
		"(%)</th><th scope=\"col\" class=\"text\">cause</th><th scope=\"col\" "
		"class=\"text\">what shows it</th><th scope=\"col\" class=\"text\">what should "
		"help</th><th scope=\"col\" class=\"text\">measured gain</th></tr></thead>\n"
		"<tbody>\n");
	for (size_t i = 0; i < json_array_size(losses); i++)
		add_row(json_array_get(losses, i), out);
	cb_text_add(out, "</tbody>");
	cb_html_table_close(out);
}
