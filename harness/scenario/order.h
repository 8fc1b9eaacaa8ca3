/* In which order the trials of a plan are made. */
#ifndef CB_HARNESS_SCENARIO_ORDER_H
#define CB_HARNESS_SCENARIO_ORDER_H

#include "harness/scenario/plan.h"

/*
 * Fill p->trials, for which there is room: the scenario's order, drawn from p->seed where it is
 * shuffled. Two variants of a cell are measured right after each other, ABBA and again ABBA: a slow
 * drift of the host meets both alike. CB_ERR_INTERNAL out of memory.
 */
int cb_plan_order(struct cb_plan *p, struct cb_error *err);

#endif
