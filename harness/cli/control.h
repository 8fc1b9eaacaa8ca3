/*
 * How a capture or generator process talks with the agent that started it (--control): lines on its
 * stdout, first {"ready": true}, in the end its record or {"error": TEXT, "code": CODE}; a
 * generator then waits for the line "go" on stdin. An ended stdin is a vanished agent.
 */
#ifndef CB_HARNESS_CLI_CONTROL_H
#define CB_HARNESS_CLI_CONTROL_H

#include "harness/base/error.h"

#include <jansson.h>

int cb_control_ready(void);
/* Blocks for "go"; CB_ERR_INTERRUPTED when stdin ends or a signal comes first. */
int cb_control_wait_go(struct cb_error *err);
/* The last line: the record (stolen; NULL out of memory), or the error when `code` is not 0. */
int cb_control_end(json_t *record, int code, struct cb_error *err);

#endif
