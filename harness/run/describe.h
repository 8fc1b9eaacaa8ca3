/* What run.json says when a run starts: what was asked for, by whom, on what, and how each cell is
 * laid out on the cores. */
#ifndef CB_HARNESS_RUN_DESCRIBE_H
#define CB_HARNESS_RUN_DESCRIBE_H

#include "harness/scenario/plan.h"

#include <jansson.h>

/*
 * A new object, NULL when memory runs out. Its "layouts" has one entry for the cells that are laid
 * out alike: {cells: [index], receive, generator_core, receive_core, capture_cores, note}; a core
 * is -1 where nothing is pinned, `note` is what such a layout can't show, "" nothing.
 */
json_t *cb_run_describe(
	const struct cb_plan *plan, const struct cb_testbed_shape *shape, const char *command_line);

#endif
