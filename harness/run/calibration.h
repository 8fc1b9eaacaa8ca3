/*
 * The generator's ceiling on each layout of a plan, measured without a capturer: what a figure
 * shows where trials are generator-limited. One line of calibration.jsonl each.
 */
#ifndef CB_HARNESS_RUN_CALIBRATION_H
#define CB_HARNESS_RUN_CALIBRATION_H

#include "harness/run/directory.h"
#include "harness/scenario/plan.h"
#include "harness/testbed/testbed.h"

/* Measures all, unless the journal has it already, then journals it; what a failed try has left in
 * calibration.jsonl is thrown away. Blocks. */
int cb_calibrate(struct cb_run_directory *d, struct cb_testbed *t, const struct cb_plan *plan,
	uint32_t key, struct cb_error *err);

#endif
