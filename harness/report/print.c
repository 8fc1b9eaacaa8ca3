/* The summary for a terminal or a pipe: plain text, worst things first. It is made of summary.json
 * alone. */
#include "harness/report/cells.h"
#include "harness/report/format.h"
#include "harness/report/metric.h"
#include "harness/report/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS_MIN  40
#define WARNINGS_MAX 8

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static int64_t count_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* Words of `text` in lines of at most `columns`, those after the first indented. */
static void print_wrapped(const char *text, size_t columns, size_t indent, struct cb_text *out)
{
	struct cb_text line = {0};
	size_t column = indent;
	char *word, *rest = NULL;

	cb_format_line(&line, text);
	word = line.data ? strtok_r(line.data, " ", &rest) : NULL;
	for (bool first = true; word; first = false) {
		size_t width = cb_format_width(word);

		if (!first && column + 1 + width > columns) {
			cb_text_addf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			cb_text_add(out, " ");
			column++;
		}
		cb_text_add(out, word);
		column += width;
		word = strtok_r(NULL, " ", &rest);
	}
	cb_text_add(out, "\n");
	cb_text_finish(&line);
}

/* The first `n` characters of a UTF-8 text; returns what comes after them. */
static const char *skip(const char *text, size_t n)
{
	while (*text && n--) {
		text++;
		while (((unsigned char)*text & 0xc0) == 0x80)
			text++;
	}
	return text;
}

/* `text` in a column of `width`. Longer text loses its middle: labels of series differ at their
 * ends. */
static void print_cell(const char *text, size_t width, bool right, struct cb_text *out)
{
	size_t n = cb_format_width(text), head = width / 2, tail = width - head - 2;

	if (n > width) {
		cb_text_add_n(out, text, (size_t)(skip(text, head) - text));
		cb_text_add(out, "..");
		cb_text_add(out, skip(text, n - tail));
		return;
	}
	cb_text_addf(out, "%*s", right ? (int)(width - n) : 0, "");
	cb_text_add(out, text);
	cb_text_addf(out, "%*s", right ? 0 : (int)(width - n), "");
}

static bool is_marked(const json_t *point, const char *mark)
{
	const json_t *marks = json_object_get(point, "marked");

	for (size_t i = 0; i < json_array_size(marks); i++) {
		if (strcmp(json_string_value(json_array_get(marks, i)), mark) == 0)
			return true;
	}
	return false;
}

static const json_t *point_at(const json_t *series, const json_t *asked)
{
	const json_t *points = json_object_get(series, "points"), *point;
	size_t i;

	json_array_foreach((json_t *)points, i, point)
	{
		if (json_equal(json_object_get(point, "asked"), json_object_get(asked, "asked")))
			return point;
	}
	return NULL;
}

static void print_number(const struct cb_metric *metric, const json_t *point, struct cb_text *out)
{
	const json_t *median = json_object_get(point, "median");

	cb_metric_print(metric, json_is_number(median) ? json_number_value(median) : NAN, out);
}

static size_t print_signs(const json_t *point, unsigned *used, struct cb_text *out)
{
	size_t n = 0;

	for (size_t i = 0; cb_cell_marks[i].sign; i++) {
		if (!is_marked(point, cb_cell_marks[i].name))
			continue;
		cb_text_add(out, cb_cell_marks[i].sign);
		*used |= 1u << i;
		n++;
	}
	return n;
}

/* A table: series down, x across, in as many parts as the columns ask for. */
struct table {
	const json_t *series, *asked; /* arrays of summary.json: series, x_values */
	const struct cb_metric *metric;
	const char *corner;
	size_t label_width, width; /* of the first and of the other columns */
	size_t number_width;       /* of these, up to the signs */
	unsigned used;             /* bits: marks that some field has */
};

static void widen(size_t *width, size_t needed)
{
	if (needed > *width)
		*width = needed;
}

static void measure(struct table *t, size_t label_max)
{
	struct cb_text number = {0}, signs = {0};
	const json_t *one, *asked;
	size_t i, j, most_signs = 0;

	t->label_width = cb_format_width(t->corner);
	json_array_foreach((json_t *)t->series, i, one)
	{
		widen(&t->label_width, cb_format_width(text_of(one, "label")));
		json_array_foreach((json_t *)t->asked, j, asked)
		{
			cb_text_clear(&number);
			print_number(t->metric, point_at(one, asked), &number);
			widen(&t->number_width, cb_format_width(cb_text_get(&number)));
			widen(&most_signs, print_signs(point_at(one, asked), &t->used, &signs));
		}
	}
	t->width = t->number_width + most_signs;
	json_array_foreach((json_t *)t->asked, j, asked)
		widen(&t->width, cb_format_width(text_of(asked, "text")));
	/* Under a long head the numbers stand right, as far as their signs let them. */
	t->number_width = t->width - most_signs;
	if (t->label_width > label_max)
		t->label_width = label_max;
	cb_text_finish(&number);
	cb_text_finish(&signs);
}

static void print_field(struct table *t, const json_t *point, struct cb_text *out)
{
	struct cb_text number = {0}, signs = {0};

	print_number(t->metric, point, &number);
	print_signs(point, &t->used, &signs);
	cb_text_add(out, "  ");
	print_cell(cb_text_get(&number), t->number_width, true, out);
	print_cell(cb_text_get(&signs), t->width - t->number_width, false, out);
	cb_text_finish(&number);
	cb_text_finish(&signs);
}

