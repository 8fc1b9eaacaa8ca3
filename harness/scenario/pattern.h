/*
 * `exclude`, `only` and a figure's `where`: paths and values that pick cells. A pattern is a JSON
 * object as cb_cell_matches takes it.
 */
#ifndef CB_HARNESS_SCENARIO_PATTERN_H
#define CB_HARNESS_SCENARIO_PATTERN_H

#include "harness/scenario/trial.h"

/* Values in all patterns of a file, so that matching them with every cell stays quick. */
#define CB_PATTERN_VALUES_MAX 300
struct cb_pattern_budget {
	size_t left;
};

/*
 * Read a map {path: value or list of values}. `label` is its path in the file. `budget` counts the
 * values that may still be read. A new reference in *pattern. A member by its bare name stands for
 * it with whatever options; with options it is exactly that member.
 */
int cb_pattern_read(const struct cb_registry *registry, const struct cb_node *map,
	const char *label, struct cb_pattern_budget *budget, json_t **pattern,
	struct cb_error *err);

#endif
