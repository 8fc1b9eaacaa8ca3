/*
 * tpacket2: a ring of slots, one frame each (slot_ring.h: how it works, and its counters), with
 * nanosecond timestamps and a status of 32 bits.
 */
#include "capturers/mechanisms/slot_ring.h"
#include "capturers/members.h"

static inline struct tpacket2_hdr *header_of(const uint8_t *slot)
{
	return (struct tpacket2_hdr *)slot;
}

static bool is_ours(const uint8_t *slot)
{
	return __atomic_load_n(&header_of(slot)->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER;
}

static void give_back(uint8_t *slot)
{
	__atomic_store_n(&header_of(slot)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
}

static struct cb_frame frame_in(const uint8_t *slot)
{
	const struct tpacket2_hdr *h = header_of(slot);

	return (struct cb_frame){.data = slot + h->tp_mac,
		.caplen = h->tp_snaplen,
		.len = h->tp_len,
		.time_ns = cb_packet_time_ns(h->tp_sec, h->tp_nsec)};
}

static const struct cb_slot_version version = {.number = TPACKET_V2,
	.header_length = TPACKET2_HDRLEN,
	.is_ours = is_ours,
	.give_back = give_back,
	.frame = frame_in};

static int tpacket2_probe(struct cb_error *err)
{
	return cb_packet_socket_probe(TPACKET_V2, err);
}

static int tpacket2_open(void *state, const struct cb_tap *tap, const void *options,
	struct cb_tap_ready *ready, struct cb_error *err)
{
	return cb_slot_ring_open(state, &version, tap, options, ready, err);
}

static int tpacket2_receive(void *state, struct cb_frame *frames, unsigned max, int64_t *syscalls)
{
	return cb_slot_ring_receive(state, &version, frames, max);
}

static void tpacket2_release(void *state)
{
	cb_slot_ring_release(state, &version);
}

static unsigned tpacket2_traits(const void *options)
{
	const struct cb_slot_options *o = options;

	return cb_packet_fanout_traits(cb_mechanism_tpacket2.member.provides, &o->fanout);
}

const struct cb_mechanism cb_mechanism_tpacket2 = {
	.member = {.name = "tpacket2",
		.help = "A ring shared with the kernel, one slot a frame (TPACKET_V2).",
		.paper = "libpcap 1.0.0 (PF_PACKET, memory-mapped)",
		.options = cb_slot_options,
		.options_size = sizeof(struct cb_slot_options),
		.provides =
			CB_TRAIT_POLLABLE | CB_TRAIT_FILTER_FREE | CB_TRAIT_COPIES | CB_TRAIT_BATCH,
		.probe = tpacket2_probe,
		.traits = tpacket2_traits},
	.state_size = sizeof(struct cb_slot_ring),
	.open = tpacket2_open,
	.receive = tpacket2_receive,
	.release = tpacket2_release,
	.account = cb_slot_ring_account,
	.detach = cb_slot_ring_detach,
	.settle = cb_slot_ring_settle,
	.close = cb_slot_ring_close,
};
