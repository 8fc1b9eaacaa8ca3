// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * FreeBSD's bpf(4) buffers on Linux: a pair a process. Frames go into the STORE buffer; when it is
 * full, or its time is over, it is handed over as HOLD, and the other one becomes STORE if the
 * process has given it back. While it has not, frames that don't fit are dropped (catchpacket(),
 * sys/net/bpf.c of FreeBSD).
 *
 * FreeBSD does this under a lock. A socket filter can't have one, so places in the STORE are taken
 * by compare-and-swap on one word (generation and bytes used), and a buffer that is no longer STORE
 * is handed over by whoever brings its balance to CLOSED: bytes written, less bytes taken, plus
 * CLOSED once its length is final.
 */
#include "capturers/bpf/tap.h"

#define CLOSED (1LL << 40)
/*
 * A try that ends with 0 failed because another core had taken a place in between; so often in a
 * row is as good as never. No loop: Linux 6.1 takes none whose last instruction is not a jump back
 * (push_insn(), kernel/bpf/verifier.c), and where the compiler puts that is its own affair.
 */
#define FIVE_TIMES(try) ((try) ?: (try) ?: (try) ?: (try) ?: (try))

const volatile __u32 store_bytes = 4096; /* of records in a buffer */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* as the others: `processes`, when loaded */
	__type(key, __u32);
	__type(value, struct cb_buffer_control);
} controls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2); /* two a process */
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 4096); /* CB_BUFFER_DATA, store_bytes, and a frame more for the verifier
				     to be sure, when loaded */
} buffers SEC(".maps");

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct ring);
} wakeups SEC(".maps");

/* One process's. `buffer` is 0 or 1. */
struct pair {
	struct cb_buffer_control *control;
	__u32 index;
};

static __always_inline void *buffer_of(const struct pair *p, __u32 buffer)
{
	__u32 key = 2 * p->index + (buffer & 1);

	return bpf_map_lookup_elem(&buffers, &key);
}

/* ---- handing over ---------------------------------------------------------------------------- */

static __always_inline void hand_over(const struct pair *p, __u32 buffer)
{
	struct cb_buffer_control *c = p->control;
	struct cb_buffer_header *h = buffer_of(p, buffer);
	void *ring;

	if (!h)
		return;
	h->kernel_len = c->length[buffer & 1];
	__sync_fetch_and_add(&h->kernel_gen, 1); /* orders what was written before it */
	__sync_lock_test_and_set(&c->balance[buffer & 1], 0);
	ring = bpf_map_lookup_elem(&wakeups, &p->index);
	if (ring && !c->quiet)
		wake(ring); /* there is room: two hand-overs are all that can be unread */
}

static __always_inline void add_balance(const struct pair *p, __u32 buffer, __s64 amount)
{
	__s64 before = __sync_fetch_and_add((__s64 *)&p->control->balance[buffer & 1], amount);

	if (before + amount == CLOSED)
		hand_over(p, buffer);
}

/*
 * Has the process given the buffer back? (Not while it is closed and not handed over yet, though
 * its generations are equal then: hand_over() changes them before the balance, so they are looked
 * at in the opposite order here.)
 */
static __always_inline bool is_free(const struct pair *p, __u32 buffer)
{
	volatile struct cb_buffer_header *h = buffer_of(p, buffer);

	if (!h || __sync_fetch_and_add(&p->control->balance[buffer & 1], 0))
		return false;
	return h->kernel_gen == h->user_gen;
}

/*
 * Make the other buffer STORE, with the first `need` bytes of it taken. `store` is the word that
 * was seen. 1: done; 0: another core was quicker; -1: the other buffer is not free.
 */
static __always_inline int rotate_from(const struct pair *p, __u64 store, __u32 need)
{
	struct cb_buffer_control *c = p->control;
	__u32 generation = store >> 32, used = store;
	__u64 next = (__u64)(generation + 1) << 32 | need;

	if (!is_free(p, generation + 1))
		return -1;
	if (__sync_val_compare_and_swap(&c->store, store, next) != store)
		return 0;
	__sync_lock_test_and_set(&c->pending, 0);
	c->length[generation & 1] = used;
	add_balance(p, generation, CLOSED - (__s64)used);
	return 1;
}

/* Hand over what the STORE has, if anything, and if the other buffer is free: as rotate_from(). */
static __always_inline int rotate_once(const struct pair *p)
{
	__u64 store = *(volatile __u64 *)&p->control->store;

	return (__u32)store ? rotate_from(p, store, 0) : 1;
}

/* Not inlined: seldom needed, and so often in the text. */
static __noinline int rotate_again(const struct pair *p)
{
	return rotate_once(p);
}

