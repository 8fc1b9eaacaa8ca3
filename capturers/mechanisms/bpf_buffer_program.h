/*
 * bpf-buffer's eBPF program, and the pairs of buffers that it fills: that of one process, or those
 * of several that share an XDP tap. Not a mechanism itself.
 */
#ifndef CB_CAPTURERS_MECHANISMS_BPF_BUFFER_PROGRAM_H
#define CB_CAPTURERS_MECHANISMS_BPF_BUFFER_PROGRAM_H

#include "capturers/mechanisms/bpf_tap.h"

/* A process's part, by descriptors; in this order it is handed to the processes that share a tap.
 */
enum cb_buffer_fd {
	CB_BUFFER_FD_BUFFERS,
	CB_BUFFER_FD_WAKEUPS,
	CB_BUFFER_FD_CONTROLS,
	CB_BUFFER_FD_COUNTS,
	CB_BUFFER_FD_ROTATE, /* a program */
	CB_BUFFER_FDS,
};

struct cb_buffer_program {
	struct bpf_buffer_bpf *bpf;
	struct cb_bpf_tap tap;
	unsigned processes;                           /* made so far */
	int fds[CB_TAP_PROCESSES_MAX][CB_BUFFER_FDS]; /* wakeups are ours, the others bpf's */
};

#define CB_BUFFER_PROGRAM_NONE ((struct cb_buffer_program){.tap = CB_BPF_TAP_NONE})

#define CB_BUFFER_BYTES_MAX (INT64_C(256) << 20) /* the verifier's BPF_MAX_VAR_OFF is 512 MiB */

/* Bytes of records in each buffer of such a tap. */
uint32_t cb_buffer_store_bytes(const struct cb_tap *tap);

/* Load it. CB_ERR_USAGE when the buffer is too large, CB_ERR_IMPOSSIBLE as cb_bpf_load(). To be
 * closed also on error. */
int cb_buffer_program_make(struct cb_buffer_program *p, const struct cb_tap *tap,
	const struct cb_bpf_tap_options *o, unsigned processes, struct cb_error *err);

/* Attach it: see cb_bpf_tap_attach(). */
int cb_buffer_program_attach(struct cb_buffer_program *p, const struct cb_tap *tap,
	const struct cb_bpf_tap_options *o, struct cb_error *err);

/* More than once does no harm. */
void cb_buffer_program_close(struct cb_buffer_program *p);

/* As in struct cb_mechanism_extra. */
int cb_buffer_program_share(const struct cb_tap *tap, const struct cb_bpf_tap_options *o,
	unsigned processes, struct cb_shared_tap **shared, struct cb_error *err);

#endif
