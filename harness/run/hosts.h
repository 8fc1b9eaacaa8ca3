/*
 * What becomes of a host that failed in a run: it is got back, set as it was, and what it was doing
 * is tried again.
 */
#ifndef CB_HARNESS_RUN_HOSTS_H
#define CB_HARNESS_RUN_HOSTS_H

#include "harness/run/state.h"

/* Whether an error is of a kind that a host of a test-bed may have made: it may be otherwise next
 * time. */
bool cb_run_is_of_host(const struct cb_run_state *r, int code);

/*
 * Get lost hosts back, and set them as they were; with `wait` for as long as --host-timeout says.
 * CB_ERR_HOST: one is not back; CB_ERR_INTERRUPTED; CB_ERR_IMPOSSIBLE: it is, but can't be set.
 * Blocks.
 */
int cb_run_mend(struct cb_run_state *r, bool wait, struct cb_error *gone);

/*
 * After the so-manieth failure of the same thing, whose cause was `why`. 0: try it again.
 * CB_ERR_HOST with that cause: it has failed too often, or its host is not back. Blocks as
 * cb_run_mend() does.
 */
int cb_run_recover(struct cb_run_state *r, int64_t failures, bool wait, const struct cb_error *why,
	struct cb_error *err);

/*
 * Do a step of the run that needs its hosts, again after each failure of one, as often as the
 * scenario's `retries` allow; the failures are in the journal as "step-failed". A step that goes on
 * where it failed, or begins anew, decides that itself. Its last error is what this returns.
 */
int cb_run_step(struct cb_run_state *r, const char *name,
	int (*step)(struct cb_run_state *r, struct cb_error *err), struct cb_error *err);

#endif
