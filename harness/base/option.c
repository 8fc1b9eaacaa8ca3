#include "harness/base/option.h"

#include "harness/base/units.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define QUOTED   "\"%.80s\""
#define NEAR_MAX 128

/* What the number types share; types without a row here are no numbers. */
static const struct number {
	bool is;
	enum cb_unit unit;
	const char *noun, *metavar;
} numbers[CB_OPT_TYPES] = {
	[CB_OPT_COUNT] = {true, CB_UNIT_COUNT, "a whole number", "N"},
	[CB_OPT_TIME] = {true, CB_UNIT_TIME, "a time", "TIME"},
	[CB_OPT_RATE] = {true, CB_UNIT_RATE, "a rate", "RATE"},
	[CB_OPT_BYTES] = {true, CB_UNIT_BYTES, "a size", "SIZE"},
	[CB_OPT_RATIO] = {true, CB_UNIT_RATIO, "a ratio", "SHARE"},
};

static const struct {
	const char *name;
	bool value;
} bool_names[] = {{"true", true}, {"false", false}, {"yes", true}, {"no", false}, {"on", true},
	{"off", false}};

const struct cb_option *cb_option_find(const struct cb_option *table, const char *name)
{
	for (; table && table->name; table++) {
		if (!strcmp(table->name, name))
			return table;
	}
	return NULL;
}

const char *cb_option_nearest(const struct cb_option *table, const char *wrong)
{
	const char *names[NEAR_MAX];
	size_t n = 0;

	for (; table && table->name && n < NEAR_MAX; table++)
		names[n++] = table->name;
	return cb_text_nearest(wrong, names, n);
}

void cb_option_defaults(const struct cb_option *table, void *base)
{
	for (; table && table->name; table++) {
		if (!table->fallback)
			continue;
		/* a default that its own row refuses is a defect of the table */
		if (cb_option_decode(table, table->fallback, base, NULL))
			assert(!"default out of its own option's bounds");
	}
}

static int refuse_range(const struct cb_option *row, const char *text, enum cb_unit unit,
	int64_t min, int64_t max, struct cb_error *err)
{
	char low[64], high[64];

	cb_unit_format(unit, min, low, sizeof(low));
	cb_unit_format(unit, max, high, sizeof(high));
	if (max == INT64_MAX)
		return cb_error_set(err, CB_ERR_USAGE, "%s: " QUOTED " is too small: at least %s",
			row->name, text, low);
	return cb_error_set(err, CB_ERR_USAGE, "%s: " QUOTED " is out of range: %s to %s",
		row->name, text, low, high);
}

static int decode_number(
	const struct cb_option *row, const char *text, void *field, struct cb_error *err)
{
	const struct number *number = &numbers[row->type];
	int64_t max = row->min || row->max ? row->max : INT64_MAX, value;
	const char *why;
	int rc = cb_unit_parse(number->unit, text, &value, &why);

	if (rc == -ERANGE)
		return cb_error_set(
			err, CB_ERR_USAGE, "%s: " QUOTED " is too large a number", row->name, text);
	if (rc)
		return cb_error_set(err, CB_ERR_USAGE, "%s: " QUOTED " is not %s: %s", row->name,
			text, number->noun, why);
	if (value < row->min || value > max) {
		/* "max" is no number, so no bound is in its way */
		if (row->type != CB_OPT_RATE || value != CB_RATE_MAX)
			return refuse_range(row, text, number->unit, row->min, max, err);
	}
	memcpy(field, &value, sizeof(value));
	return 0;
}

static int decode_bool(
	const struct cb_option *row, const char *text, void *field, struct cb_error *err)
{
	for (size_t i = 0; i < sizeof(bool_names) / sizeof(*bool_names); i++) {
		if (!strcmp(bool_names[i].name, text)) {
			memcpy(field, &bool_names[i].value, sizeof(bool));
			return 0;
		}
	}
	return cb_error_set(
		err, CB_ERR_USAGE, "%s: " QUOTED " is neither true nor false", row->name, text);
}

static void list_choices(const struct cb_option *row, const char *between, struct cb_text *out)
{
	for (size_t i = 0; row->choices[i]; i++) {
		cb_text_add(out, i ? between : "");
		cb_text_add(out, row->choices[i]);
	}
}

