/*
 * What the transmitter `xdp` and its eBPF programs share: one call of BPF_PROG_RUN. User space
 * writes it before the call and reads it after; the programs work on it meanwhile, on one CPU.
 */
#ifndef CB_GENERATORS_BPF_XDP_CALL_H
#define CB_GENERATORS_BPF_XDP_CALL_H

#include <linux/types.h>

#define CB_XDP_FRAMES 16384u /* of a call at most; a power of two */

struct cb_xdp_call {
	__u64 sequence; /* in: of the first frame */
	__u32 frames;   /* in: how many may be made; out: those that were not */
	__u32 used;     /* in: 0; out: how many were made and redirected */
	__u32 phase;    /* in */
	__u32 timed;    /* in: frames wait for their times */
	__u64 refused;  /* in: 0; out: how many of the used ones the link refused */
	__s32 refusal;  /* out: errno of that, 0: its ring was full */
	__s32 error;    /* in: 0; out: -errno that ended the call: a frame not redirected */
	__u64 task;     /* the programs': who makes the call */
	__u64 times_ns[CB_XDP_FRAMES]; /* in: when each is due; out: when it was made */
};

#endif
