/*
 * How a capture or generator process talks with the agent that started it (--control): lines on its
 * stdout, first {"ready": true} (with "pid" when it is another process that does the work), in the
 * end its record or {"error": TEXT, "code": CODE}; a generator then waits for the line "go" on
 * stdin. An ended stdin is a vanished agent.
 */
#ifndef CB_HARNESS_CLI_CONTROL_H
#define CB_HARNESS_CLI_CONTROL_H

#include "harness/cli/verb.h"

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

int cb_control_ready(void);
/* Ready, and the work is done by another process. */
int cb_control_ready_for(pid_t worker);
/* The interface that is the verb's first word. CB_ERR_USAGE when no interface can have that name.
 */
int cb_control_interface(
	const struct cb_invocation *call, char *out, size_t size, struct cb_error *err);
/* Blocks for "go", or "go TIME", which is when to start (*start_ns, CLOCK_MONOTONIC; else 0);
 * CB_ERR_INTERRUPTED when stdin ends or a signal comes first. */
int cb_control_wait_go(uint64_t *start_ns, struct cb_error *err);
/* The last line: the record (stolen; NULL out of memory), or the error when `code` is not 0. */
int cb_control_end(json_t *record, int code, struct cb_error *err);

#endif