static void end_line(struct cb_text *out)
{
	while (out->length && out->data[out->length - 1] == ' ')
		out->data[--out->length] = '\0';
	cb_text_add(out, "\n");
}

static void print_part(struct table *t, size_t from, size_t to, struct cb_text *out)
{
	const json_t *one;
	size_t i;

	cb_text_add(out, "  ");
	print_cell(t->corner, t->label_width, false, out);
	for (size_t j = from; j < to; j++) {
		cb_text_add(out, "  ");
		print_cell(text_of(json_array_get(t->asked, j), "text"), t->width, true, out);
	}
	end_line(out);
	json_array_foreach((json_t *)t->series, i, one)
	{
		cb_text_add(out, "  ");
		print_cell(text_of(one, "label"), t->label_width, false, out);
		for (size_t j = from; j < to; j++)
			print_field(t, point_at(one, json_array_get(t->asked, j)), out);
		end_line(out);
	}
}

static void print_table(struct table *t, size_t columns, struct cb_text *out)
{
	size_t n = json_array_size(t->asked), per_part;

	measure(t, columns / 2);
	per_part =
		columns > t->label_width + 4 ? (columns - t->label_width - 2) / (t->width + 2) : 1;
	per_part = per_part ? per_part : 1;
	for (size_t from = 0; from < n; from += per_part)
		print_part(t, from, from + per_part < n ? from + per_part : n, out);
	for (size_t i = 0; cb_cell_marks[i].sign; i++) {
		if (t->used & 1u << i)
			cb_text_addf(
				out, "  %s %s\n", cb_cell_marks[i].sign, cb_cell_marks[i].text);
	}
}

static void print_figure(const json_t *figure, size_t columns, struct cb_text *out)
{
	struct table t = {.series = json_object_get(figure, "series"),
		.metric = cb_metric_find(text_of(figure, "y")),
		.asked = json_object_get(figure, "x_values"),
		.corner = text_of(figure, "x_label")};
	struct cb_text head = {0};

	cb_text_addf(&head, "%s: %s", text_of(figure, "id"),
		t.metric ? t.metric->label : text_of(figure, "y"));
	if (t.metric && t.metric->unit[0])
		cb_text_addf(&head, " (%s)", t.metric->unit);
	cb_text_addf(&head, " by %s, medians", text_of(figure, "x_label"));
	cb_text_add(out, "\n");
	print_wrapped(cb_text_get(&head), columns, 2, out);
	if (t.metric && json_array_size(t.asked))
		print_table(&t, columns, out);
	else
		cb_text_add(out, "  no trial can be shown\n");
	cb_text_finish(&head);
}

static void print_counts(const json_t *s, size_t columns, struct cb_text *out)
{
	const json_t *missing = json_object_get(s, "missing");
	struct cb_text line = {0};

	cb_text_addf(&line,
		"%" PRId64 " trials: %" PRId64 " valid, %" PRId64 " generator-limited, %" PRId64
		" invalid",
		count_of(s, "trials"), count_of(s, "valid"), count_of(s, "generator_limited"),
		count_of(s, "invalid"));
	if (json_integer_value(missing) > 0)
		cb_text_addf(&line, ", %" PRId64 " missing", (int64_t)json_integer_value(missing));
	if (json_is_integer(json_object_get(s, "unaccounted")))
		cb_text_addf(&line, "; unaccounted: %" PRId64, count_of(s, "unaccounted"));
	else
		cb_text_add(&line, "; unaccounted: too many to add up");
	if (count_of(s, "unaccounted_unknown"))
		cb_text_addf(&line, " (not known in %" PRId64 " trials)",
			count_of(s, "unaccounted_unknown"));
	print_wrapped(cb_text_get(&line), columns, 2, out);
	cb_text_finish(&line);
}

static void print_warnings(const json_t *s, size_t columns, struct cb_text *out)
{
	const json_t *warnings = json_object_get(s, "warnings");
	size_t n = json_array_size(warnings);

	for (size_t i = 0; i < n && i < WARNINGS_MAX; i++) {
		cb_text_add(out, "! ");
		print_wrapped(json_string_value(json_array_get(warnings, i)), columns, 2, out);
	}
	if (n > WARNINGS_MAX)
		cb_text_addf(out, "! and %zu more, in the report\n", n - WARNINGS_MAX);
}

void cb_report_print(const json_t *summary, int columns, struct cb_text *out)
{
	size_t width = columns < COLUMNS_MIN ? COLUMNS_MIN : (size_t)columns;
	const json_t *figures = json_object_get(summary, "figures"), *figure;
	struct cb_text head = {0};
	size_t i;

	cb_text_add(&head, text_of(summary, "scenario"));
	if (strcmp(text_of(summary, "title"), text_of(summary, "scenario")) != 0)
		cb_text_addf(&head, ": %s", text_of(summary, "title"));
	print_wrapped(cb_text_get(&head), width, 2, out);
	print_warnings(summary, width, out);
	print_counts(summary, width, out);
	json_array_foreach((json_t *)figures, i, figure) print_figure(figure, width, out);
	cb_text_finish(&head);
}
