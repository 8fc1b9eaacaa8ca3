// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * Copies frames into BPF ring buffers that processes have mapped: as a packet socket's filter that
 * takes nothing (the socket itself stays empty), or at XDP, from where it fills the rings of
 * several processes.
 */
#include "capturers/bpf/tap.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* as the others: `processes`, when loaded */
	__type(key, __u32);
	__type(value, struct cb_ring_control);
} controls SEC(".maps");

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* a template; those of the processes are larger */
};

/* Two a process: the ring of its frames, and that of its wake-ups. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct ring);
} rings SEC(".maps");

static __always_inline void *frames_of(__u32 i)
{
	__u32 key = 2 * i;

	return bpf_map_lookup_elem(&rings, &key);
}

static __always_inline void *wakeups_of(__u32 i)
{
	__u32 key = 2 * i + 1;

	return bpf_map_lookup_elem(&rings, &key);
}

static int expired(void *map, __u32 *key, struct timer *t)
{
	struct cb_ring_control *c = bpf_map_lookup_elem(&controls, key);
	void *ring = wakeups_of(*key);

	(void)map;
	if (c && ring && !batch_expire((struct batch *)&c->pending, ring))
		bpf_timer_start(&t->timer, c->batch_ns, 0);
	return 0;
}

static __always_inline void end_batch(struct cb_ring_control *c, __u32 i)
{
	void *ring = wakeups_of(i);
	struct timer *t;

	if (!ring || batch_end((struct batch *)&c->pending, ring))
		return;
	t = bpf_map_lookup_elem(&timers, &i);
	if (t)
		START_TIMER(t, expired, c->batch_ns);
}

static __always_inline void count_in_batch(struct cb_ring_control *c, __u32 i)
{
	__u32 n = batch_add((struct batch *)&c->pending);

	if (n == c->batch_frames) {
		end_batch(c, i);
	} else if (n == 1) {
		struct timer *t = bpf_map_lookup_elem(&timers, &i);

		if (t)
			START_TIMER(t, expired, c->batch_ns);
	}
}

/* Into a record with room for `room` bytes of frame. */
static __always_inline bool put(const struct frame *f, void *ring, __u64 flags, __u32 room)
{
	struct cb_ring_frame *record = bpf_ringbuf_reserve(ring, sizeof(*record) + room, 0);
	__u32 n = f->caplen;

	if (!record)
		return false;
	record->time_ns = f->time_ns;
	record->len = f->len;
	record->caplen = n;
	if (!bound(&n, room) || copy(f, record + 1, n)) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		return false;
	}
	bpf_ringbuf_submit(record, flags);
	return true;
}

static __always_inline bool put_by_class(const struct frame *f, void *ring, __u64 flags)
{
#define PUT_UP_TO(room)          \
	if (f->caplen <= (room)) \
		return put(f, ring, flags, room);
	CB_RING_CLASSES(PUT_UP_TO)
#undef PUT_UP_TO
	return false;
}

static __always_inline void give(const struct frame *f, __u32 i)
{
	struct cb_ring_control *c = bpf_map_lookup_elem(&controls, &i);
	struct cb_tap_count *count;
	void *ring;

	if (!c || !c->on)
		return;
	count = bpf_map_lookup_elem(&counts, &i);
	ring = frames_of(i);
	if (!count || !ring)
		return;
	count->seen++;
	if (!put_by_class(f, ring, c->submit_flags)) {
		count->dropped++;
		/* A full ring may hold less than a batch: don't let it wait for more. */
		if (c->batch_frames && c->pending)
			end_batch(c, i);
	} else if (c->batch_frames) {
		count_in_batch(c, i);
	}
}

static __always_inline void give_all(struct frame *f)
{
	f->time_ns = bpf_ktime_get_ns();
	f->caplen = f->len < snaplen ? f->len : snaplen;
	for (__u32 i = 0; i < CB_TAP_PROCESSES_MAX && i < processes; i++)
		give(f, i);
}

SEC("socket")
int ring_socket(struct __sk_buff *skb)
{
	struct frame f = {.ctx = skb, .len = skb->len};

	give_all(&f);
	return 0;
}

SEC("xdp.frags")
int ring_xdp(struct xdp_md *ctx)
{
	struct frame f = {.ctx = ctx, .xdp = true, .len = bpf_xdp_get_buff_len(ctx)};

	give_all(&f);
	return xdp_verdict;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