static __always_inline bool rotate_now(const struct pair *p)
{
	return FIVE_TIMES(rotate_again(p)) > 0;
}

static int expired(void *map, __u32 *key, struct timer *t)
{
	struct pair p = {.control = bpf_map_lookup_elem(&controls, key), .index = *key};

	(void)map;
	if (p.control && !rotate_now(&p) && p.control->ns)
		bpf_timer_start(&t->timer, p.control->ns, 0);
	return 0;
}

/* ---- storing --------------------------------------------------------------------------------- */

/* A place of `need` bytes: the STORE's word before it was taken. 1: done; 0: another core was
 * quicker; -1: there is none. */
static __always_inline int try_place(const struct pair *p, __u32 need, __u64 *place)
{
	__u64 store = *(volatile __u64 *)&p->control->store;
	int done;

	if ((__u32)store + need <= store_bytes) {
		*place = store;
		return __sync_val_compare_and_swap(&p->control->store, store, store + need) ==
			store;
	}
	done = rotate_from(p, store, need);
	*place = ((store >> 32) + 1) << 32;
	return done;
}

static __noinline int try_place_again(const struct pair *p, __u32 need, __u64 *place)
{
	return try_place(p, need, place);
}

static __always_inline bool take_place(const struct pair *p, __u32 need, __u64 *place)
{
	return (try_place(p, need, place) ?: FIVE_TIMES(try_place_again(p, need, place))) > 0;
}

/* A frame that can't be copied leaves a record that the reader passes over. */
static __always_inline bool write_record(const struct pair *p, const struct frame *f, __u64 place)
{
	struct cb_buffer_frame *record;
	__u32 at = (__u32)place & ~7u, n = f->caplen;
	char *buffer = buffer_of(p, place >> 32);

	asm volatile("" : "+r"(at)); /* the verifier shall see these very bounds */
	if (!buffer || at > store_bytes || !bound(&n, snaplen))
		return false;
	record = (void *)(buffer + CB_BUFFER_DATA + at);
	record->time_ns = f->time_ns;
	record->len = f->len;
	record->hdrlen = CB_BUFFER_FRAME_HEADER;
	record->caplen = n;
	if (!copy(f, (char *)record + CB_BUFFER_FRAME_HEADER, n))
		return true;
	record->len = 0;
	return false;
}

static __always_inline void start_timer(const struct pair *p)
{
	struct timer *t = bpf_map_lookup_elem(&timers, &p->index);

	if (t)
		START_TIMER(t, expired, p->control->ns);
}

static __always_inline bool store(const struct pair *p, const struct frame *f)
{
	__u32 need = CB_BUFFER_COST(f->caplen), frames = p->control->frames;
	__u64 place;
	bool whole;

	if (!take_place(p, need, &place))
		return false;
	whole = write_record(p, f, place);
	add_balance(p, place >> 32, need);
	if (!(__u32)place && p->control->ns)
		start_timer(p);
	/* One try is enough: whoever is quicker has a frame to count, too, and tries. */
	if (frames && __sync_fetch_and_add(&p->control->pending, 1) + 1 >= frames)
		rotate_once(p);
	return whole;
}

static __always_inline void give(const struct frame *f, __u32 i)
{
	struct pair p = {.control = bpf_map_lookup_elem(&controls, &i), .index = i};
	struct cb_tap_count *count;

	if (!p.control || !p.control->on)
		return;
	count = bpf_map_lookup_elem(&counts, &i);
	if (!count)
		return;
	count->seen++;
	if (!store(&p, f))
		count->dropped++;
}

static __always_inline void give_all(struct frame *f)
{
	f->time_ns = bpf_ktime_get_ns();
	f->caplen = f->len < snaplen ? f->len : snaplen;
	if (!f->caplen)
		return;
	for (__u32 i = 0; i < CB_TAP_PROCESSES_MAX && i < processes; i++)
		give(f, i);
}

SEC("socket")
int buffer_socket(struct __sk_buff *skb)
{
	struct frame f = {.ctx = skb, .len = skb->len};

	give_all(&f);
	return 0;
}

SEC("xdp.frags")
int buffer_xdp(struct xdp_md *ctx)
{
	struct frame f = {.ctx = ctx, .xdp = true, .len = bpf_xdp_get_buff_len(ctx)};

	give_all(&f);
	return xdp_verdict;
}

/* The process asks for what the STORE has: read(2) in immediate mode, BIOCROTZBUF. */
SEC("syscall")
int buffer_rotate(struct cb_buffer_rotate *args)
{
	__u32 i = args->index;
	struct pair p = {.control = bpf_map_lookup_elem(&controls, &i), .index = i};

	return p.control && rotate_now(&p);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
