/* Arrival processes under a clock of the test's own: a slot's time and the slots of a time agree,
 * nothing wraps, and each has the shape that it is named after. */
#include "generators/pacing/schedule.h"
#include "harness/base/clock.h"
#include "harness/base/random.h"

#include <math.h>
#include <string.h>

#include "tests/unit/cmocka.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static const char *const texts[] = {"constant", "poisson", "poisson:seed=7", "bursts",
	"bursts:frames=1,gap=1ns", "bursts:frames=7,gap=3us", "ramp", "ramp:from=1G,over=1s",
	"ramp:from=3,over=24h"};
static const uint64_t rates[] = {1, 3, 1000, 33333, 1488095, 999999937, 1000000000};

static struct cb_arrival make(const char *text, uint64_t rate_pps)
{
	struct cb_error err = {0};
	struct cb_arrival a;

	if (cb_arrival_make(&a, text, rate_pps, 10 * CB_NS_PER_SEC, &err))
		fail_msg("%s", err.text);
	return a;
}

/* due_ns is the first ns at which the slot counts as due; before it, it doesn't. */
static void assert_agrees(const struct cb_arrival *a, uint64_t slot)
{
	uint64_t due = a->shape->due_ns(a, slot);

	assert_true(a->shape->slots(a, due, true) >= slot + 1);
	assert_true(due == 0 || a->shape->slots(a, due - 1, true) <= slot);
	assert_true(a->shape->slots(a, due, false) <= a->shape->slots(a, due, true));
	assert_true(a->shape->slots(a, due + 1, false) >= slot + 1);
	assert_true(slot == 0 || a->shape->due_ns(a, slot - 1) <= due);
}

static void slots_and_times_agree(void **state)
{
	for (size_t t = 0; t < COUNT_OF(texts); t++)
		for (size_t r = 0; r < COUNT_OF(rates); r++) {
			struct cb_arrival a = make(texts[t], rates[r]);
			struct cb_random random = {.state = t * 100 + r};

			assert_true(a.shape->due_ns(&a, 0) == 0);
			assert_true(a.shape->slots(&a, 0, false) == 0);
			assert_true(a.shape->slots(&a, 0, true) == 1);
			for (uint64_t slot = 0; slot < 3000; slot++)
				assert_agrees(&a, slot);
			for (int i = 0; i < 2000; i++)
				assert_agrees(&a, cb_random_below(&random, UINT64_C(1) << 28));
			cb_arrival_finish(&a);
		}
}

/* Past 2^32 frames and 2^63 ns: the 585 years that 64 bits of ns last. */
static void long_runs_do_not_wrap(void **state)
{
	for (size_t t = 0; t < COUNT_OF(texts); t++)
		for (size_t r = 0; r < COUNT_OF(rates); r++) {
			struct cb_arrival a = make(texts[t], rates[r]);
			uint64_t half = UINT64_C(1) << 63, slots = a.shape->slots(&a, half, false);

			assert_agrees(&a, UINT64_C(1) << 32);
			assert_agrees(&a, (UINT64_C(1) << 32) + 1);
			if (slots > 2) {
				assert_agrees(&a, slots - 2);
				assert_agrees(&a, slots);
			}
			/* the long-run rate, where it is the rate that was asked for */
			if (strncmp(texts[t], "bursts", 6) != 0 && !strstr(texts[t], "1G"))
				assert_true(fabs((double)slots / ((double)half / 1e9) /
							    (double)rates[r] -
						    1) < 1e-3);
			assert_true(a.shape->slots(&a, UINT64_MAX, true) >= slots);
			cb_arrival_finish(&a);
		}
}

