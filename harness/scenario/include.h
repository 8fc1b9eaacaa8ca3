/* `include:`: several scenarios, measured as one plan and told of in one report. */
#ifndef CB_HARNESS_SCENARIO_INCLUDE_H
#define CB_HARNESS_SCENARIO_INCLUDE_H

#include "harness/scenario/overlay.h"

/*
 * Read what the list `include` of *root names into s: a cell that several of them have is measured
 * once. An item is a path relative to the including file, below its directory, or a scenario
 * written out. *root gets the scenarios written out, as read back from a run directory.
 */
int cb_include_read(struct cb_scenario *s, struct cb_node_pool *pool,
	const struct cb_registry *registry, const struct cb_scenario_source *source,
	const struct cb_node **root, struct cb_error *err);

#endif
