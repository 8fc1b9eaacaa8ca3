/* Both sides of a connection play it with each other, over links good and bad. */
#include "tests/unit/generators/tcp_replay/sim.h"

/* A dialogue: request, answer, request, answer, and who closes first. */
static void dialogue(struct talk *t, uint32_t up, uint32_t down)
{
	talk_begin(t);
	talk_handshake(t);
	talk_say(t, CB_CLIENT, up);
	talk_say(t, CB_SERVER, down);
	talk_say(t, CB_CLIENT, up);
	talk_say(t, CB_SERVER, down);
	talk_fin(t, CB_SERVER);
	talk_fin(t, CB_CLIENT);
}

static void play(struct talk *t, struct sim *sim)
{
	sim_load(sim, t);
	sim_start(sim);
	sim_run(sim);
}

static struct sim sim;

static void test_plain(void **state)
{
	struct talk t = {0};

	(void)state;
	dialogue(&t, 300, 20000);
	play(&t, &sim);
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
	dialogue(&t, 300, 5000);
	play(&t, &sim);
	sim_assert_complete(&sim);
	for (int i = 0; i < CB_SIDES; i++) {
		struct cb_conn *c = &sim.conns[i];

		for (size_t k = 1; k <= c->spec->flow->n; k++)
			assert_int_equal(cb_conn_told(c), k);
		assert_int_equal(cb_conn_told(c), 0);
	}
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

				dialogue(&t, 3000, 60000);
				sim_load(&sim, &t);
				sim.random.state = seed;
				sim.loss = sim.repeat = sim.late = loss;
				for (int i = 0; i < CB_SIDES; i++)
					sim.specs[i].retries = 8;
				sim_start(&sim);
				sim_run(&sim);
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

		dialogue(&t, 5000, 30000);
		sim_load(&sim, &t);
		sim.specs[CB_SERVER].mss_max = sizes[i];
		sim_start(&sim);
		sim_run(&sim);
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
	play(&t, &sim);
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

		dialogue(&t, 5000, 30000);
		play(&t, &sim);
		sim_assert_complete(&sim);
		sim_finish(&sim);
	}
}

static void test_small_windows(void **state)
{
	(void)state;
	for (uint32_t window = 1024; window <= 8192; window *= 2) {
		struct talk t = {.no_scale = true};

		dialogue(&t, 20000, 20000);
		sim_load(&sim, &t);
		sim.specs[CB_SERVER].window_bytes = sim.specs[CB_CLIENT].window_bytes = window;
		sim_start(&sim);
		sim_run(&sim);
		sim_assert_complete(&sim);
		sim_finish(&sim);
	}
}

/* The server's window is closed for three seconds. */
static bool shuts(struct sim *s, enum cb_side from, struct cb_tcp_segment *segment)
{
	if (from == CB_SERVER && s->now_ns > CB_NS_PER_SEC + 4 * CB_NS_PER_MS &&
		s->now_ns < 4 * CB_NS_PER_SEC)
		segment->window = 0;
	return true;
}

static void test_zero_window(void **state)
{
	struct talk t = {0};

	(void)state;
	dialogue(&t, 100000, 1000);
	sim_load(&sim, &t);
	sim.passes = shuts;
	sim_start(&sim);
	sim_run(&sim);
	sim_assert_complete(&sim);
	assert_true(sim.conns[CB_CLIENT].counts.probes > 0);
	assert_true(sim.now_ns >= 4 * CB_NS_PER_SEC);
	sim_finish(&sim);
}

static bool shuts_for_good(struct sim *s, enum cb_side from, struct cb_tcp_segment *segment)
{
	if (from == CB_SERVER && s->now_ns > CB_NS_PER_SEC + 4 * CB_NS_PER_MS)
		segment->window = 0;
	return true;
}

static void test_shut_for_good(void **state)
{
	struct talk t = {0};

	(void)state;
	dialogue(&t, 100000, 1000);
	sim_load(&sim, &t);
	sim.passes = shuts_for_good;
	sim_start(&sim);
	sim_run(&sim);
	sim_assert(&sim, CB_CLIENT, CB_CONN_NO_ANSWER);
	assert_non_null(strstr(sim.conns[CB_CLIENT].why, "window stayed closed"));
	sim_finish(&sim);
}

/* ---- the end ---- */

static void test_no_answer(void **state)
{
	struct talk t = {0};

	(void)state;
	dialogue(&t, 100, 100);
	sim_load(&sim, &t);
	sim.loss = 100;
	sim_start(&sim);
	sim_run(&sim);
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
	dialogue(&t, 100, 60000);
	sim_load(&sim, &t);
	sim.passes = falls_silent;
	sim_start(&sim);
	sim_run(&sim);
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
		play(&t, &sim);
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
	dialogue(&t, 1000, 3000);
	talk_begin(&other);
	talk_handshake(&other);
	talk_say(&other, CB_CLIENT, 1000);
	talk_reset(&other, CB_SERVER);
	assert_int_equal(talk_read(&other, false, &capture, &err), 0);
	sim_load(&sim, &t);
	sim.specs[CB_SERVER].flow = &capture.flows[0];
	sim_start(&sim);
	sim_run(&sim);
	sim_assert(&sim, CB_CLIENT, CB_CONN_RESET);
	cb_capture_finish(&capture);
	sim_finish(&sim);
}

