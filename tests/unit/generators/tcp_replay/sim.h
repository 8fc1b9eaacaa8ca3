/*
 * For tests: the two sides of a captured connection play it with each other, over a link that
 * loses, repeats, delays and cuts as it is told, on a clock of its own. Segments are written into
 * frames and read from them on their way.
 */
#ifndef CB_TESTS_SIM_H
#define CB_TESTS_SIM_H

#include "generators/tcp_replay/conn.h"
#include "harness/base/clock.h"
#include "harness/base/random.h"

#include "tests/unit/generators/tcp_replay/talk.h"

#define SIM_FRAMES 8192
#define SIM_END_NS (600 * CB_NS_PER_SEC)

struct sim_frame {
	uint8_t *bytes;
	uint32_t length;
	uint64_t at_ns;
	enum cb_side to;
};

struct sim {
	struct cb_capture capture;
	struct cb_conn_spec specs[CB_SIDES];
	struct cb_conn conns[CB_SIDES];
	struct talk talk; /* for heads */
	struct cb_random random;
	struct sim_frame frames[SIM_FRAMES];
	unsigned n;
	uint64_t now_ns, delay_ns;
	unsigned loss, repeat, late; /* percent */
	/* Whether a segment is lost, or changed; may be NULL. */
	bool (*passes)(struct sim *sim, enum cb_side from, struct cb_tcp_segment *s);
	uint16_t window[CB_SIDES]; /* that is told instead, unless 0 */
	int64_t sent[CB_SIDES];
};

static inline struct cb_conn_spec sim_spec(const struct cb_flow *flow, enum cb_side side)
{
	return (struct cb_conn_spec){.flow = flow,
		.side = side,
		.times = true,
		.mss_max = 1460,
		.window_bytes = 1 << 20,
		.retries = 3,
		.rto_first_ns = 200 * CB_NS_PER_MS,
		.rto_min_ns = 200 * CB_NS_PER_MS,
		.quiet_ns = 10 * CB_NS_PER_SEC,
		.accept_ns = 60 * CB_NS_PER_SEC,
		.settle_ns = 500 * CB_NS_PER_MS};
}

/* Heads as in the talk, which is read and over then. */
static inline void sim_load(struct sim *sim, struct talk *talk)
{
	struct cb_error err;

	memset(sim, 0, sizeof(*sim));
	sim->talk = *talk;
	sim->now_ns = CB_NS_PER_SEC;
	sim->delay_ns = CB_NS_PER_MS;
	sim->random.state = 1;
	if (talk_read(talk, true, &sim->capture, &err))
		fail_msg("%s", err.text);
	for (enum cb_side i = CB_CLIENT; i < CB_SIDES; i++)
		sim->specs[i] = sim_spec(&sim->capture.flows[0], i);
}

static inline void sim_start(struct sim *sim)
{
	static const uint32_t isns[CB_SIDES] = {0xffffff00, 0x7fffff00};

	for (enum cb_side i = CB_CLIENT; i < CB_SIDES; i++)
		cb_conn_init(&sim->conns[i], &sim->specs[i], isns[i], 0xfffffff0, sim->now_ns);
}

static inline bool sim_chance(struct sim *sim, unsigned percent)
{
	return cb_random_below(&sim->random, 100) < percent;
}

static inline void sim_put(struct sim *sim, enum cb_side from, const struct cb_tcp_segment *s)
{
	struct cb_packet_head head = talk_head(&sim->talk, from);
	struct sim_frame *f = &sim->frames[sim->n];

	assert_true(sim->n < SIM_FRAMES);
	f->bytes = malloc(CB_PACKET_HEADERS_MAX + s->length);
	assert_non_null(f->bytes);
	f->length = cb_packet_write(&head, s, 1, f->bytes);
	if (s->length)
		memcpy(f->bytes + f->length, s->payload, s->length);
	f->length += s->length;
	f->to = !from;
	f->at_ns = sim->now_ns + sim->delay_ns;
	if (sim_chance(sim, sim->late))
		f->at_ns += 3 * sim->delay_ns;
	sim->n++;
}

/* The payload is exactly what was captured: no test passes with another. */
static inline void sim_check_payload(
	const struct sim *sim, enum cb_side from, const struct cb_tcp_segment *s)
{
	const struct cb_conn *c = &sim->conns[from];
	int64_t at = cb_tcp_place(c->una, c->isn, s->seq) + !!(s->flags & CB_TCP_SYN);

	for (uint32_t i = 0; i < s->length; i++)
		assert_int_equal(s->payload[i], talk_byte(from, at + i));
}

