/* How fast a connection recovers from losses, and what does not slow it down. */
#include "tests/unit/generators/tcp_replay/sim.h"

#define ROUND_TRIP_NS (2 * CB_NS_PER_MS)

static struct sim sim;

static void upload(uint32_t bytes)
{
	struct talk t = {0};

	talk_begin(&t);
	talk_handshake(&t);
	talk_say(&t, CB_CLIENT, bytes);
	talk_say(&t, CB_SERVER, 100);
	talk_fin(&t, CB_CLIENT);
	talk_fin(&t, CB_SERVER);
	sim_load(&sim, &t);
}

/* For a while, nothing of what the client says comes through: some ninety segments. */
static bool breaks_off(struct sim *s, enum cb_side from, struct cb_tcp_segment *segment)
{
	(void)segment;
	return from == CB_SERVER || s->now_ns < CB_NS_PER_SEC + 8 * CB_NS_PER_MS ||
		s->now_ns > CB_NS_PER_SEC + 13 * CB_NS_PER_MS;
}

/* The window grows from one segment again: not a round trip for each that was lost. */
static void test_window_lost(void **state)
{
	const struct cb_conn *c = &sim.conns[CB_CLIENT];

	(void)state;
	upload(400000);
	sim.passes = breaks_off;
	sim_go(&sim);
	sim_assert_complete(&sim);
	assert_int_equal(c->counts.timeouts, 1);
	assert_true(c->counts.retransmitted > 60);
	assert_in_range(c->end_ns - CB_NS_PER_SEC, 200 * CB_NS_PER_MS,
		200 * CB_NS_PER_MS + 40 * ROUND_TRIP_NS);
	sim_finish(&sim);
}

static enum cb_side mute;

static bool loses_first(struct sim *s, enum cb_side from, struct cb_tcp_segment *segment)
{
	(void)segment;
	return from != mute || s->sent[from] > 1;
}

/* A SYN, or the answer to it, that was lost says nothing of the window. */
static void test_syn_lost(void **state)
{
	(void)state;
	for (mute = CB_CLIENT; mute < CB_SIDES; mute++) {
		upload(100000);
		sim.passes = loses_first;
		sim_go(&sim);
		sim_assert_complete(&sim);
		for (int i = 0; i < CB_SIDES; i++)
			assert_int_equal(sim.conns[i].ssthresh, INT64_MAX / 2);
		assert_in_range(sim.conns[CB_CLIENT].end_ns - CB_NS_PER_SEC, 200 * CB_NS_PER_MS,
			200 * CB_NS_PER_MS + 20 * ROUND_TRIP_NS);
		sim_finish(&sim);
	}
}

/* A peer that drops what was under way and has closed its window lives, however often it says so.
 */
static void test_shut_with_data_under_way(void **state)
{
	struct cb_tcp_segment s, answer = {.flags = CB_TCP_ACK, .seq = 1, .ack = 1};
	struct cb_conn *c = &sim.conns[CB_CLIENT];

	(void)state;
	upload(500);
	sim.specs[CB_CLIENT].times = false;
	sim_start(&sim);
	assert_true(cb_conn_next(c, sim.now_ns, &s));
	answer.ack += s.seq;
	cb_conn_segment(c,
		&(struct cb_tcp_segment){
			.flags = CB_TCP_SYN | CB_TCP_ACK, .ack = answer.ack, .window = 5000},
		sim.now_ns);
	for (unsigned i = 0; i < 2 * sim.specs[CB_CLIENT].retries; i++) {
		assert_true(cb_conn_next(c, sim.now_ns, &s));
		assert_int_equal(s.length, 500);
		cb_conn_segment(c, &answer, sim.now_ns);
		c->progress_ns = sim.now_ns; /* the limit of time is another one */
		sim.now_ns = c->resend_ns;
		cb_conn_timer(c, sim.now_ns);
		assert_int_equal(c->state, CB_CONN_ESTABLISHED);
	}
	sim_finish(&sim);
}

/* RFC 5681, 3.1: one segment to begin with. */
static void test_lost_syn(void **state)
{
	struct cb_conn *c = &sim.conns[CB_CLIENT];
	struct cb_tcp_segment syn, s = {.flags = CB_TCP_SYN | CB_TCP_ACK, .window = 60000};

	(void)state;
	for (int lost = 0; lost < 2; lost++) {
		struct talk t = {0};

		talk_dialogue(&t, 60000, 100);
		sim_load(&sim, &t);
		sim_start(&sim);
		assert_true(cb_conn_next(c, sim.now_ns, &syn));
		if (lost) {
			sim.now_ns = cb_conn_deadline(c);
			cb_conn_timer(c, sim.now_ns);
		}
		s.ack = syn.seq + 1;
		cb_conn_segment(c, &s, sim.now_ns);
		assert_int_equal(c->state, CB_CONN_ESTABLISHED);
		assert_int_equal(c->cwnd, (lost ? 1 : 10) * (int64_t)c->mss);
		sim_finish(&sim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window_lost),
		cmocka_unit_test(test_syn_lost),
		cmocka_unit_test(test_shut_with_data_under_way),
		cmocka_unit_test(test_lost_syn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
