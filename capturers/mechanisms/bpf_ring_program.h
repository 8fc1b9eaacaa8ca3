/*
 * bpf-ring's eBPF program, and the rings that it fills: those of one process, or of several that
 * share an XDP tap. Not a mechanism itself.
 */
#ifndef CB_CAPTURERS_MECHANISMS_BPF_RING_PROGRAM_H
#define CB_CAPTURERS_MECHANISMS_BPF_RING_PROGRAM_H

#include "capturers/mechanisms/bpf_tap.h"

/* A process's part, by descriptors; in this order it is handed to the processes that share a tap.
 */
enum cb_ring_fd {
	CB_RING_FD_RING,
	CB_RING_FD_WAKEUPS,
	CB_RING_FD_CONTROLS,
	CB_RING_FD_COUNTS,
	CB_RING_FDS,
};

struct cb_ring_program {
	struct bpf_ring_bpf *bpf;
	struct cb_bpf_tap tap;
	unsigned processes;                         /* made so far */
	int fds[CB_TAP_PROCESSES_MAX][CB_RING_FDS]; /* rings and wakeups are ours, the others bpf's
						     */
};

#define CB_RING_PROGRAM_NONE ((struct cb_ring_program){.tap = CB_BPF_TAP_NONE})

/* Load it, with rings of the largest power of two that tap->buffer allows. CB_ERR_IMPOSSIBLE as
 * cb_bpf_load(). To be closed also on error. */
int cb_ring_program_make(struct cb_ring_program *p, const struct cb_tap *tap,
	const struct cb_bpf_tap_options *o, unsigned processes, struct cb_error *err);

/* Attach it: see cb_bpf_tap_attach(). */
int cb_ring_program_attach(struct cb_ring_program *p, const struct cb_tap *tap,
	const struct cb_bpf_tap_options *o, struct cb_error *err);

/* More than once does no harm. */
void cb_ring_program_close(struct cb_ring_program *p);

/* As in struct cb_mechanism_extra. */
int cb_ring_program_share(const struct cb_tap *tap, const struct cb_bpf_tap_options *o,
	unsigned processes, struct cb_shared_tap **shared, struct cb_error *err);

#endif
