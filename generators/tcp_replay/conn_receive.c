/* What comes: RFC 9293, 3.10.7, with the answers to forged segments of RFC 5961. */
#include "generators/tcp_replay/conn_parts.h"
#include "harness/base/clock.h"

#define CHALLENGE_NS (10 * CB_NS_PER_MS)
#define DEFAULT_MSS4 536u /* RFC 9293, 3.7.1 */
#define DEFAULT_MSS6 1220u

/* A segment with its places. */
struct arrived {
	const struct cb_tcp_segment *s;
	int64_t begin, end; /* of the peer's stream */
	int64_t ack;        /* of ours */
	uint64_t now_ns;
};

/* ---- the handshake ---- */

static void learn_peer(struct cb_conn *c, const struct cb_tcp_segment *s, uint64_t now_ns)
{
	const struct cb_tcp_options *o = &s->options;
	uint32_t usual = c->spec->flow->ipv6 ? DEFAULT_MSS6 : DEFAULT_MSS4;
	uint32_t mss = o->has_mss ? o->mss : usual;

	c->peer_isn = s->seq;
	c->received = 1;
	c->use_times = c->use_times && o->has_times;
	c->use_sacks = c->use_sacks && o->sack_permitted;
	c->recent = o->time;
	c->use_scale = c->use_scale && o->has_scale;
	c->peer_scale = c->use_scale ? o->scale : 0;
	if (!c->use_scale)
		c->own_scale = 0;
	c->mss = mss < c->spec->mss_max ? mss : c->spec->mss_max;
	if (c->mss < CB_TCP_MSS_LEAST)
		c->mss = CB_TCP_MSS_LEAST;
	c->cwnd = (int64_t)CB_CONN_FIRST_SEGMENTS * c->mss;
	c->window_most = s->window;
	c->edge = c->una + s->window; /* never scaled in a SYN (RFC 7323, 2.2) */
	c->wl1 = 0;
	c->wl2 = c->una;
	c->progress_ns = now_ns;
}

/* An acknowledgement of what was never sent comes from a connection that we do not have any more,
 * or from somebody else: it is told so. */
static void refuse(struct cb_conn *c, const struct cb_tcp_segment *s)
{
	c->counts.odd++;
	if (s->flags & CB_TCP_RST)
		return;
	c->wants_reset = c->reset_bare = true;
	c->reset_seq = s->ack;
}

static void in_syn_sent(struct cb_conn *c, const struct cb_tcp_segment *s, uint64_t now_ns)
{
	int64_t ack = cb_tcp_place(c->una, c->isn, s->ack);

	if (s->flags & CB_TCP_ACK && (ack <= 0 || ack > c->nxt)) {
		refuse(c, s);
		return;
	}
	if (s->flags & CB_TCP_RST) {
		if (s->flags & CB_TCP_ACK)
			cb_conn_end(
				c, CB_CONN_RESET, false, now_ns, "the peer refuses the connection");
		else
			c->counts.odd++;
		return;
	}
	if ((s->flags & (CB_TCP_SYN | CB_TCP_ACK)) != (CB_TCP_SYN | CB_TCP_ACK)) {
		c->counts.odd++;
		return;
	}
	learn_peer(c, s, now_ns);
	c->edge = ack + s->window;
	cb_conn_acked(c, ack, now_ns);
	c->state = CB_CONN_ESTABLISHED;
	c->acks = 1;
}

static void in_listen(struct cb_conn *c, const struct cb_tcp_segment *s, uint64_t now_ns)
{
	if ((s->flags & (CB_TCP_SYN | CB_TCP_ACK | CB_TCP_RST | CB_TCP_FIN)) != CB_TCP_SYN) {
		c->counts.odd++;
		return;
	}
	learn_peer(c, s, now_ns);
	c->begin_ns = now_ns;
	c->state = CB_CONN_SYN_RECEIVED;
}

/* ---- is it acceptable? ---- */

/* RFC 9293, 3.10.7.4, first; what lies wholly before the window was had already. */
static bool is_acceptable(const struct cb_conn *c, const struct arrived *a)
{
	int64_t top = c->received + c->spec->window_bytes;

	if (a->begin >= top)
		return a->begin == c->received;
	return a->end > c->received || (a->end == a->begin && a->begin == c->received);
}

/* Segments without payload are answered now and then only, or two ends that disagree would go on
 * telling each other forever. */
static void challenge(struct cb_conn *c, const struct arrived *a)
{
	if (!a->s->length && a->now_ns < c->challenge_ns)
		return;
	c->challenge_ns = a->now_ns + CHALLENGE_NS;
	c->acks = 1;
}

