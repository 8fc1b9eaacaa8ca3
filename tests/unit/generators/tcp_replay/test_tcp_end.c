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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_reset_as_captured),
		cmocka_unit_test(test_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
