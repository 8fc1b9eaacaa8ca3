#include "generators/tcp_replay/mirror.h"

#include "harness/base/clock.h"
#include "harness/base/random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define TTL_USUAL   64
#define PORT_FIRST  1024u
#define WAIT_MAX_NS (50 * CB_NS_PER_MS)
#define BURST       64u

struct pair {
	struct cb_conn conns[CB_SIDES];
	struct cb_packet_head heads[CB_SIDES];
	uint16_t ids[CB_SIDES];
	uint32_t next; /* free slot behind it, + 1 */
	bool used;
};

struct mirror {
	const struct cb_mirror_spec *spec;
	struct cb_outbox outbox;
	struct cb_timers timers;
	struct cb_random random;
	struct pair *pairs; /* owned */
	uint32_t free, active;
	struct cb_engine_start pending;
	bool has_pending;
	uint16_t port;
	uint64_t begin_ns, now_ns, tick_ns;
};

/* Captured addresses and ports, but for the client's port, which makes connections differ. */
static void fill_heads(struct mirror *m, struct pair *p, const struct cb_flow *flow)
{
	for (int side = 0; side < CB_SIDES; side++) {
		const struct cb_stream *own = &flow->streams[side];
		struct cb_packet_head *h = &p->heads[side];

		*h = (struct cb_packet_head){.ipv6 = flow->ipv6,
			.source = flow->ends[side],
			.destination = flow->ends[!side],
			.n_vlans = flow->n_vlans,
			.ttl = own->ttl ? own->ttl : TTL_USUAL,
			.tos = own->tos};
		memcpy(h->vlans, flow->vlans, sizeof(h->vlans));
		memcpy(h->source_mac, m->spec->macs[side], 6);
		memcpy(h->destination_mac, m->spec->macs[!side], 6);
	}
	if (++m->port < PORT_FIRST)
		m->port = PORT_FIRST;
	p->heads[CB_CLIENT].source.port = p->heads[CB_SERVER].destination.port = m->port;
}

static void begin_pair(struct mirror *m, size_t flow)
{
	const struct cb_conn_spec *specs = &m->spec->flows[2 * flow];
	struct pair *p = &m->pairs[m->free - 1];

	m->free = p->next;
	m->active++;
	p->used = true;
	fill_heads(m, p, specs->flow);
	for (int side = 0; side < CB_SIDES; side++)
		cb_conn_init(&p->conns[side], &specs[side], (uint32_t)cb_random_next(&m->random),
			(uint32_t)cb_random_next(&m->random), m->now_ns);
	cb_timers_set(&m->timers, (uint32_t)(p - m->pairs), m->now_ns);
}

static void end_pair(struct mirror *m, struct pair *p)
{
	m->spec->ended(m->spec->arg, &p->conns[CB_CLIENT]);
	p->used = false;
	p->next = m->free;
	m->free = (uint32_t)(p - m->pairs) + 1;
	m->active--;
}

/* What one side has to say is sent, and heard by the other one. */
static bool say(struct mirror *m, struct pair *p, enum cb_side side)
{
	struct cb_tcp_segment s;
	bool any = false;

	while (cb_conn_next(&p->conns[side], m->now_ns, &s)) {
		cb_outbox_put(&m->outbox, &p->heads[side], &s, p->ids[side]++);
		cb_conn_segment(&p->conns[!side], &s, m->now_ns);
		any = true;
	}
	return any;
}

static void play(struct mirror *m, uint32_t slot)
{
	struct pair *p = &m->pairs[slot];
	uint64_t at[CB_SIDES];
	bool any;

	for (int side = 0; side < CB_SIDES; side++)
		cb_conn_timer(&p->conns[side], m->now_ns);
	do {
		any = say(m, p, CB_CLIENT);
		any |= say(m, p, CB_SERVER);
	} while (any);
	if (p->conns[CB_CLIENT].state == CB_CONN_DONE &&
		p->conns[CB_SERVER].state == CB_CONN_DONE) {
		cb_timers_set(&m->timers, slot, UINT64_MAX);
		end_pair(m, p);
		return;
	}
	for (int side = 0; side < CB_SIDES; side++)
		at[side] = cb_conn_deadline(&p->conns[side]);
	cb_timers_set(&m->timers, slot, at[0] < at[1] ? at[0] : at[1]);
}

