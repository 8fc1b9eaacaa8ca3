/*
 * What pcap_stats() counts, which differs by what stands behind libpcap, in one meaning and 64 bits
 * wide; and what ran, in a line.
 */
#ifndef CB_CAPTURERS_MECHANISMS_PCAP_COUNTS_H
#define CB_CAPTURERS_MECHANISMS_PCAP_COUNTS_H

#include "capturers/mechanisms/pcap_ring.h"
#include "capturers/pcap_library.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cb_pcap_source;

struct cb_pcap_counts {
	const struct cb_pcap_library *library;
	pcap_t *pcap;
	const char *interface;
	const struct cb_pcap_source *source; /* what stands behind the handle */
	bool filtered;                       /* the tap has a filter */
	uint32_t last_recv, last_drop;
	int64_t recv, drop;       /* since the restart */
	int64_t matched, dropped; /* as in struct cb_tap_counters; CB_UNKNOWN: not told */
};

/* Before the first frame. `pf_ring`: libpcap reads a ring of PF_RING's. What is pointed to must
 * outlive it. */
void cb_pcap_counts_init(struct cb_pcap_counts *c, bool pf_ring);

/* Take over what is counted now: before 2^32 more frames have come. 0 or a negative errno. */
int cb_pcap_counts_read(struct cb_pcap_counts *c);

/* From here on, from 0. */
void cb_pcap_counts_restart(struct cb_pcap_counts *c);

/* "libpcap 1.10.3, TPACKET_V3". `library` is what pcap_lib_version() says. */
void cb_pcap_version(char *out, size_t size, const char *library, const struct cb_pcap_ring *ring,
	const struct cb_pcap_pf_ring *pf_ring);

#endif
