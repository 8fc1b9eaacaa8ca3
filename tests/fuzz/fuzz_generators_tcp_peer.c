/*
 * A hostile peer: whatever segments come, at whatever times, a connection comes to its end, sends
 * only what was captured, and not without bound.
 *
 * An input is records of 12 bytes: what kind, flags, sequence and acknowledgement number as
 * differences from where the connection is, window, length and time.
 */
#include "generators/tcp_replay/capture.h"
#include "generators/tcp_replay/conn.h"
#include "harness/base/clock.h"

#include <stdlib.h>
#include <string.h>

#define RECORD   12
#define BYTES    6000
#define ISN      0xfffff000u
#define SENT_MAX 4096 /* segments in one go */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t said[BYTES];
static const uint8_t *const bytes = said;

/* Client says 2000 bytes, server 2000, client closes, server too. */
static void make_flow(struct cb_flow *flow)
{
	const struct cb_flow_packet packets[] = {
		{.side = CB_CLIENT, .end = 1, .flags = CB_TCP_SYN},
		{.side = CB_SERVER, .end = 1, .ack = 1, .flags = CB_TCP_SYN | CB_TCP_ACK},
		{.side = CB_CLIENT, .begin = 1, .end = 2001, .ack = 1, .flags = CB_TCP_ACK},
		{.side = CB_SERVER, .begin = 1, .end = 2001, .ack = 2001, .flags = CB_TCP_ACK},
		{.side = CB_CLIENT,
			.begin = 2001,
			.end = 2002,
			.ack = 2001,
			.flags = CB_TCP_ACK | CB_TCP_FIN},
		{.side = CB_SERVER,
			.begin = 2001,
			.end = 2002,
			.ack = 2002,
			.flags = CB_TCP_ACK | CB_TCP_FIN},
	};

	*flow = (struct cb_flow){.bytes = &bytes};
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		int data = packets[i].end - packets[i].begin > 1;

		cb_flow_add(flow, &packets[i], packets[i].side ? 3000 : 0, data ? 2000 : 0, NULL);
	}
	for (int side = 0; side < CB_SIDES; side++) {
		struct cb_stream *s = &flow->streams[side];

		s->known = s->has_syn = s->has_fin = true;
		s->end = 2002;
		s->syn = (struct cb_tcp_options){.has_mss = true,
			.mss = 1460,
			.sack_permitted = true,
			.has_times = true,
			.has_scale = true,
			.scale = 7};
	}
	cb_flow_settle(flow);
}

static void drain(struct cb_conn *c, uint64_t now_ns)
{
	const uint8_t *own = said + (c->spec->side == CB_SERVER ? 3000 : 0);
	struct cb_tcp_segment s;

	for (int i = 0; cb_conn_next(c, now_ns, &s); i++) {
		if (i > SENT_MAX || s.length > 1460)
			abort();
		if (s.length && (s.payload < own || s.payload + s.length > own + 2000))
			abort();
	}
	while (cb_conn_told(c))
		;
}

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static void put(struct cb_conn *c, const uint8_t *r, uint64_t now_ns)
{
	static uint8_t payload[UINT16_MAX];
	struct cb_tcp_segment s = {.flags = r[1],
		.seq = c->peer_isn + (uint32_t)c->received + (uint32_t)(int16_t)get16(r + 2),
		.ack = c->isn + (uint32_t)c->nxt + (uint32_t)(int16_t)get16(r + 4),
		.window = (uint16_t)get16(r + 6),
		.payload = payload,
		.length = get16(r + 8) >> (r[0] & 7)};

	s.options.has_times = r[0] & 8;
	s.options.time = c->recent + (uint32_t)(int8_t)r[11];
	s.options.sack_permitted = s.options.has_scale = r[0] & 16;
	s.options.scale = r[11] & 15;
	s.options.has_mss = r[0] & 32;
	s.options.mss = (uint16_t)get16(r + 6);
	s.options.n_sacks = r[0] & 64 ? 1 + (r[0] & 3) : 0;
	for (unsigned i = 0; i < s.options.n_sacks; i++)
		s.options.sacks[i] = (struct cb_tcp_sack){
			.from = s.ack + i * 100u * r[10], .to = s.ack + i * 100u * r[10] + r[11]};
	cb_conn_segment(c, &s, now_ns);
}

static void check(const struct cb_conn *c)
{
	if (c->una > c->nxt || c->nxt > c->own->end || c->limit > c->own->end || c->una < 0 ||
		c->early.n > CB_RANGES_MAX || c->sacked.n > CB_RANGES_MAX || c->acks > 1000)
		abort();
}

static void play(struct cb_conn *c, const uint8_t *data, size_t size)
{
	uint64_t now_ns = CB_NS_PER_SEC;

	for (; size >= RECORD; data += RECORD, size -= RECORD) {
		drain(c, now_ns);
		now_ns += (uint64_t)data[10] * data[10] * 100000;
		if (data[0] & 128)
			cb_conn_timer(c, now_ns);
		put(c, data, now_ns);
		check(c);
		if (cb_conn_listen_again(c, ISN, 0, now_ns) && c->state != CB_CONN_LISTEN)
			abort();
	}
	/* and then silence: it ends by itself */
	for (int i = 0; i < 10000 && c->state != CB_CONN_DONE; i++) {
		uint64_t at;

		drain(c, now_ns);
		at = cb_conn_deadline(c);
		if (at == CB_CONN_NEVER)
			abort();
		now_ns = at > now_ns ? at : now_ns;
		cb_conn_timer(c, now_ns);
	}
	drain(c, now_ns);
	if (c->state != CB_CONN_DONE)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_conn_spec spec = {.mss_max = 1460,
		.window_bytes = 65535,
		.retries = 3,
		.times = true,
		.rto_first_ns = 200 * CB_NS_PER_MS,
		.rto_min_ns = 200 * CB_NS_PER_MS,
		.quiet_ns = 10 * CB_NS_PER_SEC,
		.accept_ns = 10 * CB_NS_PER_SEC,
		.settle_ns = 500 * CB_NS_PER_MS};
	struct cb_flow flow;
	struct cb_conn c;

	if (!size)
		return 0;
	make_flow(&flow);
	spec.flow = &flow;
	spec.side = data[0] & 1 ? CB_SERVER : CB_CLIENT;
	spec.expect = (enum cb_expect)((data[0] >> 1) % 3);
	spec.timed = data[0] & 8;
	cb_conn_init(&c, &spec, ISN, 0, CB_NS_PER_SEC);
	play(&c, data + 1, size - 1);
	cb_flow_finish(&flow);
	return 0;
}
