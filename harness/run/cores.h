/* Whether hosts that were planned for unseen have the cores that the plan wants. */
#ifndef CB_HARNESS_RUN_CORES_H
#define CB_HARNESS_RUN_CORES_H

#include "harness/scenario/plan.h"
#include "harness/testbed/testbed.h"

#include <stdbool.h>

/* False: `err` (CB_ERR_IMPOSSIBLE) says which host lacks which core. */
bool cb_cores_are_there(const struct cb_testbed *t, const struct cb_trial_spec *spec,
	const struct cb_layout *layout, struct cb_error *err);

#endif
