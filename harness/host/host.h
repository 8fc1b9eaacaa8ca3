/*
 * One machine seen from inside: what it is, what it counted, and how its receive path is set.
 */
#ifndef CB_HARNESS_HOST_HOST_H
#define CB_HARNESS_HOST_HOST_H

#include "harness/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Facts for the record: kernel, CPU, memory, virtualisation, clock source, relevant sysctls. New
 * reference. */
json_t *cb_host_facts(void);

/* One reading of the host's counters. Softnet and steal are host-wide, not per namespace. */
#define CB_HOST_CPUS_MAX 256
struct cb_host_counters {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	unsigned n_cpus;
	/* By CPU number; softnet values are 32-bit counters of the kernel: subtract as uint32_t. */
	struct {
		uint32_t processed, dropped, squeezed, rps;
		uint32_t backlog; /* frames waiting now */
		int64_t steal_ns;
		bool online;
	} cpu[CB_HOST_CPUS_MAX];
};
int cb_host_counters_read(struct cb_host_counters *c, struct cb_error *err);

/* Blocks until no CPU has frames in its backlog, seen twice 2 ms apart, or the deadline:
 * CB_ERR_HOST. */
int cb_host_wait_quiet(uint64_t deadline_ns, struct cb_error *err);

/*
 * How the kernel receives on `interface`.
 *   softirq   where the frame arrives (on veth: in the sender's context), without NAPI on veth
 * unless `napi` rps       steered to core `cpu` by RPS (-1: RPS off) threaded  a kernel thread per
 * NAPI, pinned to `cpu` (-1: not pinned) On veth `threaded` turns GRO on (which makes the NAPI);
 * the sender's TSO must be off (capture.md 1.10): the caller's business. CB_ERR_IMPOSSIBLE says
 * what is missing.
 */
enum cb_receive_mode { CB_RECEIVE_SOFTIRQ, CB_RECEIVE_RPS, CB_RECEIVE_THREADED };
extern const char *const cb_receive_mode_names[]; /* "softirq", "rps", "threaded", NULL */
struct cb_receive {
	enum cb_receive_mode mode;
	int cpu;
	bool napi;
};
int cb_receive_set(const char *interface, const struct cb_receive *want, struct cb_error *err);
/* CPU time in ns used so far by the NAPI kernel threads of `interface`; CB_UNKNOWN when there is
 * none. */
int64_t cb_receive_thread_ns(const char *interface);

#endif
