/*
 * What an agent on a host of its own changed there, put back when it ends, whatever ends it: the
 * old values are in an undo file, and a second process (the guardian) waits for the agent's end. It
 * also runs the commands that the user wants run afterwards, and keeps the host's lock until all is
 * done. When both are killed, the file is there for the next agent, or for `clean`.
 */
#ifndef CB_HARNESS_AGENT_UNDO_H
#define CB_HARNESS_AGENT_UNDO_H

#include "harness/base/error.h"

#include <jansson.h>
#include <stdint.h>

struct cb_undo;

/* Start the guardian. Must be called with one thread, before anything is changed.
 * The guardian holds the descriptor `keep`, too, and no other of the caller's. */
int cb_undo_open(struct cb_undo **u, int keep, struct cb_error *err);
/* Let it put everything back, and wait for that; accepts NULL. */
void cb_undo_close(struct cb_undo *u);

/*
 * To be called before and after the port `interface` is changed (harness/host/port_state.h): the
 * first time its state is noted. CB_ERR_IMPOSSIBLE when that can't be; nothing must be changed
 * then.
 */
int cb_undo_begin_change(struct cb_undo *u, const char *interface, struct cb_error *err);
void cb_undo_end_change(struct cb_undo *u);
/* Commands (arrays of words) to be run in the end, each for at most `timeout_ns`. */
int cb_undo_note_commands(
	struct cb_undo *u, const json_t *commands, uint64_t timeout_ns, struct cb_error *err);

/* Run one command, its words as they are; what it prints goes to the log. CB_ERR_HOST when it fails
 * or takes longer. */
int cb_command_run(const json_t *words, uint64_t timeout_ns, struct cb_error *err);

#endif
