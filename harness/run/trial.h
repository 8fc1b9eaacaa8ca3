/*
 * One attempt at one trial: the named phases, each with a deadline.
 *
 *   prepare   set the receive path, start capture processes and generator, each ready
 *   before    read the counters on both ends
 *   generate  warm-up and window; nothing is sent to a measured host meanwhile
 *   drain     wait until no frame is on its way
 *   stop      capture processes drain, take their taps down, settle and report
 *   after     read the counters on both ends
 */
#ifndef CB_HARNESS_RUN_TRIAL_H
#define CB_HARNESS_RUN_TRIAL_H

#include "harness/record/record.h"
#include "harness/scenario/plan.h"
#include "harness/testbed/testbed.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Carry out cell `cell` of the plan once and fill `record` (initialised by the caller, with its
 * identity): everything measured, state and reasons. A host that fails mid-way is CB_ERR_HOST (the
 * agents are told to abort); CB_ERR_INTERRUPTED when a signal came. Blocks for the trial's time.
 */
int cb_trial_run(struct cb_testbed *t, const struct cb_trial_spec *spec,
	const struct cb_layout *layout, uint32_t key, struct cb_trial_record *record,
	struct cb_error *err);

/* Whether all hosts that a cell needs are there. */
bool cb_trial_can_run(const struct cb_testbed *t, const struct cb_trial_spec *spec);

/*
 * The most that the generator can offer over this layout with nobody capturing, in pps (offered,
 * refused ones included). `spec` gives frame size and transmitter.
 */
int cb_trial_calibrate(struct cb_testbed *t, const struct cb_trial_spec *spec,
	const struct cb_layout *layout, uint32_t key, double *ceiling_pps, struct cb_error *err);

#endif
