/*
 * Maps of a scenario against option tables. A row's dotted name is the path of its key:
 * "traffic.rate" is the key `rate` in the map `traffic`.
 */
#ifndef CB_HARNESS_SCENARIO_SCHEMA_H
#define CB_HARNESS_SCENARIO_SCHEMA_H

#include "harness/base/option.h"
#include "harness/scenario/node.h"

#define CB_PATH_MAX 64 /* of a dotted path, with its NUL: the size of cb_figure.x */

struct cb_schema {
	const struct cb_option *options;
	const char *const *sections; /* other keys of the outermost map; NULL: none */
	const char *prefix;          /* of paths in errors, with its dot: "trial." */
};

/*
 * Find each row's value: bound[i] for options[i], NULL where the map has none. Sections are
 * skipped. CB_ERR_USAGE for a key that no row has.
 */
int cb_schema_bind(const struct cb_schema *schema, const struct cb_node *map,
	const struct cb_node **bound, struct cb_error *err);

/* Decode one row, which must be a single value. `reason` is added to an error, "" nothing. */
int cb_schema_decode_row(const struct cb_option *row, const struct cb_node *value,
	const char *prefix, const char *reason, void *base, struct cb_error *err);

/* Bind and decode all: defaults for what is missing, an error for what must not be. */
int cb_schema_decode(const struct cb_schema *schema, const struct cb_node *map, void *base,
	struct cb_error *err);

/* CB_ERR_USAGE: `row` has no value though it needs one. `at`: the map it should be in. */
int cb_schema_missing(const struct cb_option *row, const struct cb_node *at, const char *prefix,
	struct cb_error *err);

/* CB_ERR_USAGE: there is no key of the dotted path `path`; with what may be meant. */
int cb_schema_unknown(const struct cb_schema *schema, const struct cb_node *at, const char *path,
	struct cb_error *err);

/* Whether `path` is a map of rows ("traffic"), not a row itself. */
bool cb_schema_is_group(const struct cb_option *options, const char *path);

/* CB_ERR_USAGE unless `node` is a map. `path` for the error. */
int cb_schema_want_map(const struct cb_node *node, const char *path, struct cb_error *err);

/* A name that may stand in a file name: letters, digits, - _ ., not first a dot or dash. */
bool cb_schema_is_file_name(const char *name);

#endif
