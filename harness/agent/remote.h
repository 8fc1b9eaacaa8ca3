/* An agent on a host that is not the controller's. */
#ifndef CB_HARNESS_AGENT_REMOTE_H
#define CB_HARNESS_AGENT_REMOTE_H

#include "harness/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct cb_agent;

/* At hello: privileges, the lock, the guardian. Nothing for other agents. */
int cb_agent_remote_hello(struct cb_agent *a, const json_t *args, struct cb_error *err);
/* Puts back what was changed, gives the lock up. */
void cb_agent_remote_finish(struct cb_agent *a);

/* When the controller counts as gone; CB_FOREVER: never. */
uint64_t cb_agent_dead_at(const struct cb_agent *a);
/* That time has come. */
void cb_agent_hear_nothing(struct cb_agent *a);

/* The cores that this process may use: an array of numbers. */
json_t *cb_agent_cores(void);
/* In effect for this process. */
bool cb_agent_has_capability(unsigned capability);

#endif
