/*
 * Processes that an agent starts: `capture` and `generate` with --control. They speak in lines of
 * JSON on stdout: {"ready": true}, then a record, or {"error": TEXT, "code": CODE}.
 */
#ifndef CB_HARNESS_AGENT_CHILD_H
#define CB_HARNESS_AGENT_CHILD_H

#include "capturers/share.h"
#include "harness/base/error.h"
#include "harness/base/option.h"
#include "harness/base/process.h"
#include "harness/base/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cb_agent;

/* Zero-initialise; `share` is the caller's to fill. */
struct cb_agent_child {
	struct cb_process process;
	struct cb_text output; /* read, not yet taken */
	bool ended;            /* its stdout has ended */
	pid_t worker;  /* once it is ready: the process that does the work, itself as a rule */
	char name[48]; /* "capture process 2" */
	struct cb_share_heir share; /* its part of a tap that outlives it; shared NULL: none */
};

/*
 * Start `verb` of this program on `interface`. `values` is a JSON object, option name -> text;
 * names and values are checked against `table` (`scratch` is a struct that the table fills, to be
 * thrown away). CB_ERR_USAGE for what the table does not allow.
 */
int cb_agent_child_start(struct cb_agent_child *c, const char *verb, const char *interface,
	const json_t *values, const struct cb_option *table, void *scratch, struct cb_error *err);

/*
 * Wait until each of the `n` children has a whole line or has closed its stdout. As cb_agent_wait;
 * a child that prints more than a message may hold is CB_ERR_INTERNAL.
 */
int cb_agent_children_speak(struct cb_agent *a, struct cb_agent_child *children, size_t n,
	uint64_t deadline_ns, struct cb_error *err);

/* The line that is there, parsed (a new reference); the child's own error, or how it ended when it
 * said nothing. */
int cb_agent_child_take(struct cb_agent_child *c, json_t **line, struct cb_error *err);
/* The same for the line {"ready": true}. */
int cb_agent_child_ready(struct cb_agent_child *c, struct cb_error *err);

/* After the last line: wait for the end; CB_ERR_INTERNAL unless it exited with status 0. */
int cb_agent_child_reap(struct cb_agent_child *c, uint64_t deadline_ns, struct cb_error *err);

/* End it, whatever it does, and free; `c` is zeroed. Accepts a zeroed struct. */
void cb_agent_child_finish(struct cb_agent_child *c, uint64_t grace_ns);

#endif
