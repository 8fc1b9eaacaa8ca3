/* {from: 200k, to: 1270k, points: 8} and {from: 0, to: 9, step: 3} -> values. */
#include "harness/base/units.h"
#include "harness/scenario/capacity.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/sweep.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_TEXT_MAX 32

/* Shares of the capacity between the ends are rounded to whole percents. */
#define SHARE_STEP_PPM 10000

enum of { OF_NOTHING, OF_CAPACITY };
static const char *const of_names[] = {"nothing", "capacity", NULL};
enum scale { SCALE_LINEAR, SCALE_LOG };
static const char *const scale_names[] = {"linear", "log", NULL};

struct range_keys {
	char from[NUMBER_TEXT_MAX], to[NUMBER_TEXT_MAX], step[NUMBER_TEXT_MAX];
	int64_t points;
	int scale, of;
};

#define KEY(key)      .name = #key, .offset = offsetof(struct range_keys, key)
#define KEY_TEXT(key) .name = #key, CB_OPTION_TEXT_AT(struct range_keys, key)

static const struct cb_option range_options[] = {
	{KEY_TEXT(from), .fallback = NULL, .help = "First value"},
	{KEY_TEXT(to), .fallback = NULL, .help = "Last value"},
	{KEY_TEXT(step), .fallback = "", .help = "Distance of values"},
	{KEY(points), .type = CB_OPT_COUNT, .fallback = "0", .min = 0, .max = CB_CELLS_MAX,
		.help = "How many values, both ends included"},
	{KEY(scale), .type = CB_OPT_ENUM, .fallback = "linear", .choices = scale_names,
		.help = "How points are spread"},
	{KEY(of), .type = CB_OPT_ENUM, .fallback = "nothing", .choices = of_names,
		.help = "Of a rate: from and to are shares of what this machine sustains"},
	CB_OPTION_END,
};

/* The numbers among the option types, and how they are written. */
static const struct {
	bool is;
	enum cb_unit unit;
} number_types[CB_OPT_TYPES] = {
	[CB_OPT_COUNT] = {true, CB_UNIT_COUNT},
	[CB_OPT_TIME] = {true, CB_UNIT_TIME},
	[CB_OPT_RATE] = {true, CB_UNIT_RATE},
	[CB_OPT_BYTES] = {true, CB_UNIT_BYTES},
	[CB_OPT_RATIO] = {true, CB_UNIT_RATIO},
};

struct range {
	enum cb_unit unit;
	int64_t from, to, step, points;
	enum scale scale;
	enum of of;
};

static int read_number(enum cb_unit unit, const char *key, const char *text,
	const struct cb_node *at, const char *label, int64_t *value, struct cb_error *err)
{
	const char *why = "";
	int rc = cb_unit_parse(unit, text, value, &why);

	if (rc)
		return cb_node_error(
			at, err, "%s.%s: \"%s\" is not understood: %s", label, key, text, why);
	if (unit == CB_UNIT_RATE && *value == CB_RATE_MAX)
		return cb_node_error(
			at, err, "%s.%s: \"max\" is no number: put it into a list", label, key);
	return 0;
}

static int check_range(const struct range *r, const struct range_keys *keys,
	const struct cb_node *at, const char *label, struct cb_error *err)
{
	if (r->from > r->to)
		return cb_node_error(
			at, err, "%s: from %s is above to %s", label, keys->from, keys->to);
	if (!*keys->step == !r->points)
		return cb_node_error(at, err, "%s: a range has either step or points", label);
	if (r->points == 1)
		return cb_node_error(at, err, "%s.points: at least 2: both ends are points", label);
	if (*keys->step && r->step <= 0)
		return cb_node_error(at, err, "%s.step: must be above 0", label);
	if (*keys->step && r->scale == SCALE_LOG)
		return cb_node_error(
			at, err, "%s: scale: log goes with points, not with step", label);
	if (r->scale == SCALE_LOG && r->from <= 0)
		return cb_node_error(at, err, "%s: scale: log needs a from above 0", label);
	return 0;
}

