/*
 * What stands behind struct cb_softirq. Internal to harness/host.
 */
#ifndef CB_HARNESS_HOST_SOFTIRQ_STATE_H
#define CB_HARNESS_HOST_SOFTIRQ_STATE_H

#include "harness/base/error.h"
#include "harness/host/softirq.h"

#include <stddef.h>
#include <stdint.h>

struct softirq_bpf;

struct cb_softirq {
	struct softirq_bpf *bpf; /* the skeleton: loaded and attached */
	int cpus;                /* possible ones: how many values a per-CPU map has */
	int kernel_accounts;
};

/* Time and number of one vector's softirqs so far, all CPUs. */
struct cb_softirq_total;
int cb_softirq_total(struct cb_softirq *s, uint32_t vector, struct cb_softirq_total *total,
	struct cb_error *err);

/* One round of known activity on the calling thread's time. */
struct cb_softirq_round {
	int64_t wall_ns;    /* it took */
	int64_t cpu_ns;     /* of that the scheduler charged to the thread */
	int64_t softirq_ns; /* of that softirqs took, by the programs' measure */
};

/*
 * Are softirqs left out of cpu_ns? 1, 0, or -1 when the rounds don't tell (too little softirq time
 * in them). A preempted round lacks time too, so the round that lacks least decides.
 */
int cb_softirq_verdict(const struct cb_softirq_round *rounds, size_t n);

/* Find out by trying, which takes some milliseconds: the configuration alone does not say it, the
 * kernel switches its accounting off at boot when the TSC is not stable ("tsc=noirqtime"). Also -1
 * when there is no privilege for a network namespace to try in. */
int cb_softirq_try_accounting(struct cb_softirq *s);

#endif
