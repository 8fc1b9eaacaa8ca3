/*
 * How a port is set, as far as making it ready for a measurement changes that (up, ARP, offloads,
 * receive steering): an entry of an undo file (harness/base/undo_file.h), from which it is put back
 * by whoever finds it: the agent's guardian, another agent, or `clean`. Settings that a user asks
 * for are harness/host/tuning.h's.
 *
 * {"kind": "port", "interface": text, "ifindex": N,
 *  "notes": [{"what": text, "was": text, "now": text or null}, ...]}
 */
#ifndef CB_HARNESS_HOST_PORT_STATE_H
#define CB_HARNESS_HOST_PORT_STATE_H

#include "harness/base/error.h"

#include <jansson.h>
#include <stdbool.h>

#define CB_PORT_STATE_KIND "port"

/* How `interface` is now: a new entry, to be noted before anything is changed. NULL: `err`. */
json_t *cb_port_state_read(const char *interface, struct cb_error *err);

/* What `now` is in the entry: nothing, while a change is under way, or how the port is. What
 * differs from it later was changed by somebody else. */
void cb_port_state_changing(json_t *entry);
void cb_port_state_changed(json_t *entry);

/*
 * Put back what is not as it was; with `leave_others` not what somebody else has changed since. A
 * port that is gone took its settings with it. `line` (may be NULL) gets a sentence for each thing
 * that was put back or could not be, and for those that were left.
 * Returns how many were put back; *done (may be NULL): nothing is left to be tried again.
 */
int cb_port_state_put_back(const json_t *entry, bool leave_others,
	void (*line)(void *arg, const char *text), void *arg, bool *done);

#endif