static int decode_enum(
	const struct cb_option *row, const char *text, void *field, struct cb_error *err)
{
	struct cb_text list = {0};
	const char *near;
	int n;

	for (n = 0; row->choices[n]; n++) {
		if (!strcmp(row->choices[n], text)) {
			memcpy(field, &n, sizeof(n));
			return 0;
		}
	}
	near = cb_text_nearest(text, row->choices, (size_t)n);
	list_choices(row, ", ", &list);
	cb_error_set(err, CB_ERR_USAGE, "%s: " QUOTED " is none of %s%s%s%s", row->name, text,
		cb_text_get(&list), near ? "; did you mean \"" : "", near ? near : "",
		near ? "\"?" : "");
	cb_text_finish(&list);
	return CB_ERR_USAGE;
}

static int decode_text(
	const struct cb_option *row, const char *text, void *field, struct cb_error *err)
{
	if (strlen(text) >= row->text_size)
		return cb_error_set(err, CB_ERR_USAGE,
			"%s: \"%.40s...\" is too long: at most %zu bytes", row->name, text,
			row->text_size - 1);
	/* may be the field itself */
	memmove(field, text, strlen(text) + 1);
	return 0;
}

int cb_option_decode(
	const struct cb_option *row, const char *text, void *base, struct cb_error *err)
{
	void *field = (char *)base + row->offset;

	switch (row->type) {
	case CB_OPT_BOOL:
		return decode_bool(row, text, field, err);
	case CB_OPT_ENUM:
		return decode_enum(row, text, field, err);
	case CB_OPT_TEXT:
	case CB_OPT_MEMBER:
		return decode_text(row, text, field, err);
	default:
		return decode_number(row, text, field, err);
	}
}

int cb_option_set(const struct cb_option *table, const char *name, const char *text, void *base,
	struct cb_error *err)
{
	const struct cb_option *row = cb_option_find(table, name);
	const char *near;

	if (row)
		return cb_option_decode(row, text, base, err);
	near = cb_option_nearest(table, name);
	return cb_error_set(err, CB_ERR_USAGE, "option " QUOTED " is not known%s%s%s", name,
		near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int64_t number_of(const void *field)
{
	int64_t value;

	memcpy(&value, field, sizeof(value));
	return value;
}

static bool bool_of(const void *field)
{
	bool value;

	memcpy(&value, field, sizeof(value));
	return value;
}

static const char *choice_of(const struct cb_option *row, const void *field)
{
	int value;

	memcpy(&value, field, sizeof(value));
	for (int i = 0; row->choices[i]; i++) {
		if (i == value)
			return row->choices[i];
	}
	return "";
}

void cb_option_print(const struct cb_option *row, const void *base, struct cb_text *out)
{
	const void *field = (const char *)base + row->offset;
	char number[64];

	switch (row->type) {
	case CB_OPT_BOOL:
		cb_text_add(out, bool_of(field) ? "true" : "false");
		break;
	case CB_OPT_ENUM:
		cb_text_add(out, choice_of(row, field));
		break;
	case CB_OPT_TEXT:
	case CB_OPT_MEMBER:
		cb_text_add(out, field);
		break;
	default:
		cb_text_add(out,
			cb_unit_format(
				numbers[row->type].unit, number_of(field), number, sizeof(number)));
	}
}

json_t *cb_option_json(const struct cb_option *row, const void *base)
{
	const void *field = (const char *)base + row->offset;

	switch (row->type) {
	case CB_OPT_BOOL:
		return json_boolean(bool_of(field));
	case CB_OPT_ENUM:
		return json_string(choice_of(row, field));
	case CB_OPT_TEXT:
	case CB_OPT_MEMBER:
		return json_string(field);
	default:
		if (row->type == CB_OPT_RATE && number_of(field) == CB_RATE_MAX)
			return json_string("max");
		return json_integer(number_of(field));
	}
}

void cb_option_metavar(const struct cb_option *row, struct cb_text *out)
{
	if (row->metavar)
		cb_text_add(out, row->metavar);
	else if (numbers[row->type].is)
		cb_text_add(out, numbers[row->type].metavar);
	else if (row->type == CB_OPT_ENUM)
		list_choices(row, "|", out);
	else if (row->type == CB_OPT_BOOL)
		cb_text_add(out, "yes|no");
	else if (row->axis)
		cb_text_add(out, row->axis);
	else
		cb_text_add(out, "TEXT");
}
