#include "generators/traffic/shape.h"

#include "generators/traffic/frame.h"
#include "harness/net/bytes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	AT_IPV4_SOURCE = 12,
	AT_IPV6_SOURCE_END = 20, /* its last 32 bits */
};

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
	const struct cb_template *t = s->frame;
	uint32_t at_udp = t->ip_offset + t->ip_length;
	uint32_t at_source = t->ip_offset + (t->ipv6 ? AT_IPV6_SOURCE_END : AT_IPV4_SOURCE);
	uint32_t flow = flow_of(&s->flows, sequence), port = flow, address = flow;
	uint64_t source;

	if (s->flows.field == CB_FLOW_BOTH) {
		address = flow % 256;
		port = flow / 256;
	}
	if (s->flows.field != CB_FLOW_SOURCE_IP)
		cb_put16(bytes + at_udp, cb_get16(t->bytes + at_udp) + port);
	if (s->flows.field == CB_FLOW_SOURCE_PORT)
		return;
	source = ((uint64_t)cb_get16(t->bytes + at_source) << 16 |
			 cb_get16(t->bytes + at_source + 2)) +
		address;
	cb_put16(bytes + at_source, (uint32_t)(source >> 16));
	cb_put16(bytes + at_source + 2, (uint32_t)source);
}

bool cb_shape_is_plain(const struct cb_shape *s)
{
	return !s->sizes.sequence && s->flows.n < 2 && !s->payload.pool;
}

int cb_shape_check(const struct cb_shape *s, const struct cb_headers *h, struct cb_error *err)
{
	uint32_t smallest = cb_headers_smallest(h);

	if (s->sizes.smallest < smallest)
		return cb_error_set(err, CB_ERR_USAGE,
			"a frame of %d bytes has no room for the stamp behind these "
			"headers: at least %u",
			s->sizes.smallest, smallest);
	if (s->flows.n > 1 && s->flows.field != CB_FLOW_SOURCE_IP && !cb_headers_have_udp(h))
		return cb_error_set(err, CB_ERR_USAGE,
			"flow-field: a later fragment has no ports; use source-ip");
	return 0;
}

/* Behind the stamp up to the end of what IP carries; the padding stays zeros. */
static void write_payload(
	const struct cb_shape *s, uint8_t *bytes, uint32_t length, uint64_t sequence)
{
	const struct cb_template *t = s->frame;
	uint32_t begin = t->stamp_offset + CB_STAMP_SIZE;
	uint32_t end = t->ip_offset + cb_frame_ip_total(t, length);

	cb_payload_write(&s->payload, bytes + begin, end - begin, sequence);
	if (s->payload.pool && end < length)
		memset(bytes + end, 0, length - end);
}

uint32_t cb_shape_apply(const struct cb_shape *s, uint8_t *bytes, uint64_t sequence)
{
	const struct cb_template *t = s->frame;
	uint32_t length;

	if (s->lanes > 1)
		sequence = sequence * s->lanes + s->lane;
	length = cb_sizes_of(&s->sizes, sequence) - CB_FRAME_FCS;
	if (s->flows.n > 1)
		write_flow(s, bytes, sequence);
	if (s->sizes.sequence || s->flows.field != CB_FLOW_SOURCE_PORT)
		cb_frame_write_lengths(t, bytes, length);
	write_payload(s, bytes, length, sequence);
	if (t->checksum) {
		uint16_t sum = (uint16_t)cb_frame_sum(t, bytes, length);

		memcpy(bytes + t->stamp_offset - 2, &sum, sizeof(sum));
	}
	return length;
}

/* What the frames of one lane were, by size: each `lanes`-th of the cycle, over and over. */
static void count_lane(
	const struct cb_sizes *s, uint32_t lane, uint32_t lanes, uint64_t frames, uint64_t *sent)
{
	uint64_t rounds = frames / s->n, rest = frames % s->n;

	for (uint32_t i = 0; i < s->n; i++)
		sent[cb_sizes_of(s, (uint64_t)i * lanes + lane)] += rounds + (i < rest);
}

double cb_shape_chi_square(const struct cb_shape *s, const uint64_t *frames, uint32_t lanes)
{
	uint64_t *sent, all = 0;
	double sum = 0;

	for (uint32_t i = 0; i < lanes; i++)
		all += frames[i];
	if (!s->sizes.sequence || !all)
		return (double)NAN;
	sent = calloc(CB_SIZES_KINDS_MAX, sizeof(*sent));
	if (!sent)
		return (double)NAN;
	for (uint32_t i = 0; i < lanes; i++)
		count_lane(&s->sizes, i, lanes, frames[i], sent);
	for (int size = 0; size < CB_SIZES_KINDS_MAX; size++) {
		double asked = s->sizes.shares[size] * (double)all;
		double off = (double)sent[size] - asked;

		if (s->sizes.shares[size] > 0)
			sum += off * off / asked;
	}
	free(sent);
	return sum;
}
