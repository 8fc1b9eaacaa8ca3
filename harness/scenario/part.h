/*
 * What a scenario is made of when its overlays are applied: one part, or each of those that it
 * includes.
 */
#ifndef CB_HARNESS_SCENARIO_PART_H
#define CB_HARNESS_SCENARIO_PART_H

#include "harness/scenario/pattern.h"

/* The scalars at the root. */
int cb_part_read_root(struct cb_scenario *s, const struct cb_node *root, struct cb_error *err);

/* `host:` of the map, after the cells. */
int cb_part_read_host(struct cb_scenario *s, const struct cb_registry *registry,
	const struct cb_node *root, struct cb_error *err);

/* Everything of the map `root`: s has one part then, whose cells, figures and claims all are. */
int cb_part_read(struct cb_scenario *s, struct cb_node_pool *pool,
	const struct cb_registry *registry, const struct cb_node *root, struct cb_error *err);

/* Keep the cells that `only` asks for. Figures and claims are checked by then, against all. */
int cb_part_apply_only(struct cb_scenario *s, const struct cb_registry *registry,
	const struct cb_node *root, struct cb_pattern_budget *budget, struct cb_error *err);

#endif