/* Is it older than what came before (RFC 7323, 5.2)? */
static bool is_stale(const struct cb_conn *c, const struct arrived *a)
{
	return c->use_times && a->s->options.has_times && !(a->s->flags & CB_TCP_RST) &&
		(int32_t)(a->s->options.time - c->recent) < 0;
}

/* It is of somebody who knows our ports, but not what was agreed on: without timestamps (RFC 7323,
 * 3.2), or acknowledging what can't be under way any more (RFC 5961, 5.2). */
static bool is_forged(const struct cb_conn *c, const struct arrived *a)
{
	if (a->s->flags & CB_TCP_RST)
		return false;
	return (c->use_times && !a->s->options.has_times) ||
		(a->s->flags & CB_TCP_ACK && a->ack < c->una - c->window_most);
}

static void take_reset(struct cb_conn *c, const struct arrived *a)
{
	bool expected = c->peer->has_rst || (c->una >= c->own->end && c->own->has_fin);
	int64_t wanted = cb_conn_expected_bytes(c);

	if (a->begin != c->received) {
		challenge(c, a);
		return;
	}
	c->peer_reset = true;
	if (expected && (c->counts.received_bytes >= wanted || c->spec->expect == CB_EXPECT_ANY)) {
		cb_conn_conclude(c, false, a->now_ns);
		return;
	}
	cb_conn_end(c, CB_CONN_RESET, false, a->now_ns,
		"after %lld of %lld bytes received and %lld of %lld acknowledged",
		(long long)c->counts.received_bytes, (long long)wanted,
		(long long)(c->una > 0 ? c->una - 1 : 0),
		(long long)cb_stream_data_end(c->own) - 1);
}

/* ---- acknowledgements ---- */

static void take_window(struct cb_conn *c, const struct arrived *a)
{
	int64_t window = (int64_t)a->s->window << c->peer_scale, edge = a->ack + window;

	if (window > c->window_most)
		c->window_most = window;
	if (a->begin < c->wl1 || (a->begin == c->wl1 && a->ack < c->wl2))
		return;
	c->wl1 = a->begin;
	c->wl2 = a->ack;
	if (edge != c->edge && a->ack == c->una)
		c->duplicates = 0; /* a window update is no duplicate */
	c->edge = edge;
}

/* False: it acknowledges what was never sent. */
static bool take_ack(struct cb_conn *c, const struct arrived *a)
{
	int64_t before = c->edge;

	if (a->ack > c->nxt) {
		c->counts.odd++;
		challenge(c, a);
		return false;
	}
	if (a->ack < c->una)
		return true;
	cb_conn_take_sacks(c, &a->s->options);
	take_window(c, a);
	if (c->edge <= c->una)
		c->retries = 0; /* it lives, and has no room: for that the limit is quiet_ns */
	if (a->ack > c->una)
		cb_conn_acked(c, a->ack, a->now_ns);
	else if (c->una < c->nxt && a->begin == a->end &&
		(c->edge == before || a->s->options.n_sacks))
		cb_conn_duplicate_ack(c);
	return true;
}

/* ---- payload ---- */

/* What of [at, end) has not come before is compared. */
static void take_new(struct cb_conn *c, int64_t at, int64_t end, const uint8_t *bytes)
{
	int64_t begin = at;

	while (at < end) {
		int64_t from = cb_ranges_free(&c->early, at), to;

		if (from >= end)
			return;
		to = cb_ranges_taken(&c->early, from);
		if (to > end)
			to = end;
		cb_conn_compare(c, from, bytes + (from - begin), (uint32_t)(to - from));
		at = to;
	}
}

static void advance(struct cb_conn *c)
{
	int64_t to = cb_ranges_free(&c->early, c->received);

	if (to > c->received)
		c->received = to;
	cb_ranges_trim(&c->early, c->received);
	if (c->received == c->peer_fin)
		c->received++;
}

static void take_payload(struct cb_conn *c, const struct arrived *a)
{
	int64_t at = a->begin + (a->s->flags & CB_TCP_SYN ? 1 : 0), end = at + a->s->length;
	int64_t top = c->received + c->spec->window_bytes, skip;
	struct cb_ranges before;

	c->acks = c->acks ? c->acks : 1;
	if (end > top)
		end = top;
	if (c->peer_fin >= 0 && end > c->peer_fin)
		end = c->peer_fin; /* nothing comes behind a FIN */
	skip = at < c->received ? c->received - at : 0;
	if (at + skip >= end) {
		c->counts.duplicate++;
		return;
	}
	at += skip;
	if (at > c->received) {
		c->counts.out_of_order++;
		c->acks++;
	}
	before = c->early;
	if (!cb_ranges_add(&before, at, end))
		return; /* no room to remember it: it will come again */
	take_new(c, at, end, a->s->payload + skip);
	c->early = before;
	c->early_last = at;
	c->progress_ns = a->now_ns;
	advance(c);
}

