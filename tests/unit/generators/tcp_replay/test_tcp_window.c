/* A peer with little room, or none for a while. */
#include "tests/unit/generators/tcp_replay/sim.h"

static struct sim sim;

static void test_small_windows(void **state)
{
	(void)state;
	for (uint32_t window = 1024; window <= 8192; window *= 2) {
		struct talk t = {.no_scale = true};

		talk_dialogue(&t, 20000, 20000);
		sim_load(&sim, &t);
		sim.specs[CB_SERVER].window_bytes = sim.specs[CB_CLIENT].window_bytes = window;
		sim_go(&sim);
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
	talk_dialogue(&t, 100000, 1000);
	sim_play_through(&sim, &t, shuts);
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
	talk_dialogue(&t, 100000, 1000);
	sim_play_through(&sim, &t, shuts_for_good);
	sim_assert(&sim, CB_CLIENT, CB_CONN_NO_ANSWER);
	assert_non_null(strstr(sim.conns[CB_CLIENT].why, "window stayed closed"));
	sim_finish(&sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_windows),
		cmocka_unit_test(test_zero_window),
		cmocka_unit_test(test_shut_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
