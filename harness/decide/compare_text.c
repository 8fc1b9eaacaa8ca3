/* A comparison as text, as Markdown and as JUnit's XML. */
#include "harness/decide/compare_page.h"
#include "harness/decide/compared.h"
#include "harness/report/format.h"

#include <math.h>

#define REMARKS_MAX 12 /* more are a wall on a terminal */

static void add_sides(const struct cb_compare *c, struct cb_text *out)
{
	for (int side = 0; side < 2; side++) {
		const struct cb_compare_run *r = cb_compare_side(c, side);
		struct cb_text settings = {0};

		cb_compare_print_settings(c, side, &settings);
		cb_text_addf(out, "%-10s ", c->labels[side]);
		cb_format_line(out, r->data.directory);
		cb_text_addf(out, " (%s)%s", cb_report_data_run_text(&r->data, "started"),
			settings.length ? ": " : "");
		cb_format_line(out, cb_text_get(&settings));
		cb_text_add(out, "\n");
		cb_text_finish(&settings);
	}
}

/* The points of what is not plainly the same, or of all. */
static bool worth_showing(const struct cb_compare *c, const struct cb_compared *x, bool points)
{
	return x->judged.points &&
		(points || x->outcome == CB_OUTCOME_CONFIRMED || x->outcome == CB_OUTCOME_SUSPECT);
}

static void add_points(const struct cb_compare *c, bool points, struct cb_text *out)
{
	for (size_t i = 0; i < c->n; i++) {
		struct cb_table t;

		if (!worth_showing(c, &c->list[i], points))
			continue;
		cb_text_add(out, "\n");
		cb_compared_print_name(&c->list[i], out);
		if (c->list[i].measure->metric->unit[0])
			cb_text_addf(out, " (%s)", c->list[i].measure->metric->unit);
		cb_text_add(out, "\n");
		cb_compare_points_table(c, &c->list[i], &t);
		cb_table_plain(&t, out);
		cb_table_finish(&t);
	}
}

static const char explanation[] =
	"shift: candidate less base, Hodges and Lehmann's estimate over the curve; p: permutation "
	"test over the curve's trials, after Holm's correction; seen from: the smallest shift that "
	"so many trials would have shown";

void cb_compare_text(const struct cb_compare *c, bool points, struct cb_text *out)
{
	json_t *remarks = cb_compare_remarks(c);
	struct cb_table t;

	add_sides(c, out);
	cb_text_add(out, "verdict    ");
	cb_compare_headline(c, out);
	cb_text_add(out, "\n\n");
	cb_compare_curves_table(c, &t);
	cb_table_plain(&t, out);
	cb_table_finish(&t);
	if (c->n)
		cb_text_addf(out, "(%s)\n", explanation);
	add_points(c, points, out);
	cb_compare_environment_table(c, &t);
	cb_text_add(out, t.n ? "\nenvironment: what differs\n" : "");
	cb_table_plain(&t, out);
	cb_table_finish(&t);
	cb_text_add(out, json_array_size(remarks) ? "\n" : "");
	for (size_t i = 0; i < json_array_size(remarks) && i < REMARKS_MAX; i++) {
		cb_text_add(out, "note       ");
		cb_format_line(out, json_string_value(json_array_get(remarks, i)));
		cb_text_add(out, "\n");
	}
	if (json_array_size(remarks) > REMARKS_MAX)
		cb_text_addf(out, "note       and %zu more: --json tells all\n",
			json_array_size(remarks) - REMARKS_MAX);
	json_decref(remarks);
}

static void markdown_points(const struct cb_compare *c, struct cb_text *out)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct cb_compared *x = &c->list[i];
		struct cb_text name = {0};
		struct cb_table t;

		if (!x->judged.points)
			continue;
		cb_compared_print_name(x, &name);
		cb_text_add(out,
			worth_showing(c, x, false) ? "\n<details open><summary>"
						   : "\n<details><summary>");
		cb_format_html(out, cb_text_get(&name));
		if (x->measure->metric->unit[0])
			cb_text_addf(out, " (%s)", x->measure->metric->unit);
		cb_text_add(out, "</summary>\n\n");
		cb_compare_points_table(c, x, &t);
		cb_table_markdown(&t, out);
		cb_table_finish(&t);
		cb_text_add(out, "\n</details>\n");
		cb_text_finish(&name);
	}
}

