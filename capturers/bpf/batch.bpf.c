// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * The wait `batch` for taps that wake for each frame: counts frames at tc ingress, which runs after
 * the taps (__netif_receive_skb_core(), net/core/dev.c, delivers to all of ptype_all before
 * sch_handle_ingress()), so that a frame that is counted is in the tap's buffer.
 */
#include "capturers/bpf/wake.h"

#include <linux/pkt_cls.h>

const volatile __u32 batch_frames = 1;
const volatile __u64 batch_ns = 1;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* set to a page when loaded */
} wakeups SEC(".maps");

static struct batch batch; /* static: not in the skeleton */

static int expired(void *map, __u32 *key, struct timer *t)
{
	(void)map;
	(void)key;
	if (!batch_expire(&batch, &wakeups))
		bpf_timer_start(&t->timer, batch_ns, 0);
	return 0;
}

static __always_inline void start(void)
{
	__u32 zero = 0;
	struct timer *t = bpf_map_lookup_elem(&timers, &zero);

	if (t)
		START_TIMER(t, expired, batch_ns);
}

SEC("tc")
int cb_batch(struct __sk_buff *skb)
{
	__u32 n = batch_add(&batch);

	(void)skb;
	if (n == batch_frames) {
		if (!batch_end(&batch, &wakeups))
			start();
	} else if (n == 1) {
		start();
	}
	return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