static inline void sim_pump(struct sim *sim, enum cb_side from)
{
	struct cb_tcp_segment s;

	while (cb_conn_next(&sim->conns[from], sim->now_ns, &s)) {
		sim->sent[from]++;
		assert_true(s.length <= sim->conns[from].mss);
		sim_check_payload(sim, from, &s);
		if (sim->window[from])
			s.window = sim->window[from];
		if (sim->passes && !sim->passes(sim, from, &s))
			continue;
		if (sim_chance(sim, sim->loss))
			continue;
		sim_put(sim, from, &s);
		if (sim_chance(sim, sim->repeat))
			sim_put(sim, from, &s);
	}
}

static inline uint64_t sim_next(const struct sim *sim, unsigned *frame)
{
	uint64_t at = cb_conn_deadline(&sim->conns[0]);

	if (cb_conn_deadline(&sim->conns[1]) < at)
		at = cb_conn_deadline(&sim->conns[1]);
	*frame = sim->n;
	for (unsigned i = 0; i < sim->n; i++) {
		if (sim->frames[i].at_ns < at ||
			(*frame < sim->n && sim->frames[i].at_ns == at &&
				sim->frames[i].at_ns < sim->frames[*frame].at_ns)) {
			at = sim->frames[i].at_ns;
			*frame = i;
		}
	}
	return at;
}

static inline void sim_deliver(struct sim *sim, unsigned i)
{
	struct sim_frame f = sim->frames[i];
	struct cb_packet p;

	memmove(&sim->frames[i], &sim->frames[i + 1], (sim->n - i - 1) * sizeof(f));
	sim->n--;
	assert_int_equal(cb_packet_read(&p, CB_PCAP_ETHERNET, f.bytes, f.length), CB_PACKET_TCP);
	assert_true(cb_packet_checksum_holds(&p));
	cb_conn_segment(&sim->conns[f.to], &p.segment, sim->now_ns);
	free(f.bytes);
}

/* To the end of both, or until nothing more can happen. */
static inline void sim_run(struct sim *sim)
{
	for (;;) {
		unsigned frame;
		uint64_t at;

		sim_pump(sim, CB_CLIENT);
		sim_pump(sim, CB_SERVER);
		at = sim_next(sim, &frame);
		if (at == CB_CONN_NEVER || at > SIM_END_NS)
			return;
		if (at > sim->now_ns)
			sim->now_ns = at;
		if (frame < sim->n)
			sim_deliver(sim, frame);
		else
			for (int i = 0; i < CB_SIDES; i++)
				cb_conn_timer(&sim->conns[i], sim->now_ns);
	}
}

/* From the beginning, as loaded. */
static inline void sim_go(struct sim *sim)
{
	sim_start(sim);
	sim_run(sim);
}

static inline void sim_play(struct sim *sim, struct talk *talk)
{
	sim_load(sim, talk);
	sim_go(sim);
}

/* Over a link of which `passes` says what comes through. */
static inline void sim_play_through(struct sim *sim, struct talk *talk,
	bool (*passes)(struct sim *sim, enum cb_side from, struct cb_tcp_segment *s))
{
	sim_load(sim, talk);
	sim->passes = passes;
	sim_go(sim);
}

static inline void sim_finish(struct sim *sim)
{
	for (unsigned i = 0; i < sim->n; i++)
		free(sim->frames[i].bytes);
	cb_capture_finish(&sim->capture);
}

static inline void sim_assert(
	const struct sim *sim, enum cb_side side, enum cb_conn_verdict verdict)
{
	const struct cb_conn *c = &sim->conns[side];

	if (c->verdict != verdict)
		fail_msg("side %d: %s (%s), not %s, in state %d", side,
			cb_conn_verdict_names[c->verdict], c->why, cb_conn_verdict_names[verdict],
			c->state);
}

/* Each captured packet is told, in order; returns how many did not come. */
static inline size_t sim_assert_told(struct cb_conn *c)
{
	for (size_t k = 1; k <= c->spec->flow->n; k++)
		assert_int_equal(cb_conn_told(c), k);
	assert_int_equal(cb_conn_told(c), 0);
	return c->forgone;
}

static inline void sim_assert_complete(const struct sim *sim)
{
	sim_assert(sim, CB_CLIENT, CB_CONN_COMPLETE);
	sim_assert(sim, CB_SERVER, CB_CONN_COMPLETE);
	for (int i = 0; i < CB_SIDES; i++)
		assert_int_equal(sim->conns[i].counts.received_bytes,
			cb_conn_expected_bytes(&sim->conns[i]));
}

#endif
