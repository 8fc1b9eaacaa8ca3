#include "generators/tcp_replay/engine.h"

#include "generators/tcp_replay/players.h"
#include "harness/base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define TTL_USUAL       64
#define LINGER_NS       (10 * CB_NS_PER_MS)
#define LINGER_LOSSY_NS (500 * CB_NS_PER_MS) /* more than a retransmission takes */
#define WAIT_MAX_NS     (100 * CB_NS_PER_MS)
#define BURST           256u /* connections begun at once, before the tap is looked at */

struct engine {
	const struct cb_engine_spec *spec;
	struct cb_engine_counts *counts;
	struct cb_tcp_replay_tap tap;
	struct cb_outbox outbox;
	struct cb_players players;
	struct cb_timers timers;
	struct cb_random random;
	uint32_t *dirty; /* slots with something to do; owned */
	uint32_t n_dirty;
	struct cb_engine_start pending;
	bool has_pending, stopped;
	size_t started;
	uint64_t begin_ns, now_ns, tick_ns;
};

/* ---- one connection ---- */

static void mark(struct engine *e, struct cb_player *p)
{
	if (p->dirty)
		return;
	p->dirty = true;
	e->dirty[e->n_dirty++] = cb_players_index(&e->players, p);
}

static const struct cb_flow *flow_of(const struct engine *e, const struct cb_player *p)
{
	return e->spec->flows[p->flow].flow;
}

static void fill_head(struct engine *e, struct cb_player *p)
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

static uint16_t server_port(const struct engine *e, const struct cb_player *p)
{
	return e->spec->port >= 0 ? (uint16_t)e->spec->port : flow_of(e, p)->ends[CB_SERVER].port;
}

static int choose_ports(struct engine *e, struct cb_player *p, struct cb_error *err)
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

static int begin_player(struct engine *e, size_t flow, struct cb_error *err)
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
	cb_conn_init(&p->conn, &e->spec->flows[flow], numbers[0], numbers[1], e->now_ns);
	e->spec->began(e->spec->arg, p);
	mark(e, p);
	return 0;
}

