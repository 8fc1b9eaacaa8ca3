/*
 * `variants:` two ways to do the same thing, a base and a candidate, to be measured in one run and
 * compared. Each names what it sets in every cell; a cell then is there twice, and its parameter
 * `variant` says which of the two it is.
 */
#ifndef CB_HARNESS_SCENARIO_VARIANT_H
#define CB_HARNESS_SCENARIO_VARIANT_H

#include "harness/scenario/trial.h"

/*
 * Read root's `variants` into `s`, and make of its `vary` one with every map there once for each
 * variant: *vary (NULL where there is none of either). CB_ERR_USAGE for what is no pair of
 * variants, or what varies all the same.
 */
int cb_variants_read(struct cb_scenario *s, struct cb_node_pool *pool, const struct cb_node *root,
	const struct cb_node **vary, struct cb_error *err);

/* Take over the variants of a scenario that is included. CB_ERR_USAGE at `at` when they are others.
 */
int cb_variants_take(struct cb_scenario *s, const struct cb_scenario *part,
	const struct cb_node *at, struct cb_error *err);

/*
 * The cell that is the same in the other variant, for each cell; SIZE_MAX: there is none. The array
 * is the caller's to free; NULL after CB_ERR_INTERNAL, out of memory.
 */
int cb_variants_pair(const struct cb_scenario *s, size_t **partners, struct cb_error *err);

#endif