/* A sender on a fake clock, over the 2^32nd frame: the same rate before and after. */
static void a_schedule_beyond_32_bits(void **state)
{
	for (size_t t = 0; t < COUNT_OF(texts); t++) {
		struct cb_arrival a = make(texts[t], 1000000);
		struct cb_pace pace = {.arrival = &a, .catch_up_ns = CB_NS_PER_SEC};
		struct cb_schedule s;
		uint64_t now, before;

		cb_schedule_init(&s, &pace, 12345);
		s.next = (UINT64_C(1) << 32) - 5000;
		now = before = cb_schedule_due_ns(&s, s.next);
		while (s.next < (UINT64_C(1) << 32) + 5000) {
			struct cb_turn turn = cb_schedule_turn(&s, now, 64);

			assert_false(turn.over);
			if (!turn.n) {
				assert_true(turn.due_ns > now);
				now = turn.due_ns;
			}
			cb_schedule_use(&s, turn.n);
		}
		assert_true(s.missed == 0);
		if (strncmp(texts[t], "constant", 8) == 0)
			assert_true(now - before == 9999000);
		cb_arrival_finish(&a);
	}
}

static void bursts_are_bursts(void **state)
{
	struct cb_arrival a = make("bursts:frames=10,gap=1ms", 1000000);

	assert_true(a.shape->due_ns(&a, 9) == 9000);
	assert_true(a.shape->due_ns(&a, 10) == 1010000);
	assert_true(a.shape->due_ns(&a, 25) == 2 * 1010000 + 5000);
	assert_true(a.shape->slots(&a, 500000, false) == 10);
	assert_true(a.shape->slots(&a, 1010000, false) == 10);
	assert_true(a.shape->slots(&a, 1010000, true) == 11);
	cb_arrival_finish(&a);
}

static void a_ramp_is_linear(void **state)
{
	struct cb_arrival up = make("ramp:from=1000,over=10s", 101000);
	struct cb_arrival down = make("ramp:from=101000,over=10s", 1000);

	/* 1000 t + 5000 t^2 */
	assert_true(up.shape->slots(&up, CB_NS_PER_SEC, false) == 6000);
	assert_true(up.shape->slots(&up, 5 * CB_NS_PER_SEC, false) == 130000);
	assert_true(up.shape->slots(&up, 10 * CB_NS_PER_SEC, false) == 510000);
	assert_true(up.shape->slots(&up, 11 * CB_NS_PER_SEC, false) == 611000);
	assert_true(up.shape->due_ns(&up, 6000) == CB_NS_PER_SEC);
	assert_true(down.shape->slots(&down, 10 * CB_NS_PER_SEC, false) == 510000);
	assert_true(down.shape->slots(&down, 11 * CB_NS_PER_SEC, false) == 511000);
	assert_true(down.shape->due_ns(&down, 511000) == 11 * CB_NS_PER_SEC);
	cb_arrival_finish(&up);
	cb_arrival_finish(&down);
}

/* Mean 1, standard deviation 1, and e^-x of the gaps longer than x. */
static void poisson_gaps_are_exponential(void **state)
{
	struct cb_arrival a = make("poisson:seed=3", 1000000);
	const uint64_t n = 1000000;
	double sum = 0, squares = 0;
	uint64_t longer[4] = {0};

	for (uint64_t i = 0; i < n; i++) {
		double gap = (double)(a.shape->due_ns(&a, i + 1) - a.shape->due_ns(&a, i)) / 1000;

		sum += gap;
		squares += gap * gap;
		for (int x = 0; x < 4; x++)
			longer[x] += gap > x + 1;
	}
	assert_true(fabs(sum / (double)n - 1) < 0.005);
	assert_true(fabs(squares / (double)n - 2) < 0.03);
	for (int x = 0; x < 4; x++)
		assert_true(fabs((double)longer[x] / (double)n - exp(-x - 1)) < 0.002);
	cb_arrival_finish(&a);
}

