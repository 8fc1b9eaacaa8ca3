/* The hosts' facts, the test-bed, and what could not be had there. */
#include "harness/report/format.h"
#include "harness/report/html.h"

#include <stdlib.h>
#include <string.h>

/* Facts nested deeper than this are not facts of a host. */
#define DEPTH_MAX 6

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
}

void cb_html_hosts(const struct cb_report *r, struct cb_text *out)
{
	const json_t *testbed = json_object_get(r->data.run, "testbed");
	const char *name;
	json_t *facts;

	json_object_foreach(r->data.hosts, name, facts) add_host(r->data.hosts, name, facts, out);
	if (json_object_size(r->data.hosts) == 0)
		cb_text_add(out, "<p>No facts about the hosts were recorded.</p>\n");
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
