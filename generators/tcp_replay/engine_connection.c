/* One connection of an engine: its beginning, what it sends, its end. */
#include "generators/tcp_replay/engine_state.h"
#include "harness/base/clock.h"
#include "harness/base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define TTL_USUAL       64
#define LINGER_NS       (10 * CB_NS_PER_MS)
#define LINGER_LOSSY_NS (500 * CB_NS_PER_MS) /* more than a retransmission takes */

void cb_engine_mark(struct cb_engine *e, struct cb_player *p)
{
	if (p->dirty)
		return;
	p->dirty = true;
	e->dirty[e->n_dirty++] = cb_players_index(&e->players, p);
}

static const struct cb_flow *flow_of(const struct cb_engine *e, const struct cb_player *p)
{
	return e->spec->flows[p->flow].flow;
}

static void fill_head(struct cb_engine *e, struct cb_player *p)
{
	const struct cb_engine_spec *spec = e->spec;
	const struct cb_flow *flow = flow_of(e, p);
	const struct cb_stream *own = &flow->streams[spec->side];
	struct cb_packet_head *h = &p->head;

	*h = (struct cb_packet_head){.ipv6 = spec->ipv6,
		.n_vlans = spec->n_vlans,
		.ttl = own->ttl ? own->ttl : TTL_USUAL,
		.tos = own->tos};
	memcpy(h->vlans, spec->vlans, sizeof(h->vlans));
	memcpy(h->source_mac, spec->source_mac, 6);
	memcpy(h->destination_mac, spec->peer_mac, 6);
	memcpy(h->source.ip, spec->source, 16);
	memcpy(h->destination.ip, spec->peer, 16);
	p->ip_id = (uint16_t)cb_random_next(&e->random);
}

static uint16_t server_port(const struct cb_engine *e, const struct cb_player *p)
{
	return e->spec->port >= 0 ? (uint16_t)e->spec->port : flow_of(e, p)->ends[CB_SERVER].port;
}

static int choose_ports(struct cb_engine *e, struct cb_player *p, struct cb_error *err)
{
	struct cb_packet_head *h = &p->head;
	int64_t fixed = e->spec->source_port;

	if (e->spec->side == CB_SERVER) {
		h->source.port = server_port(e, p);
		return 0;
	}
	p->met = true;
	h->destination.port = server_port(e, p);
	if (fixed >= 0) {
		fixed += (int64_t)p->number;
		h->source.port = (uint16_t)fixed;
		if (fixed <= UINT16_MAX &&
			!cb_players_find(&e->players, &h->source, &h->destination))
			return 0;
		return cb_error_set(err, CB_ERR_USAGE,
			"source port %lld is in use or none at all: begin lower, or take random "
			"ones",
			(long long)fixed);
	}
	if (cb_players_random_port(&e->players, h->ipv6, &h->source, &h->destination))
		return 0;
	return cb_error_set(err, CB_ERR_HOST, "all source ports are in use");
}

/* Sequence numbers that nobody can guess (RFC 6528): of the kernel's random ones. */
static int unguessable(uint32_t numbers[2], struct cb_error *err)
{
	if (getrandom(numbers, 2 * sizeof(numbers[0]), 0) == 2 * sizeof(numbers[0]))
		return 0;
	return cb_error_errno(err, CB_ERR_INTERNAL, errno, "random numbers");
}

int cb_engine_begin(struct cb_engine *e, size_t flow, struct cb_error *err)
{
	struct cb_player *p = cb_players_take(&e->players);
	uint32_t numbers[2]; /* initial sequence number, start of the timestamps */
	int r = unguessable(numbers, err);

	p->number = e->started++;
	p->flow = flow;
	fill_head(e, p);
	if (!r)
		r = choose_ports(e, p, err);
	if (!r)
		r = cb_tcp_replay_tap_take(&e->tap, p->head.ipv6, &p->head.source,
			p->met ? &p->head.destination : NULL, err);
	if (r) {
		cb_players_give(&e->players, p);
		return r;
	}
	cb_players_insert(&e->players, p);
	e->players.waiting[p->head.source.port].unsettled += !p->met;
	cb_conn_init(&p->conn, &e->spec->flows[flow], numbers[0], numbers[1], e->now_ns);
	e->spec->began(e->spec->arg, p);
	cb_engine_mark(e, p);
	return 0;
}

/* It will not listen, or not again. A port is ours as long as others do or may; then SYNs are the
 * kernel's, which refuses them. */
static void settle(struct cb_engine *e, struct cb_player *p)
{
	if (e->spec->side == CB_SERVER && !p->settled &&
		!--e->players.waiting[p->head.source.port].unsettled)
		cb_tcp_replay_tap_leave(&e->tap, p->head.ipv6, &p->head.source, NULL);
	p->settled = true;
}

void cb_engine_end(struct cb_engine *e, struct cb_player *p)
{
	cb_players_remove(&e->players, p);
	settle(e, p);
	if (p->met)
		cb_tcp_replay_tap_leave(
			&e->tap, p->head.ipv6, &p->head.source, &p->head.destination);
	cb_timers_set(&e->timers, cb_players_index(&e->players, p), UINT64_MAX);
	cb_players_give(&e->players, p);
}

/* The peer may have missed our last acknowledgement, and send its FIN again. */
static uint64_t linger_ns(const struct cb_conn *c)
{
	const struct cb_conn_counts *n = &c->counts;

	if (c->verdict != CB_CONN_COMPLETE || c->peer_fin < 0 || c->peer_reset)
		return 0;
	return n->retransmitted || n->duplicate || n->out_of_order ? LINGER_LOSSY_NS : LINGER_NS;
}

/* A server whose client went away in the handshake: the next one may have its place. */
static void listen_again(struct cb_engine *e, struct cb_player *p)
{
	struct cb_packet_head *h = &p->head;
	uint32_t numbers[2];

	if (e->stopped || p->settled || unguessable(numbers, NULL) ||
		!cb_conn_listen_again(&p->conn, numbers[0], numbers[1], e->now_ns))
		return;
	cb_players_remove(&e->players, p);
	cb_tcp_replay_tap_leave(&e->tap, h->ipv6, &h->source, &h->destination);
	p->met = false;
	fill_head(e, p);
	h->source.port = server_port(e, p);
	cb_players_insert(&e->players, p);
	e->counts->half_open++;
	cb_info("a client left the handshake with port %u: it is listened to again",
		h->source.port);
}

static void tell(struct cb_engine *e, struct cb_player *p)
{
	size_t packet;

	while ((packet = cb_conn_told(&p->conn)))
		if (e->spec->told)
			e->spec->told(e->spec->arg, p, packet);
}

void cb_engine_pump(struct cb_engine *e, struct cb_player *p)
{
	uint32_t slot = cb_players_index(&e->players, p);
	struct cb_tcp_segment s;

	while (cb_conn_next(&p->conn, e->now_ns, &s)) {
		cb_outbox_put(&e->outbox, &p->head, &s, p->ip_id++);
		tell(e, p);
	}
	tell(e, p);
	if (p->conn.state == CB_CONN_DONE && !p->ended)
		listen_again(e, p);
	if (p->conn.state >= CB_CONN_ESTABLISHED)
		settle(e, p);
	if (p->conn.state != CB_CONN_DONE) {
		cb_timers_set(&e->timers, slot, cb_conn_deadline(&p->conn));
		return;
	}
	if (p->ended)
		return;
	p->ended = true;
	e->spec->ended(e->spec->arg, p);
	cb_timers_set(&e->timers, slot, e->now_ns + linger_ns(&p->conn));
}
