/*
 * Values that name a member of an axis: the short form "packzip:6", the map {name: packzip, level:
 * 6}, and options set below them by `vary` ("capture.load.level"). All come to the canonical short
 * form and to one parameter an option.
 */
#ifndef CB_HARNESS_SCENARIO_MEMBER_VALUE_H
#define CB_HARNESS_SCENARIO_MEMBER_VALUE_H

#include "harness/base/member.h"
#include "harness/scenario/node.h"

/* One value that `vary` gives to one path. */
struct cb_setting {
	size_t row;         /* of cb_trial_options */
	const char *option; /* of the member that the row names; NULL: the row itself */
	const struct cb_node *value;
};

/*
 * Read the value of a member row. `value` NULL: the row's default. `below`: the n_below settings of
 * its options, which win over what `value` says. `out` (row->text_size bytes) gets the canonical
 * short form; `params` (may be NULL) the parameters. `at` is for errors that no value is to blame
 * for. CB_ERR_USAGE; CB_ERR_INTERNAL out of memory.
 */
int cb_member_value_read(const struct cb_registry *registry, const struct cb_option *row,
	const struct cb_node *value, const struct cb_setting *const *below, size_t n_below,
	const struct cb_node *at, char *out, json_t *params, struct cb_error *err);

/* Set `path` and what is below it in `params` from a canonical short form. */
int cb_member_value_params(const struct cb_axis *axis, const char *path, const char *canonical,
	json_t *params, struct cb_error *err);

/* The member that a short form names, or NULL. */
const struct cb_member *cb_member_value_member(const struct cb_axis *axis, const char *text);

#endif