static int read_range(enum cb_unit unit, const struct cb_node *map, const char *label,
	struct range *r, struct cb_error *err)
{
	struct range_keys keys;
	char prefix[2 * CB_PATH_MAX];
	const struct cb_schema schema = {.options = range_options, .prefix = prefix};
	int rc;

	snprintf(prefix, sizeof(prefix), "%s.", label);
	rc = cb_schema_decode(&schema, map, &keys, err);
	if (rc)
		return rc;
	if (keys.of == OF_CAPACITY && unit != CB_UNIT_RATE)
		return cb_node_error(
			cb_node_find(map, "of"), err, "%s.of: capacity is for traffic.rate", label);
	if (keys.of == OF_CAPACITY)
		unit = CB_UNIT_RATIO;
	*r = (struct range){.unit = unit,
		.points = keys.points,
		.scale = (enum scale)keys.scale,
		.of = (enum of)keys.of};
	rc = read_number(unit, "from", keys.from, cb_node_find(map, "from"), label, &r->from, err);
	if (!rc)
		rc = read_number(unit, "to", keys.to, cb_node_find(map, "to"), label, &r->to, err);
	if (!rc && *keys.step)
		rc = read_number(
			unit, "step", keys.step, cb_node_find(map, "step"), label, &r->step, err);
	return rc ? rc : check_range(r, &keys, map, label, err);
}

/* How many values; more than CB_CELLS_MAX is as good as any number above it. */
static size_t count_values(const struct range *r)
{
	uint64_t steps;

	if (r->points)
		return (size_t)r->points;
	/* to - from may need 64 bits */
	steps = ((uint64_t)r->to - (uint64_t)r->from) / (uint64_t)r->step;
	return steps >= CB_CELLS_MAX ? CB_CELLS_MAX + 1 : (size_t)steps + 1;
}

/* The i-th value, rounded to a whole number of base units. */
static int64_t value_at(const struct range *r, size_t i)
{
	__int128 span = (__int128)r->to - r->from, last = r->points - 1;

	if (!r->points)
		return (int64_t)(r->from + (__int128)r->step * (__int128)i);
	if ((__int128)i == last)
		return r->to;
	if (i == 0 || r->scale == SCALE_LINEAR)
		return (int64_t)(r->from + (span * (__int128)i + last / 2) / last);
	return (int64_t)llrint(
		(double)r->from * pow((double)r->to / (double)r->from, (double)i / (double)last));
}

int cb_range_read(struct cb_node_pool *pool, const struct cb_option *row,
	const struct cb_node *range, const char *label, const struct cb_node ***values, size_t *n,
	struct cb_error *err)
{
	int64_t before = 0;
	struct range r;
	char text[96];
	int rc;

	if (!number_types[row->type].is)
		return cb_node_error(range, err,
			"%s: a range is for numbers: list the values, as in [a, b]", label);
	rc = read_range(number_types[row->type].unit, range, label, &r, err);
	if (rc)
		return rc;
	*n = count_values(&r);
	if (*n > CB_CELLS_MAX)
		return cb_node_error(
			range, err, "%s: this range has more than %d values", label, CB_CELLS_MAX);
	*values = cb_node_alloc(pool, *n * sizeof(**values));
	if (!*values)
		return cb_error_memory(err, "a range");
	for (size_t i = 0; i < *n; i++) {
		int64_t value = value_at(&r, i);

		if (r.of == OF_CAPACITY && i && i + 1 < *n)
			value = (value + SHARE_STEP_PPM / 2) / SHARE_STEP_PPM * SHARE_STEP_PPM;

		if (i && value <= before)
			return cb_node_error(range, err,
				"%s: %zu points are more than there are whole values from from to "
				"to",
				label, *n);
		before = value;
		if (r.of == OF_CAPACITY)
			cb_capacity_format(value, text, sizeof(text));
		else
			cb_unit_format(r.unit, value, text, sizeof(text));
		(*values)[i] = cb_node_scalar(pool, range, text);
		if (!(*values)[i])
			return cb_error_memory(err, "a range");
	}
	return 0;
}
