#include "generators/traffic/shape.h"

#include "generators/traffic/frame.h"

/* Offsets in an Ethernet frame with IPv4 without options and UDP. */
enum {
	AT_IP = 14,
	AT_IP_LENGTH = AT_IP + 2,
	AT_IP_CHECKSUM = AT_IP + 10,
	AT_IP_SOURCE = AT_IP + 12,
	AT_UDP = AT_IP + 20,
	AT_UDP_LENGTH = AT_UDP + 4,
};

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

/* RFC 791: over the header with a checksum of 0. */
static void write_checksum(uint8_t *bytes)
{
	uint32_t sum = 0;

	put16(bytes + AT_IP_CHECKSUM, 0);
	for (int i = AT_IP; i < AT_UDP; i += 2)
		sum += get16(bytes + i);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(bytes + AT_IP_CHECKSUM, ~sum);
}

/* splitmix64's finish: neighbours come out far apart. */
static uint64_t scatter(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint32_t flow_of(const struct cb_flows *f, uint64_t sequence)
{
	if (f->order == CB_FLOW_ROUND_ROBIN)
		return (uint32_t)(sequence % f->n);
	return (uint32_t)((scatter(sequence + 1) >> 32) * f->n >> 32);
}

static void write_flow(const struct cb_shape *s, uint8_t *bytes, uint64_t sequence)
{
	const uint8_t *frame = s->frame->bytes;
	uint32_t flow = flow_of(&s->flows, sequence), port = flow, address = flow;
	uint64_t source;

	if (s->flows.field == CB_FLOW_BOTH) {
		address = flow % 256;
		port = flow / 256;
	}
	if (s->flows.field != CB_FLOW_SOURCE_IP)
		put16(bytes + AT_UDP, get16(frame + AT_UDP) + port);
	if (s->flows.field == CB_FLOW_SOURCE_PORT)
		return;
	source = ((uint64_t)get16(frame + AT_IP_SOURCE) << 16 | get16(frame + AT_IP_SOURCE + 2)) +
		address;
	put16(bytes + AT_IP_SOURCE, (uint32_t)(source >> 16));
	put16(bytes + AT_IP_SOURCE + 2, (uint32_t)source);
}

bool cb_shape_is_plain(const struct cb_shape *s)
{
	return !s->sizes.sequence && s->flows.n < 2 && !s->payload.pool;
}

uint32_t cb_shape_apply(const struct cb_shape *s, uint8_t *bytes, uint64_t sequence)
{
	uint32_t length = cb_sizes_of(&s->sizes, sequence) - CB_FRAME_FCS;
	uint32_t filled = s->frame->stamp_offset + CB_STAMP_SIZE;

	if (s->flows.n > 1)
		write_flow(s, bytes, sequence);
	if (s->sizes.sequence) {
		put16(bytes + AT_IP_LENGTH, length - AT_IP);
		put16(bytes + AT_UDP_LENGTH, length - AT_UDP);
	}
	if (s->sizes.sequence || s->flows.field != CB_FLOW_SOURCE_PORT)
		write_checksum(bytes);
	cb_payload_write(&s->payload, bytes + filled, length - filled, sequence);
	return length;
}
