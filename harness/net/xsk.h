/*
 * AF_XDP sockets: a umem (memory shared with the kernel, cut into frames of one
 * size) and the rings over which frames change hands, by the kernel's own
 * interface (linux/if_xdp.h). For capturing, and with a TX ring for sending.
 * It knows no XDP program: who wants frames puts `fd` into an XSKMAP.
 *
 * A frame is named by its address, the offset into the umem. On RX and
 * COMPLETION the kernel produces and we consume; on FILL and TX it is the
 * other way round. Ring operations are inline: they run once per batch, their
 * element access once per frame. One thread per socket.
 */
#ifndef CB_HARNESS_NET_XSK_H
#define CB_HARNESS_NET_XSK_H

#include "harness/base/error.h"

#include <linux/if_xdp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a frame may be long at most is its size in the umem less the headroom that the kernel keeps
 * in front of it (XDP_PACKET_HEADROOM, include/uapi/linux/bpf.h). Longer ones are dropped, and
 * counted as lost. */
#define CB_XSK_HEADROOM    256u
#define CB_XSK_FRAME_SMALL 2048u /* XDP_UMEM_MIN_CHUNK_SIZE, net/xdp/xdp_umem.c */
#define CB_XSK_FRAME_LARGE 4096u /* at most a page without huge pages */

struct cb_xsk_ring {
	uint32_t *producer, *consumer, *flags; /* shared with the kernel */
	void *entries;                         /* uint64_t (FILL, COMPLETION) or xdp_desc */
	uint32_t mask;
	uint32_t ours;   /* how far we are: our index, a copy */
	uint32_t theirs; /* how far the kernel was when we looked last */
	void *map;
	size_t map_bytes;
};

enum cb_xsk_mode {
	CB_XSK_AUTO,      /* zero-copy where the driver has it, else copy */
	CB_XSK_COPY,      /* the kernel copies each frame into the umem */
	CB_XSK_ZERO_COPY, /* the driver receives into the umem */
};

struct cb_xsk_spec {
	const char *interface; /* for messages */
	unsigned ifindex;
	uint32_t queue;
	uint32_t frame_bytes; /* CB_XSK_FRAME_SMALL or _LARGE */
	uint32_t rx_frames;   /* all of them given to the kernel at once; 0: no RX ring */
	uint32_t tx_frames;   /* those behind the rx_frames, the caller's; 0: no TX ring */
	enum cb_xsk_mode mode;
	bool need_wakeup; /* the kernel says when it must be woken: see cb_xsk_must_wake() */
	/* Longer frames come in several pieces, where the kernel can (Linux 6.6): see
	 * CB_XSK_CONTINUED. */
	bool scattered;
};

/* In the options of an RX descriptor: the frame goes on in the next one (XDP_PKT_CONTD). */
#define CB_XSK_CONTINUED 1u

struct cb_xsk {
	int fd; /* -1: closed */
	uint32_t queue;
	bool zero_copy, scattered; /* what it has come to */
	uint8_t *umem;
	size_t umem_bytes;
	struct cb_xsk_ring fill, completion, rx, tx;
};

/* 0, or CB_ERR_IMPOSSIBLE: no privilege, or a kernel without AF_XDP. */
int cb_xsk_probe(struct cb_error *err);

/*
 * Socket, umem, rings, bind; frames come once it stands in an XSKMAP. Blocks for some milliseconds,
 * and up to two seconds for a queue whose last socket was closed just before.
 * CB_ERR_IMPOSSIBLE when privilege, kernel or driver lack something, CB_ERR_USAGE when there is no
 * such queue or it has a socket already; closed on error.
 */
int cb_xsk_open(struct cb_xsk *x, const struct cb_xsk_spec *spec, struct cb_error *err);

/* Accepts a closed one, not a zeroed one. */
void cb_xsk_close(struct cb_xsk *x);

/*
 * Frames lost between XDP program and RX ring since the socket was made: FILL ring empty, RX ring
 * full, frame longer than its room, FILL address without sense. (rx_fill_ring_empty_descs is no
 * loss of its own: in copy mode the same frames are in rx_dropped, in zero-copy mode it counts
 * attempts, net/xdp/xsk.c.) 0 or negative errno.
 */
int cb_xsk_lost(const struct cb_xsk *x, int64_t *lost);

/* The number of RX queues of an interface. Those of a driver that doesn't tell are 1. */
int cb_xsk_queues(const char *interface, uint32_t *n, struct cb_error *err);

/* The NAPI instance that feeds the socket, as far as the kernel knows it yet; 0: it does not. */
uint32_t cb_xsk_napi(const struct cb_xsk *x);

/* ---- rings ----------------------------------------------------------------------------------- */

/* Consumed rings: how many entries, up to `max`, are there to be read from `ours` on. */
static inline uint32_t cb_xsk_ready(struct cb_xsk_ring *r, uint32_t max)
{
	uint32_t n = r->theirs - r->ours;

	if (n < max) {
		r->theirs = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
		n = r->theirs - r->ours;
	}
	return n < max ? n : max;
}

/* Produced rings: how many entries, up to `max`, can be written from `ours` on. */
static inline uint32_t cb_xsk_room(struct cb_xsk_ring *r, uint32_t max)
{
	uint32_t size = r->mask + 1, used = r->ours - r->theirs;

	/* more than its size: written without a look at the room, which was known to be there */
	if (used > size || size - used < max) {
		r->theirs = __atomic_load_n(r->consumer, __ATOMIC_ACQUIRE);
		used = r->ours - r->theirs;
	}
	return size - used < max ? size - used : max;
}

/* Entry `i` from `ours` on. RX, TX; FILL, COMPLETION. */
static inline struct xdp_desc *cb_xsk_descriptor(const struct cb_xsk_ring *r, uint32_t i)
{
	return (struct xdp_desc *)r->entries + ((r->ours + i) & r->mask);
}

static inline uint64_t *cb_xsk_address(const struct cb_xsk_ring *r, uint32_t i)
{
	return (uint64_t *)r->entries + ((r->ours + i) & r->mask);
}

/* The next `n` entries were read, and are the kernel's again. */
static inline void cb_xsk_consumed(struct cb_xsk_ring *r, uint32_t n)
{
	r->ours += n;
	__atomic_store_n(r->consumer, r->ours, __ATOMIC_RELEASE);
}

/* The next `n` entries were written, and are the kernel's now. */
static inline void cb_xsk_produced(struct cb_xsk_ring *r, uint32_t n)
{
	r->ours += n;
	__atomic_store_n(r->producer, r->ours, __ATOMIC_RELEASE);
}

/* FILL, TX with need_wakeup: the kernel goes on only after a recvfrom(2) or sendto(2) without data,
 * MSG_DONTWAIT, or a poll(2). */
static inline bool cb_xsk_must_wake(const struct cb_xsk_ring *r)
{
	return __atomic_load_n(r->flags, __ATOMIC_RELAXED) & XDP_RING_NEED_WAKEUP;
}

#endif
