/*
 * A libpcap handle: the library loaded, a handle opened and set up with whichever functions this
 * libpcap has. What is done with its frames is not of its knowing.
 */
#ifndef CB_CAPTURERS_MECHANISMS_PCAP_HANDLE_H
#define CB_CAPTURERS_MECHANISMS_PCAP_HANDLE_H

#include "capturers/capturer.h"
#include "capturers/pcap_library.h"

#include <net/if.h>

/* What the mechanism's options ask for. */
struct cb_pcap_wish {
	bool immediate;
	int timeout_ms;
	const char *library; /* NULL or "": the system's */
};

/* Zero-initialise. */
struct cb_pcap_handle {
	struct cb_pcap_library library;
	pcap_t *pcap;
	char interface[IFNAMSIZ];
	uint32_t time_unit; /* ns of pcap_pkthdr's tv_usec */
};

/* From here on frames come in, all of them. Not blocking to read from. Closed on error. */
int cb_pcap_handle_open(struct cb_pcap_handle *h, const struct cb_tap *tap,
	const struct cb_pcap_wish *wish, struct cb_error *err);

/* After a pcap_dispatch() that failed: -ENETDOWN when the interface is down or gone, else -EIO,
 * with libpcap's own words logged. */
int cb_pcap_handle_explain(const struct cb_pcap_handle *h);

/* More than once does no harm. */
void cb_pcap_handle_close(struct cb_pcap_handle *h);

#endif
