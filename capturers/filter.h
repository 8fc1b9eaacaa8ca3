/*
 * A capture filter: a pcap expression ("udp and port 53"), compiled by
 * libpcap to a classic BPF program that a mechanism attaches in the kernel.
 * Not the attaching: that is the mechanism's.
 *
 * The program is for Ethernet frames as they stand in memory. A VLAN tag that the device took out
 * of the frame is not seen by it.
 */
#ifndef CB_CAPTURERS_FILTER_H
#define CB_CAPTURERS_FILTER_H

#include "harness/base/error.h"

#include <stdint.h>

/* Laid out as struct sock_filter and struct bpf_insn are. */
struct cb_filter_instruction {
	uint16_t code;
	uint8_t jump_true, jump_false;
	uint32_t k;
};

struct cb_filter {
	struct cb_filter_instruction *code; /* owned; NULL: none */
	unsigned n;                         /* at most CB_FILTER_MAX */
};

#define CB_FILTER_MAX 4096 /* what a kernel takes: BPF_MAXINSNS */

/*
 * Compile `expression` into *f. The program returns `snaplen` for a frame that it takes, else 0.
 * CB_ERR_USAGE with libpcap's words when the expression is wrong, CB_ERR_IMPOSSIBLE when there is
 * no libpcap here.
 */
int cb_filter_compile(
	struct cb_filter *f, const char *expression, uint32_t snaplen, struct cb_error *err);

/* Frees; a zeroed one is fine. */
void cb_filter_finish(struct cb_filter *f);

#endif