/* A server's port is listened to as long as others wait for clients there. */
static void end_player(struct engine *e, struct cb_player *p)
{
	bool last = e->spec->side == CB_CLIENT;

	cb_players_remove(&e->players, p);
	if (!last && !p->met)
		last = !cb_players_listening(&e->players, p->head.source.port);
	else if (!last)
		last = true;
	if (last)
		cb_tcp_replay_tap_leave(&e->tap, p->head.ipv6, &p->head.source,
			p->met ? &p->head.destination : NULL);
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

static void tell(struct engine *e, struct cb_player *p)
{
	size_t packet;

	while ((packet = cb_conn_told(&p->conn)))
		if (e->spec->told)
			e->spec->told(e->spec->arg, p, packet);
}

static void pump(struct engine *e, struct cb_player *p)
{
	uint32_t slot = cb_players_index(&e->players, p);
	struct cb_tcp_segment s;

	while (cb_conn_next(&p->conn, e->now_ns, &s)) {
		cb_outbox_put(&e->outbox, &p->head, &s, p->ip_id++);
		tell(e, p);
	}
	tell(e, p);
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

static void pump_all(struct engine *e)
{
	for (uint32_t i = 0; i < e->n_dirty; i++) {
		struct cb_player *p = &e->players.list[e->dirty[i]];

		p->dirty = false;
		pump(e, p);
	}
	e->n_dirty = 0;
}

static void run_timers(struct engine *e)
{
	uint32_t slot;

	while (cb_timers_due(&e->timers, e->now_ns, &slot)) {
		struct cb_player *p = &e->players.list[slot];

		cb_timers_set(&e->timers, slot, UINT64_MAX);
		if (p->ended) {
			end_player(e, p);
			continue;
		}
		cb_conn_timer(&p->conn, e->now_ns);
		mark(e, p);
	}
}

/* ---- what comes ---- */

/* Somebody connects to a server that is played. */
static struct cb_player *meet(struct engine *e, const struct cb_packet *packet)
{
	static const uint8_t anybody[16];
	struct cb_player *p;

	if (e->spec->side != CB_SERVER ||
		(packet->segment.flags & (CB_TCP_SYN | CB_TCP_ACK)) != CB_TCP_SYN)
		return NULL;
	if (memcmp(e->spec->peer, anybody, 16) != 0 &&
		memcmp(e->spec->peer, packet->source.ip, 16) != 0)
		return NULL;
	p = cb_players_listening(&e->players, packet->destination.port);
	if (!p)
		return NULL;
	cb_players_remove(&e->players, p);
	p->met = true;
	p->head.destination = packet->source;
	memcpy(p->head.destination_mac, packet->source_mac, 6);
	cb_players_insert(&e->players, p);
	if (!cb_tcp_replay_tap_take(
		    &e->tap, p->head.ipv6, &p->head.source, &p->head.destination, NULL) &&
		!cb_players_listening(&e->players, p->head.source.port))
		cb_tcp_replay_tap_leave(&e->tap, p->head.ipv6, &p->head.source, NULL);
	return p;
}

static void take_frame(void *arg, const uint8_t *frame, uint32_t n)
{
	struct engine *e = arg;
	struct cb_packet packet;
	struct cb_player *p;

	if (cb_packet_read(&packet, CB_PCAP_ETHERNET, frame, n) != CB_PACKET_TCP ||
		packet.missing) {
		e->counts->strange++;
		return;
	}
	if (!cb_packet_checksum_holds(&packet)) {
		e->counts->bad_checksum++;
		return;
	}
	p = cb_players_find(&e->players, &packet.destination, &packet.source);
	if (!p)
		p = meet(e, &packet);
	if (!p) {
		e->counts->strange++;
		return;
	}
	e->counts->received++;
	cb_conn_segment(&p->conn, &packet.segment, e->now_ns);
	mark(e, p);
}

/* ---- the loop ---- */

static void fetch_start(struct engine *e)
{
	if (e->has_pending || e->stopped)
		return;
	e->has_pending = e->spec->next(e->spec->arg, &e->pending) > 0;
}

static int begin_due(struct engine *e, struct cb_error *err)
{
	for (unsigned i = 0; i < BURST; i++) {
		int r;

		fetch_start(e);
		if (!e->has_pending || e->players.active == e->players.capacity ||
			e->begin_ns + e->pending.at_ns > e->now_ns)
			return 0;
		e->has_pending = false;
		r = begin_player(e, e->pending.flow, err);
		if (r)
			return r;
	}
	return 0;
}

static uint64_t next_event(const struct engine *e)
{
	uint64_t at = cb_timers_next(&e->timers), start;

	if (e->has_pending && e->players.active < e->players.capacity) {
		start = e->begin_ns + e->pending.at_ns;
		at = start < at ? start : at;
	}
	if (at > e->now_ns + WAIT_MAX_NS)
		at = e->now_ns + WAIT_MAX_NS;
	return at;
}

static void wait_for_more(struct engine *e)
{
	struct pollfd fds[CB_TAP_QUEUES_MAX + 1];
	uint64_t at = next_event(e), now = cb_now_ns();
	struct timespec ts = cb_ns_timespec(at > now ? at - now : 0);
	nfds_t n = 0;

	for (unsigned i = 0; i < e->tap.n_queues; i++)
		fds[n++] = (struct pollfd){.fd = e->tap.queues[i].fd, .events = POLLIN};
	if (e->spec->neighbour_fd >= 0)
		fds[n++] = (struct pollfd){.fd = e->spec->neighbour_fd, .events = POLLIN};
	e->counts->syscalls++;
	ppoll(fds, n, &ts, NULL); /* a signal ends it, too: whoever set `stop` */
}

static void stop_all(struct engine *e)
{
	e->stopped = true;
	e->has_pending = false;
	for (uint32_t i = 0; i < e->players.capacity; i++) {
		struct cb_player *p = &e->players.list[i];

		if (!p->used || p->ended)
			continue;
		cb_conn_stop(&p->conn, e->now_ns);
		mark(e, p);
	}
}

static void tick(struct engine *e)
{
	if (!e->spec->tick || e->now_ns < e->tick_ns)
		return;
	e->spec->tick(e->spec->arg, e->now_ns - e->begin_ns, e->outbox.sent + e->outbox.refused);
	e->tick_ns += CB_NS_PER_SEC;
}

static bool is_over(const struct engine *e)
{
	return *e->spec->stop ||
		(e->spec->limit_ns && e->now_ns >= e->begin_ns + e->spec->limit_ns);
}

static int turn(struct engine *e, struct cb_error *err)
{
	unsigned came;
	int r;

	e->now_ns = cb_now_ns();
	if (!e->stopped && is_over(e))
		stop_all(e);
	r = begin_due(e, err);
	if (r)
		return r;
	came = cb_tcp_replay_tap_receive(&e->tap, take_frame, e);
	run_timers(e);
	pump_all(e);
	r = cb_outbox_flush(&e->outbox);
	if (r)
		return cb_error_errno(
			err, CB_ERR_HOST, r, "cannot send on %s any more", e->spec->interface);
	if (e->spec->neighbour_fd >= 0)
		cb_neighbour_answer(e->spec->neighbour_fd, e->spec->neighbour);
	tick(e);
	if (!came && !e->n_dirty && (e->players.active || e->has_pending))
		wait_for_more(e);
	return 0;
}

/* ---- set-up ---- */

static int seed(struct cb_random *random, struct cb_error *err)
{
	if (getrandom(&random->state, sizeof(random->state), 0) == sizeof(random->state))
		return 0;
	return cb_error_errno(err, CB_ERR_INTERNAL, errno, "random numbers");
}

static int set_up(struct engine *e, struct cb_error *err)
{
	const struct cb_engine_spec *spec = e->spec;
	const struct cb_tcp_replay_tap_spec tap = {.interface = spec->interface,
		.ifindex = spec->ifindex,
		.mode = spec->xdp,
		.listens = spec->side == CB_SERVER};
	int r = seed(&e->random, err);

	if (!r)
		r = cb_players_init(&e->players, spec->parallel_max, &e->random, err);
	if (!r)
		r = cb_timers_init(&e->timers, spec->parallel_max, err);
	e->dirty = calloc(spec->parallel_max, sizeof(*e->dirty));
	if (!r && !e->dirty)
		r = cb_error_memory(err, "connections");
	if (!r)
		r = cb_outbox_open(&e->outbox, spec->interface, spec->ifindex, err);
	if (!r)
		r = cb_tcp_replay_tap_open(&e->tap, &tap, err);
	return r;
}

static void tear_down(struct engine *e)
{
	e->counts->sent = e->outbox.sent;
	e->counts->refused = e->outbox.refused;
	e->counts->syscalls += e->outbox.syscalls;
	e->counts->lost = cb_tcp_replay_tap_lost(&e->tap);
	cb_tcp_replay_tap_close(&e->tap);
	cb_outbox_close(&e->outbox);
	cb_timers_finish(&e->timers);
	cb_players_finish(&e->players);
	free(e->dirty);
}

int cb_engine_run(const struct cb_engine_spec *spec, int (*ready)(void *arg), void *ready_arg,
	struct cb_engine_counts *counts, struct cb_error *err)
{
	struct engine e = {.spec = spec,
		.counts = counts,
		.outbox = {.fd = -1},
		.tap = {.attachment = CB_BPF_DETACHED, .program = -1, .sockets = -1, .flows = -1}};
	int r;

	*counts = (struct cb_engine_counts){0};
	r = set_up(&e, err);
	if (!r && ready && ready(ready_arg))
		r = cb_error_set(err, CB_ERR_HOST, "the start was called off");
	e.begin_ns = e.now_ns = cb_now_ns();
	e.tick_ns = e.begin_ns + CB_NS_PER_SEC;
	if (!r)
		fetch_start(&e);
	while (!r && (e.players.active || e.has_pending))
		r = turn(&e, err);
	tear_down(&e);
	return r;
}
