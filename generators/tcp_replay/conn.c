#include "generators/tcp_replay/conn_parts.h"
#include "harness/base/clock.h"

#include <stdarg.h>
#include <stdio.h>

#define BACKOFF_MAX 6u

const char *const cb_conn_verdict_names[CB_CONN_VERDICTS] = {[CB_CONN_OPEN] = "open",
	[CB_CONN_COMPLETE] = "complete",
	[CB_CONN_RESET] = "reset",
	[CB_CONN_NO_ANSWER] = "no answer",
	[CB_CONN_DIFFERENT] = "different",
	[CB_CONN_STOPPED] = "stopped"};

/* What a SYN that was not captured would have offered. */
static const struct cb_tcp_options usual = {
	.sack_permitted = true, .has_times = true, .has_scale = true, .scale = 7};

static const struct cb_tcp_options *offered(const struct cb_conn *c)
{
	return c->own->has_syn ? &c->own->syn : &usual;
}

void cb_conn_init(struct cb_conn *c, const struct cb_conn_spec *spec, uint32_t isn,
	uint32_t time_base, uint64_t now_ns)
{
	const struct cb_flow *flow = spec->flow;
	const struct cb_stream *own = &flow->streams[spec->side];

	*c = (struct cb_conn){.spec = spec,
		.own = own,
		.peer = &flow->streams[!spec->side],
		.state = spec->side == CB_CLIENT ? CB_CONN_SYN_SENT : CB_CONN_LISTEN,
		.begin_ns = now_ns,
		.listen_ns = now_ns,
		.isn = isn,
		.time_base = time_base,
		.limit = own->has_syn ? 0 : 1,
		.mss = spec->mss_max,
		.peer_fin = -1,
		.timed_at = -1,
		.rto_ns = spec->rto_first_ns,
		.ssthresh = INT64_MAX / 2,
		.due_ns = CB_CONN_NEVER,
		.resend_ns = CB_CONN_NEVER,
		.probe_ns = CB_CONN_NEVER,
		.progress_ns = now_ns,
		.counts = {.first_different = -1}};
	c->cwnd = (int64_t)CB_CONN_FIRST_SEGMENTS * c->mss;
	c->use_times = spec->times && offered(c)->has_times;
	c->use_sacks = offered(c)->sack_permitted;
	c->use_scale = offered(c)->has_scale;
	c->own_scale = c->use_scale ? offered(c)->scale : 0;
	cb_conn_schedule(c, now_ns);
}

/* It has heard a SYN, and its own was never acknowledged. */
static bool is_half_open(const struct cb_conn *c)
{
	return c->spec->side == CB_SERVER && c->received > 0 && c->una == 0;
}

bool cb_conn_listen_again(struct cb_conn *c, uint32_t isn, uint32_t time_base, uint64_t now_ns)
{
	bool left = c->verdict == CB_CONN_RESET || c->verdict == CB_CONN_NO_ANSWER;
	struct cb_conn_counts counts = c->counts;
	uint64_t listen_ns = c->listen_ns;

	if (c->state != CB_CONN_DONE || !left || !is_half_open(c) ||
		now_ns >= listen_ns + c->spec->accept_ns)
		return false;
	cb_conn_init(c, c->spec, isn, time_base, now_ns);
	c->counts = counts;
	c->begin_ns = c->listen_ns = c->progress_ns = listen_ns;
	return true;
}

/* ---- the end ---- */

void cb_conn_end(struct cb_conn *c, enum cb_conn_verdict verdict, bool reset, uint64_t now_ns,
	const char *fmt, ...)
{
	va_list args;

	if (c->state == CB_CONN_DONE)
		return;
	c->verdict = verdict;
	c->state = CB_CONN_DONE;
	c->end_ns = now_ns;
	c->wants_reset = reset;
	/* what went well is acknowledged as captured before it is reset */
	c->acks = reset && verdict != CB_CONN_COMPLETE ? 0 : c->acks;
	c->reset_bare = false;
	c->reset_seq = c->isn + (uint32_t)c->nxt;
	va_start(args, fmt);
	vsnprintf(c->why, sizeof(c->why), fmt, args);
	va_end(args);
}

/* All of ours is out and acknowledged. */
static bool is_sent(const struct cb_conn *c)
{
	return c->gate == c->spec->flow->n && c->una >= c->own->end;
}

static bool has_come(const struct cb_conn *c)
{
	return c->received + c->credit >= c->peer->end;
}

/* Where the peer's reset was captured, it is waited for a while: 0: no longer. */
static uint64_t reset_until_ns(const struct cb_conn *c)
{
	return c->peer->has_rst && !c->peer_reset ? c->progress_ns + c->spec->settle_ns : 0;
}

void cb_conn_check_end(struct cb_conn *c, uint64_t now_ns)
{
	bool closed = c->own->has_fin && c->peer_fin >= 0;

	if (c->state != CB_CONN_ESTABLISHED)
		return;
	if (c->aborts || (is_sent(c) && has_come(c) && now_ns >= reset_until_ns(c)))
		cb_conn_conclude(c, c->aborts || !closed, now_ns);
}

