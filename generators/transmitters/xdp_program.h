/*
 * The eBPF side of the transmitter `xdp`: its programs, loaded and attached, and one call of
 * BPF_PROG_RUN with them. Nothing of it outlives the process.
 */
#ifndef CB_GENERATORS_TRANSMITTERS_XDP_PROGRAM_H
#define CB_GENERATORS_TRANSMITTERS_XDP_PROGRAM_H

#include "generators/bpf/xdp_call.h"
#include "generators/generator.h"

struct cb_xdp_program {
	struct xdp_generate_bpf *skeleton; /* NULL: closed */
	struct cb_xdp_call *call;          /* shared with the programs */
	const struct cb_template *frame;   /* the link's */
	int make_frame_fd;
	int namespace_fd, hold_fd; /* see hold_dispatcher() */
};

/*
 * Blocks for some tens of milliseconds. CB_ERR_IMPOSSIBLE: privilege or kernel lack something;
 * CB_ERR_USAGE: the frame does not fit into a page. Closed on error.
 */
int cb_xdp_program_open(struct cb_xdp_program *p, const struct cb_link *link, struct cb_error *err);

/*
 * Let make_frame run up to `n` times, and frames reach the link in groups of `batch` (1 to 256).
 * p->call says what came of it. 0 or negative errno.
 */
int cb_xdp_program_run(struct cb_xdp_program *p, uint32_t n, uint32_t batch);

/* Accepts a zeroed one. */
void cb_xdp_program_close(struct cb_xdp_program *p);

#endif
