/*
 * The process's half of bpf-buffer's protocol: its pair of buffers, mapped; which of them was
 * handed over, the frames in it, giving it back. Not a mechanism itself.
 */
#ifndef CB_CAPTURERS_MECHANISMS_BPF_BUFFER_PAIR_H
#define CB_CAPTURERS_MECHANISMS_BPF_BUFFER_PAIR_H

#include "capturers/mechanisms/bpf_tap.h"
#include "harness/net/bpf_ring.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Zero-initialise. */
struct cb_buffer_pair {
	const int *fds; /* enum cb_buffer_fd; the caller's */
	uint32_t index; /* which of the processes that share the tap */
	struct cb_bpf_tap_controls controls;
	struct cb_buffer_control *control; /* ours of these */
	uint8_t *buffers;                  /* our two, `buffer_bytes` each */
	size_t buffer_bytes;
	struct cb_bpf_ring wakeups;
	pid_t pid;
	uint8_t *copy; /* of the HOLD; NULL: frames are read where they lie */
	uint64_t real_offset_ns;
	unsigned next;                 /* the buffer that is handed over next */
	struct cb_buffer_header *held; /* frames are read where they lie, here; NULL: nowhere */
	const uint8_t *position;       /* the next frame */
	uint32_t left;                 /* bytes of records from there on */
	bool down;                     /* no more frames come: what the STORE has is asked for */
};

/*
 * Map it. `copy`: a system call copies each buffer to the process. CB_ERR_IMPOSSIBLE when that
 * can't be had, CB_ERR_USAGE when `fds` are not such a tap's; nothing is left on error.
 */
int cb_buffer_pair_open(
	struct cb_buffer_pair *p, const int *fds, unsigned index, bool copy, struct cb_error *err);
void cb_buffer_pair_close(struct cb_buffer_pair *p); /* accepts a zeroed struct */

/* As receive() and release() of a mechanism. */
int cb_buffer_pair_take(
	struct cb_buffer_pair *p, struct cb_frame *frames, unsigned max, int64_t *syscalls);
void cb_buffer_pair_release(struct cb_buffer_pair *p);

#endif
