#include "harness/decide/table.h"

#include "harness/report/format.h"
#include "harness/report/html.h"

#include <stdlib.h>
#include <string.h>

void cb_table_row(struct cb_table *t)
{
	char *(*more)[CB_TABLE_COLUMNS_MAX] = reallocarray(t->rows, t->n + 1, sizeof(*more));

	if (!more) {
		t->failed = true;
		return;
	}
	t->rows = more;
	memset(t->rows[t->n++], 0, sizeof(*more));
}

void cb_table_put_text(struct cb_table *t, size_t column, const char *text)
{
	if (!t->n || t->failed)
		return;
	free(t->rows[t->n - 1][column]);
	t->rows[t->n - 1][column] = strdup(text);
}

void cb_table_put(struct cb_table *t, size_t column, struct cb_text *text)
{
	cb_table_put_text(t, column, cb_text_get(text));
	cb_text_clear(text);
}

void cb_table_finish(struct cb_table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		for (size_t c = 0; c < CB_TABLE_COLUMNS_MAX; c++)
			free(t->rows[i][c]);
	}
	free(t->rows);
	t->rows = NULL;
	t->n = 0;
}

static const char *field(const struct cb_table *t, size_t row, size_t column)
{
	return t->rows[row][column] ? t->rows[row][column] : "";
}

static bool says_something(const struct cb_table *t, size_t column)
{
	for (size_t i = 0; i < t->n; i++) {
		if (*field(t, i, column))
			return true;
	}
	return false;
}

static size_t width_of(const struct cb_table *t, size_t column)
{
	size_t width = cb_format_width(t->heads[column]);

	for (size_t i = 0; i < t->n; i++) {
		size_t w = cb_format_width(field(t, i, column));

		width = w > width ? w : width;
	}
	return width;
}

static void pad(struct cb_text *out, size_t n)
{
	while (n--)
		cb_text_add(out, " ");
}

/* The head where `row` is SIZE_MAX. */
static void plain_row(const struct cb_table *t, size_t row, struct cb_text *out)
{
	struct cb_text line = {0};
	size_t pending = 0;

	for (size_t c = 0; t->heads[c]; c++) {
		const char *text = row == SIZE_MAX ? t->heads[c] : field(t, row, c);
		struct cb_text clean = {0};
		size_t room;

		if (!says_something(t, c))
			continue;
		cb_format_line(&clean, text);
		room = width_of(t, c) - cb_format_width(text);
		pad(&line, pending + (t->numbers[c] ? room : 0));
		cb_text_add(&line, cb_text_get(&clean));
		/* nothing at the line's end */
		pending = 2 + (t->numbers[c] ? 0 : room);
		cb_text_finish(&clean);
	}
	cb_text_addf(out, "%s\n", cb_text_get(&line));
	cb_text_finish(&line);
}

void cb_table_plain(const struct cb_table *t, struct cb_text *out)
{
	if (!t->n)
		return;
	plain_row(t, SIZE_MAX, out);
	for (size_t i = 0; i < t->n; i++)
		plain_row(t, i, out);
}

static void markdown_row(const struct cb_table *t, size_t row, struct cb_text *out)
{
	cb_text_add(out, "|");
	for (size_t c = 0; t->heads[c]; c++) {
		if (!says_something(t, c))
			continue;
		cb_text_add(out, " ");
		cb_format_markdown(out, row == SIZE_MAX ? t->heads[c] : field(t, row, c));
		cb_text_add(out, " |");
	}
	cb_text_add(out, "\n");
}

void cb_table_markdown(const struct cb_table *t, struct cb_text *out)
{
	if (!t->n)
		return;
	markdown_row(t, SIZE_MAX, out);
	cb_text_add(out, "|");
	for (size_t c = 0; t->heads[c]; c++) {
		if (says_something(t, c))
			cb_text_add(out, t->numbers[c] ? " ---: |" : " :--- |");
	}
	cb_text_add(out, "\n");
	for (size_t i = 0; i < t->n; i++)
		markdown_row(t, i, out);
}

static void html_row(const struct cb_table *t, size_t row, struct cb_text *out)
{
	cb_text_add(out, "<tr>");
	for (size_t c = 0; t->heads[c]; c++) {
		const char *kind = t->numbers[c] ? "" : " class=\"text wide\"";

		if (!says_something(t, c))
			continue;
		cb_text_addf(out, row == SIZE_MAX ? "<th scope=\"col\"%s" : "<td%s", kind);
		if (row != SIZE_MAX) {
			cb_text_add(out, " data-head=\"");
			cb_format_html(out, t->heads[c]);
			cb_text_add(out, "\"");
		}
		cb_text_add(out, ">");
		cb_format_html(out, row == SIZE_MAX ? t->heads[c] : field(t, row, c));
		cb_text_add(out, row == SIZE_MAX ? "</th>" : "</td>");
	}
	cb_text_add(out, "</tr>\n");
}

void cb_table_html(const struct cb_table *t, const char *caption, struct cb_text *out)
{
	if (!t->n)
		return;
	cb_html_table_open(out);
	if (*caption)
		cb_html_caption(out, caption);
	cb_text_add(out, "<thead>");
	html_row(t, SIZE_MAX, out);
	cb_text_add(out, "</thead>\n<tbody>\n");
	for (size_t i = 0; i < t->n; i++)
		html_row(t, i, out);
	cb_text_add(out, "</tbody>");
	cb_html_table_close(out);
}
