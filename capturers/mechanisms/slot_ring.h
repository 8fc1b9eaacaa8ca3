/*
 * Rings of slots, one frame each: what tpacket1 and tpacket2 share. They differ in the header of a
 * slot only (struct cb_slot_version). Not a mechanism itself.
 *
 * The kernel copies each frame into a slot; a slot is handed over, and given back, by the status in
 * its header. One slot a frame, whatever its size: the capacity is the number of slots, and a slot
 * has room for snaplen bytes or for the interface's longest frame, whichever is less. (Frames that
 * an offload merged beyond the MTU are cut then, and counted as truncated.)
 *
 * The socket is woken for each frame, and for each drop too (tpacket_rcv(),
 * net/packet/af_packet.c).
 *
 * Counters: a frame that finds no free slot is in tp_packets and in tp_drops; dropped = tp_drops.
 * unread is the number of slots that still belong to the process when the tap is down.
 */
#ifndef CB_CAPTURERS_MECHANISMS_SLOT_RING_H
#define CB_CAPTURERS_MECHANISMS_SLOT_RING_H

#include "capturers/mechanisms/packet_socket.h"

/* One version of the header. The functions are known at compile time where it counts: none is
 * called through its pointer for a frame. */
struct cb_slot_version {
	int number;             /* TPACKET_V1, TPACKET_V2 */
	unsigned header_length; /* TPACKET_HDRLEN, TPACKET2_HDRLEN: with the address behind it */
	bool (*is_ours)(const uint8_t *slot);
	void (*give_back)(uint8_t *slot);
	struct cb_frame (*frame)(const uint8_t *slot);
};

struct cb_slot_options {
	struct cb_packet_fanout fanout;
};

extern const struct cb_option cb_slot_options[];

/* A place in the ring. Slots don't cross blocks, so there may be a gap at a block's end. */
struct cb_slot_cursor {
	uint8_t *slot;
	unsigned in_block, block;
};

struct cb_slot_ring {
	struct cb_packet_socket socket;
	const struct cb_slot_version *version;
	struct tpacket_req request;
	unsigned per_block; /* slots */
	unsigned held_max;
	uint32_t snaplen;
	struct cb_slot_cursor next; /* the slot that the kernel fills next, or has */
	struct cb_slot_cursor
		held; /* the first of the `n_held` slots before it that the loop has */
	unsigned n_held;
};

/* As in struct cb_mechanism. */
int cb_slot_ring_open(struct cb_slot_ring *r, const struct cb_slot_version *version,
	const struct cb_tap *tap, const struct cb_slot_options *options, struct cb_tap_ready *ready,
	struct cb_error *err);
int cb_slot_ring_account(void *ring);
int cb_slot_ring_detach(void *ring, struct cb_error *err);
int cb_slot_ring_settle(void *ring, struct cb_tap_counters *counters, struct cb_error *err);
void cb_slot_ring_close(void *ring);

static inline void cb_slot_advance(const struct cb_slot_ring *r, struct cb_slot_cursor *c)
{
	if (++c->in_block < r->per_block) {
		c->slot += r->request.tp_frame_size;
		return;
	}
	c->in_block = 0;
	if (++c->block == r->request.tp_block_nr)
		c->block = 0;
	c->slot = r->socket.map + (size_t)c->block * r->request.tp_block_size;
}

static inline int cb_slot_ring_receive(struct cb_slot_ring *r,
	const struct cb_slot_version *version, struct cb_frame *frames, unsigned max)
{
	unsigned n = 0;

	if (max > r->held_max)
		max = r->held_max;
	while (n < max && version->is_ours(r->next.slot)) {
		frames[n] = version->frame(r->next.slot);
		if (frames[n].caplen > r->snaplen)
			frames[n].caplen = r->snaplen;
		n++;
		cb_slot_advance(r, &r->next);
	}
	r->n_held = n;
	return (int)n;
}

static inline void cb_slot_ring_release(
	struct cb_slot_ring *r, const struct cb_slot_version *version)
{
	for (; r->n_held; r->n_held--) {
		version->give_back(r->held.slot);
		cb_slot_advance(r, &r->held);
	}
}

#endif
