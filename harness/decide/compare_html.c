/* compare.html: the page's skeleton is plots/compare.html; and all files of a comparison. */
#include "harness/base/file.h"
#include "harness/decide/compare_page.h"
#include "harness/decide/compared.h"
#include "harness/report/embedded.h"
#include "harness/report/format.h"
#include "harness/report/html.h"
#include "harness/report/machine.h"

#include <stdlib.h>
#include <string.h>

#define REMARKS_MAX 6 /* the verdicts stand below */

struct page {
	const struct cb_compare *c;
	const char *directory; /* where the pictures are */
};

static void title(const struct page *p, struct cb_text *out)
{
	const char *of = cb_report_data_title(&cb_compare_side(p->c, CB_COMPARE_BASE)->data);
	size_t n = strlen(of);

	cb_format_html(out, of);
	cb_text_add(out, n && strchr("?!.", of[n - 1]) ? " " : ": ");
	cb_format_html(out, p->c->labels[CB_COMPARE_CAND]);
	cb_text_add(out, " against ");
	cb_format_html(out, p->c->labels[CB_COMPARE_BASE]);
}

static void css(const struct page *p, struct cb_text *out)
{
	(void)p;
	cb_text_add(out, cb_embedded_find("report.css"));
}

static void verdict(const struct page *p, struct cb_text *out)
{
	struct cb_text line = {0};

	cb_compare_headline(p->c, &line);
	cb_html_text(out,
		p->c->outcome == CB_OUTCOME_SAME ? "p class=\"verdict holds\""
						 : "p class=\"verdict fails\"",
		cb_text_get(&line));
	cb_text_finish(&line);
}

static void origin(const struct page *p, struct cb_text *out)
{
	for (int side = 0; side < 2; side++) {
		const struct cb_report_data *d = &cb_compare_side(p->c, side)->data;
		struct cb_text machine = {0}, settings = {0};

		cb_machine_print(d, &machine);
		cb_compare_print_settings(p->c, side, &settings);
		cb_text_add(out, "<span><b>");
		cb_format_html(out, p->c->labels[side]);
		cb_text_add(out, "</b> ");
		cb_format_html(out, cb_text_get(&settings));
		cb_text_add(out, settings.length ? ": " : "");
		cb_format_html(out, d->directory);
		cb_text_add(out, ", ");
		cb_format_html(out, cb_report_data_run_text(d, "started"));
		cb_text_add(out, ", ");
		cb_format_html(out, cb_text_get(&machine));
		cb_text_add(out, "</span> ");
		cb_text_finish(&settings);
		cb_text_finish(&machine);
	}
}

static void remarks(const struct page *p, struct cb_text *out)
{
	json_t *list = cb_compare_remarks(p->c), *more = json_array();
	size_t n = json_array_size(list);

	for (size_t i = REMARKS_MAX; i < n; i++)
		json_array_append(more, json_array_get(list, i));
	for (size_t i = n; i > REMARKS_MAX; i--)
		json_array_remove(list, i - 1);
	if (n) {
		cb_text_add(out,
			"<section class=\"warnings\" id=\"notes\">\n"
			"<h2>Before trusting this</h2>\n");
		cb_html_list(out, list);
	}
	if (json_array_size(more)) {
		cb_text_addf(out, "<details><summary>%zu more</summary>\n", json_array_size(more));
		cb_html_list(out, more);
		cb_text_add(out, "</details>\n");
	}
	cb_text_add(out, n ? "</section>\n" : "");
	json_decref(more);
	json_decref(list);
}

static void curves(const struct page *p, struct cb_text *out)
{
	struct cb_table t;

	cb_compare_curves_table(p->c, &t);
	cb_table_html(&t, "", out);
	cb_table_finish(&t);
}

static void figures(const struct page *p, struct cb_text *out)
{
	cb_compare_figures_html(p->c, p->directory, out);
}

static void points(const struct page *p, struct cb_text *out)
{
	for (size_t i = 0; i < p->c->n; i++) {
		const struct cb_compared *x = &p->c->list[i];
		struct cb_text name = {0};
		struct cb_table t;

		if (!x->judged.points)
			continue;
		cb_compared_print_name(x, &name);
		if (x->measure->metric->unit[0])
			cb_text_addf(&name, " (%s)", x->measure->metric->unit);
		cb_compare_points_table(p->c, x, &t);
		cb_table_html(&t, cb_text_get(&name), out);
		cb_table_finish(&t);
		cb_text_finish(&name);
	}
}

static void environment(const struct page *p, struct cb_text *out)
{
	struct cb_table t;

	cb_compare_environment_table(p->c, &t);
	if (t.n)
		cb_table_html(&t, "", out);
	else
		cb_text_add(out, "<p>Nothing that was recorded differs.</p>\n");
	cb_table_finish(&t);
}

static const struct {
	const char *name;
	void (*add)(const struct page *p, struct cb_text *out);
} parts[] = {
	{"title", title},
	{"css", css},
	{"verdict", verdict},
	{"origin", origin},
	{"remarks", remarks},
	{"curves", curves},
	{"figures", figures},
	{"points", points},
	{"environment", environment},
};

static void add_part(const void *arg, const char *name, size_t length, struct cb_text *out)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (strlen(parts[i].name) == length && strncmp(parts[i].name, name, length) == 0)
			parts[i].add(arg, out);
	}
}

void cb_compare_html(const struct cb_compare *c, const char *directory, struct cb_text *out)
{
	const struct page p = {c, directory};

	cb_html_fill(cb_embedded_find("compare.html"), add_part, &p, out);
}

static int write_text(
	const char *directory, const char *name, const struct cb_text *text, struct cb_error *err)
{
	char path[4096];
	int rc = text->failed ? cb_error_memory(err, name)
			      : cb_file_join(path, sizeof(path), directory, name, err);

	return rc ? rc : cb_file_replace(path, cb_text_get(text), text->length, err);
}

static void page_json(const struct cb_compare *c, const char *directory, struct cb_text *out)
{
	json_t *json = cb_compare_json(c);
	char *text = json ? json_dumps(json, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;

	(void)directory;
	out->failed = !text;
	if (text)
		cb_text_addf(out, "%s\n", text);
	free(text);
	json_decref(json);
}

static void page_markdown(const struct cb_compare *c, const char *directory, struct cb_text *out)
{
	(void)directory;
	cb_compare_markdown(c, out);
}

static void page_junit(const struct cb_compare *c, const char *directory, struct cb_text *out)
{
	(void)directory;
	cb_compare_junit(c, out);
}

int cb_compare_write(
	const struct cb_compare *c, const char *directory, bool pictures, struct cb_error *err)
{
	static const struct {
		const char *name;
		void (*make)(
			const struct cb_compare *c, const char *directory, struct cb_text *out);
	} pages[] = {
		{"compare.json", page_json},
		{"compare.md", page_markdown},
		{"junit.xml", page_junit},
		{"compare.html", cb_compare_html},
	};
	int rc = cb_file_make_dirs(directory, err);

	if (!rc)
		rc = cb_compare_figures_write(c, directory, pictures, err);
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages) && !rc; i++) {
		struct cb_text text = {0};

		pages[i].make(c, directory, &text);
		rc = write_text(directory, pages[i].name, &text, err);
		cb_text_finish(&text);
	}
	return rc;
}
