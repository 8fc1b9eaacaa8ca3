/* `trial:` and what `vary` puts over it -> struct cb_trial_spec and parameters. */
#ifndef CB_HARNESS_SCENARIO_TRIAL_H
#define CB_HARNESS_SCENARIO_TRIAL_H

#include "harness/scenario/member_value.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/schema.h"
#include "harness/scenario/tables.h"

/* Keys of `trial:`. */
extern const struct cb_schema cb_trial_schema;

/*
 * Where each row of one combination gets its value from; NULL: its default. What is set below a
 * member row is in settings.
 */
struct cb_trial_values {
	const struct cb_node *trial; /* the map, for errors about what is missing */
	const struct cb_node *at[CB_TRIAL_ROWS_MAX];
	const struct cb_setting *settings[CB_TRIAL_ROWS_MAX]; /* those with an option */
	size_t n_settings;
};

/*
 * Read one row into `spec` (if not NULL) and `params` (if not NULL). A row without value and
 * without default is an error.
 */
int cb_trial_read_row(const struct cb_registry *registry, size_t row,
	const struct cb_trial_values *values, struct cb_trial_spec *spec, json_t *params,
	struct cb_error *err);

/* The node to blame for what a row says: its value, or the trial. */
const struct cb_node *cb_trial_blame(const struct cb_trial_values *values, const char *row);

/*
 * Whether the members and numbers of one combination go together. CB_ERR_USAGE with the reason,
 * placed at the value that is most likely wrong.
 */
int cb_trial_check(const struct cb_registry *registry, const struct cb_trial_values *values,
	const struct cb_trial_spec *spec, struct cb_error *err);

/*
 * Set up one path of `vary`, `where`, `exclude`, `only`: without "trial.", its row, and the
 * member's option behind it (NULL: none). CB_ERR_USAGE with the place of `key` when there is no
 * such path.
 */
int cb_trial_path(const struct cb_node *key, const char *label, char path[CB_PATH_MAX], size_t *row,
	const char **option, struct cb_error *err);

#endif
