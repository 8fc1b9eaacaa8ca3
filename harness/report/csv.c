/*
 * trials.csv: one row a trial (its last attempt). The columns are the record's own fields by their
 * dotted names (views.0.received), so that nothing is named twice, then the metrics. An empty field
 * is "not available".
 */
#include "harness/report/pages.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void flatten(json_t *flat, const char *name, const json_t *value);

static void join_texts(json_t *flat, const char *name, const json_t *array)
{
	struct cb_text text = {0};

	for (size_t i = 0; i < json_array_size(array); i++)
		cb_text_addf(
			&text, "%s%s", i ? "; " : "", json_string_value(json_array_get(array, i)));
	json_object_set_new(flat, name, json_string(cb_text_get(&text)));
	cb_text_finish(&text);
}

static void flatten_array(json_t *flat, const char *name, const json_t *array)
{
	const json_t *first = json_array_get(array, 0);

	/* One-second series stay in trials.jsonl; "reasons" has a column even when it is empty. */
	if (json_is_string(first) || (!first && strcmp(name, "reasons") == 0)) {
		join_texts(flat, name, array);
		return;
	}
	for (size_t i = 0; json_is_object(first) && i < json_array_size(array); i++) {
		struct cb_text path = {0};

		cb_text_addf(&path, "%s.%zu", name, i);
		flatten(flat, cb_text_get(&path), json_array_get(array, i));
		cb_text_finish(&path);
	}
}

static void flatten_object(json_t *flat, const char *name, const json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		struct cb_text path = {0};

		cb_text_addf(&path, "%s%s%s", name, name[0] ? "." : "", key);
		flatten(flat, cb_text_get(&path), value);
		cb_text_finish(&path);
	}
}

static void flatten(json_t *flat, const char *name, const json_t *value)
{
	if (json_is_object(value))
		flatten_object(flat, name, value);
	else if (json_is_array(value))
		flatten_array(flat, name, value);
	else
		json_object_set(flat, name, (json_t *)value);
}

static json_t *row_of(const struct cb_trial_record *r)
{
	json_t *record = cb_trial_record_json(r), *flat = json_object();
	char name[128];

	flatten(flat, "", record);
	json_decref(record);
	for (const struct cb_metric *m = cb_metrics; m->name; m++) {
		snprintf(name, sizeof(name), "metric.%s", m->name);
		cb_json_set_real(flat, name, m->value(r));
	}
	return flat;
}

/* RFC 4180: a field with a comma, a quote or a line break stands in quotes. */
static void add_text(struct cb_text *out, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		cb_text_add(out, text);
		return;
	}
	cb_text_add(out, "\"");
	for (; *text; text++) {
		cb_text_add(out, *text == '"' ? "\"" : "");
		cb_text_add_n(out, text, 1);
	}
	cb_text_add(out, "\"");
}

static void add_field(struct cb_text *out, const json_t *value)
{
	char *number;

	if (json_is_string(value)) {
		add_text(out, json_string_value(value));
	} else if (value && !json_is_null(value)) {
		number = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
		cb_text_add(out, number ? number : "");
		free(number);
	}
}

static void add_row(const json_t *columns, const json_t *row, struct cb_text *out)
{
	const char *name;
	json_t *value;
	size_t i = 0;

	json_object_foreach((json_t *)columns, name, value)
	{
		cb_text_add(out, i++ ? "," : "");
		if (row)
			add_field(out, json_object_get(row, name));
		else
			add_text(out, name);
	}
	cb_text_add(out, "\r\n");
}

void cb_page_csv(const struct cb_report *r, struct cb_text *out)
{
	json_t *columns = json_object();

	for (size_t i = 0; i < r->data.n_trials; i++) {
		json_t *row = row_of(&r->data.trials[i].record);

		if (r->data.trials[i].counts)
			json_object_update_missing(columns, row);
		json_decref(row);
	}
	add_row(columns, NULL, out);
	for (size_t i = 0; i < r->data.n_trials; i++) {
		json_t *row = row_of(&r->data.trials[i].record);

		if (r->data.trials[i].counts)
			add_row(columns, row, out);
		json_decref(row);
	}
	json_decref(columns);
}
