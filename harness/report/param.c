#include "harness/report/param.h"

#include "harness/report/format.h"
#include "harness/scenario/scenario.h"

#include <math.h>
#include <string.h>

/* How a path reads. `before` and `after` stand around a value that stands alone. */
struct wording {
	const char *path, *label, *before, *after, *after_one;
};

static const struct wording wordings[] = {
	{"traffic.rate", "offered rate", "", "", ""},
	{"traffic.frame_size", "frame size", "", " frames", " frames"},
	{"generator.transmitter", "transmitter", "transmitter ", "", ""},
	{"capture.mechanism", "mechanism", "", "", ""},
	{"capture.wait", "wait", "wait ", "", ""},
	{"capture.load", "load", "load ", "", ""},
	{"capture.load.level", "zlib level", "level ", "", ""},
	{"capture.processes", "capture processes", "", " processes", " process"},
	{"capture.buffer", "tap buffer", "buffer ", "", ""},
	{"capture.snaplen", "snapshot length", "snapshot length ", "", ""},
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

void cb_param_print(const json_t *value, enum cb_unit unit, struct cb_text *out)
{
	char text[64];

	if (json_is_string(value))
		cb_format_line(out, json_string_value(value));
	else if (json_is_integer(value) && unit == CB_UNIT_COUNT)
		cb_text_addf(out, "%lld", (long long)json_integer_value(value));
	else if (json_is_number(value))
		cb_text_add(out, cb_unit_human(unit, json_number_value(value), text, sizeof(text)));
	else if (json_is_boolean(value))
		cb_text_add(out, json_is_true(value) ? "yes" : "no");
	else
		cb_text_add(out, "-");
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
