/* What the names in a report stand for: its reader may have nothing but the page. */
#include "harness/report/format.h"
#include "harness/report/html.h"

#include <string.h>

static const struct {
	const char *axis, *path;
} members[] = {
	{"mechanism", "capture.mechanism"},
	{"wait", "capture.wait"},
	{"load", "capture.load"},
	{"transmitter", "generator.transmitter"},
};

/* Values that are no members; a path that is NULL: a word of the report's own. */
static const struct {
	const char *path, *value, *text;
} words[] = {
	{"placement", "A:A",
		"Placement: the capture process runs on the core that does the kernel's receive "
		"work."},
	{"placement", "A:B", "Placement: it has a core of its own."},
	{"placement", "auto", "Placement: it runs where the scheduler puts it."},
	{"receive", "softirq", "Receive path: softirqs, on the core where the frames come in."},
	{"receive", "rps", "Receive path: softirqs, on another core by receive packet steering."},
	{"receive", "threaded", "Receive path: a kernel thread for each queue (threaded NAPI)."},
	{NULL, "captured share",
		"Of the frames that were offered while the trial measured, those that the capture "
		"process got; the mean of the processes where there are several."},
	{NULL, "offered", "What really went out, however much was asked for."},
	{NULL, "generator-limited", "The generator could not send as fast as was asked for."},
	{NULL, "cell, trial, n",
		"A cell is one combination of settings, a trial one measurement of it; n trials "
		"of a cell are valid."},
	{NULL, "points", "The difference between two percentages: 30 % is 20 points above 10 %."},
};

/* A cell's value is "name", or "name:option=value". */
static bool is_used(const struct cb_report *r, const char *path, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < r->cells.n; i++) {
		const char *text =
			json_string_value(json_object_get(r->cells.cells[i].params, path));

		if (text && strncmp(text, name, length) == 0 &&
			(text[length] == '\0' || text[length] == ':'))
			return true;
	}
	return false;
}

static void add_name(const char *name, const char *text, const char *in_paper, struct cb_text *out)
{
	cb_text_add(out, "<div><dt>");
	cb_format_html(out, name);
	cb_text_add(out, "</dt><dd>");
	cb_format_html(out, text);
	if (in_paper) {
		cb_text_add(out, " In the paper: ");
		cb_format_html(out, in_paper);
		cb_text_add(out, ".");
	}
	cb_text_add(out, "</dd></div>\n");
}

static void add_members(
	const struct cb_report *r, const char *axis_name, const char *path, struct cb_text *out)
{
	const struct cb_axis *axis = r->registry ? cb_registry_axis(r->registry, axis_name) : NULL;
	const struct cb_member *m;

	for (size_t i = 0; axis && (m = axis->at(i)); i++) {
		if (is_used(r, path, m->name))
			add_name(m->name, m->help, m->paper, out);
	}
}

void cb_html_names(const struct cb_report *r, struct cb_text *out)
{
	cb_text_add(out, "<dl class=\"words\">\n");
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		add_members(r, members[i].axis, members[i].path, out);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!words[i].path || is_used(r, words[i].path, words[i].value))
			add_name(words[i].value, words[i].text, NULL, out);
	}
	cb_text_add(out, "</dl>\n");
}
