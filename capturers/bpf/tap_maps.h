/*
 * What the eBPF taps and their reader agree on. Plain C for both sides.
 *
 * Several processes may share a tap: what stands here once a process is an element of a map, by the
 * process's index.
 */
#ifndef CB_CAPTURERS_BPF_TAP_MAPS_H
#define CB_CAPTURERS_BPF_TAP_MAPS_H

#include <linux/types.h>

#define CB_TAP_PROCESSES_MAX 8

/* A PERCPU_ARRAY. seen: frames that came while the tap was on; dropped: of these, for want of room.
 */
struct cb_tap_count {
	__u64 seen, dropped;
};

/* ---- bpf-ring ------------------------------------------------------------------------------- */

/* An element of a BPF_F_MMAPABLE array; the process writes the first half, the program the other.
 */
struct cb_ring_control {
	__u32 on;           /* 0: frames are not looked at */
	__u32 batch_frames; /* wake up after so many, 0: by submit_flags */
	__u64 batch_ns;     /* or so long after the first of them */
	__u64 submit_flags; /* for bpf_ringbuf_submit() */
	__u64 reserved[5];
	__u32 pending, owed; /* struct batch */
	__u64 reserved_too[7];
};

/* A record of the ring: this, and the frame. */
struct cb_ring_frame {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u32 len;     /* on the link */
	__u32 caplen;  /* bytes that follow; the record has room for more */
};

/*
 * A record must be of a size that the verifier knows, so frames are put into the smallest of these
 * that takes them (bytes of frame).
 */
#define CB_RING_CLASSES(X) X(64) X(128) X(256) X(512) X(1024) X(1536) X(4096) X(16384) X(65536)

/* ---- bpf-buffer ----------------------------------------------------------------------------- */

/* The beginning of a buffer, as struct bpf_zbuf_header of FreeBSD's bpf(4): equal generations mean
 * that the kernel owns it. Records begin CB_BUFFER_DATA bytes into the buffer. */
struct cb_buffer_header {
	__u32 kernel_gen; /* one more each time the buffer is handed over */
	__u32 kernel_len; /* bytes of records in it, then */
	__u32 user_gen;   /* set to kernel_gen to give it back */
};

#define CB_BUFFER_DATA 64

/* As struct bpf_xhdr: the header of a frame, 8-aligned. The next one follows the frame, 8-aligned.
 */
struct cb_buffer_frame {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u32 caplen;  /* bytes of frame, from `hdrlen` bytes behind the beginning of this on */
	__u32 len;     /* on the link; 0: this is no frame, and was counted as dropped */
	__u16 hdrlen;  /* CB_BUFFER_FRAME_HEADER */
};

/* So that what is behind an Ethernet header is 8-aligned (18 + 14 = 32). */
#define CB_BUFFER_FRAME_HEADER 18

/* Bytes of a buffer that a frame takes. */
#define CB_BUFFER_COST(caplen) ((CB_BUFFER_FRAME_HEADER + (caplen) + 7) & ~7u)

/* An element of a BPF_F_MMAPABLE array; the process writes the first part, the program the rest. */
struct cb_buffer_control {
	__u32 on;     /* 0: frames are not looked at */
	__u32 frames; /* hand over after so many, 0: when full */
	__u64 ns;     /* or so long after the first, 0: never */
	__u32 quiet;  /* wake nobody */
	__u32 reserved[11];
	/* Generation << 32 | bytes used: buffer `generation & 1` is the STORE, the other one the
	 * HOLD or free. */
	__u64 store;
	__u64 balance[2]; /* bytes written minus bytes to be written, see bpf_buffer.bpf.c */
	__u32 length[2];  /* bytes to be written, once no longer STORE */
	__u32 pending;    /* frames in the STORE */
	__u32 reserved_too[7];
};

/* What bpf_buffer's `rotate` program is called with. */
struct cb_buffer_rotate {
	__u32 index;
};

#endif