/* A pull request is not to be flooded: many are folded up. */
static void markdown_remarks(const json_t *remarks, struct cb_text *out)
{
	bool many = json_array_size(remarks) > REMARKS_MAX;
	json_t *text;
	size_t i;

	if (many)
		cb_text_addf(
			out, "\n<details><summary>%zu notes</summary>\n", json_array_size(remarks));
	cb_text_add(out, json_array_size(remarks) ? "\n" : "");
	json_array_foreach(remarks, i, text)
	{
		cb_text_add(out, "- ");
		cb_format_markdown(out, json_string_value(text));
		cb_text_add(out, "\n");
	}
	cb_text_add(out, many ? "\n</details>\n" : "");
}

void cb_compare_markdown(const struct cb_compare *c, struct cb_text *out)
{
	json_t *remarks = cb_compare_remarks(c);
	struct cb_text line = {0};
	struct cb_table t;

	cb_compare_headline(c, &line);
	cb_text_add(out, "### ");
	cb_format_markdown(out, cb_report_data_title(&cb_compare_side(c, CB_COMPARE_BASE)->data));
	cb_text_add(out, "\n\n**");
	cb_format_markdown(out, cb_text_get(&line));
	cb_text_add(out, "**\n\n");
	cb_compare_curves_table(c, &t);
	cb_table_markdown(&t, out);
	cb_table_finish(&t);
	cb_text_addf(out, "\n<sub>%s</sub>\n", explanation);
	markdown_points(c, out);
	cb_compare_environment_table(c, &t);
	cb_text_add(out, t.n ? "\nEnvironment, what differs:\n\n" : "");
	cb_table_markdown(&t, out);
	cb_table_finish(&t);
	markdown_remarks(remarks, out);
	json_decref(remarks);
	cb_text_finish(&line);
}

/* What a test case is that did not pass; "" it did. A suspicion is an error of the measurement, not
 * a failure of what is measured. */
static const char *junit_kind(enum cb_outcome outcome)
{
	return outcome == CB_OUTCOME_CONFIRMED ? "failure"
		: outcome == CB_OUTCOME_SAME   ? ""
					       : "error";
}

static void junit_case(const struct cb_compare *c, const struct cb_compared *x, struct cb_text *out)
{
	const char *kind = junit_kind(x->outcome), *why;
	struct cb_text line = {0};
	struct cb_table t;

	cb_text_add(out, "    <testcase classname=\"");
	cb_format_html(out, x->measure->metric->name);
	cb_text_add(out, "\" name=\"");
	cb_format_html(out, x->curve->label[0] ? x->curve->label : "the only curve");
	if (!*kind) {
		cb_text_add(out, "\"/>\n");
		return;
	}
	why = json_string_value(
		json_array_get(json_array_size(x->reasons) ? x->reasons : c->reasons, 0));
	cb_compared_print_effect(x, c, &line);
	cb_text_addf(out, "\">\n      <%s message=\"", kind);
	cb_format_html(out, cb_compare_word(c, x->outcome));
	cb_text_add(out, ": ");
	cb_format_html(out, x->outcome == CB_OUTCOME_UNCLEAR && why ? why : cb_text_get(&line));
	cb_text_add(out, "\">\n");
	cb_text_clear(&line);
	cb_compare_points_table(c, x, &t);
	cb_table_plain(&t, &line);
	cb_table_finish(&t);
	for (const char *p = cb_text_get(&line); *p; p++)
		cb_text_addf(out, *p == '<' ? "&lt;" : *p == '&' ? "&amp;" : "%c", *p);
	cb_text_addf(out, "      </%s>\n    </testcase>\n", kind);
	cb_text_finish(&line);
}

void cb_compare_junit(const struct cb_compare *c, struct cb_text *out)
{
	const char *why = json_string_value(json_array_get(c->reasons, 0));
	size_t failures = 0, errors = 0;

	for (size_t i = 0; i < c->n; i++) {
		failures += junit_kind(c->list[i].outcome)[0] == 'f';
		errors += junit_kind(c->list[i].outcome)[0] == 'e';
	}
	cb_text_add(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
		"  <testsuite name=\"");
	cb_format_html(out, cb_report_data_name(&cb_compare_side(c, CB_COMPARE_BASE)->data));
	/* a case that stands for all when there is none */
	cb_text_addf(out, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n", c->n + !c->n,
		failures, errors + !c->n);
	for (size_t i = 0; i < c->n; i++)
		junit_case(c, &c->list[i], out);
	if (!c->n) {
		cb_text_add(out, "    <testcase name=\"comparison\"><error message=\"");
		cb_format_html(out, why ? why : "nothing could be compared");
		cb_text_add(out, "\"/></testcase>\n");
	}
	cb_text_add(out, "  </testsuite>\n</testsuites>\n");
}
