#include "harness/report/param.h"

#include "harness/report/format.h"
#include "harness/scenario/scenario.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* How a path reads. `before` and `after` stand around a value that stands alone. */
struct wording {
	const char *path, *label, *before, *after, *after_one;
};

static const struct wording wordings[] = {
	{"traffic.rate", "offered rate", "", "", ""},
	{"traffic.frame_size", "frame size", "", " frames", " frames"},
	{"traffic.arrival", "arrival", "arrival ", "", ""},
	{"traffic.flows", "flows", "", " flows", " flow"},
	{"generator.transmitter", "transmitter", "transmitter ", "", ""},
	{"capture.mechanism", "mechanism", "", "", ""},
	{"capture.mechanism.tap", "tap", "tap ", "", ""},
	{"capture.wait", "wait", "wait ", "", ""},
	{"capture.load", "load", "load ", "", ""},
	{"capture.load.level", "zlib level", "level ", "", ""},
	{"capture.processes", "capture processes", "", " processes", " process"},
	{"capture.buffer", "tap buffer", "buffer ", "", ""},
	{"capture.snaplen", "snapshot length", "snapshot length ", "", ""},
	{"variant", "variant", "", "", ""},
	{"link.queues", "receive queues", "", " queues", " queue"},
	{"placement", "placement", "", "", ""},
	{"receive", "receive path", "receive path ", "", ""},
	{"duration", "duration", "", " a trial", " a trial"},
	{"warmup", "warm-up", "warm-up ", "", ""},
	{"drain", "drain", "drain ", "", ""},
	{"evidence", "evidence", "evidence ", "", ""},
};

static const struct wording *find(const char *path)
{
	for (size_t i = 0; i < sizeof(wordings) / sizeof(*wordings); i++) {
		if (strcmp(wordings[i].path, path) == 0)
			return &wordings[i];
	}
	return NULL;
}

const char *cb_param_label(const char *path)
{
	const struct wording *w = find(path);

	return w ? w->label : path;
}

static enum cb_unit unit_of(enum cb_option_type type)
{
	static const enum cb_unit units[CB_OPT_TYPES] = {
		[CB_OPT_TIME] = CB_UNIT_TIME,
		[CB_OPT_RATE] = CB_UNIT_RATE,
		[CB_OPT_BYTES] = CB_UNIT_BYTES,
		[CB_OPT_RATIO] = CB_UNIT_RATIO,
	};

	/* The others stay 0, CB_UNIT_COUNT. */
	return type < CB_OPT_TYPES ? units[type] : CB_UNIT_COUNT;
}

/* The first option called `name` of any member of the axis. */
static const struct cb_option *member_option(const struct cb_axis *axis, const char *name)
{
	const struct cb_option *row = NULL;
	const struct cb_member *m;

	for (size_t i = 0; axis && !row && (m = axis->at(i)); i++)
		row = m->options ? cb_option_find(m->options, name) : NULL;
	return row;
}

enum cb_unit cb_param_unit(const char *path, const struct cb_registry *registry)
{
	const struct cb_option *row = cb_option_find(cb_trial_options, path);
	const char *dot = strrchr(path, '.');
	char parent[128];

	if (!row && dot && registry && (size_t)(dot - path) < sizeof(parent)) {
		memcpy(parent, path, (size_t)(dot - path));
		parent[dot - path] = '\0';
		row = cb_option_find(cb_trial_options, parent);
		if (row && row->type == CB_OPT_MEMBER)
			row = member_option(cb_registry_axis(registry, row->axis), dot + 1);
		else
			row = NULL;
	}
	return row ? unit_of(row->type) : CB_UNIT_COUNT;
}

/* 1518 and its like are known as that, not as 1.482 KiB. */
static bool is_frame_size(const json_t *value)
{
	return json_integer_value(value) < 10000 && json_integer_value(value) % 1024;
}

void cb_param_print(const json_t *value, enum cb_unit unit, struct cb_text *out)
{
	char text[64];

	if (json_is_string(value))
		cb_format_line(out, json_string_value(value));
	else if (json_is_integer(value) && unit == CB_UNIT_COUNT)
		cb_text_addf(out, "%lld", (long long)json_integer_value(value));
	else if (unit == CB_UNIT_BYTES && json_is_integer(value) && is_frame_size(value))
		cb_text_addf(out, "%lld B", (long long)json_integer_value(value));
	else if (json_is_number(value))
		cb_text_add(out, cb_unit_human(unit, json_number_value(value), text, sizeof(text)));
	else if (json_is_boolean(value))
		cb_text_add(out, json_is_true(value) ? "yes" : "no");
	else
		cb_text_add(out, "-");
}

