/* The namespaces that an agent holds: they last as long as it does. */
#ifndef CB_HARNESS_AGENT_NAMESPACES_H
#define CB_HARNESS_AGENT_NAMESPACES_H

#include "harness/base/error.h"

struct cb_agent;

/*
 * Enter what a->options ask for: a network namespace without IPv6, whose /sys is its own. Must be
 * called with one thread. CB_ERR_IMPOSSIBLE says what would be needed. What can be done without
 * (a sysfs, IPv6 off) goes to a->missing.
 */
int cb_agent_namespaces_enter(struct cb_agent *a, struct cb_error *err);

#endif
