/*
 * Option tables. One row says everything about an option: its name, type,
 * place in a struct, default, bounds and help. Decoding, checking, --help,
 * `list`, the man page and JSON are all made from the row; nothing about an
 * option is written twice.
 */
#ifndef CB_HARNESS_BASE_OPTION_H
#define CB_HARNESS_BASE_OPTION_H

#include "harness/base/error.h"
#include "harness/base/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The C type of the field that a row fills stands behind each. */
enum cb_option_type {
	CB_OPT_BOOL,   /* bool            true|false|yes|no|on|off */
	CB_OPT_COUNT,  /* int64_t         whole number */
	CB_OPT_TIME,   /* int64_t  ns */
	CB_OPT_RATE,   /* int64_t  pps    or CB_RATE_MAX for "max" */
	CB_OPT_BYTES,  /* int64_t  byte */
	CB_OPT_RATIO,  /* int64_t  ppm */
	CB_OPT_ENUM,   /* int             index into `choices` */
	CB_OPT_TEXT,   /* char[text_size] */
	CB_OPT_MEMBER, /* char[text_size] canonical short form of a member of axis `axis` (member.h)
			*/
	CB_OPT_TYPES,
};

struct cb_option {
	const char *name; /* "retire"; in a scenario a dotted path, "traffic.rate" */
	enum cb_option_type type;
	size_t offset;              /* offsetof(struct, field) */
	const char *fallback;       /* the default, as text; NULL: required */
	int64_t min, max;           /* numbers: inclusive bounds; both 0: any number >= 0 */
	const char *const *choices; /* ENUM: NULL-terminated names */
	size_t text_size;           /* TEXT, MEMBER: sizeof of the field */
	const char *axis;           /* MEMBER: "mechanism", "wait", "load", "transmitter" */
	const char *metavar;        /* for --help; NULL: one that fits the type */
	const char *help;           /* one sentence, no full stop */
};

/* Of a row for a text or for a member: type, offset and size, from the field itself. */
#define CB_OPTION_TEXT_AT(struct_type, field)                        \
	.type = CB_OPT_TEXT, .offset = offsetof(struct_type, field), \
	.text_size = sizeof(((struct_type *)0)->field)
#define CB_OPTION_MEMBER_AT(struct_type, field)                        \
	.type = CB_OPT_MEMBER, .offset = offsetof(struct_type, field), \
	.text_size = sizeof(((struct_type *)0)->field)

#define CB_OPTION_END        \
	{                    \
		.name = NULL \
	}
#define CB_OPTION_COUNT_MAX INT64_MAX

/* The row called `name`, or NULL. */
const struct cb_option *cb_option_find(const struct cb_option *table, const char *name);

/* The name in `table` nearest to `wrong`, or NULL (cb_text_nearest). */
const char *cb_option_nearest(const struct cb_option *table, const char *wrong);

/* Fill every field of `base` that has a default. A default that its row refuses is a defect: it
 * aborts. */
void cb_option_defaults(const struct cb_option *table, void *base);

/*
 * Decode `text` into the row's field of `base`. CB_ERR_USAGE with what would be right (bounds,
 * unit, nearest choice); the field is untouched then. MEMBER rows are taken as text:
 * cb_member_parse checks them.
 */
int cb_option_decode(
	const struct cb_option *row, const char *text, void *base, struct cb_error *err);

/* Look `name` up (with a nearest-name suggestion when it is unknown) and decode. */
int cb_option_set(const struct cb_option *table, const char *name, const char *text, void *base,
	struct cb_error *err);

/* Append the field's value as text that cb_option_decode reads back. */
void cb_option_print(const struct cb_option *row, const void *base, struct cb_text *out);

/* The field as a JSON value in base units ("max" stays a string); a new reference, NULL out of
 * memory. */
json_t *cb_option_json(const struct cb_option *row, const void *base);

/* "TIME", "N", "a|b|c" ...: what stands behind the name in --help. */
void cb_option_metavar(const struct cb_option *row, struct cb_text *out);

#endif
