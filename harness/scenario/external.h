/*
 * `capture.external`: a whole program in the place of mechanism, wait and load. Its name, or a map
 * that describes one, as the text that the capture process is given. What makes sense in a
 * description is for the registry's check to say, not for this.
 */
#ifndef CB_HARNESS_SCENARIO_EXTERNAL_H
#define CB_HARNESS_SCENARIO_EXTERNAL_H

#include "harness/scenario/trial.h"

/* Whether this combination has a program, and the row is one of those that it stands in for. */
bool cb_external_replaces(const struct cb_trial_values *values, size_t row);

/* Read the row capture.external into `spec` and `params` (may be NULL): its text, and its name; no
 * parameter when there is none. */
int cb_external_read(const struct cb_registry *registry, const struct cb_trial_values *values,
	struct cb_trial_spec *spec, json_t *params, struct cb_error *err);

/* Read a row that the program stands in for: it must be left out, unless `vary` sets the program
 * and `trial:` the row. */
int cb_external_read_replaced(const struct cb_registry *registry, size_t row,
	const struct cb_trial_values *values, struct cb_trial_spec *spec, json_t *params,
	struct cb_error *err);

#endif
