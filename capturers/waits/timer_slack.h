/*
 * The kernel may let a sleep last longer by the task's timer slack, 50 us unless it is told
 * otherwise, which is much of a short sleep. What the waits that sleep share.
 */
#ifndef CB_CAPTURERS_WAITS_TIMER_SLACK_H
#define CB_CAPTURERS_WAITS_TIMER_SLACK_H

#include "harness/base/error.h"

/* Set this thread's timer slack to 1 ns; *before is what it was. Where there is no such thing,
 * nothing. */
int cb_timer_slack_least(int *before, struct cb_error *err);

/* Back to `before`; 0 or less: it was not set. */
void cb_timer_slack_restore(int before);

#endif
