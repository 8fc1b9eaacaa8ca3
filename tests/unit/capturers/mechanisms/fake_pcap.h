/* What a test and the libpcap stand-ins that it loads have in common: `struct fake_pcap *fake` in
 * each of them. */
#ifndef CB_TESTS_FAKE_PCAP_H
#define CB_TESTS_FAKE_PCAP_H

#include <pcap/pcap.h>
#include <stdbool.h>

struct fake_pcap {
	/* What the stand-in does. */
	int activate;           /* what pcap_activate() returns */
	struct pcap_stat stats; /* what pcap_stats() says */
	bool stats_fail;
	int queued;      /* frames there */
	int excess;      /* frames that a dispatch gives beyond those asked for */
	int dispatch;    /* what it returns when nothing is queued */
	unsigned caplen; /* of each frame; it holds its number in the first four bytes */
	/* What it was asked. */
	int opened_live, closed, activated, timeout, buffer, immediate, snaplen, promiscuous,
		filters;
	unsigned next; /* number of the next frame */
};

#endif
