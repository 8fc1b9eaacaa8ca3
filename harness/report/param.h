/*
 * Parameters of a cell (dotted path -> value in base units) as people read them: names for axes
 * and table heads, values with units.
 */
#ifndef CB_HARNESS_REPORT_PARAM_H
#define CB_HARNESS_REPORT_PARAM_H

#include "harness/base/member.h"
#include "harness/base/text.h"
#include "harness/base/units.h"

#include <jansson.h>
#include <stdbool.h>

/* "offered rate" for "traffic.rate"; the path itself where nothing better is known. Borrowed. */
const char *cb_param_label(const char *path);

/* The unit of the option that `path` names, CB_UNIT_COUNT when it has none. Options of members
 * ("capture.load.level") are looked up in `registry` (may be NULL). */
enum cb_unit cb_param_unit(const char *path, const struct cb_registry *registry);

/* The value as it stands in a table column headed by its label: "500 kpps", "A:B", "6", "max". */
void cb_param_print(const json_t *value, enum cb_unit unit, struct cb_text *out);

/* The value as it stands alone, in a legend or a caption: "3 processes", "level 6", "64-byte
 * frames". */
void cb_param_print_alone(
	const char *path, const json_t *value, enum cb_unit unit, struct cb_text *out);

/*
 * The same of the value that `path` has in a cell with these parameters; nothing where it has none.
 * A wait or a load is told with what it depends on, default or not: "batch:512,1ms", "work:2us".
 */
void cb_param_print_of(const char *path, const json_t *params, const struct cb_registry *registry,
	struct cb_text *out);

/* The same as it stands under an axis that names the path: "batch:512,1ms" without "wait". */
void cb_param_print_value_of(const char *path, const json_t *params,
	const struct cb_registry *registry, struct cb_text *out);

/* Whether the path is an option of a member that is one of the n paths, and told with it. */
bool cb_param_is_told(const char *path, const char (*paths)[64], size_t n);

/* The value as a number; NaN when it is none ("max", "A:A"). */
double cb_param_number(const json_t *value);

#endif