static void fetch(struct mirror *m)
{
	if (!m->has_pending)
		m->has_pending = m->spec->next(m->spec->arg, &m->pending) > 0;
}

static void begin_due(struct mirror *m)
{
	for (unsigned i = 0; i < BURST; i++) {
		fetch(m);
		if (!m->has_pending || !m->free || m->begin_ns + m->pending.at_ns > m->now_ns ||
			(m->spec->limit_ns && m->pending.at_ns >= m->spec->limit_ns))
			return;
		m->has_pending = false;
		begin_pair(m, m->pending.flow);
	}
	fetch(m);
}

static void wait_for_more(const struct mirror *m)
{
	uint64_t at = cb_timers_next(&m->timers), start = m->begin_ns + m->pending.at_ns;

	if (m->has_pending && m->free && start < at)
		at = start;
	if (at > m->now_ns + WAIT_MAX_NS)
		at = m->now_ns + WAIT_MAX_NS;
	cb_sleep_until(at);
}

static int turn(struct mirror *m, struct cb_error *err)
{
	uint32_t slot;
	int r;

	m->now_ns = cb_now_ns();
	begin_due(m);
	for (unsigned i = 0; i < BURST && cb_timers_due(&m->timers, m->now_ns, &slot); i++)
		play(m, slot);
	r = cb_outbox_flush(&m->outbox);
	if (r)
		return cb_error_errno(
			err, CB_ERR_HOST, r, "cannot send on %s any more", m->spec->interface);
	if (m->now_ns >= m->tick_ns) {
		m->spec->tick(
			m->spec->arg, m->now_ns - m->begin_ns, m->outbox.sent + m->outbox.refused);
		m->tick_ns += CB_NS_PER_SEC;
	}
	wait_for_more(m);
	return 0;
}

static bool is_over(const struct mirror *m)
{
	const struct cb_mirror_spec *spec = m->spec;

	return *spec->stop || (spec->limit_ns && m->now_ns >= m->begin_ns + spec->limit_ns) ||
		!(m->active || m->has_pending);
}

static int set_up(struct mirror *m, struct cb_error *err)
{
	const struct cb_mirror_spec *spec = m->spec;
	int r = cb_timers_init(&m->timers, spec->parallel_max, err);

	m->pairs = calloc(spec->parallel_max, sizeof(*m->pairs));
	if (!r && !m->pairs)
		r = cb_error_memory(err, "connections");
	if (!r && getrandom(&m->random.state, sizeof(m->random.state), 0) < 0)
		r = cb_error_errno(err, CB_ERR_INTERNAL, errno, "random numbers");
	for (uint32_t i = spec->parallel_max; !r && i > 0; i--) {
		m->pairs[i - 1].next = m->free;
		m->free = i;
	}
	return r ? r : cb_outbox_open(&m->outbox, spec->interface, spec->ifindex, err);
}

int cb_mirror_run(
	const struct cb_mirror_spec *spec, struct cb_engine_counts *counts, struct cb_error *err)
{
	struct mirror m = {.spec = spec, .outbox = {.fd = -1}};
	int r = set_up(&m, err);

	m.begin_ns = m.now_ns = cb_now_ns();
	m.tick_ns = m.begin_ns + CB_NS_PER_SEC;
	if (!r)
		fetch(&m);
	while (!r && !is_over(&m))
		r = turn(&m, err);
	*counts = (struct cb_engine_counts){
		.sent = m.outbox.sent, .refused = m.outbox.refused, .syscalls = m.outbox.syscalls};
	cb_outbox_close(&m.outbox);
	cb_timers_finish(&m.timers);
	free(m.pairs);
	return r;
}
