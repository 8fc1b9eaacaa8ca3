/*
 * Where agents run: hosts with a role each, reached by messages. A test-bed starts its agents as
 * processes and takes them down; what they do is asked for by name (the requests of
 * harness/agent/agent.h).
 *
 * The caller ignores SIGPIPE, and has handlers without SA_RESTART for the signals that ask for a
 * stop. Nothing of a test-bed outlives its controller, not even when that gets a SIGKILL.
 */
#ifndef CB_HARNESS_TESTBED_TESTBED_H
#define CB_HARNESS_TESTBED_TESTBED_H

#include "harness/base/error.h"
#include "harness/scenario/plan.h"

#include <jansson.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

struct cb_host; /* a connection to an agent */

struct cb_testbed {
	struct cb_testbed_shape shape;
	struct cb_host *generator, *sensor;
	char generator_interface[16], sensor_interface[16];
	char sensor_mac[18];
	int queues; /* RX queues that the sensor's end of the link can have (request link-queues) */
	json_t *missing; /* array of sentences: what can't be had here and what that means; owned */
	void *backend;
};

struct cb_testbed_options {
	const char *log_dir; /* of log_dir/<host>/agent.log; NULL: agents' stderr is ours */
	int queues;          /* that the link can have, both ways; 0: one */
};

/* The built-in test-bed: two network namespaces and a veth pair on this machine. Blocks a few
 * seconds at most. */
int cb_testbed_open_local(
	struct cb_testbed **t, const struct cb_testbed_options *options, struct cb_error *err);
/* The shape alone, without starting anything: for `plan`. */
int cb_testbed_shape_local(struct cb_testbed_shape *shape, struct cb_error *err);
/* Ends the agents (which undo what they did); accepts NULL. */
void cb_testbed_close(struct cb_testbed *t);

/* Send a request; its reply is collected later. `args` (may be NULL) is stolen. */
int cb_host_send(struct cb_host *h, const char *request, json_t *args, struct cb_error *err);
/*
 * The reply to the request sent last: 0 with its results (a new reference; `reply` may be NULL).
 * The agent's own error is returned as it is, with the host's name before it; CB_ERR_HOST when the
 * deadline passes or the agent is gone; CB_ERR_INTERRUPTED when a signal handler has set
 * *cb_testbed_stop.
 */
int cb_host_collect(struct cb_host *h, json_t **reply, uint64_t deadline_ns, struct cb_error *err);
/* Both in one. */
int cb_host_call(struct cb_host *h, const char *request, json_t *args, json_t **reply,
	uint64_t deadline_ns, struct cb_error *err);
const char *cb_host_name(const struct cb_host *h);

/* Set by the controller's signal handler to the signal's number. */
extern volatile sig_atomic_t cb_testbed_stop;

/*
 * Remove what killed runs left: agents of controllers that are gone, their state files. Returns how
 * many things were removed, or negative. `told` (may be NULL) is called with a line for each.
 */
int cb_testbed_clean(void (*told)(const char *line), struct cb_error *err);

#endif
