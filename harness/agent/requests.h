/* The table of requests, and how one is carried out. */
#ifndef CB_HARNESS_AGENT_REQUESTS_H
#define CB_HARNESS_AGENT_REQUESTS_H

#include "harness/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cb_agent;

/* `args` is the whole message; results are put into `reply`. */
typedef int cb_agent_request_fn(
	struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err);

struct cb_agent_request {
	const char *name;
	cb_agent_request_fn *run;
	unsigned needs, excludes; /* enum cb_agent_state: must have, must not have happened */
};

/* Carry out one message and send its reply. Negative: it is no request, the connection is not
 * usable. */
int cb_agent_serve(struct cb_agent *a, const json_t *message, struct cb_error *err);

cb_agent_request_fn cb_agent_hello, cb_agent_facts, cb_agent_link_create, cb_agent_link_up,
	cb_agent_link_queues, cb_agent_receive, cb_agent_counters, cb_agent_quiet, cb_agent_watch,
	cb_agent_evidence, cb_agent_capture_prepare, cb_agent_capture_stop,
	cb_agent_generate_prepare, cb_agent_generate_go, cb_agent_abort, cb_agent_bye,
	cb_agent_clock, cb_agent_window, cb_agent_port, cb_agent_commands, cb_agent_tune,
	cb_agent_untune, cb_agent_doctor, cb_agent_clean;

/* Arguments, checked. CB_ERR_USAGE naming the argument. */
int cb_agent_arg_count(const json_t *args, const char *key, int64_t min, int64_t max,
	int64_t *value, struct cb_error *err);
/* The same with a default for an argument that is not there. */
int cb_agent_arg_bool(
	const json_t *args, const char *key, bool fallback, bool *value, struct cb_error *err);
int cb_agent_arg_time(const json_t *args, const char *key, int64_t fallback_ns, int64_t *ns,
	struct cb_error *err);
/* The name of a network device; says nothing about whether it exists. */
int cb_agent_arg_interface(
	const json_t *args, const char *key, char name[16], struct cb_error *err);
int cb_agent_arg_mac(const json_t *args, const char *key, uint8_t mac[6], struct cb_error *err);
/* At most `max` process ids. */
int cb_agent_arg_pids(const json_t *args, const char *key, pid_t *pids, size_t max, size_t *n,
	struct cb_error *err);

#endif
