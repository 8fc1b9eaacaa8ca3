/*
 * What is laid over a file before it is read: a profile, --set, --only. Works on nodes, so that the
 * result can be written out and read again, and errors keep their places.
 */
#ifndef CB_HARNESS_SCENARIO_OVERLAY_H
#define CB_HARNESS_SCENARIO_OVERLAY_H

#include "harness/scenario/scenario.h"
#include "harness/scenario/trial.h"

/* What a scenario that includes others is to have of profile, sets and only. */
enum cb_overlay_scope {
	CB_OVERLAY_ALL,      /* a scenario of its own */
	CB_OVERLAY_INCLUDER, /* nothing that is set in the included ones: trial, vary, exclude */
	CB_OVERLAY_INCLUDED, /* that alone, and its own profile of that name */
};

/*
 * Replace *root by what source->profile, sets and only make of it; keys that have done their work
 * (`profiles`, `x-...`) are gone. CB_ERR_USAGE for paths that do not exist, also in profiles that
 * are not asked for.
 */
int cb_overlay(struct cb_node_pool *pool, const struct cb_scenario_source *source,
	enum cb_overlay_scope scope, const struct cb_node **root, struct cb_error *err);

#endif