/* ---- what the peer says differs ---- */

static bool garbles(struct sim *s, enum cb_side from, struct cb_tcp_segment *segment)
{
	static uint8_t changed[2000];

	(void)s;
	if (from != CB_SERVER || !segment->length)
		return true;
	memcpy(changed, segment->payload, segment->length);
	changed[segment->length - 1] ^= 1;
	segment->payload = changed;
	return true;
}

static void run_garbled(enum cb_expect expect)
{
	struct talk t = {0};

	dialogue(&t, 100, 1000);
	sim_load(&sim, &t);
	sim.passes = garbles;
	sim.specs[CB_CLIENT].expect = expect;
	sim_start(&sim);
	sim_run(&sim);
}

static void test_different(void **state)
{
	(void)state;
	run_garbled(CB_EXPECT_EXACT);
	sim_assert(&sim, CB_CLIENT, CB_CONN_DIFFERENT);
	assert_int_equal(sim.conns[CB_CLIENT].counts.different_bytes, 4); /* one a segment */
	assert_int_equal(sim.conns[CB_CLIENT].counts.first_different, 987);
	sim_finish(&sim);
	run_garbled(CB_EXPECT_LENGTH);
	sim_assert(&sim, CB_CLIENT, CB_CONN_COMPLETE);
	sim_finish(&sim);
	run_garbled(CB_EXPECT_ANY);
	sim_assert(&sim, CB_CLIENT, CB_CONN_COMPLETE);
	sim_finish(&sim);
}

/* The server says `down` bytes where 3000 were captured. */
static void run_other_length(uint32_t down, enum cb_expect expect, struct cb_capture *capture)
{
	struct talk t = {0}, other = {0};
	struct cb_error err;

	dialogue(&t, 1000, 3000);
	dialogue(&other, 1000, down);
	assert_int_equal(talk_read(&other, false, capture, &err), 0);
	sim_load(&sim, &t);
	sim.specs[CB_CLIENT].expect = expect;
	sim.specs[CB_SERVER].flow = &capture->flows[0];
	sim.specs[CB_SERVER].expect = CB_EXPECT_ANY;
	sim_start(&sim);
	sim_run(&sim);
}

static void test_other_length(void **state)
{
	static const uint32_t lengths[] = {1000, 2999, 3001, 6000};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct cb_capture capture;

		run_other_length(lengths[i], CB_EXPECT_LENGTH, &capture);
		if (lengths[i] < 3000) /* it waits for what does not come */
			assert_true(sim.conns[CB_CLIENT].verdict == CB_CONN_NO_ANSWER ||
				sim.conns[CB_CLIENT].verdict == CB_CONN_DIFFERENT);
		else
			sim_assert(&sim, CB_CLIENT, CB_CONN_DIFFERENT);
		sim_finish(&sim);
		cb_capture_finish(&capture);
		run_other_length(lengths[i], CB_EXPECT_ANY, &capture);
		sim_assert(&sim, CB_CLIENT, CB_CONN_COMPLETE);
		sim_finish(&sim);
		cb_capture_finish(&capture);
	}
}

/* ---- captures that are not perfect ---- */

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
	play(&t, &sim);
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
	play(&t, &sim);
	sim_assert_complete(&sim);
	sim_finish(&sim);
}

/* Nobody closed in the capture: the peer is not left with a connection. */
static void test_captured_open_end(void **state)
{
	struct talk t = {0};

	(void)state;
	talk_begin(&t);
	talk_handshake(&t);
	talk_say(&t, CB_CLIENT, 2000);
	talk_say(&t, CB_SERVER, 2000);
	play(&t, &sim);
	sim_assert(&sim, CB_CLIENT, CB_CONN_COMPLETE);
	assert_true(sim.conns[CB_SERVER].state == CB_CONN_DONE);
	sim_finish(&sim);
}

/* ---- timing ---- */

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
	sim_start(&sim);
	sim_run(&sim);
	sim_assert_complete(&sim);
	assert_true(
		sim.conns[CB_CLIENT].end_ns - sim.conns[CB_CLIENT].begin_ns > 23 * CB_NS_PER_SEC);
	assert_true(
		sim.conns[CB_CLIENT].end_ns - sim.conns[CB_CLIENT].begin_ns < 24 * CB_NS_PER_SEC);
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
		cmocka_unit_test(test_small_windows),
		cmocka_unit_test(test_zero_window),
		cmocka_unit_test(test_shut_for_good),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_reset_as_captured),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_different),
		cmocka_unit_test(test_other_length),
		cmocka_unit_test(test_captured_retransmissions),
		cmocka_unit_test(test_captured_midway),
		cmocka_unit_test(test_captured_open_end),
		cmocka_unit_test(test_timed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
