/* How a connection ends when the peer is silent, or resets. */
#include "tests/unit/generators/tcp_replay/sim.h"

static struct sim sim;

static void test_no_answer(void **state)
{
	struct talk t = {0};

	(void)state;
	talk_dialogue(&t, 100, 100);
	sim_load(&sim, &t);
	sim.loss = 100;
	sim_go(&sim);
	sim_assert(&sim, CB_CLIENT, CB_CONN_NO_ANSWER);
	assert_int_equal(sim.sent[CB_CLIENT], 4); /* and three times again */
	assert_int_equal(sim.conns[CB_CLIENT].counts.retransmitted, 3);
	/* 0.2 + 0.4 + 0.8 + 1.6 s */
	assert_int_equal(sim.conns[CB_CLIENT].end_ns - CB_NS_PER_SEC, 3000 * CB_NS_PER_MS);
	sim_finish(&sim);
}

/* From some time on nothing comes through. */
static bool falls_silent(struct sim *s, enum cb_side from, struct cb_tcp_segment *segment)
{
	(void)from;
	(void)segment;
	return s->now_ns < CB_NS_PER_SEC + 5 * CB_NS_PER_MS;
}

static void test_silent(void **state)
{
	struct talk t = {0};

	(void)state;
	talk_dialogue(&t, 100, 60000);
	sim_play_through(&sim, &t, falls_silent);
	sim_assert(&sim, CB_CLIENT, CB_CONN_NO_ANSWER);
	sim_assert(&sim, CB_SERVER, CB_CONN_NO_ANSWER);
	sim_finish(&sim);
}

static void test_reset_as_captured(void **state)
{
	(void)state;
	for (enum cb_side who = CB_CLIENT; who < CB_SIDES; who++) {
		struct talk t = {0};

		talk_begin(&t);
		talk_handshake(&t);
		talk_say(&t, CB_CLIENT, 1000);
		talk_say(&t, CB_SERVER, 3000);
		talk_reset(&t, who);
		sim_play(&sim, &t);
		sim_assert_complete(&sim);
		assert_true(sim.conns[!who].peer_reset);
		sim_finish(&sim);
	}
}

/* The server resets in the middle: its capture is another one. */
static void test_reset(void **state)
{
	struct talk t = {0}, other = {0};
	struct cb_capture capture;
	struct cb_error err;

	(void)state;
	talk_dialogue(&t, 1000, 3000);
	talk_begin(&other);
	talk_handshake(&other);
	talk_say(&other, CB_CLIENT, 1000);
	talk_reset(&other, CB_SERVER);
	assert_int_equal(talk_read(&other, false, &capture, &err), 0);
	sim_load(&sim, &t);
	sim.specs[CB_SERVER].flow = &capture.flows[0];
	sim_go(&sim);
	sim_assert(&sim, CB_CLIENT, CB_CONN_RESET);
	cb_capture_finish(&capture);
	sim_finish(&sim);
}

/* ---- a server's handshake that a client leaves ---- */

#define STRAY 5000u /* the stray client's number */

static struct cb_conn *const server = &sim.conns[CB_SERVER];

static void comes(uint8_t flags, uint32_t seq)
{
	struct cb_tcp_segment s = {.flags = flags, .seq = seq, .window = 1000};

	cb_conn_segment(server, &s, sim.now_ns);
}

/* Its SYN comes, and is answered from this number on. */
static void stray_syn(uint32_t isn)
{
	struct cb_tcp_segment s;

	comes(CB_TCP_SYN, STRAY);
	assert_true(cb_conn_next(server, sim.now_ns, &s));
	assert_int_equal(s.flags, CB_TCP_SYN | CB_TCP_ACK);
	assert_int_equal(s.seq, isn);
	assert_int_equal(s.ack, STRAY + 1);
	assert_int_equal(server->state, CB_CONN_SYN_RECEIVED);
}

static void goes_silent(void)
{
	struct cb_tcp_segment s;

	while (server->state != CB_CONN_DONE) {
		while (cb_conn_next(server, sim.now_ns, &s))
			assert_int_equal(s.flags, CB_TCP_SYN | CB_TCP_ACK);
		sim.now_ns = cb_conn_deadline(server);
		cb_conn_timer(server, sim.now_ns);
	}
}

