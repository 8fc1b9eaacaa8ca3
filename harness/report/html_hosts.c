/* The hosts' facts, the test-bed, and what could not be had there. */
#include "harness/report/changes.h"
#include "harness/report/format.h"
#include "harness/report/html.h"

#include <stdlib.h>
#include <string.h>

/* Facts nested deeper than this are not facts of a host. */
#define DEPTH_MAX 6
#define SETTINGS  "settings"

static void add_value(const json_t *value, struct cb_text *out)
{
	char *text = NULL;

	if (json_is_null(value)) {
		cb_text_add(out, "not available");
	} else if (json_is_string(value)) {
		cb_format_html(out, json_string_value(value));
	} else {
		text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
		cb_format_html(out, text ? text : "?");
	}
	free(text);
}

/* A row for each fact, by its dotted name. */
static void add_facts(const char *name, const json_t *facts, int depth, struct cb_text *out)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)facts, key, value)
	{
		struct cb_text path = {0};

		if (!depth && strcmp(key, SETTINGS) == 0)
			continue; /* has a table of its own */
		cb_text_addf(&path, "%s%s%s", name, name[0] ? "." : "", key);
		if (json_is_object(value) && depth < DEPTH_MAX) {
			add_facts(cb_text_get(&path), value, depth + 1, out);
		} else {
			cb_text_add(out, "<tr><th scope=\"row\">");
			cb_format_html(out, cb_text_get(&path));
			cb_text_add(out, "</th><td class=\"text wide\">");
			add_value(value, out);
			cb_text_add(out, "</td></tr>\n");
		}
		cb_text_finish(&path);
	}
}

/* The first host with these facts; the agents of a local test-bed report one machine. */
static const char *same_facts(const json_t *hosts, const char *name, const json_t *facts)
{
	const char *other;
	json_t *theirs;

	json_object_foreach((json_t *)hosts, other, theirs)
	{
		if (strcmp(other, name) == 0)
			return NULL;
		if (json_equal(theirs, facts))
			return other;
	}
	return NULL;
}

/* How everything was set that `host:` could set. */
static void add_settings(const json_t *facts, struct cb_text *out)
{
	const json_t *settings = json_object_get(facts, SETTINGS);

	if (!json_object_size(settings))
		return;
	cb_text_addf(
		out, "<details><summary>Settings (%zu)</summary>\n", json_object_size(settings));
	cb_html_table_open(out);
	cb_text_add(out, "<tbody class=\"facts\">\n");
	add_facts("", settings, 1, out);
	cb_text_add(out, "</tbody>");
	cb_html_table_close(out);
	cb_text_add(out, "</details>\n");
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void add_host(
	const json_t *hosts, const char *name, const json_t *facts, struct cb_text *out)
{
	const char *same = same_facts(hosts, name, facts);

	if (same) {
		cb_text_add(out, "<p>Host <b>");
		cb_format_html(out, name);
		cb_text_add(out, "</b>: the same machine, with the same facts, as <b>");
		cb_format_html(out, same);
		cb_text_add(out, "</b>.</p>\n");
		return;
	}
	cb_html_text(out, "h3", name);
	cb_html_table_open(out);
	cb_text_add(out, "<tbody class=\"facts\">\n");
	add_facts("", facts, 0, out);
	cb_text_add(out, "</tbody>");
	cb_html_table_close(out);
	add_settings(facts, out);
}

/* What did not stay as it was. */
static void add_changes(const struct cb_report *r, struct cb_text *out)
{
	json_t *changes = cb_host_changes(&r->data);
	const json_t *change;
	size_t i;

	if (json_object_size(r->data.hosts_after))
		cb_text_add(out, "<h3>Before and after</h3>\n");
	if (json_object_size(r->data.hosts_after) && !json_array_size(changes))
		cb_text_add(out,
			"<p>Nothing that is recorded of the hosts differed between before "
			"the first trial and after the last.</p>\n");
	if (json_array_size(changes)) {
		cb_html_table_open(out);
		cb_text_add(out,
			"<thead><tr><th>Host</th><th>What</th><th>Before</th><th>After</th>"
			"</tr></thead>\n<tbody class=\"facts\">\n");
		json_array_foreach(changes, i, change)
		{
			cb_text_add(out, "<tr>");
			cb_html_text(out, "td", text_of(change, "host"));
			cb_html_text(out, "td", text_of(change, "fact"));
			cb_html_text(out, "td", text_of(change, "before"));
			cb_html_text(out, "td", text_of(change, "after"));
			cb_text_add(out, "</tr>\n");
		}
		cb_text_add(out, "</tbody>");
		cb_html_table_close(out);
	}
	json_decref(changes);
}

void cb_html_hosts(const struct cb_report *r, struct cb_text *out)
{
	const json_t *testbed = json_object_get(r->data.run, "testbed");
	const char *name;
	json_t *facts;

	json_object_foreach(r->data.hosts, name, facts) add_host(r->data.hosts, name, facts, out);
	if (json_object_size(r->data.hosts) == 0)
		cb_text_add(out, "<p>No facts about the hosts were recorded.</p>\n");
	add_changes(r, out);
	if (json_is_object(testbed)) {
		json_t *shape = json_copy((json_t *)testbed);

		json_object_del(shape, "missing"); /* has a section of its own */
		cb_text_add(out, "<h3>Test-bed</h3>\n");
		cb_html_table_open(out);
		cb_text_add(out, "<tbody class=\"facts\">\n");
		add_facts("", shape, 0, out);
		cb_text_add(out, "</tbody>");
		cb_html_table_close(out);
		json_decref(shape);
	}
	if (r->data.testbed) {
		cb_text_add(out, "<details><summary>testbed.yaml</summary>\n");
		cb_html_lines(out, "pre", r->data.testbed);
		cb_text_add(out, "</details>\n");
	}
}

/* Metrics that no trial could tell: they need something that this machine does not give. */
static void add_unknown_metrics(const struct cb_report *r, struct cb_text *out)
{
	for (const struct cb_metric *m = cb_metrics; m->name && r->totals.trials; m++) {
		bool known = false;

		for (size_t i = 0; i < r->cells.n && !known; i++)
			known = cb_report_cell_summary(&r->cells.cells[i], m).n > 0;
		if (known)
			continue;
		cb_text_add(out, "<li>");
		cb_format_html(out, m->label);
		cb_text_add(out, ": not available in any trial</li>\n");
	}
}

void cb_html_missing(const struct cb_report *r, struct cb_text *out)
{
	const json_t *testbed = json_object_get(r->data.run, "testbed");
	struct cb_text items = {0};

	add_unknown_metrics(r, &items);
	if (items.length == 0 && json_array_size(json_object_get(testbed, "missing")) == 0) {
		cb_text_add(out, "<p>Nothing that this run asked for was missing.</p>\n");
		return;
	}
	cb_html_list(out, json_object_get(testbed, "missing"));
	if (items.length)
		cb_text_addf(out, "<ul>\n%s</ul>\n", cb_text_get(&items));
	cb_text_finish(&items);
}
