/*
 * What an agent is at any time; for the files of this folder. One thread, no globals but the
 * signal's wake-up.
 */
#ifndef CB_HARNESS_AGENT_STATE_H
#define CB_HARNESS_AGENT_STATE_H

#include "harness/agent/agent.h"
#include "harness/agent/child.h"
#include "harness/host/softirq.h"
#include "harness/wire/wire.h"

#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CB_AGENT_CAPTURES_MAX 64
#define CB_AGENT_WATCHED_MAX  64

/* What has happened so far; requests are allowed or not by these. */
enum cb_agent_state {
	CB_AGENT_GREETED = 1u << 0,  /* hello was said */
	CB_AGENT_CAPTURE = 1u << 1,  /* capture processes are up */
	CB_AGENT_GENERATE = 1u << 2, /* a generator process waits for its start */
};

/* The softirq program of this agent, opened when it is first wanted. */
struct cb_agent_softirq {
	struct cb_softirq *program; /* NULL: not open */
	bool refused;               /* was tried in vain: `why` says why */
	char why[512];
	pid_t watched[CB_AGENT_WATCHED_MAX]; /* by `watch` */
	size_t n_watched;
	double cost_ns;      /* NaN: not known */
	int kernel_accounts; /* as cb_softirq_kernel_accounts says, -1 as long as nobody was asked
			      */
};

struct cb_agent {
	const struct cb_agent_options *options;
	int in, out; /* messages */
	int lock;    /* on a host of its own; -1: none */
	int wake;    /* readable once a signal has asked for the end; -1: none */
	struct cb_wire_reader reader;
	bool ending;
	unsigned state; /* enum cb_agent_state */

	const char *busy; /* the request being carried out; NULL: none */
	bool aborted;     /* an abort came while busy, with: */
	int64_t abort_id;

	/* On a host of its own. */
	struct cb_undo *undo;
	uint64_t dead_man_ns; /* 0: no timer */
	uint64_t heard_ns, quiet_until_ns;

	struct cb_error setup; /* why the namespaces could not be made; code 0: they are there */
	bool own_sysfs;        /* /sys shows this network namespace */
	json_t *missing;       /* sentences; owned */

	struct cb_tuning *tuning; /* what `tune` has changed; NULL: nothing */
	struct cb_agent_softirq softirq;
	struct cb_agent_child captures[CB_AGENT_CAPTURES_MAX];
	size_t n_captures;
	struct cb_shared_tap *shared; /* what these share, NULL: nothing */
	bool measuring;               /* the capture processes are watched */
	struct cb_agent_child generator;
};

/* `in` and `out` stay the caller's. CB_ERR_INTERNAL out of memory. */
int cb_agent_init(struct cb_agent *a, const struct cb_agent_options *options, int in, int out,
	struct cb_error *err);
/* Ends the processes, frees everything. */
void cb_agent_finish(struct cb_agent *a);

/* End processes, if there are any: SIGTERM, up to 300 ms, SIGKILL. */
void cb_agent_end_captures(struct cb_agent *a);
void cb_agent_end_generator(struct cb_agent *a);
void cb_agent_end_children(struct cb_agent *a);

/* Send a message; the reference is stolen, NULL is out of memory. Failure ends the agent. */
void cb_agent_send(struct cb_agent *a, json_t *message);

/*
 * One step of waiting: until one of `fds` is ready (revents set), the controller or a signal wants
 * something, or the deadline passes. While a request is carried out, messages are answered here.
 * CB_ERR_INTERRUPTED: stop waiting, the request is aborted or the agent ends; CB_ERR_HOST: the
 * deadline has passed.
 */
int cb_agent_wait(struct cb_agent *a, struct pollfd *fds, size_t n, uint64_t deadline_ns,
	struct cb_error *err);

/* Add a sentence to `missing`. */
void cb_agent_miss(struct cb_agent *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
