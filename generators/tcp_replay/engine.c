#include "generators/tcp_replay/engine_state.h"
#include "harness/base/clock.h"
#include "harness/net/link.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define WAIT_MAX_NS (100 * CB_NS_PER_MS)
#define BURST       256u /* connections begun at once, before the tap is looked at */

/* ---- what is to be done ---- */

static void pump_all(struct cb_engine *e)
{
	for (uint32_t i = 0; i < e->n_dirty; i++) {
		struct cb_player *p = &e->players.list[e->dirty[i]];

		p->dirty = false;
		cb_engine_pump(e, p);
	}
	e->n_dirty = 0;
}

static void run_timers(struct cb_engine *e)
{
	uint32_t slot;

	while (cb_timers_due(&e->timers, e->now_ns, &slot)) {
		struct cb_player *p = &e->players.list[slot];

		cb_timers_set(&e->timers, slot, UINT64_MAX);
		if (p->ended) {
			cb_engine_end(e, p);
			continue;
		}
		cb_conn_timer(&p->conn, e->now_ns);
		cb_engine_mark(e, p);
	}
}

/* ---- what comes ---- */

/* Somebody connects to a server that is played. */
static struct cb_player *meet(struct cb_engine *e, const struct cb_packet *packet)
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
	if (!p ||
		cb_tcp_replay_tap_take(
			&e->tap, p->head.ipv6, &p->head.source, &packet->source, NULL))
		return NULL;
	cb_players_remove(&e->players, p);
	p->met = true;
	p->head.destination = packet->source;
	memcpy(p->head.destination_mac, packet->source_mac, 6);
	cb_players_insert(&e->players, p);
	return p;
}

static void take_frame(void *arg, const uint8_t *frame, uint32_t n)
{
	struct cb_engine *e = arg;
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
	cb_engine_mark(e, p);
}

/* ---- the loop ---- */

static void fetch_start(struct cb_engine *e)
{
	if (e->has_pending || e->stopped)
		return;
	e->has_pending = e->spec->next(e->spec->arg, &e->pending) > 0;
}

static int begin_due(struct cb_engine *e, struct cb_error *err)
{
	for (unsigned i = 0; i < BURST; i++) {
		int r;

		fetch_start(e);
		if (!e->has_pending || e->players.active == e->players.capacity ||
			e->begin_ns + e->pending.at_ns > e->now_ns ||
			(e->spec->limit_ns && e->pending.at_ns >= e->spec->limit_ns))
			return 0;
		e->has_pending = false;
		r = cb_engine_begin(e, e->pending.flow, err);
		if (r)
			return r;
	}
	fetch_start(e);
	return 0;
}

static uint64_t next_event(const struct cb_engine *e)
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

static void wait_for_more(struct cb_engine *e)
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

static void stop_all(struct cb_engine *e, const char *why)
{
	e->stopped = true;
	e->has_pending = false;
	for (uint32_t i = 0; i < e->players.capacity; i++) {
		struct cb_player *p = &e->players.list[i];

		if (!p->used || p->ended)
			continue;
		cb_conn_stop(&p->conn, why, e->now_ns);
		cb_engine_mark(e, p);
	}
}

/* Who waits for the peer only would not hear of it. */
static int check_link(const struct cb_engine *e, struct cb_error *err)
{
	const char *name = e->spec->interface;
	struct cb_link_info info;
	int r = cb_link_info(name, &info, NULL);

	if (!r && info.up && info.ifindex == e->spec->ifindex)
		return 0;
	return cb_error_set(err, CB_ERR_HOST, "%s %s", name, r ? "is gone" : "went down");
}

static int tick(struct cb_engine *e, struct cb_error *err)
{
	if (e->now_ns < e->tick_ns)
		return 0;
	if (e->spec->tick)
		e->spec->tick(
			e->spec->arg, e->now_ns - e->begin_ns, e->outbox.sent + e->outbox.refused);
	e->tick_ns += CB_NS_PER_SEC;
	return check_link(e, err);
}

/* It can't go on: no connection is left without an account. */
static void give_up(struct cb_engine *e, const char *why)
{
	stop_all(e, why);
	pump_all(e);
	cb_outbox_flush(&e->outbox);
}

static bool is_over(const struct cb_engine *e)
{
	return *e->spec->stop ||
		(e->spec->limit_ns && e->now_ns >= e->begin_ns + e->spec->limit_ns);
}

static int turn(struct cb_engine *e, struct cb_error *err)
{
	unsigned came;
	int r;

	e->now_ns = cb_now_ns();
	if (!e->stopped && is_over(e))
		stop_all(e, "stopped");
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
	r = tick(e, err);
	if (r)
		return r;
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

static int set_up(struct cb_engine *e, struct cb_error *err)
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

static void tear_down(struct cb_engine *e)
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
	struct cb_engine e = {.spec = spec,
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
	if (r && e.started)
		give_up(&e, err ? err->text : "the link failed");
	tear_down(&e);
	return r;
}
