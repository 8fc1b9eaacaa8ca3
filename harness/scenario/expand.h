/* The trial and the sweep -> cells: each combination read, excluded or checked, kept once. */
#ifndef CB_HARNESS_SCENARIO_EXPAND_H
#define CB_HARNESS_SCENARIO_EXPAND_H

#include "harness/scenario/sweep.h"

struct cb_exclude {
	const struct cb_node *at;
	json_t *pattern; /* owned */
	size_t matched;  /* cells that it took away */
};

struct cb_expand_input {
	const struct cb_registry *registry;
	const struct cb_node *trial;        /* the map, for errors */
	const struct cb_node *const *bound; /* its rows' values */
	const struct cb_sweep *sweep;
	struct cb_exclude *excludes;
	size_t n_excludes;
};

/*
 * Fill s->cells and s->axes, which cb_scenario_destroy frees, also after an error. CB_ERR_USAGE for
 * values that can't be read, combinations that make no sense, an exclude that matches nothing or
 * leaves nothing.
 */
int cb_expand(struct cb_scenario *s, const struct cb_expand_input *in, struct cb_error *err);

#endif
