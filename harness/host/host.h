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

/*
 * Facts for the record: kernel, CPU, memory, virtualisation, clock source, relevant sysctls. What
 * this host does not tell is null. A new reference; NULL out of memory. Takes some milliseconds.
 */
json_t *cb_host_facts(void);

/* One reading of the host's counters. Softnet and steal are host-wide, not per namespace. */
#define CB_HOST_CPUS_MAX 256
struct cb_host_counters {
	uint64_t time_ns;   /* CLOCK_MONOTONIC */
	unsigned n_cpus;    /* highest CPU number + 1; those that are not online are all zero */
	int64_t interrupts; /* of devices, on all CPUs; timers and CPUs' calls to each other are
			       not among them; CB_UNKNOWN: not told */
	bool backlog_known; /* kernels before 5.10 do not tell the backlog */
	/* By CPU number; softnet values are 32-bit counters of the kernel: subtract as uint32_t. */
	struct {
		uint32_t processed, dropped, squeezed, rps;
		uint32_t backlog; /* frames waiting now */
		int64_t steal_ns;
		bool online;
	} cpu[CB_HOST_CPUS_MAX];
};
/* CB_ERR_IMPOSSIBLE when the host has a CPU beyond CB_HOST_CPUS_MAX. */
int cb_host_counters_read(struct cb_host_counters *c, struct cb_error *err);

/*
 * Blocks until no CPU has frames in its backlog, seen twice 2 ms apart, or the deadline:
 * CB_ERR_HOST. A backlog is what `softirq` and `rps` fill; the ring of a veth with NAPI does not
 * show here (nor anywhere else): there the caller sees from the counters that nothing moves any
 * more.
 */
int cb_host_wait_quiet(uint64_t deadline_ns, struct cb_error *err);

/*
 * How the kernel receives on `interface`:
 *
 *   softirq   where the frame arrives (on veth: in the sender's context), no RPS, no threads
 *   rps       steered to core `cpu` by RPS (-1: RPS off, which is softirq)
 *   threaded  by a kernel thread per NAPI, pinned to `cpu` (-1: not pinned)
 *
 * On veth a NAPI is there only when it is asked for: by `threaded`, or by `napi` in the other
 * modes. It is made by turning GRO on, and taken away again by turning GRO off. Frames pass it only
 * if the sending end has its TSO off (cb_link_tso): the caller's business, as is a look at
 * cb_receive_thread_ns to see that the thread worked.
 *
 * cb_receive_set reads first, changes what differs, and reads back; it costs about a millisecond
 * when nothing is to be changed. /sys must be that of the caller's network namespace, and the
 * interface up for `threaded`. CB_ERR_IMPOSSIBLE says what is missing: RPS needs real root (a user
 * namespace's is not enough), so does pinning a kernel thread.
 */
enum cb_receive_mode { CB_RECEIVE_SOFTIRQ, CB_RECEIVE_RPS, CB_RECEIVE_THREADED };
extern const char *const cb_receive_mode_names[]; /* "softirq", "rps", "threaded", NULL */
struct cb_receive {
	enum cb_receive_mode mode;
	int cpu;
	bool napi;
};
int cb_receive_set(const char *interface, const struct cb_receive *want, struct cb_error *err);
/*
 * CPU time in ns used so far by the NAPI kernel threads of `interface`, as the scheduler charges
 * it: exact while they sleep, up to a tick (1-10 ms) behind while one runs. CB_UNKNOWN when there
 * is none, or when it can't be seen from the caller's PID namespace.
 */
int64_t cb_receive_thread_ns(const char *interface);

#endif
