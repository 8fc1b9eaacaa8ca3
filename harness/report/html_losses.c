/* "Why frames were lost" of report.html. */
#include "harness/report/format.h"
#include "harness/report/html.h"

#include <string.h>

static void add_cell(const json_t *loss, const char *key, const char *classes, struct cb_text *out)
{
	const char *text = json_string_value(json_object_get(loss, key));

	cb_text_addf(out, "<td class=\"%s\">", classes);
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
	add_cell(loss, "cause", "text", out);
	add_cell(loss, "numbers", "text long", out);
	add_cell(loss, "cure", "text", out);
	add_cell(loss, "measured", "text", out);
	cb_text_add(out, "</tr>\n");
}

static void add_cause(const json_t *cause, struct cb_text *out)
{
	const json_t *gain = json_object_get(cause, "gain");

	cb_text_add(out, "<tr><th scope=\"row\">");
	cb_format_html(out, json_string_value(json_object_get(cause, "cause")));
	cb_text_addf(out, "</th><td>%lld</td><td>",
		(long long)json_integer_value(json_object_get(cause, "cells")));
	cb_format_percent(out, json_number_value(json_object_get(cause, "lost")));
	cb_text_add(out, "</td><td>");
	cb_format_percent(out, json_number_value(json_object_get(cause, "lost_most")));
	cb_text_add(out, "</td><td class=\"text long\">");
	cb_format_html(out, json_string_value(json_object_get(cause, "worst")));
	cb_text_add(out, ": ");
	cb_format_html(out, json_string_value(json_object_get(cause, "numbers")));
	cb_text_add(out, "</td>");
	add_cell(cause, "cure", "text", out);
	if (json_is_number(gain))
		cb_text_addf(out, "<td class=\"text\">%+.1f points, median of %lld cells; at best ",
			100 * json_number_value(gain),
			(long long)json_integer_value(json_object_get(cause, "measured")));
	else
		cb_text_add(out, "<td class=\"text\">not measured here");
	cb_format_html(out, json_string_value(json_object_get(cause, "best")));
	cb_text_add(out, "</td></tr>\n");
}

static void add_causes(const struct cb_report *r, struct cb_text *out)
{
	const json_t *causes = json_object_get(r->summary, "loss_causes");

	cb_text_add(out,
		"<p>Rules over the evidence (medians of a cell's trials) say what cells that lost "
		"0.1&nbsp;% and more suffer from, and what should help; a cell may have several "
		"causes. The gain is what cells captured more that differ in that change "
		"alone.</p>\n");
	cb_html_table_open(out);
	cb_text_add(out,
		"<thead><tr><th scope=\"col\" class=\"text\">cause</th>"
		"<th scope=\"col\">cells</th><th scope=\"col\">lost, median (%)</th>"
		"<th scope=\"col\">most (%)</th>"
		"<th scope=\"col\" class=\"text\">where it was most, and what shows it</th>"
		"<th scope=\"col\" class=\"text\">what should help</th>"
		"<th scope=\"col\" class=\"text\">measured gain</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < json_array_size(causes); i++)
		add_cause(json_array_get(causes, i), out);
	cb_text_add(out, "</tbody>");
	cb_html_table_close(out);
}

static void add_unexplained(const struct cb_report *r, struct cb_text *out)
{
	struct cb_text words = {0};

	cb_losses_unexplained_print(r->summary, &words);
	if (words.length)
		cb_html_text(out, "p", cb_text_get(&words));
	cb_text_finish(&words);
}

void cb_html_losses(const struct cb_report *r, struct cb_text *out)
{
	const json_t *losses = json_object_get(r->summary, "losses");

	if (json_array_size(losses) == 0) {
		cb_text_add(out,
			"<p>No cell lost 0.1 % and more for a reason that the rules know.</p>\n");
		add_unexplained(r, out);
		return;
	}
	add_causes(r, out);
	add_unexplained(r, out);
	cb_text_add(out, "<details><summary>Cell by cell, what lost most first</summary>\n");
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
	cb_text_add(out, "</details>\n");
}