static void take_fin(struct cb_conn *c, const struct arrived *a)
{
	int64_t at = a->end - 1;

	c->acks = c->acks ? c->acks : 1;
	if (c->peer_fin >= 0 || at < c->received ||
		(c->early.n && c->early.r[c->early.n - 1].to > at)) {
		c->counts.odd += c->peer_fin != at;
		return;
	}
	c->peer_fin = at;
	c->progress_ns = a->now_ns;
	if (c->received == at)
		c->received++;
}

/* The peer will send no more; if that is too little, nothing is left to wait for. */
static void look_at_close(struct cb_conn *c, uint64_t now_ns)
{
	char why[sizeof(c->why)];

	if (c->peer_fin < 0 || c->received <= c->peer_fin ||
		c->peer_fin - 1 >= cb_conn_expected_bytes(c))
		return;
	if (c->spec->expect == CB_EXPECT_ANY) {
		c->credit = c->peer->end - c->received;
		return;
	}
	if (!cb_conn_as_expected(c, why, sizeof(why)))
		cb_conn_end(c, CB_CONN_DIFFERENT, true, now_ns, "%s", why);
}

/* ---- all together ---- */

static void take_times(struct cb_conn *c, const struct arrived *a)
{
	if (c->use_times && a->s->options.has_times && a->begin <= c->acked &&
		(int32_t)(a->s->options.time - c->recent) >= 0)
		c->recent = a->s->options.time;
}

/* 1: go on with the segment. */
static bool check(struct cb_conn *c, const struct arrived *a)
{
	if (is_forged(c, a)) {
		c->counts.unacceptable++;
		return false;
	}
	if (is_stale(c, a) || !is_acceptable(c, a)) {
		c->counts.unacceptable++;
		if (!(a->s->flags & CB_TCP_RST))
			challenge(c, a);
		return false;
	}
	if (a->s->flags & CB_TCP_RST) {
		take_reset(c, a);
		return false;
	}
	if (a->s->flags & CB_TCP_SYN) {
		challenge(c, a);
		return false;
	}
	return a->s->flags & CB_TCP_ACK;
}

static void synchronized(struct cb_conn *c, const struct cb_tcp_segment *s, uint64_t now_ns)
{
	struct arrived a = {.s = s, .now_ns = now_ns};

	a.begin = cb_tcp_place(c->received, c->peer_isn, s->seq);
	a.end = a.begin + s->length + !!(s->flags & CB_TCP_SYN) + !!(s->flags & CB_TCP_FIN);
	a.ack = cb_tcp_place(c->una, c->isn, s->ack);
	if (c->state == CB_CONN_SYN_RECEIVED && a.begin == 0 && s->flags & CB_TCP_SYN) {
		if (c->nxt == 1) { /* again: so is our answer */
			c->resend = 0;
			c->lost = 1;
		}
		return;
	}
	if (!check(c, &a))
		return;
	if (c->state == CB_CONN_SYN_RECEIVED && a.ack != c->nxt) {
		refuse(c, s);
		return;
	}
	if (!take_ack(c, &a))
		return;
	take_times(c, &a);
	c->state = CB_CONN_ESTABLISHED;
	if (s->length)
		take_payload(c, &a);
	if (s->flags & CB_TCP_FIN)
		take_fin(c, &a);
	look_at_close(c, now_ns);
}

/* After the end only the peer's last segments come again: its FIN, mostly. */
static void in_done(struct cb_conn *c, const struct cb_tcp_segment *s)
{
	bool talks = c->verdict == CB_CONN_COMPLETE && c->peer_fin >= 0 && !c->peer_reset;

	if (talks && !(s->flags & CB_TCP_RST) && (s->length || s->flags & CB_TCP_FIN))
		c->acks = 1;
}

void cb_conn_segment(struct cb_conn *c, const struct cb_tcp_segment *s, uint64_t now_ns)
{
	c->counts.received++;
	switch (c->state) {
	case CB_CONN_SYN_SENT:
		in_syn_sent(c, s, now_ns);
		break;
	case CB_CONN_LISTEN:
		in_listen(c, s, now_ns);
		break;
	case CB_CONN_SYN_RECEIVED:
	case CB_CONN_ESTABLISHED:
		synchronized(c, s, now_ns);
		break;
	default:
		in_done(c, s);
		return;
	}
	if (c->state == CB_CONN_DONE)
		return;
	cb_conn_schedule(c, now_ns);
	cb_conn_check_end(c, now_ns);
}
