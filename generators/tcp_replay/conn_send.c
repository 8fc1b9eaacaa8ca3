/* What is to be sent: segments, acknowledgements, probes, resets. */
#include "generators/tcp_replay/conn_parts.h"
#include "harness/base/clock.h"

/* ---- headers ---- */

static uint32_t tsval(const struct cb_conn *c, uint64_t now_ns)
{
	return c->time_base + (uint32_t)((now_ns - c->begin_ns) / CB_NS_PER_MS);
}

/* The peer's 32-bit numbers of what came out of order, the latest first (RFC 2018, section 4). */
static void put_sacks(const struct cb_conn *c, struct cb_tcp_options *o)
{
	unsigned latest = 0;

	for (unsigned i = 0; i < c->early.n; i++) {
		if (c->early.r[i].from <= c->early_last && c->early_last < c->early.r[i].to)
			latest = i;
	}
	for (unsigned i = 0; i < c->early.n && o->n_sacks < CB_TCP_SACKS_MAX; i++) {
		const struct cb_range *r = &c->early.r[(latest + i) % c->early.n];

		o->sacks[o->n_sacks++] =
			(struct cb_tcp_sack){.from = c->peer_isn + (uint32_t)r->from,
				.to = c->peer_isn + (uint32_t)r->to};
	}
}

static uint16_t window_field(const struct cb_conn *c, bool syn)
{
	uint32_t window = c->spec->window_bytes >> (syn ? 0 : c->own_scale);

	return (uint16_t)(window < UINT16_MAX ? window : UINT16_MAX);
}

/* Everything but payload and what it changes. */
static void put_head(struct cb_conn *c, int64_t at, uint64_t now_ns, struct cb_tcp_segment *out)
{
	*out = (struct cb_tcp_segment){
		.seq = c->isn + (uint32_t)at, .window = window_field(c, at == 0)};
	if (c->use_times) {
		out->options.has_times = true;
		out->options.time = tsval(c, now_ns);
		out->options.echo = c->state == CB_CONN_SYN_SENT ? 0 : c->recent;
	}
	if (c->state == CB_CONN_SYN_SENT)
		return;
	out->flags = CB_TCP_ACK;
	out->ack = c->peer_isn + (uint32_t)c->received;
	c->acked = c->received;
	c->acks = 0;
}

/* What the capture's SYN offered, as far as we can keep it. */
static void put_syn(const struct cb_conn *c, struct cb_tcp_segment *out)
{
	const struct cb_tcp_options *syn = &c->own->syn;

	out->flags |= CB_TCP_SYN;
	out->options.sack_permitted = c->use_sacks;
	out->options.has_scale = c->use_scale;
	out->options.scale = c->own_scale;
	out->options.has_mss = syn->has_mss || !c->own->has_syn;
	out->options.mss = (uint16_t)(syn->has_mss && syn->mss < c->spec->mss_max ? syn->mss
			: c->spec->mss_max < UINT16_MAX                           ? c->spec->mss_max
										  : UINT16_MAX);
}

/* ---- payload ---- */

/* A segment of ours from `at` up to `to`, at most; returns the place behind it. */
static int64_t put_segment(
	struct cb_conn *c, int64_t at, int64_t to, uint64_t now_ns, struct cb_tcp_segment *out)
{
	int64_t data_end = cb_stream_data_end(c->own);
	uint32_t most = c->mss - (c->use_times ? 12 : 0);

	put_head(c, at, now_ns, out);
	if (at == 0) {
		put_syn(c, out);
		return 1;
	}
	if (to - at < most)
		most = (uint32_t)(to - at);
	if (at < data_end)
		out->length =
			cb_stream_bytes(c->spec->flow, c->own, at, most, &c->hint, &out->payload);
	at += out->length;
	if (out->length &&
		(at == to || c->own->pieces[c->hint].at + c->own->pieces[c->hint].length == at))
		out->flags |= CB_TCP_PSH;
	if (at == data_end && c->own->has_fin && to > data_end) {
		out->flags |= CB_TCP_FIN;
		at++;
	}
	return at;
}

static void start_timers(struct cb_conn *c, int64_t end, uint64_t now_ns)
{
	if (c->resend_ns == CB_CONN_NEVER)
		c->resend_ns = now_ns + c->rto_ns;
	c->probe_ns = CB_CONN_NEVER;
	if (c->timed_at >= 0 || end <= c->nxt)
		return;
	c->timed_at = end - 1;
	c->timed_ns = now_ns;
}

/* ---- in this order ---- */

