/*
 * N or m, in eBPF: wake a process once N frames are there, or m nanoseconds after the first of
 * them, whichever comes first. Exact on several CPUs at once.
 *
 * The process waits on a BPF ring buffer by epoll with EPOLLIN | EPOLLET. What wakes it is a record
 * without data: reserved, and discarded with BPF_RB_FORCE_WAKEUP. (Readiness itself is a level: a
 * ring buffer is ready whenever it holds a record, whatever the flags say; ringbuf_map_poll_kern(),
 * kernel/bpf/ringbuf.c.)
 */
#ifndef CB_CAPTURERS_BPF_WAKE_H
#define CB_CAPTURERS_BPF_WAKE_H

#include "capturers/bpf/tap_maps.h"

#include <bpf/bpf_helpers.h>
#include <linux/bpf.h>
#include <stdbool.h>

#define MONOTONIC 1 /* CLOCK_MONOTONIC */

/*
 * Is `n` from 1 to `most`? If so, the verifier knows it too. (Linux 6.1 learns nothing from a
 * comparison with 0, and of two comparisons the compiler would make one of some other register.)
 */
static __always_inline bool bound(__u32 *n, __u32 most)
{
	*n -= 1;
	asm volatile("" : "+r"(*n));
	if (*n >= most)
		return false;
	*n += 1;
	return true;
}

/*
 * `pending` frames are there that nobody was woken for. Whoever sets it back to 0 wakes: a frame
 * counted before that was put into the tap's buffer before the wake-up; one counted after begins a
 * new batch, and sets its timer.
 */
struct batch {
	__u32 pending;
	__u32 owed; /* a wake-up failed: the timer makes up for it */
};

/* bpf_timer_start() needs a timer that bpf_timer_init() saw; twice is -EBUSY, and no harm. */
struct timer {
	struct bpf_timer timer;
	__u32 initialised;
};

/* One a process: max_entries is set when the program is loaded. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct timer);
} timers SEC(".maps");

#define START_TIMER(t, expired, ns)                                      \
	do {                                                             \
		if (!(t)->initialised) {                                 \
			bpf_timer_init(&(t)->timer, &timers, MONOTONIC); \
			bpf_timer_set_callback(&(t)->timer, expired);    \
			(t)->initialised = 1;                            \
		}                                                        \
		bpf_timer_start(&(t)->timer, ns, 0);                     \
	} while (0)

/* False when the ring has no room (then it was not read since many wake-ups), or its lock was not
 * to be had in time. */
static __always_inline bool wake(void *ring)
{
	void *record = bpf_ringbuf_reserve(ring, 8, 0);

	if (!record)
		return false;
	bpf_ringbuf_discard(record, BPF_RB_FORCE_WAKEUP);
	return true;
}

/* One frame more. Its number in the batch: 1 begins it, the last one ends it. */
static __always_inline __u32 batch_add(struct batch *b)
{
	return __sync_fetch_and_add(&b->pending, 1) + 1;
}

/* End the batch. False: the timer is to be started, so that it wakes in our place. */
static __always_inline bool batch_end(struct batch *b, void *ring)
{
	__sync_lock_test_and_set(&b->pending, 0);
	if (wake(ring))
		return true;
	__sync_lock_test_and_set(&b->owed, 1);
	return false;
}

/* The batch's time is over. False: as above. */
static __always_inline bool batch_expire(struct batch *b, void *ring)
{
	__u32 pending = __sync_lock_test_and_set(&b->pending, 0);
	__u32 owed = __sync_lock_test_and_set(&b->owed, 0);

	if (!pending && !owed)
		return true;
	if (wake(ring))
		return true;
	__sync_lock_test_and_set(&b->owed, 1);
	return false;
}

#endif
