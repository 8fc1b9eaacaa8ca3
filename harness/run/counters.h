/*
 * Readings of a host's counters as the agent's request `counters` gives them, and what changed
 * between two.
 */
#ifndef CB_HARNESS_RUN_COUNTERS_H
#define CB_HARNESS_RUN_COUNTERS_H

#include "harness/base/error.h"
#include "harness/book/measured.h"

#include <jansson.h>
#include <stdint.h>

#define CB_COUNTERS_CPUS 256

struct cb_counters {
	int64_t time_ns, real_ns, napi_thread_ns; /* CLOCK_MONOTONIC, CLOCK_REALTIME */
	int64_t interrupts;
	int64_t rx_packets, tx_packets, rx_dropped, tx_dropped, rx_missed, nic_ring_dropped,
		xdp_refused;
	int n_cpus; /* highest CPU number + 1 */
	struct {
		int64_t processed, dropped, squeezed, rps, steal_ns;
		int64_t present;
	} cpu[CB_COUNTERS_CPUS];
};

/* From a reply. CB_ERR_HOST naming what is missing. */
int cb_counters_read(struct cb_counters *c, const json_t *reply, struct cb_error *err);

/* Add the link's counters of another host. */
void cb_counters_add_link(struct cb_counters *to, const struct cb_counters *c);

/*
 * What happened on the sensor host between two readings. The steal share is the worst CPU's, with
 * one clock tick (10 ms) taken off: /proc/stat rounds to ticks. softirq and NET_RX times are not
 * filled here.
 */
void cb_counters_evidence(const struct cb_counters *before, const struct cb_counters *after,
	struct cb_evidence_record *evidence);

#endif
