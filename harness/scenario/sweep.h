/*
 * `vary:`: which values each path takes. A map is a cartesian product; a list of maps is the union
 * of their products. Counted before anything is written out.
 */
#ifndef CB_HARNESS_SCENARIO_SWEEP_H
#define CB_HARNESS_SCENARIO_SWEEP_H

#include "harness/scenario/trial.h"

#define CB_AXES_MAX 16 /* of one product */

struct cb_sweep_axis {
	char path[CB_PATH_MAX];
	size_t row;
	const char *option; /* of the row's member; NULL: the row itself */
	const struct cb_node **values;
	size_t n;
};

/* One product; without axes it is one cell. */
struct cb_sweep_block {
	struct cb_sweep_axis *axes; /* the first changes slowest */
	size_t n_axes, n_cells;
};

struct cb_sweep {
	struct cb_sweep_block *blocks;
	size_t n_blocks, n_cells; /* cells of all blocks, before exclude */
};

/*
 * Read `vary` (NULL: nothing varies). `bound`: the trial's values, which tell the unit of an option
 * of a member that does not vary. The sweep lives in the pool. CB_ERR_USAGE for an empty sweep, a
 * range that makes no sense, more than CB_CELLS_MAX cells.
 */
int cb_sweep_read(struct cb_sweep *sweep, struct cb_node_pool *pool,
	const struct cb_registry *registry, const struct cb_node *vary,
	const struct cb_node *const *bound, struct cb_error *err);

/* The axis of `block` whose path is `path`, or NULL. */
const struct cb_sweep_axis *cb_sweep_find(const struct cb_sweep_block *block, const char *path);

/*
 * Write out {from, to, step} or {from, to, points, scale}: *n values in the unit of `row`. `label`
 * is the path for errors.
 */
int cb_range_read(struct cb_node_pool *pool, const struct cb_option *row,
	const struct cb_node *range, const char *label, const struct cb_node ***values, size_t *n,
	struct cb_error *err);

#endif
