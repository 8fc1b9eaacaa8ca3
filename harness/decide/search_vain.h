/*
 * Trials that say nothing of the load that they were made with, because something else disturbed
 * them. Judged by evidence that does not depend on what was lost: never by the loss itself. Pure.
 */
#ifndef CB_HARNESS_DECIDE_SEARCH_VAIN_H
#define CB_HARNESS_DECIDE_SEARCH_VAIN_H

#include "harness/record/record.h"

/*
 * Why the trial says nothing (static text); NULL: it counts.
 *
 * - It is invalid.
 * - The core of a capture process with load `work` had another speed than when that load was
 *   calibrated, by more than 5 %, or than `width` (the interval that is asked for) if that is more:
 *   each frame cost so much more or less than was asked for.
 * - A capture process did not have its core (interrupted_ns) for more than 1 % of its time, or than
 *   `width` if that is more: it could have taken so much more. Not below 5 ms, which buffers are
 *   there for.
 * - The generator stood still: it offered less than was asked for, though 99 % of its batches left
 *   within 1 ms of their time. One that is too slow is late all the time.
 */
const char *cb_search_in_vain(const struct cb_trial_record *r, double width);

#endif
