/* A peer that says something else than in the capture. */
#include "tests/unit/generators/tcp_replay/sim.h"

static struct sim sim;

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

	talk_dialogue(&t, 100, 1000);
	sim_load(&sim, &t);
	sim.passes = garbles;
	sim.specs[CB_CLIENT].expect = expect;
	sim_go(&sim);
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

	talk_dialogue(&t, 1000, 3000);
	talk_dialogue(&other, 1000, down);
	assert_int_equal(talk_read(&other, false, capture, &err), 0);
	sim_load(&sim, &t);
	sim.specs[CB_CLIENT].expect = expect;
	sim.specs[CB_SERVER].flow = &capture->flows[0];
	sim.specs[CB_SERVER].expect = CB_EXPECT_ANY;
	sim_go(&sim);
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
		/* what did not come is not told as come */
		assert_int_equal(sim_assert_told(&sim.conns[CB_CLIENT]) > 0, lengths[i] < 3000);
		sim_finish(&sim);
		cb_capture_finish(&capture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_different),
		cmocka_unit_test(test_other_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
