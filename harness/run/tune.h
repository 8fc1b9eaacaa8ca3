/* `host:` of scenario and test-bed file: made before the first trial, undone at the end, and what
 * became of it in hosts/<name>/undo.jsonl. */
#ifndef CB_HARNESS_RUN_TUNE_H
#define CB_HARNESS_RUN_TUNE_H

#include "harness/scenario/scenario.h"
#include "harness/testbed/testbed.h"

/* What is set, where, and the run directory that tells of it; all borrowed. */
struct cb_tuning {
	const struct cb_scenario *scenario;
	struct cb_testbed *testbed;
	const char *path;
};

/*
 * Make the settings on all hosts at once; on a host that has them already nothing is changed.
 * CB_ERR_IMPOSSIBLE "file:line:column: host.NAME: HOST: why" for the first that is required and not
 * allowed; others are warned of.
 */
int cb_run_tune(const struct cb_tuning *r, struct cb_error *err);
/* Undo them, with warnings about what was not. Hosts that are gone do it themselves. */
void cb_run_untune(const struct cb_tuning *r);

#endif
