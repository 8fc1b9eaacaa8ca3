/*
 * A capture filter in front of an eBPF program: where a classic BPF program
 * can't be attached (XDP), or the place is taken (a socket's filter slot), it
 * is translated to an eBPF program that hands the frames it takes on to the
 * tap's own program by a tail call, and leaves all others alone.
 */
#ifndef CB_CAPTURERS_EBPF_FILTER_H
#define CB_CAPTURERS_EBPF_FILTER_H

#include "harness/base/error.h"

enum cb_ebpf_filter_type {
	CB_EBPF_FILTER_XDP,    /* others go up the stack: XDP_PASS */
	CB_EBPF_FILTER_SOCKET, /* others are not for the socket: 0 */
};

/* Zero is not "nothing": start from CB_EBPF_FILTER_NONE. */
struct cb_ebpf_filter {
	int program; /* to be attached in place of the tap's; -1: none */
	int next;    /* the map with the tap's program: stays open as long as it is to be called */
};

#define CB_EBPF_FILTER_NONE ((struct cb_ebpf_filter){.program = -1, .next = -1})

/*
 * Compile the pcap expression, translate and load it, in front of `program` (a descriptor, of the
 * type). CB_ERR_USAGE for a wrong expression, CB_ERR_IMPOSSIBLE when there is no libpcap or the
 * kernel refuses the program. Blocks for some ms.
 */
int cb_ebpf_filter_open(struct cb_ebpf_filter *f, const char *expression,
	enum cb_ebpf_filter_type type, int program, struct cb_error *err);

/* More than once does no harm. */
void cb_ebpf_filter_close(struct cb_ebpf_filter *f);

#endif
