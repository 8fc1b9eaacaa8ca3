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
#include "harness/testbed/file.h"

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cb_host; /* a connection to an agent */

/* The port that hands a sensor its frames, on a host that is there for that. */
struct cb_testbed_wire {
	struct cb_testbed_end *at; /* NULL: nobody counts there */
	char interface[16], driver[32];
};

/* A host, and its port on the measured link. */
struct cb_testbed_end {
	char name[CB_TESTBED_NAME_MAX];
	struct cb_host *host; /* NULL: it is gone, and cb_testbed_mend may bring it back */
	char interface[16], mac[18], driver[32];
	const struct cb_host_settings *settings; /* of the test-bed file; borrowed, NULL: none */
	const int *cores;                        /* what a layout's cores stand for; borrowed */
	int n_cores;                             /* 0: for themselves */
	uint64_t usable[CB_CORES_UNKNOWN / 64];  /* cores that the agent may use, a bit each */
	size_t n_usable;                         /* 0: not told */
	struct cb_testbed_wire wire;             /* of a sensor */
};

struct cb_testbed {
	struct cb_testbed_shape shape;
	struct cb_testbed_end generators[CB_TESTBED_HOSTS_MAX], sensors[CB_TESTBED_HOSTS_MAX];
	struct cb_testbed_end counters[CB_TESTBED_HOSTS_MAX]; /* hosts of wires, without a port */
	size_t n_generators, n_sensors, n_counters;
	int queues; /* RX queues that the sensor's end of the link can have (request link-queues) */
	json_t *missing; /* array of sentences: what can't be had here and what that means; owned */
	const struct cb_testbed_backend *backend;
	void *state; /* the backend's */
};

struct cb_testbed_options {
	const char *log_dir; /* of log_dir/<host>/agent.log; NULL: agents' stderr is ours */
	int queues;          /* that the built-in link can have, both ways; 0: one */
	bool look_only;      /* of hosts over SSH: no commands, and the link is not touched */
	const struct cb_bed
		*bed; /* hosts over SSH; borrowed while it is open. NULL: the built-in */
};

/*
 * The built-in test-bed: two network namespaces and a veth pair on this machine. Or that of a file:
 * connects to its hosts all at once, deploys this program where it is not there yet, starts the
 * agents, finds their ports and brings the link up. Blocks a few seconds at most for the one; for
 * the other as long as ssh takes, up to a minute. CB_ERR_HOST says which host, why, and what to do.
 */
int cb_testbed_open(
	struct cb_testbed **t, const struct cb_testbed_options *options, struct cb_error *err);
/* The shape alone, without starting or asking anything: for `plan`. `bed` NULL: the built-in. */
int cb_testbed_shape(
	struct cb_testbed_shape *shape, const struct cb_bed *bed, struct cb_error *err);
/* Ends the agents (which undo what they did); accepts NULL. */
void cb_testbed_close(struct cb_testbed *t);

/*
 * Start anew what was lost: hosts whose connection is broken. CB_ERR_HOST when one doesn't come
 * back, or when this test-bed can't do that; its end has no host then, the others are usable.
 */
int cb_testbed_mend(struct cb_testbed *t, struct cb_error *err);

/* The core that a layout's `core` is on this host; -1 stays -1. CB_CORES_UNKNOWN: there is none. */
int cb_testbed_core(const struct cb_testbed_end *end, int core);
bool cb_testbed_has_core(const struct cb_testbed_end *end, int core);

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
/* The connection is of no more use: the agent is gone, stuck, or talks nonsense. */
bool cb_host_is_broken(const struct cb_host *h);

/* One of several hosts that are asked at once. */
struct cb_ask {
	struct cb_host *host;
	json_t *args;  /* stolen */
	json_t *reply; /* filled in; the caller's; NULL after an error */
};
/*
 * Ask all, then hear all: a barrier. The first failure ends it: replies that are still to come are
 * skipped by later calls. On an error the replies that came are released.
 */
int cb_hosts_ask(struct cb_ask *asks, size_t n, const char *request, uint64_t deadline_ns,
	struct cb_error *err);

/*
 * CLOCK_MONOTONIC of the host less ours, how far that may be off (half the quickest of a few round
 * trips), and the same of CLOCK_REALTIME. Blocks for some round trips.
 */
struct cb_clock_offset {
	int64_t offset_ns, error_ns, real_offset_ns;
};
int cb_host_clock(struct cb_host *h, struct cb_clock_offset *o, struct cb_error *err);

/*
 * While a controller waits, hosts that are not asked anything hear from it now and then, or their
 * dead-man timers would end them; between these two calls they don't: the measurement window.
 */
void cb_heartbeat_pause(void);
void cb_heartbeat_resume(void);

/* Set by the controller's signal handler to the signal's number. */
extern volatile sig_atomic_t cb_testbed_stop;

/*
 * Remove what killed runs left: agents of controllers that are gone, their state files. Returns how
 * many things were removed, or negative. `told` (may be NULL) is called with a line for each.
 */
int cb_testbed_clean(void (*told)(const char *line), struct cb_error *err);

#endif
