/* What the capture lets out, and when. */
#include "generators/tcp_replay/conn_parts.h"

/* When, in the capture, the peer's stream had come as far as `need`: the time of that packet. */
static uint64_t reached_ns(struct cb_conn *c, size_t before, int64_t need)
{
	const struct cb_flow *flow = c->spec->flow;

	for (; c->reach < before; c->reach++) {
		const struct cb_flow_packet *p = &flow->packets[c->reach];

		if (p->side != c->spec->side && p->end >= need)
			return p->time_ns;
	}
	return 0;
}

/* How long its side had thought in the capture, before it sent packet `i`: since it had said what
 * comes before, and had what it answers to. Acknowledgements, keep-alives and what was sent again
 * are TCP's own, and no part of it. */
static uint64_t thought_ns(struct cb_conn *c, size_t i)
{
	const struct cb_flow_packet *p = &c->spec->flow->packets[i];
	uint64_t since = reached_ns(c, i, p->ack);

	if (c->passed_ns > since)
		since = c->passed_ns;
	return i && p->time_ns > since ? p->time_ns - since : 0;
}

/* Has the time of the packet come, whose turn it is? */
static bool is_due(struct cb_conn *c, size_t i, uint64_t now_ns)
{
	if (!c->spec->timed)
		return true;
	if (c->due_ns == CB_CONN_NEVER)
		c->due_ns = now_ns + thought_ns(c, i);
	return now_ns >= c->due_ns;
}

/* Is there anything in it that has to be sent, and was not before? */
static bool carries(const struct cb_conn *c, const struct cb_flow_packet *p)
{
	return p->end > c->limit || p->flags & CB_TCP_RST;
}

/* A reset goes out when all before it was received, so that it destroys nothing. */
static bool passes(struct cb_conn *c, const struct cb_flow_packet *p)
{
	if (p->flags & CB_TCP_RST) {
		c->aborts = c->una >= c->limit;
		return c->aborts;
	}
	c->limit = p->end;
	c->passed_ns = p->time_ns;
	return true;
}

void cb_conn_schedule(struct cb_conn *c, uint64_t now_ns)
{
	const struct cb_flow *flow = c->spec->flow;

	while (c->gate < flow->n && !c->aborts) {
		const struct cb_flow_packet *p = &flow->packets[c->gate];

		if (p->side == c->spec->side && carries(c, p)) {
			if (p->ack > c->received + c->credit)
				return;
			if (!is_due(c, c->gate, now_ns) || !passes(c, p))
				return;
		}
		c->gate++;
		c->due_ns = CB_CONN_NEVER;
	}
}

/* ---- the account ---- */

static bool is_behind_us(const struct cb_conn *c, const struct cb_flow_packet *p)
{
	if (p->side != c->spec->side) {
		if (p->flags & CB_TCP_RST)
			return c->peer_reset;
		return c->received + c->credit >= p->end;
	}
	if (p->flags & CB_TCP_RST)
		return c->aborts && c->state == CB_CONN_DONE;
	return c->nxt >= p->end && c->acked + c->credit >= p->ack;
}

bool cb_conn_is_forgone(const struct cb_conn *c, const struct cb_flow_packet *p)
{
	return p->side != c->spec->side && p->end > c->received;
}

size_t cb_conn_told(struct cb_conn *c)
{
	const struct cb_flow *flow = c->spec->flow;

	if (c->told == flow->n || !is_behind_us(c, &flow->packets[c->told]))
		return 0;
	c->forgone += cb_conn_is_forgone(c, &flow->packets[c->told]);
	return ++c->told;
}