static void a_seed_decides(void **state)
{
	struct cb_arrival a = make("poisson:seed=3", 1000), b = make("poisson:seed=3", 1000),
			  c = make("poisson:seed=4", 1000);

	assert_true(a.shape->due_ns(&a, 1000) == b.shape->due_ns(&b, 1000));
	assert_true(a.shape->due_ns(&a, 1000) != c.shape->due_ns(&c, 1000));
	cb_arrival_finish(&a);
	cb_arrival_finish(&b);
	cb_arrival_finish(&c);
}

/* What a run intended, in frames a second of its window. */
static void intended_rates(void **state)
{
	static const struct {
		const char *text;
		double pps;
	} cases[] = {{"constant", 100000}, {"ramp:from=1", 50000.5},
		{"bursts:frames=1000,gap=10ms", 50000}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct cb_arrival a = make(cases[i].text, 100000);
		struct cb_pace pace = {
			.rate_pps = 100000, .arrival = &a, .duration_ns = 10 * CB_NS_PER_SEC};
		struct cb_schedule s;

		cb_schedule_init(&s, &pace, 777);
		assert_true(fabs(cb_schedule_intended_pps(&s, s.end_slot) - cases[i].pps) < 1);
		cb_arrival_finish(&a);
	}
}

/* A file of 4 packets in 300 ns and a loop of 400, at several speeds, in ever more loops. */
static void a_trace_repeats_its_file(void **state)
{
	static const char *const speeds[] = {
		"trace", "trace:speed=50%", "trace:speed=333.3333%", "trace:speed=0.0001%"};
	static const uint64_t times[] = {0, 100, 100, 300};

	for (size_t i = 0; i < COUNT_OF(speeds); i++) {
		struct cb_arrival a = make(speeds[i], 1);

		assert_int_equal(cb_arrival_set_times(&a, times, 4, 400, NULL), 0);
		for (uint64_t slot = 0; slot < 2000; slot++)
			assert_agrees(&a, slot);
		assert_agrees(&a, (UINT64_C(1) << 32) + 3);
		cb_arrival_finish(&a);
	}
	struct cb_arrival a = make("trace:speed=200%", 1);

	assert_int_equal(cb_arrival_set_times(&a, times, 4, 400, NULL), 0);
	assert_true(a.shape->due_ns(&a, 1) == 50 && a.shape->due_ns(&a, 3) == 150);
	assert_true(a.shape->due_ns(&a, 4) == 200 && a.shape->due_ns(&a, 9) == 450);
	assert_true(a.shape->slots(&a, 50, false) == 1 && a.shape->slots(&a, 50, true) == 3);
	cb_arrival_finish(&a);
}

static void wrong_ones_are_refused(void **state)
{
	static const char *const bad[] = {"", "poison", "poisson:seed=-1", "bursts:frames=0",
		"bursts:gap=0", "ramp:from=0", "ramp:over=25h", "ramp:from=max", "constant:1"};
	struct cb_arrival a;
	struct cb_error err;

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		print_message("%s\n", bad[i]);
		assert_int_equal(
			cb_arrival_make(&a, bad[i], 1000, CB_NS_PER_SEC, &err), CB_ERR_USAGE);
		cb_arrival_finish(&a);
	}
	assert_int_equal(cb_arrival_make(&a, "ramp", 1000, 0, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "ramp:over=10s"));
	cb_arrival_finish(&a);
	assert_int_equal(cb_arrival_make(&a, "ramp", 1000, UINT64_MAX, &err), CB_ERR_USAGE);
	cb_arrival_finish(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_and_times_agree),
		cmocka_unit_test(long_runs_do_not_wrap),
		cmocka_unit_test(a_schedule_beyond_32_bits),
		cmocka_unit_test(bursts_are_bursts),
		cmocka_unit_test(a_ramp_is_linear),
		cmocka_unit_test(poisson_gaps_are_exponential),
		cmocka_unit_test(a_seed_decides),
		cmocka_unit_test(intended_rates),
		cmocka_unit_test(a_trace_repeats_its_file),
		cmocka_unit_test(wrong_ones_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
