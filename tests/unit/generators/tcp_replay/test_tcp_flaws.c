/* Captures that are not perfect: with retransmissions, without a beginning, without an end. */
#include "tests/unit/generators/tcp_replay/sim.h"

static struct sim sim;

static void test_captured_retransmissions(void **state)
{
	struct talk t = {0};

	(void)state;
	talk_begin(&t);
	talk_segment(&t, CB_CLIENT, 0, 0, CB_TCP_SYN);
	talk_handshake(&t);
	talk_say(&t, CB_CLIENT, 2000);
	talk_segment(&t, CB_CLIENT, 1, 1000, CB_TCP_ACK);   /* again */
	talk_segment(&t, CB_CLIENT, 501, 1500, CB_TCP_ACK); /* overlaps */
	talk_say(&t, CB_SERVER, 2000);
	talk_segment(&t, CB_SERVER, 1001, 1000, CB_TCP_ACK);
	talk_fin(&t, CB_CLIENT);
	talk_fin(&t, CB_SERVER);
	sim_play(&sim, &t);
	sim_assert_complete(&sim);
	assert_int_equal(sim.conns[CB_CLIENT].counts.sent_bytes, 2000);
	sim_finish(&sim);
}

static void test_captured_midway(void **state)
{
	struct talk t = {0};

	(void)state;
	talk_begin(&t);
	talk_midway(&t);
	talk_say(&t, CB_CLIENT, 2000);
	talk_say(&t, CB_SERVER, 2000);
	talk_fin(&t, CB_CLIENT);
	talk_fin(&t, CB_SERVER);
	sim_play(&sim, &t);
	sim_assert_complete(&sim);
	sim_finish(&sim);
}

/* Nobody closed in the capture: all of it happens, and the peer is not left with a connection. */
static void test_captured_open_end(void **state)
{
	struct talk t = {0};

	(void)state;
	talk_begin(&t);
	talk_handshake(&t);
	talk_say(&t, CB_CLIENT, 2000);
	talk_say(&t, CB_SERVER, 2000);
	sim_play(&sim, &t);
	sim_assert(&sim, CB_CLIENT, CB_CONN_COMPLETE);
	assert_int_equal(sim_assert_told(&sim.conns[CB_CLIENT]), 0);
	assert_true(sim.conns[CB_SERVER].state == CB_CONN_DONE);
	sim_finish(&sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_captured_retransmissions),
		cmocka_unit_test(test_captured_midway),
		cmocka_unit_test(test_captured_open_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
