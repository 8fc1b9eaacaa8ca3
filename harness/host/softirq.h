/*
 * Softirq time, exactly. The kernel charges receive-path softirqs to whatever task they interrupt
 * (unless CONFIG_IRQ_TIME_ACCOUNTING is on). An eBPF program on softirq_entry and softirq_exit
 * (host/bpf/softirq.bpf.c) measures them: per vector in all, and for the processes that are
 * watched, the part that interrupted them.
 */
#ifndef CB_HARNESS_HOST_SOFTIRQ_H
#define CB_HARNESS_HOST_SOFTIRQ_H

#include "harness/base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cb_softirq; /* an attached program; its link dies with the process */

/* CB_ERR_IMPOSSIBLE with what is missing (privilege, tracepoint) when it can't be had. */
int cb_softirq_open(struct cb_softirq **opened, struct cb_error *err);
void cb_softirq_close(struct cb_softirq *s); /* NULL is fine */

/* Start (from 0) or stop watching a process (thread group). At most 64 at once. */
int cb_softirq_watch(struct cb_softirq *s, pid_t pid, struct cb_error *err);
int cb_softirq_unwatch(struct cb_softirq *s, pid_t pid, struct cb_error *err);

/* Time so far in softirqs that interrupted `pid`, in ns, all CPUs. CB_ERR_INTERNAL when not
 * watched. */
int cb_softirq_of(struct cb_softirq *s, pid_t pid, int64_t *ns, struct cb_error *err);
/* Time so far in NET_RX softirqs on all CPUs, in ns. */
int cb_softirq_net_rx(struct cb_softirq *s, int64_t *ns, struct cb_error *err);

/*
 * Does the kernel leave interrupt time out of a task's CPU time by itself
 * (CONFIG_IRQ_TIME_ACCOUNTING)? 1 yes, 0 no, -1 not known. When 1, softirq time must not be taken
 * off again.
 */
int cb_softirq_kernel_accounts(const struct cb_softirq *s);

/* What the two programs cost per softirq on this host, in ns, measured once (median of several
 * short rounds). */
int cb_softirq_cost(struct cb_softirq *s, double *ns, struct cb_error *err);

#endif