/* More values than these without their names nobody understands. */
#define POSITIONS_MAX 3

/* How many values of the member's options, in the order of its table, tell what it does: all up to
 * the last that is a time, a choice, or not its default (which the short form `canonical` names).
 */
static size_t telling_options(
	const struct cb_member *m, const char *path, const json_t *params, const char *canonical)
{
	size_t n = 0;

	for (size_t i = 0; m->options && m->options[i].name; i++) {
		const struct cb_option *row = &m->options[i];
		char key[128];
		const json_t *value;
		bool told = row->type == CB_OPT_ENUM;

		snprintf(key, sizeof(key), "%s=", row->name);
		told = told || strstr(canonical, key);
		snprintf(key, sizeof(key), "%s.%s", path, row->name);
		value = json_object_get(params, key);
		told = told || (row->type == CB_OPT_TIME && json_number_value(value) > 0);
		if (!value)
			return POSITIONS_MAX + 1;
		n = told ? i + 1 : n;
	}
	return n;
}

/* As a scenario has it: "1ms", without a blank. */
static void print_option(const json_t *value, enum cb_unit unit, struct cb_text *out)
{
	struct cb_text text = {0};

	cb_param_print(value, unit, &text);
	for (const char *c = cb_text_get(&text); *c; c++)
		cb_text_add_n(out, c, *c != ' ');
	cb_text_finish(&text);
}

/* "batch:512,1ms"; false: the member is not known, or has too many options for that. */
static bool print_member(const char *path, const json_t *params, const struct cb_registry *registry,
	struct cb_text *out)
{
	const struct cb_option *row = cb_option_find(cb_trial_options, path);
	const char *canonical = json_string_value(json_object_get(params, path)), *name;
	const struct cb_member *m = NULL;
	char key[128];
	size_t n;

	snprintf(key, sizeof(key), "%s.name", path);
	name = json_string_value(json_object_get(params, key));
	if (row && row->type == CB_OPT_MEMBER && canonical && name && registry)
		m = cb_axis_find(cb_registry_axis(registry, row->axis), name);
	n = m ? telling_options(m, path, params, canonical) : 0;
	if (!m || n > POSITIONS_MAX)
		return false;
	cb_format_line(out, name);
	for (size_t i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "%s.%s", path, m->options[i].name);
		cb_text_add(out, i ? "," : ":");
		print_option(json_object_get(params, key), unit_of(m->options[i].type), out);
	}
	return true;
}

/* Of these a reader wants to know all; of a mechanism what is not as usual. */
static bool told_in_full(const char *path)
{
	return !strcmp(path, "capture.wait") || !strcmp(path, "capture.load");
}

void cb_param_print_value_of(const char *path, const json_t *params,
	const struct cb_registry *registry, struct cb_text *out)
{
	if (!told_in_full(path) || !print_member(path, params, registry, out))
		cb_param_print(json_object_get(params, path), cb_param_unit(path, registry), out);
}

void cb_param_print_of(const char *path, const json_t *params, const struct cb_registry *registry,
	struct cb_text *out)
{
	const json_t *value = json_object_get(params, path);

	if (!value)
		return;
	if (!told_in_full(path)) {
		cb_param_print_alone(path, value, cb_param_unit(path, registry), out);
		return;
	}
	cb_text_add(out, find(path)->before);
	cb_param_print_value_of(path, params, registry, out);
}

bool cb_param_is_told(const char *path, const char (*paths)[64], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t length = strlen(paths[i]);

		if (told_in_full(paths[i]) && !strncmp(path, paths[i], length) &&
			path[length] == '.')
			return true;
	}
	return false;
}

void cb_param_print_alone(
	const char *path, const json_t *value, enum cb_unit unit, struct cb_text *out)
{
	const struct wording *w = find(path);
	bool one = json_is_integer(value) && json_integer_value(value) == 1;

	if (!w)
		cb_text_addf(out, "%s ", path);
	else
		cb_text_add(out, w->before);
	if (json_is_string(value) && strcmp(path, "traffic.rate") == 0 &&
		strcmp(json_string_value(value), "max") == 0)
		cb_text_add(out, "maximum rate");
	else
		cb_param_print(value, unit, out);
	if (w)
		cb_text_add(out, one ? w->after_one : w->after);
}

double cb_param_number(const json_t *value)
{
	return json_is_number(value) ? json_number_value(value) : NAN;
}
