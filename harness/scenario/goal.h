/* `goals:` -> struct cb_goal: what a search looks for. */
#ifndef CB_HARNESS_SCENARIO_GOAL_H
#define CB_HARNESS_SCENARIO_GOAL_H

#include "harness/scenario/scenario.h"

#define CB_GOALS_MAX 16

/* Keys of one goal. */
extern const struct cb_option cb_goal_options[];

/*
 * Fill s->goals from the list `goals`; where that is NULL with two: throughput (no loss) and pdr
 * (0.5 % loss). CB_ERR_USAGE.
 */
struct cb_node;
int cb_goals_read(struct cb_scenario *s, const struct cb_node *goals, struct cb_error *err);

#endif
