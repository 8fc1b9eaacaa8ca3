/*
 * tpacket2: the kernel copies each frame into a slot of a ring that it shares
 * with the process; a slot is handed over, and given back, by its status word.
 *
 * One slot a frame, whatever its size: the capacity is the number of slots, and a slot has room for
 * snaplen bytes or for the interface's longest frame, whichever is less. (Frames that an offload
 * merged beyond the MTU are cut then, and counted as truncated.)
 *
 * The socket is woken for each frame, and for each drop too (tpacket_rcv(),
 * net/packet/af_packet.c).
 *
 * Counters: a frame that finds no free slot is in tp_packets and in tp_drops; dropped = tp_drops.
 * unread is the number of slots that still belong to the process when the tap is down.
 */
#include "capturers/mechanisms/packet_socket.h"
#include "capturers/members.h"

#include <string.h>
#include <unistd.h>

/* Where a frame starts in its slot, at most: behind the header and sockaddr_ll the network header
 * is aligned to 16, with room for a link header of at least 16 bytes before it (none on tun, say).
 */
#define DATA_OFFSET_MAX TPACKET_ALIGN(TPACKET2_HDRLEN + 16)
/* Larger blocks need contiguous pages of a higher order, which a long-running host may not have. */
#define BLOCK_BYTES (UINT32_C(128) << 10)
/* A receive() takes at most this share of the slots, so that a small ring isn't held as a whole
 * while the load works on it. */
#define HELD_SHARE 4

/* A place in the ring. Slots don't cross blocks, so there may be a gap at a block's end. */
struct cursor {
	uint8_t *slot;
	unsigned in_block, block;
};

struct tpacket2_state {
	struct cb_packet_socket socket;
	struct tpacket_req request;
	unsigned per_block; /* slots */
	unsigned held_max;
	uint32_t snaplen;
	struct cursor next; /* the slot that the kernel fills next, or has */
	struct cursor held; /* the first of the `n_held` slots before it that the loop has */
	unsigned n_held;
};

static int tpacket2_probe(struct cb_error *err)
{
	return cb_packet_socket_probe(TPACKET_V2, err);
}

/* `tap->buffer` bytes in blocks: as large as BLOCK_BYTES, but no larger than the buffer, nor
 * smaller than a slot or a page. */
static void lay_out(struct tpacket2_state *s, const struct cb_tap *tap)
{
	int64_t longest = cb_packet_socket_frame_max(&s->socket);
	int64_t kept = tap->snaplen < longest ? tap->snaplen : longest;
	unsigned slot = (unsigned)TPACKET_ALIGN(DATA_OFFSET_MAX + kept);
	unsigned block = BLOCK_BYTES, least = (unsigned)sysconf(_SC_PAGESIZE), n;

	while (least < slot)
		least *= 2;
	while (block > tap->buffer && block > least)
		block /= 2;
	if (block < least)
		block = least;
	n = tap->buffer > block ? (unsigned)(tap->buffer / block) : 1;
	s->per_block = block / slot;
	s->request = (struct tpacket_req){.tp_block_size = block,
		.tp_block_nr = n,
		.tp_frame_size = slot,
		.tp_frame_nr = n * s->per_block};
	s->held_max = s->request.tp_frame_nr / HELD_SHARE;
	if (!s->held_max)
		s->held_max = 1;
}

static int tpacket2_open(void *state, const struct cb_tap *tap, const void *options,
	struct cb_tap_ready *ready, struct cb_error *err)
{
	struct tpacket2_state *s = state;
	int rc;

	s->snaplen = (uint32_t)tap->snaplen;
	rc = cb_packet_socket_open(&s->socket, tap, err);
	if (rc)
		return rc;
	lay_out(s, tap);
	rc = cb_packet_socket_ring(&s->socket, TPACKET_V2, &s->request, sizeof(s->request), err);
	if (!rc)
		rc = cb_packet_socket_start(&s->socket, tap, err);
	if (rc) {
		cb_packet_socket_close(&s->socket);
		return rc;
	}
	s->next = (struct cursor){.slot = s->socket.map};
	s->held = s->next;
	ready->fd = s->socket.fd;
	ready->buffer_frames = s->request.tp_frame_nr;
	cb_packet_socket_version(ready->version, sizeof(ready->version));
	return 0;
}

static inline void advance(const struct tpacket2_state *s, struct cursor *c)
{
	if (++c->in_block < s->per_block) {
		c->slot += s->request.tp_frame_size;
		return;
	}
	c->in_block = 0;
	if (++c->block == s->request.tp_block_nr)
		c->block = 0;
	c->slot = s->socket.map + (size_t)c->block * s->request.tp_block_size;
}

static inline bool is_ours(const struct cursor *c)
{
	const struct tpacket2_hdr *header = (const struct tpacket2_hdr *)c->slot;

	return __atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER;
}

static int tpacket2_receive(void *state, struct cb_frame *frames, unsigned max, int64_t *syscalls)
{
	struct tpacket2_state *s = state;
	unsigned n = 0;

	if (max > s->held_max)
		max = s->held_max;
	while (n < max && is_ours(&s->next)) {
		const struct tpacket2_hdr *h = (const struct tpacket2_hdr *)s->next.slot;

		frames[n++] = (struct cb_frame){.data = s->next.slot + h->tp_mac,
			.caplen = h->tp_snaplen < s->snaplen ? h->tp_snaplen : s->snaplen,
			.len = h->tp_len,
			.time_ns = cb_packet_time_ns(h->tp_sec, h->tp_nsec)};
		advance(s, &s->next);
	}
	s->n_held = n;
	return (int)n;
}

static void tpacket2_release(void *state)
{
	struct tpacket2_state *s = state;

	for (; s->n_held; s->n_held--) {
		struct tpacket2_hdr *header = (struct tpacket2_hdr *)s->held.slot;

		__atomic_store_n(&header->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		advance(s, &s->held);
	}
}

static int tpacket2_account(void *state)
{
	struct tpacket2_state *s = state;

	return cb_packet_socket_account(&s->socket);
}

static int tpacket2_detach(void *state, struct cb_error *err)
{
	struct tpacket2_state *s = state;

	return cb_packet_socket_detach(&s->socket, err);
}

static int tpacket2_settle(void *state, struct cb_tap_counters *counters, struct cb_error *err)
{
	struct tpacket2_state *s = state;
	struct cursor c = s->next;

	counters->unread = 0;
	while (counters->unread < s->request.tp_frame_nr && is_ours(&c)) {
		counters->unread++;
		advance(s, &c);
	}
	return cb_packet_socket_settle(&s->socket, counters, err);
}

static void tpacket2_close(void *state)
{
	struct tpacket2_state *s = state;

	cb_packet_socket_close(&s->socket);
}

const struct cb_mechanism cb_mechanism_tpacket2 = {
	.member = {.name = "tpacket2",
		.help = "A ring shared with the kernel, one slot a frame (TPACKET_V2).",
		.paper = "libpcap 1.0.0 (PF_PACKET, memory-mapped)",
		.provides =
			CB_TRAIT_POLLABLE | CB_TRAIT_FILTER_FREE | CB_TRAIT_COPIES | CB_TRAIT_BATCH,
		.probe = tpacket2_probe},
	.state_size = sizeof(struct tpacket2_state),
	.open = tpacket2_open,
	.receive = tpacket2_receive,
	.release = tpacket2_release,
	.account = tpacket2_account,
	.detach = tpacket2_detach,
	.settle = tpacket2_settle,
	.close = tpacket2_close,
};