void cb_conn_conclude(struct cb_conn *c, bool reset, uint64_t now_ns)
{
	char why[sizeof(c->why)];

	if (cb_conn_as_expected(c, why, sizeof(why)))
		cb_conn_end(c, CB_CONN_COMPLETE, reset, now_ns, "%s", "");
	else
		cb_conn_end(c, CB_CONN_DIFFERENT, reset, now_ns, "%s", why);
}

void cb_conn_stop(struct cb_conn *c, const char *why, uint64_t now_ns)
{
	cb_conn_end(c, CB_CONN_STOPPED,
		c->state == CB_CONN_ESTABLISHED || c->state == CB_CONN_SYN_RECEIVED, now_ns, "%s",
		why);
}

/* ---- timers ---- */

static void silent(struct cb_conn *c, uint64_t now_ns)
{
	bool open = c->state == CB_CONN_ESTABLISHED;
	char why[sizeof(c->why)];

	if (open && !cb_conn_as_expected(c, why, sizeof(why)))
		cb_conn_end(c, CB_CONN_DIFFERENT, true, now_ns, "%.110s; then it went silent", why);
	else if (c->state == CB_CONN_LISTEN)
		cb_conn_end(c, CB_CONN_NO_ANSWER, false, now_ns, "no client came");
	else if (cb_conn_is_shut(c))
		cb_conn_end(c, CB_CONN_NO_ANSWER, open, now_ns,
			"the peer's window stayed closed after %lld of %lld bytes",
			(long long)c->nxt - 1, (long long)cb_stream_data_end(c->own) - 1);
	else
		cb_conn_end(c, CB_CONN_NO_ANSWER, open, now_ns,
			"the peer went silent after %lld of %lld bytes%s",
			(long long)c->counts.received_bytes, (long long)cb_conn_expected_bytes(c),
			c->peer->has_fin && c->peer_fin < 0 &&
					c->counts.received_bytes >= cb_conn_expected_bytes(c)
				? ", and does not close"
				: "");
}

/* The peer sends something else, which is all right: what is missing to the next step is taken as
 * come. */
static void settle_for_less(struct cb_conn *c, uint64_t now_ns)
{
	const struct cb_flow *flow = c->spec->flow;
	int64_t need = c->gate < flow->n ? flow->packets[c->gate].ack : c->peer->end;

	if (need > c->received + c->credit)
		c->credit = need - c->received;
	c->progress_ns = now_ns;
}

static uint64_t settle_ns(const struct cb_conn *c)
{
	bool waits = c->spec->expect == CB_EXPECT_ANY && c->state == CB_CONN_ESTABLISHED &&
		c->una == c->nxt && c->nxt >= c->limit && c->due_ns == CB_CONN_NEVER;

	return waits ? c->progress_ns + c->spec->settle_ns : CB_CONN_NEVER;
}

static uint64_t quiet_ns(const struct cb_conn *c)
{
	return c->progress_ns +
		(c->state == CB_CONN_LISTEN ? c->spec->accept_ns : c->spec->quiet_ns);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* While it is ours to think, the peer may be silent. */
static bool we_think(const struct cb_conn *c)
{
	return c->due_ns != CB_CONN_NEVER && c->una == c->nxt;
}

uint64_t cb_conn_deadline(const struct cb_conn *c)
{
	uint64_t at = least(c->resend_ns, c->probe_ns);

	if (c->state == CB_CONN_DONE)
		return CB_CONN_NEVER;
	at = least(at, c->due_ns);
	at = least(at, settle_ns(c));
	if (c->state == CB_CONN_ESTABLISHED && reset_until_ns(c) && is_sent(c) && has_come(c))
		at = least(at, reset_until_ns(c));
	return we_think(c) ? at : least(at, quiet_ns(c));
}

static void run_probe(struct cb_conn *c, uint64_t now_ns)
{
	c->wants_probe = cb_conn_is_shut(c);
	if (c->probe_backoff < BACKOFF_MAX)
		c->probe_backoff++;
	c->probe_ns = c->wants_probe ? now_ns + (c->rto_ns << c->probe_backoff) : CB_CONN_NEVER;
}

void cb_conn_timer(struct cb_conn *c, uint64_t now_ns)
{
	if (c->state == CB_CONN_DONE)
		return;
	if (now_ns >= c->due_ns) {
		c->progress_ns = now_ns;
		cb_conn_schedule(c, now_ns);
	}
	if (now_ns >= settle_ns(c)) {
		settle_for_less(c, now_ns);
		cb_conn_schedule(c, now_ns);
	}
	cb_conn_check_end(c, now_ns);
	if (c->state != CB_CONN_DONE && !we_think(c) && now_ns >= quiet_ns(c))
		silent(c, now_ns);
	if (c->state != CB_CONN_DONE && now_ns >= c->resend_ns)
		cb_conn_timed_out(c, now_ns);
	if (c->state != CB_CONN_DONE && now_ns >= c->probe_ns)
		run_probe(c, now_ns);
}
