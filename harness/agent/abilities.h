/* What can be had on this host with these privileges; found by trying, not by guessing from names
 * and versions. */
#ifndef CB_HARNESS_AGENT_ABILITIES_H
#define CB_HARNESS_AGENT_ABILITIES_H

#include "harness/base/error.h"

#include <jansson.h>
#include <stdbool.h>

struct cb_agent;

/* Put `can` and `softirq_cost_ns` into `reply`, and a sentence into a->missing for what can't be
 * had. `measure`: ask for softirq time, too. */
int cb_agent_abilities_report(
	struct cb_agent *a, bool measure, json_t *reply, struct cb_error *err);

#endif
