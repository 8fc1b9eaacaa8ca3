/* What every run does before its first trial: opens the test-bed, and writes down what it is. */
#ifndef CB_HARNESS_RUN_SETUP_H
#define CB_HARNESS_RUN_SETUP_H

#include "harness/run/directory.h"
#include "harness/scenario/plan.h"
#include "harness/testbed/testbed.h"

/*
 * The test-bed of `bed` (NULL: the built-in), with as many queues as any cell of the plan wants.
 * Its agents' logs go below the run directory, so that is there before them. CB_ERR_HOST,
 * CB_ERR_IMPOSSIBLE when it can't do what was planned; it is the caller's to close all the same.
 */
int cb_run_open_testbed(struct cb_run_directory *d, const struct cb_plan *plan,
	const struct cb_testbed_shape *planned, const struct cb_bed *bed,
	struct cb_testbed **testbed, struct cb_error *err);

/* hosts/<name>/FILE of all hosts that are there: what they say of themselves. */
int cb_run_write_facts(
	struct cb_run_directory *d, struct cb_testbed *t, const char *file, struct cb_error *err);

/* run.json's "evidence": whether softirq time can be measured here, and what measuring costs a
 * softirq. */
int cb_run_describe_evidence(
	struct cb_run_directory *d, struct cb_testbed *t, struct cb_error *err);

#endif
