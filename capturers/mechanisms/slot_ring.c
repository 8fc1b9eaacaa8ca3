#include "capturers/mechanisms/slot_ring.h"

#include <unistd.h>

/* Larger blocks need contiguous pages of a higher order, which a long-running host may not have. */
#define BLOCK_BYTES (UINT32_C(128) << 10)
/* A receive() takes at most this share of the slots, so that a small ring isn't held as a whole
 * while the load works on it. */
#define HELD_SHARE 4

const struct cb_option cb_slot_options[] = {
	CB_PACKET_FANOUT_ROWS(cb_slot_options),
	CB_OPTION_END,
};

/* Where a frame starts in its slot, at most: behind the header and sockaddr_ll the network header
 * is aligned to 16, with room for a link header of at least 16 bytes before it (none on tun, say).
 */
static int64_t data_offset_max(const struct cb_slot_ring *r)
{
	return TPACKET_ALIGN(r->version->header_length + 16);
}

/* `tap->buffer` bytes in blocks: as large as BLOCK_BYTES, but no larger than the buffer, nor
 * smaller than a slot or a page. */
static void lay_out(struct cb_slot_ring *r, const struct cb_tap *tap)
{
	int64_t longest = cb_packet_socket_frame_max(&r->socket);
	int64_t kept = tap->snaplen < longest ? tap->snaplen : longest;
	unsigned slot = (unsigned)TPACKET_ALIGN(data_offset_max(r) + kept);
	unsigned block = BLOCK_BYTES, least = (unsigned)sysconf(_SC_PAGESIZE), n;

	while (least < slot)
		least *= 2;
	while (block > tap->buffer && block > least)
		block /= 2;
	if (block < least)
		block = least;
	n = tap->buffer > block ? (unsigned)(tap->buffer / block) : 1;
	r->per_block = block / slot;
	r->request = (struct tpacket_req){.tp_block_size = block,
		.tp_block_nr = n,
		.tp_frame_size = slot,
		.tp_frame_nr = n * r->per_block};
	r->held_max = r->request.tp_frame_nr / HELD_SHARE;
	if (!r->held_max)
		r->held_max = 1;
}

int cb_slot_ring_open(struct cb_slot_ring *r, const struct cb_slot_version *version,
	const struct cb_tap *tap, const struct cb_slot_options *options, struct cb_tap_ready *ready,
	struct cb_error *err)
{
	int rc;

	r->version = version;
	r->snaplen = (uint32_t)tap->snaplen;
	rc = cb_packet_socket_open(&r->socket, tap, err);
	if (rc)
		return rc;
	lay_out(r, tap);
	cb_packet_socket_share(&r->socket, &options->fanout, ready);
	rc = cb_packet_socket_ring(
		&r->socket, version->number, &r->request, sizeof(r->request), err);
	if (!rc)
		rc = cb_packet_socket_start(&r->socket, tap, err);
	if (rc) {
		cb_packet_socket_close(&r->socket);
		return rc;
	}
	r->next = (struct cb_slot_cursor){.slot = r->socket.map};
	r->held = r->next;
	ready->fd = r->socket.fd;
	ready->buffer_frames = r->request.tp_frame_nr;
	cb_packet_socket_version(ready->version, sizeof(ready->version));
	return 0;
}

int cb_slot_ring_account(void *ring)
{
	struct cb_slot_ring *r = ring;

	return cb_packet_socket_account(&r->socket);
}

int cb_slot_ring_detach(void *ring, struct cb_error *err)
{
	struct cb_slot_ring *r = ring;

	return cb_packet_socket_detach(&r->socket, err);
}

int cb_slot_ring_settle(void *ring, struct cb_tap_counters *counters, struct cb_error *err)
{
	struct cb_slot_ring *r = ring;
	struct cb_slot_cursor c = r->next;

	counters->unread = 0;
	while (counters->unread < r->request.tp_frame_nr && r->version->is_ours(c.slot)) {
		counters->unread++;
		cb_slot_advance(r, &c);
	}
	return cb_packet_socket_settle(&r->socket, counters, err);
}

void cb_slot_ring_close(void *ring)
{
	struct cb_slot_ring *r = ring;

	cb_packet_socket_close(&r->socket);
}
