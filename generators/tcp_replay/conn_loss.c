/* Loss: round trips, time-outs, what is to be sent again, the congestion window. */
#include "generators/tcp_replay/conn_parts.h"
#include "harness/base/clock.h"

#define DUPLICATES_MIN 3u /* RFC 5681, 3.2 */
#define RTO_MAX_NS     (60 * CB_NS_PER_SEC)

int64_t cb_conn_flight(const struct cb_conn *c)
{
	int64_t flight = c->nxt - c->una - cb_ranges_total(&c->sacked);

	if (c->lost > c->resend)
		flight -= c->lost - c->resend;
	return flight > 0 ? flight : 0;
}

/* Without back-off. */
static void reset_rto(struct cb_conn *c)
{
	c->rto_ns = c->srtt_ns ? c->srtt_ns + 4 * c->rttvar_ns : c->spec->rto_first_ns;
	if (c->rto_ns < c->spec->rto_min_ns)
		c->rto_ns = c->spec->rto_min_ns;
}

/* RFC 6298, 2. */
static void take_round_trip(struct cb_conn *c, uint64_t rtt_ns)
{
	uint64_t apart = c->srtt_ns > rtt_ns ? c->srtt_ns - rtt_ns : rtt_ns - c->srtt_ns;

	if (!c->srtt_ns) {
		c->srtt_ns = rtt_ns;
		c->rttvar_ns = rtt_ns / 2;
	} else {
		c->rttvar_ns = (3 * c->rttvar_ns + apart) / 4;
		c->srtt_ns = (7 * c->srtt_ns + rtt_ns) / 8;
	}
}

/* While losses are repaired the window grows only after a time-out, which made it one segment: by
 * no more than one for each acknowledgement (RFC 5681, 3.1). */
static void grow_window(struct cb_conn *c, int64_t acked)
{
	if (c->recover && c->cwnd >= c->ssthresh)
		return;
	if (c->recover && acked > c->mss)
		acked = c->mss;
	if (c->cwnd < c->ssthresh)
		c->cwnd += acked;
	else
		c->cwnd += (int64_t)c->mss * acked / c->cwnd + 1;
}

/* Of what was lost, all has come, or a part of it and the next hole is known now. */
static void go_on_recovering(struct cb_conn *c)
{
	if (c->resend < c->una)
		c->resend = c->una;
	if (!c->recover)
		return;
	if (c->una >= c->recover) {
		c->recover = c->resend = c->lost = 0;
		if (c->cwnd > c->ssthresh)
			c->cwnd = c->ssthresh;
		return;
	}
	if (c->lost <= c->una) {
		c->resend = c->una;
		c->lost = c->una + c->mss < c->nxt ? c->una + c->mss : c->nxt;
	}
}

/* That a SYN was lost says nothing of how much may be under way: one segment to begin with, and no
 * threshold (RFC 5681, 3.1). */
static void forget_handshake(struct cb_conn *c)
{
	if (c->syn_lost)
		c->cwnd = c->mss;
	c->ssthresh = INT64_MAX / 2;
	c->recover = c->resend = c->lost = 0;
}

void cb_conn_acked(struct cb_conn *c, int64_t ack, uint64_t now_ns)
{
	int64_t acked = ack - c->una;

	if (c->timed_at >= 0 && ack > c->timed_at) {
		take_round_trip(c, now_ns - c->timed_ns);
		c->timed_at = -1;
	}
	reset_rto(c);
	c->una = ack;
	c->retries = 0;
	c->duplicates = 0;
	c->probe_backoff = 0;
	cb_ranges_trim(&c->sacked, ack);
	if (ack == acked)
		forget_handshake(c);
	else
		grow_window(c, acked);
	go_on_recovering(c);
	c->progress_ns = now_ns;
	c->resend_ns = c->una < c->nxt ? now_ns + c->rto_ns : CB_CONN_NEVER;
	c->probe_ns = CB_CONN_NEVER;
}

static void begin_recovery(struct cb_conn *c)
{
	int64_t flight = c->nxt - c->una;

	c->ssthresh = flight / 2 > 2 * (int64_t)c->mss ? flight / 2 : 2 * (int64_t)c->mss;
	c->cwnd = c->ssthresh;
	c->recover = c->nxt;
	c->resend = c->una;
	c->lost = c->una + c->mss < c->nxt ? c->una + c->mss : c->nxt;
	c->timed_at = -1;
}

/* Below what the peer has out of order, with three segments behind it, all holes are losses. */
static void widen_loss(struct cb_conn *c)
{
	int64_t top = c->sacked.n ? c->sacked.r[c->sacked.n - 1].from : 0;

	if (c->recover && top > c->lost)
		c->lost = top;
}

void cb_conn_duplicate_ack(struct cb_conn *c)
{
	bool many;

	c->duplicates++;
	many = c->duplicates >= DUPLICATES_MIN ||
		cb_ranges_total(&c->sacked) >= (int64_t)DUPLICATES_MIN * c->mss;
	if (many && !c->recover)
		begin_recovery(c);
	else if (c->recover && !c->use_sacks)
		c->cwnd += c->mss; /* another segment has left the net (RFC 5681, 3.2) */
	widen_loss(c);
}

void cb_conn_take_sacks(struct cb_conn *c, const struct cb_tcp_options *o)
{
	for (unsigned i = 0; c->use_sacks && i < o->n_sacks; i++) {
		int64_t from = cb_tcp_place(c->una, c->isn, o->sacks[i].from);
		int64_t to = cb_tcp_place(c->una, c->isn, o->sacks[i].to);

		/* what a peer says it has may be what it can't have */
		if (from >= c->una && to > from && to <= c->nxt)
			cb_ranges_add(&c->sacked, from, to);
	}
}

void cb_conn_timed_out(struct cb_conn *c, uint64_t now_ns)
{
	if (c->retries >= c->spec->retries) {
		cb_conn_end(c, CB_CONN_NO_ANSWER, c->state == CB_CONN_ESTABLISHED, now_ns,
			c->state == CB_CONN_ESTABLISHED
				? "the peer acknowledges nothing after %u retransmissions"
				: "the peer does not answer the handshake, sent %u times again",
			c->retries);
		return;
	}
	c->retries++;
	c->counts.timeouts++;
	c->syn_lost = c->syn_lost || c->una == 0;
	begin_recovery(c);
	c->cwnd = c->mss;
	c->lost = c->nxt;
	c->sacked.n = 0; /* RFC 2018, section 8: a peer may have thrown it away */
	c->rto_ns = c->rto_ns * 2 < RTO_MAX_NS ? c->rto_ns * 2 : RTO_MAX_NS;
	c->resend_ns = now_ns + c->rto_ns;
}
