/*
 * What PF_RING's kernel module counts for a ring, as it shows it below /proc/net/pf_ring: the same
 * in every version, which can't be said of pfring_stats() and of pcap_stats() over PF_RING.
 */
#ifndef CB_CAPTURERS_MECHANISMS_PF_RING_TOTALS_H
#define CB_CAPTURERS_MECHANISMS_PF_RING_TOTALS_H

#include <stdint.h>

#define CB_PF_RING_PROC "/proc/net/pf_ring"

struct cb_pf_ring_totals {
	int64_t inserted; /* frames put into the ring */
	int64_t lost;     /* for want of room in it */
};

/*
 * Of this process's ring on `interface`: from the file PID-INTERFACE.N in `directory`. With
 * several, the newest. 0, -ENOENT when there is none, -EPROTO when it does not read as it should.
 */
int cb_pf_ring_totals_read(
	struct cb_pf_ring_totals *totals, const char *directory, const char *interface);

#endif
