/*
 * Dotted paths as people write them in profiles and after --set: where they lead in the tree, and
 * how a value is put there.
 */
#ifndef CB_HARNESS_SCENARIO_TARGET_H
#define CB_HARNESS_SCENARIO_TARGET_H

#include "harness/scenario/trial.h"

#define CB_TARGET_KEYS_MAX 4 /* trial, capture, load, level */

/* The keys from the root to a value. Not to be copied: keys may point into it. */
struct cb_target {
	const char *keys[CB_TARGET_KEYS_MAX];
	size_t n;
	char path[CB_PATH_MAX]; /* in `trial`, `vary` or `only`; else "" */
	char parts[CB_PATH_MAX];
	bool in_trial;
};

/*
 * Find out where the path key->text leads: from the root ("trial.duration", "repetitions",
 * "vary.traffic.rate", "figures") or from the trial ("duration"). CB_ERR_USAGE at `key`.
 */
int cb_target_resolve(struct cb_node_pool *pool, const struct cb_node *key, struct cb_target *t,
	struct cb_error *err);

/*
 * Put `value` there: *root is replaced. Maps on the way are made, and the short form of a member
 * becomes a map when one of its options is set. Where `vary` is a list, vary.PATH is set in each of
 * its maps that sweeps PATH. CB_ERR_USAGE when something else is in the way.
 */
int cb_target_set(struct cb_node_pool *pool, const struct cb_node **root, const struct cb_target *t,
	const struct cb_node *key, const struct cb_node *value, struct cb_error *err);

#endif
