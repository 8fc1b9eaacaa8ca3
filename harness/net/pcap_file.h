/*
 * Packets from a pcap or pcapng file, through whichever libpcap there is at run time: the program
 * itself needs none. Files are hostile: whatever is wrong with one ends in an error or an early end
 * that is told apart from the true end.
 */
#ifndef CB_HARNESS_NET_PCAP_FILE_H
#define CB_HARNESS_NET_PCAP_FILE_H

#include "harness/base/error.h"

#include <stdint.h>
#include <stdio.h>

#define CB_PCAP_CAPTURED_MAX 262144 /* bytes of one packet; more is corruption, for libpcap too */

struct cb_pcap_file;

/* What a file's packets begin with. */
enum cb_pcap_link {
	CB_PCAP_ETHERNET,
	CB_PCAP_COOKED,  /* LINKTYPE_LINUX_SLL: 16 bytes, as `tcpdump -i any` wrote them once */
	CB_PCAP_COOKED2, /* LINKTYPE_LINUX_SLL2: 20 bytes, as it does now */
	CB_PCAP_IP,      /* LINKTYPE_RAW: IPv4 or IPv6 by itself */
};

struct cb_pcap_packet {
	uint64_t time_ns; /* since 1970; to the ns where the file has them */
	uint32_t length;  /* on the wire, as the file says: at least `captured` */
	uint32_t captured;
	const uint8_t *bytes; /* `captured` of them, until the next call */
};

/*
 * CB_ERR_IMPOSSIBLE without a libpcap of 1.5 or later; CB_ERR_USAGE when the file can't be read, is
 * none of these formats or does not hold Ethernet frames.
 */
int cb_pcap_file_open(struct cb_pcap_file **file, const char *path, struct cb_error *err);

/* The same from a stream, which is taken over whatever the outcome. `name` is for errors. */
int cb_pcap_file_open_stream(
	struct cb_pcap_file **file, FILE *stream, const char *name, struct cb_error *err);

/* The same for a reader of all link types above. */
int cb_pcap_file_open_any(struct cb_pcap_file **file, FILE *stream, const char *name,
	enum cb_pcap_link *link, struct cb_error *err);

/* 1: a packet, 0: the end, CB_ERR_USAGE: from here on the file is damaged or cut off. */
int cb_pcap_file_next(
	struct cb_pcap_file *file, struct cb_pcap_packet *packet, struct cb_error *err);

void cb_pcap_file_close(struct cb_pcap_file *file);

#endif
