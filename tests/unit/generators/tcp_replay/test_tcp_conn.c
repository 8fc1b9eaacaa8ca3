/* Both sides of a connection play it with each other, over links good and bad. */
#include "tests/unit/generators/tcp_replay/sim.h"

static struct sim sim;

static void test_plain(void **state)
{
	struct talk t = {0};

	(void)state;
	talk_dialogue(&t, 300, 20000);
	sim_play(&sim, &t);
	sim_assert_complete(&sim);
	assert_int_equal(sim.conns[CB_CLIENT].counts.retransmitted, 0);
	assert_int_equal(sim.conns[CB_SERVER].counts.retransmitted, 0);
	assert_int_equal(sim.conns[CB_CLIENT].counts.sent_bytes, 600);
	sim_finish(&sim);
}

/* Every captured packet is told, in order, by either side. */
static void test_told(void **state)
{
	struct talk t = {0};

	(void)state;
	talk_dialogue(&t, 300, 5000);
	sim_play(&sim, &t);
	sim_assert_complete(&sim);
	for (int i = 0; i < CB_SIDES; i++)
		assert_int_equal(sim_assert_told(&sim.conns[i]), 0);
	sim_finish(&sim);
}

/* Each combination of options, with loss, repetition and delay, for several random orders. */
static void test_matrix(void **state)
{
	(void)state;
	for (unsigned options = 0; options < 8; options++)
		for (unsigned loss = 0; loss <= 5; loss++)
			for (unsigned seed = 1; seed <= 6; seed++) {
				struct talk t = {.no_times = options & 1,
					.no_sacks = options & 2,
					.no_scale = options & 4,
					.ipv6 = seed & 1,
					.n_vlans = seed % 3};

				talk_dialogue(&t, 3000, 60000);
				sim_load(&sim, &t);
				sim.random.state = seed;
				sim.loss = sim.repeat = sim.late = loss;
				for (int i = 0; i < CB_SIDES; i++)
					sim.specs[i].retries = 8;
				sim_go(&sim);
				sim_assert_complete(&sim);
				sim_finish(&sim);
			}
}

/* The peer takes smaller segments than were captured, and sends smaller ones. */
static void test_other_segments(void **state)
{
	static const uint32_t sizes[] = {88, 100, 536, 999, 1460};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct talk t = {.mss = 1400};

		talk_dialogue(&t, 5000, 30000);
		sim_load(&sim, &t);
		sim.specs[CB_SERVER].mss_max = sizes[i];
		sim_go(&sim);
		sim_assert_complete(&sim);
		sim_finish(&sim);
	}
}

/* Captured by segmentation offload: packets of 64 KB. */
static void test_offloaded(void **state)
{
	struct talk t = {.mss = 60000};

	(void)state;
	talk_begin(&t);
	t.mss = 1400;
	talk_handshake(&t);
	t.mss = 60000;
	talk_say(&t, CB_CLIENT, 200000);
	talk_say(&t, CB_SERVER, 200000);
	talk_fin(&t, CB_CLIENT);
	talk_fin(&t, CB_SERVER);
	sim_play(&sim, &t);
	sim_assert_complete(&sim);
	sim_finish(&sim);
}

/* Numbers wrap in the capture, and in the replay (sim_start takes such). */
static void test_wrap(void **state)
{
	static const uint32_t firsts[] = {
		0xffffffff, 0xfffffffe, 0xfffff000, 0x7fffffff, 0x80000000};

	(void)state;
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		struct talk t = {.isn = {firsts[i], firsts[4 - i]}};

		talk_dialogue(&t, 5000, 30000);
		sim_play(&sim, &t);
		sim_assert_complete(&sim);
		sim_finish(&sim);
	}
}

static void test_timed(void **state)
{
	struct talk t = {0};

	(void)state;
	talk_begin(&t);
	talk_handshake(&t);
	talk_say(&t, CB_CLIENT, 100);
	t.time_ns += 3 * CB_NS_PER_SEC;
	talk_say(&t, CB_SERVER, 100);
	t.time_ns += 20 * CB_NS_PER_SEC; /* longer than silence is borne */
	talk_say(&t, CB_CLIENT, 100);
	talk_fin(&t, CB_CLIENT);
	talk_fin(&t, CB_SERVER);
	sim_load(&sim, &t);
	sim.specs[CB_CLIENT].timed = sim.specs[CB_SERVER].timed = true;
	sim.specs[CB_SERVER].quiet_ns = 30 * CB_NS_PER_SEC;
	sim_go(&sim);
	sim_assert_complete(&sim);
	assert_true(
		sim.conns[CB_CLIENT].end_ns - sim.conns[CB_CLIENT].begin_ns > 23 * CB_NS_PER_SEC);
	assert_true(
		sim.conns[CB_CLIENT].end_ns - sim.conns[CB_CLIENT].begin_ns < 24 * CB_NS_PER_SEC);
	sim_finish(&sim);
}

/* A pause in which the peer's TCP asks whether the other one still lives, and is told. */
static void test_timed_pause(void **state)
{
	struct talk t = {0};

	(void)state;
	talk_begin(&t);
	talk_handshake(&t);
	talk_say(&t, CB_CLIENT, 100);
	talk_say(&t, CB_SERVER, 100);
	for (int i = 0; i < 4; i++) {
		t.time_ns += 2 * CB_NS_PER_SEC;
		talk_segment(&t, CB_SERVER, t.at[CB_SERVER] - 1, 0, CB_TCP_ACK);
		talk_ack(&t, CB_CLIENT);
		talk_segment(&t, CB_CLIENT, 1, 100, CB_TCP_ACK); /* again */
	}
	t.time_ns += 2 * CB_NS_PER_SEC;
	talk_say(&t, CB_CLIENT, 100);
	talk_fin(&t, CB_CLIENT);
	talk_fin(&t, CB_SERVER);
	sim_load(&sim, &t);
	sim.specs[CB_CLIENT].timed = true;
	sim.specs[CB_SERVER].quiet_ns = 30 * CB_NS_PER_SEC;
	sim_go(&sim);
	sim_assert_complete(&sim);
	assert_in_range(sim.conns[CB_CLIENT].end_ns - sim.conns[CB_CLIENT].begin_ns,
		10 * CB_NS_PER_SEC, 11 * CB_NS_PER_SEC);
	sim_finish(&sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_matrix),
		cmocka_unit_test(test_other_segments),
		cmocka_unit_test(test_offloaded),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_timed),
		cmocka_unit_test(test_timed_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
