/* report.html: the page's skeleton is plots/report.html; what stands between {{ and }} there names
 * a part that is filled in here. */
#include "harness/report/html.h"

#include "harness/report/embedded.h"
#include "harness/report/format.h"
#include "harness/report/machine.h"

#include <inttypes.h>
#include <string.h>

void cb_html_text(struct cb_text *out, const char *tag, const char *text)
{
	cb_text_addf(out, "<%s>", tag);
	cb_format_html(out, text);
	cb_text_addf(out, "</%.*s>\n", (int)strcspn(tag, " "), tag);
}

void cb_html_lines(struct cb_text *out, const char *tag, const char *text)
{
	const char *end;

	cb_text_addf(out, "<%s>", tag);
	/* cb_format_html makes one line of what it gets. */
	for (; *text; text = *end ? end + 1 : end) {
		struct cb_text line = {0};

		end = text + strcspn(text, "\n");
		cb_text_add_n(&line, text, (size_t)(end - text));
		cb_format_html(out, cb_text_get(&line));
		cb_text_add(out, "\n");
		cb_text_finish(&line);
	}
	cb_text_addf(out, "</%s>\n", tag);
}

void cb_html_list(struct cb_text *out, const json_t *list)
{
	if (json_array_size(list) == 0)
		return;
	cb_text_add(out, "<ul>\n");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		cb_html_text(out, "li", text ? text : "?");
	}
	cb_text_add(out, "</ul>\n");
}

void cb_html_table_open(struct cb_text *out)
{
	/* Focusable, so that it can be scrolled by keys. */
	cb_text_add(out, "<div class=\"scroll\" tabindex=\"0\"><table>\n");
}

void cb_html_caption(struct cb_text *out, const char *text)
{
	/* The span stays in sight while a wide table is scrolled. */
	cb_text_add(out, "<caption><span>");
	cb_format_html(out, text);
	cb_text_add(out, "</span></caption>\n");
}

void cb_html_table_close(struct cb_text *out)
{
	cb_text_add(out, "</table></div>\n");
}

static void title(const struct cb_report *r, struct cb_text *out)
{
	cb_format_html(out, cb_report_data_title(&r->data));
}

static void css(const struct cb_report *r, struct cb_text *out)
{
	(void)r;
	cb_text_add(out, cb_embedded_find("report.css"));
}

static void question(const struct cb_report *r, struct cb_text *out)
{
	const char *text = r->data.scenario ? r->data.scenario->question
					    : cb_report_data_run_text(&r->data, "question");

	if (text[0])
		cb_html_text(out, "p class=\"question\"", text);
}

static void add_fact(struct cb_text *out, const char *label, const char *text)
{
	if (!text[0])
		return;
	cb_text_addf(out, "<span><b>%s</b> ", label);
	cb_format_html(out, text);
	cb_text_add(out, "</span> ");
}

static void origin(const struct cb_report *r, struct cb_text *out)
{
	const json_t *seed = json_object_get(r->data.run, "seed");
	const char *version =
		json_string_value(json_object_get(json_object_get(r->data.run, "tool"), "version"));
	struct cb_text text = {0};

	add_fact(out, "scenario", cb_report_data_name(&r->data));
	add_fact(out, "started", cb_report_data_run_text(&r->data, "started"));
	add_fact(out, "status", cb_report_data_run_text(&r->data, "status"));
	if (json_is_integer(seed))
		cb_text_addf(&text, "%" PRId64, (int64_t)json_integer_value(seed));
	else
		cb_text_add(&text, cb_report_data_run_text(&r->data, "seed"));
	add_fact(out, "seed", cb_text_get(&text));
	add_fact(out, "capbench", version ? version : "");
	cb_text_clear(&text);
	cb_machine_print(&r->data, &text);
	add_fact(out, "machine", cb_text_get(&text));
	if (r->data.scenario && r->data.scenario->paper_figure)
		cb_text_addf(out, "<span><b>after</b> Braun et al., IMC 2010, figure %d</span>",
			r->data.scenario->paper_figure);
	cb_text_finish(&text);
}

static void results(const struct cb_report *r, struct cb_text *out)
{
	cb_html_list(out, json_object_get(r->summary, "results"));
}

static void warnings(const struct cb_report *r, struct cb_text *out)
{
	const json_t *list = json_object_get(r->summary, "warnings");

	if (json_array_size(list) == 0)
		return;
	cb_text_add(out,
		"<section class=\"warnings\" id=\"warnings\">\n<h2>Before trusting this</h2>\n");
	cb_html_list(out, list);
	cb_text_add(out, "</section>\n");
}

static void command(const struct cb_report *r, struct cb_text *out)
{
	struct cb_text text = {0};

	cb_words_command(r, &text);
	if (text.length)
		cb_html_text(out, "pre", cb_text_get(&text));
	else
		cb_text_add(out, "<p>The command line was not recorded.</p>\n");
	cb_text_finish(&text);
}

static void scenario(const struct cb_report *r, struct cb_text *out)
{
	if (!r->data.scenario || !r->data.scenario->source)
		return;
	cb_text_add(out, "<details><summary>The scenario as it was carried out</summary>\n");
	cb_html_lines(out, "pre", r->data.scenario->source);
	cb_text_add(out, "</details>\n");
}

static const struct {
	const char *name;
	void (*add)(const struct cb_report *r, struct cb_text *out);
} parts[] = {
	{"title", title},
	{"css", css},
	{"question", question},
	{"origin", origin},
	{"results", results},
	{"warnings", warnings},
	{"claims-link", cb_html_claims_link},
	{"claims", cb_html_claims},
	{"names", cb_html_names},
	{"figures", cb_html_figures},
	{"losses", cb_html_losses},
	{"books", cb_html_books},
	{"trials", cb_html_trials},
	{"evidence", cb_html_evidence},
	{"hosts", cb_html_hosts},
	{"missing", cb_html_missing},
	{"command", command},
	{"scenario", scenario},
};

static void add_part(const void *arg, const char *name, size_t length, struct cb_text *out)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (strlen(parts[i].name) == length && strncmp(parts[i].name, name, length) == 0)
			parts[i].add(arg, out);
	}
}

void cb_html_fill(const char *skeleton,
	void (*add)(const void *arg, const char *name, size_t length, struct cb_text *out),
	const void *arg, struct cb_text *out)
{
	const char *open, *close;

	while ((open = strstr(skeleton, "{{")) && (close = strstr(open, "}}"))) {
		cb_text_add_n(out, skeleton, (size_t)(open - skeleton));
		add(arg, open + 2, (size_t)(close - open) - 2, out);
		skeleton = close + 2;
	}
	cb_text_add(out, skeleton);
}

void cb_page_html(const struct cb_report *r, struct cb_text *out)
{
	cb_html_fill(cb_embedded_find("report.html"), add_part, r, out);
}
