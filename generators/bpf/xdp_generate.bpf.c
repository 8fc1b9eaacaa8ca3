// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * Frames made inside the kernel. BPF_PROG_RUN with live frames (Linux 5.18, net/bpf/test_run.c
 * bpf_test_run_xdp_live) gives the program one page after the other with a copy of the template in
 * it; the program stamps it and redirects it to the link. Pages come back with whatever they had in
 * them, so the whole stamp is written each time.
 *
 * What becomes of a redirected frame, only tracepoints tell. They fire within the call, on the
 * caller's CPU, but other programs' redirects may fall into it too: when bottom halves are let in,
 * the receiving end of a veth runs there. Ours come from the loopback device, which live frames are
 * said to have come from, and from the task that makes the call.
 */
#include "generators/bpf/xdp_call.h"
#include "harness/net/stamp.h"

#include <bpf/bpf_helpers.h>
#include <linux/bpf.h> /* first: the types that bpf_helpers.h needs */

#define LOOPBACK_IFINDEX 1
/* At some 25 ns a look at the clock: more than the longest wait of a frame for its time. */
#define LOOKS_MAX (1u << 14)

struct cb_xdp_call call;

const volatile __u32 target_ifindex = 0;
const volatile __u32 stamp_offset = 0; /* even */
const volatile __u32 stamp_key = 0;
/* Of UDP: in the two bytes before the stamp; the sum of all that it is over but for the stamp
 * (struct cb_template). */
const volatile __u32 checksum = 0, checksum_sum = 0;
const volatile __u8 stamp_stream = 0;
/* A receiver that takes VLAN tags off moves the addresses over them (net/core/skbuff.c
 * skb_reorder_vlan_header), and the page comes back like that. */
#define HEAD_WORDS 10u /* addresses and two tags */
const volatile __u32 tagged = 0;
const volatile __u16 head[HEAD_WORDS] = {0};

/* ---- making frames ---- */

struct wait {
	__u64 due_ns, now_ns;
};

static long look(__u32 i, struct wait *w)
{
	(void)i;
	w->now_ns = bpf_ktime_get_ns();
	return w->now_ns >= w->due_ns;
}

/* The time at which frame `i` of the call is made, waiting for it if need be. */
static __always_inline __u64 departure(__u32 i)
{
	__u64 *time_ns = &call.times_ns[i & (CB_XDP_FRAMES - 1)];
	struct wait w = {.now_ns = bpf_ktime_get_ns()};

	if (!call.timed)
		return w.now_ns;
	w.due_ns = *time_ns;
	if (w.now_ns < w.due_ns)
		bpf_loop(LOOKS_MAX, look, &w, 0);
	*time_ns = w.now_ns;
	return w.now_ns;
}

/* As cb_frame_close does it. */
static __always_inline __u16 checksum_of(const __u16 *bytes)
{
	__u32 sum = checksum_sum;

	for (unsigned i = 0; i < CB_STAMP_SIZE / 2; i++)
		sum += bytes[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff ? 0xffff : ~sum;
}

SEC("xdp")
int make_frame(struct xdp_md *ctx)
{
	__u16 *begin = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u16 *at = (void *)begin + stamp_offset;
	_Alignas(8) __u16 bytes[CB_STAMP_SIZE / 2];
	struct cb_stamp stamp = {.stream = stamp_stream};

	if (at + CB_STAMP_SIZE / 2 > end)
		return XDP_ABORTED;
	if (!call.frames)
		return XDP_DROP;
	if (!call.used)
		call.task = bpf_get_current_task();
	stamp.phase = call.phase;
	stamp.sequence = call.sequence + call.used;
	stamp.time_ns = departure(call.used);
	call.frames--;
	call.used++;
	cb_stamp_write((uint8_t *)bytes, stamp_key, &stamp);
	for (unsigned i = 0; i < CB_STAMP_SIZE / 2; i++)
		at[i] = bytes[i];
	if (checksum)
		at[-1] = checksum_of(bytes);
	for (unsigned i = 0; tagged && i < HEAD_WORDS; i++)
		begin[i] = head[i];
	return bpf_redirect(target_ifindex, 0);
}

/* ---- what becomes of them ---- */

/* As much of the kernel's struct as is looked at; libbpf finds the field's place. */
struct net_device {
	int ifindex;
} __attribute__((preserve_access_index));

static bool is_ours(const struct net_device *from)
{
	return from->ifindex == LOOPBACK_IFINDEX && bpf_get_current_task() == call.task;
}

/* Frames go to the link in bulk (kernel/bpf/devmap.c bq_xmit_all). It takes the first ones of
 * them; the others are freed. (from, to, sent, drops, err) */
SEC("tp_btf/xdp_devmap_xmit")
int see_bulk(__u64 *args)
{
	int drops = args[3];

	if (drops > 0 && is_ours((const struct net_device *)args[0])) {
		call.refused += drops;
		call.refusal = args[4];
	}
	return 0;
}

/* A frame that could not even be queued for the link has its sequence number given back; the call
 * comes to its end. (from, program, target, err, ...) */
SEC("tp_btf/xdp_redirect_err")
int see_failure(__u64 *args)
{
	if (is_ours((const struct net_device *)args[0]) && call.used) {
		call.used--;
		call.frames = 0;
		call.error = args[3];
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