static int load(void **state)
{
	struct talk t = {0};

	(void)state;
	talk_dialogue(&t, 1000, 60000);
	sim_load(&sim, &t);
	sim_start(&sim);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	sim_finish(&sim);
	return 0;
}

/* One resets, as a scan of ports does, one goes silent; then the client comes that is meant. */
static void test_half_open(void **state)
{
	uint64_t began_ns = sim.now_ns;

	(void)state;
	stray_syn(0x7fffff00);
	comes(CB_TCP_RST, STRAY + 1);
	sim_assert(&sim, CB_SERVER, CB_CONN_RESET);
	assert_true(cb_conn_listen_again(server, 77, 0, sim.now_ns));
	assert_int_equal(server->state, CB_CONN_LISTEN);
	assert_int_equal(server->verdict, CB_CONN_OPEN);
	assert_int_equal(server->counts.received, 2);
	stray_syn(77);
	goes_silent();
	sim_assert(&sim, CB_SERVER, CB_CONN_NO_ANSWER);
	assert_true(cb_conn_listen_again(server, 99, 0, sim.now_ns));
	/* its time goes on */
	assert_int_equal(cb_conn_deadline(server), began_ns + 60 * CB_NS_PER_SEC);
	sim_run(&sim);
	sim_assert_complete(&sim);
	assert_false(cb_conn_listen_again(server, 1, 0, sim.now_ns));
}

/* The stray client acknowledges the server's SYN. */
static void completes(uint32_t isn)
{
	struct cb_tcp_segment s = {
		.flags = CB_TCP_ACK, .seq = STRAY + 1, .ack = isn + 1, .window = 1000};

	cb_conn_segment(server, &s, sim.now_ns);
	assert_int_equal(server->state, CB_CONN_ESTABLISHED);
}

/* What was lost in another's handshake says nothing of this one's way; in its own it does. */
static void test_half_open_loss_is_forgotten(void **state)
{
	(void)state;
	stray_syn(0x7fffff00);
	goes_silent();
	assert_true(cb_conn_listen_again(server, 77, 0, sim.now_ns));
	stray_syn(77);
	completes(77);
	assert_int_equal(server->counts.timeouts, 3);
	assert_int_equal(server->cwnd, 10 * (int64_t)server->mss);
	sim_start(&sim);
	stray_syn(0x7fffff00);
	sim.now_ns = cb_conn_deadline(server);
	cb_conn_timer(server, sim.now_ns);
	completes(0x7fffff00);
	assert_int_equal(server->cwnd, server->mss);
}

static void test_half_open_too_late(void **state)
{
	(void)state;
	sim.now_ns += 59 * CB_NS_PER_SEC;
	stray_syn(0x7fffff00);
	goes_silent();
	assert_false(cb_conn_listen_again(server, 1, 0, sim.now_ns));
	sim_assert(&sim, CB_SERVER, CB_CONN_NO_ANSWER);
}

/* No client at all, one that was there, the client's side, the user's stop: these are ends. */
static void test_not_half_open(void **state)
{
	(void)state;
	assert_false(cb_conn_listen_again(server, 1, 0, sim.now_ns));
	stray_syn(0x7fffff00);
	assert_false(cb_conn_listen_again(server, 1, 0, sim.now_ns));
	completes(0x7fffff00);
	comes(CB_TCP_RST, STRAY + 1);
	sim_assert(&sim, CB_SERVER, CB_CONN_RESET);
	assert_false(cb_conn_listen_again(server, 1, 0, sim.now_ns));
	sim_start(&sim);
	stray_syn(0x7fffff00);
	cb_conn_stop(server, "stopped", sim.now_ns);
	assert_false(cb_conn_listen_again(server, 1, 0, sim.now_ns));
	sim_start(&sim);
	goes_silent();
	assert_false(cb_conn_listen_again(server, 1, 0, sim.now_ns));
	cb_conn_stop(&sim.conns[CB_CLIENT], "stopped", sim.now_ns);
	assert_false(cb_conn_listen_again(&sim.conns[CB_CLIENT], 1, 0, sim.now_ns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_reset_as_captured),
		cmocka_unit_test(test_reset),
		cmocka_unit_test_setup_teardown(test_half_open, load, unload),
		cmocka_unit_test_setup_teardown(test_half_open_loss_is_forgotten, load, unload),
		cmocka_unit_test_setup_teardown(test_half_open_too_late, load, unload),
		cmocka_unit_test_setup_teardown(test_not_half_open, load, unload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
