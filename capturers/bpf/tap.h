/*
 * What the eBPF taps have in common: what they are loaded with, their counters, and the frame at
 * hand, wherever it was met.
 */
#ifndef CB_CAPTURERS_BPF_TAP_H
#define CB_CAPTURERS_BPF_TAP_H

#include "capturers/bpf/tap_maps.h"
#include "capturers/bpf/wake.h"

/* Set before a program is loaded. */
const volatile __u32 processes = 1;
const volatile __u32 snaplen = 65535;
const volatile int xdp_verdict = XDP_PASS;

/* max_entries: `processes`, when loaded */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cb_tap_count);
} counts SEC(".maps");

/* The same for all processes. */
struct frame {
	void *ctx; /* struct xdp_md *, or struct __sk_buff * */
	bool xdp;
	__u64 time_ns;
	__u32 len, caplen;
};

static __always_inline long copy(const struct frame *f, void *to, __u32 n)
{
	return f->xdp ? bpf_xdp_load_bytes(f->ctx, 0, to, n) : bpf_skb_load_bytes(f->ctx, 0, to, n);
}

#endif
