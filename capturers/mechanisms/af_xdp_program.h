/*
 * The XDP program of af-xdp, and its map of sockets by RX queue. An interface has room for one XDP
 * program, so processes that share its queues out share this. Not a mechanism itself.
 */
#ifndef CB_CAPTURERS_MECHANISMS_AF_XDP_PROGRAM_H
#define CB_CAPTURERS_MECHANISMS_AF_XDP_PROGRAM_H

#include "capturers/capturer.h"
#include "capturers/filter_program.h"
#include "harness/net/bpf_attach.h"

#include <stdint.h>

/* Zero is not "nothing": start from CB_AF_XDP_PROGRAM_NONE. */
struct cb_af_xdp_program {
	int program, sockets;            /* the program, and its XSKMAP */
	struct cb_filter_program filter; /* in front of it, if the tap has one */
	struct cb_bpf_attachment attachment;
};

#define CB_AF_XDP_PROGRAM_NONE                     \
	((struct cb_af_xdp_program){.program = -1, \
		.sockets = -1,                     \
		.filter = CB_FILTER_PROGRAM_NONE,  \
		.attachment = CB_BPF_DETACHED})

/* Can this process load such a program? CB_ERR_IMPOSSIBLE. */
int cb_af_xdp_program_probe(struct cb_error *err);

/*
 * Load it for `queues` RX queues and the tap's filter, and attach it: all frames go up the stack
 * until there are sockets in the map. CB_ERR_IMPOSSIBLE as cb_bpf_attach_xdp(), CB_ERR_USAGE for a
 * wrong filter; nothing is left on error. Blocks for some ms.
 */
int cb_af_xdp_program_open(struct cb_af_xdp_program *p, const struct cb_tap *tap,
	enum cb_xdp_mode mode, uint32_t queues, struct cb_error *err);

/*
 * Takes the program off. What a veth has in its NAPI rings at that moment (256 frames a queue) is
 * thrown away with them, and counted nowhere (veth_napi_del_range(), drivers/net/veth.c), unless
 * its GRO is on: there should be no traffic any more. More than once does no harm.
 */
void cb_af_xdp_program_close(struct cb_af_xdp_program *p);

/* The same for several processes: the map is the only descriptor that each of them gets. */
int cb_af_xdp_program_share(const struct cb_tap *tap, enum cb_xdp_mode mode, uint32_t queues,
	unsigned processes, struct cb_shared_tap **shared, struct cb_error *err);

#endif