static bool send_reset(struct cb_conn *c, struct cb_tcp_segment *out)
{
	if (!c->wants_reset)
		return false;
	c->wants_reset = false;
	*out = (struct cb_tcp_segment){.seq = c->reset_seq, .flags = CB_TCP_RST};
	if (!c->reset_bare) {
		out->flags |= CB_TCP_ACK;
		out->ack = c->peer_isn + (uint32_t)c->received;
	}
	c->reset_bare = false;
	return true;
}

static bool send_again(struct cb_conn *c, uint64_t now_ns, struct cb_tcp_segment *out)
{
	int64_t at = cb_ranges_free(&c->sacked, c->resend > c->una ? c->resend : c->una);
	int64_t to = cb_ranges_taken(&c->sacked, at);

	if (at >= c->lost || at >= c->nxt) {
		c->resend = c->lost;
		return false;
	}
	if (cb_conn_flight(c) >= c->cwnd)
		return false;
	if (to > c->lost)
		to = c->lost;
	c->resend = put_segment(c, at, to, now_ns, out);
	if (c->resend == at)
		return false;
	c->timed_at = -1;
	c->counts.retransmitted++;
	start_timers(c, 0, now_ns);
	return true;
}

/* How far new data may go; the FIN needs no room of its own. */
static int64_t allowed(const struct cb_conn *c)
{
	int64_t to = c->limit, data_end = cb_stream_data_end(c->own);
	int64_t room = c->cwnd - cb_conn_flight(c);

	if (to > c->nxt + (room > 0 ? room : 0))
		to = c->nxt + (room > 0 ? room : 0);
	if (to > c->edge && !(c->nxt == data_end && c->limit > data_end))
		to = c->edge;
	return to;
}

/* Or the answer to one. */
static bool may_send_syn(const struct cb_conn *c)
{
	return c->limit >= 1 && (c->state == CB_CONN_SYN_SENT || c->state == CB_CONN_SYN_RECEIVED);
}

/* While something is under way, no silly windows are made (RFC 9293, 3.8.6.2.1). */
static bool may_send_data(const struct cb_conn *c, int64_t to)
{
	bool silly = to < c->limit && to - c->nxt < c->mss && c->una < c->nxt;

	return c->state == CB_CONN_ESTABLISHED && to > c->nxt && !silly;
}

static bool send_new(struct cb_conn *c, uint64_t now_ns, struct cb_tcp_segment *out)
{
	int64_t end, to = c->nxt ? allowed(c) : 1;

	if (!(c->nxt ? may_send_data(c, to) : may_send_syn(c)))
		return false;
	end = put_segment(c, c->nxt, to, now_ns, out);
	if (end == c->nxt)
		return false;
	start_timers(c, end, now_ns);
	c->counts.sent_bytes += out->length;
	c->nxt = end;
	return true;
}

/* Without payload, from a place that was acknowledged: whoever has it must say where it is. */
static bool send_probe(struct cb_conn *c, uint64_t now_ns, struct cb_tcp_segment *out)
{
	if (!c->wants_probe)
		return false;
	c->wants_probe = false;
	c->counts.probes++;
	put_head(c, c->una - 1, now_ns, out);
	return true;
}

static bool send_ack(struct cb_conn *c, uint64_t now_ns, struct cb_tcp_segment *out)
{
	uint32_t owed = c->acks;

	if (!owed || (c->state != CB_CONN_ESTABLISHED && c->state != CB_CONN_DONE))
		return false;
	put_head(c, c->nxt, now_ns, out);
	if (c->use_sacks)
		put_sacks(c, &out->options);
	c->acks = owed - 1;
	return true;
}

bool cb_conn_is_shut(const struct cb_conn *c)
{
	return c->state == CB_CONN_ESTABLISHED && c->una == c->nxt && c->nxt < c->limit &&
		c->edge <= c->nxt && c->nxt < cb_stream_data_end(c->own);
}

bool cb_conn_next(struct cb_conn *c, uint64_t now_ns, struct cb_tcp_segment *out)
{
	bool sends = (c->wants_reset && c->state == CB_CONN_DONE && send_ack(c, now_ns, out)) ||
		send_reset(c, out);

	if (!sends && c->state != CB_CONN_CLOSED && c->state != CB_CONN_LISTEN &&
		c->state != CB_CONN_DONE)
		sends = send_again(c, now_ns, out) || send_new(c, now_ns, out) ||
			send_probe(c, now_ns, out);
	if (!sends)
		sends = send_ack(c, now_ns, out);
	c->counts.sent += sends;
	if (!sends && cb_conn_is_shut(c) && c->probe_ns == CB_CONN_NEVER)
		c->probe_ns = now_ns + (c->rto_ns << c->probe_backoff);
	return sends;
}
