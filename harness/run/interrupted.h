/*
 * Whether a capture process had the core that it was given: evidence that says nothing of what the
 * process is able to, and is independent of what it lost. Pure.
 */
#ifndef CB_HARNESS_RUN_INTERRUPTED_H
#define CB_HARNESS_RUN_INTERRUPTED_H

#include "harness/record/record.h"
#include "harness/scenario/plan.h"

#include <stdbool.h>

/* By the layout each capture process has a core that nobody else of the trial uses: no other
 * process, no thread of the generator, no receive work. */
bool cb_layout_is_apart(const struct cb_layout *layout, const struct cb_testbed_shape *shape);

/*
 * Fill the views' interrupted_ns: the longer of the time that the scheduler let the capture thread
 * wait for its core (run_delay_ns) and of that which the load missed while it worked (the
 * interrupted_ns of its result: a virtual machine that stands still is in no counter of the
 * kernel). Unknown unless the layout is apart: who shares a core by design is interrupted by the
 * trial itself, and that belongs to the result.
 */
void cb_trial_interrupted(struct cb_trial_record *r, const struct cb_layout *layout,
	const struct cb_testbed_shape *shape);

#endif
