/* `host:` of scenario and test-bed file: made before the first trial, undone at the end, and what
 * became of it in hosts/<name>/undo.jsonl. */
#ifndef CB_HARNESS_RUN_TUNE_H
#define CB_HARNESS_RUN_TUNE_H

#include "harness/run/state.h"

/*
 * Make the settings on all hosts at once; on a host that has them already nothing is changed.
 * CB_ERR_IMPOSSIBLE "file:line:column: host.NAME: HOST: why" for the first that is required and not
 * allowed; others are warned of.
 */
int cb_run_tune(struct cb_run_state *r, struct cb_error *err);
/* Undo them, with warnings about what was not. Hosts that are gone do it themselves. */
void cb_run_untune(struct cb_run_state *r);

#endif
