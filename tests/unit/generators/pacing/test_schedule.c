/* The schedule under a clock of the test's own: exact, without drift, every slot used or missed. */
#include "generators/pacing/schedule.h"
#include "harness/base/clock.h"
#include "harness/base/random.h"

#include "tests/unit/cmocka.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define START       UINT64_C(5000000000123)
#define CATCH_UP    (10 * CB_NS_PER_MS)

static const uint64_t rates[] = {1, 2, 3, 7, 60, 999, 1000, 1001, 33333, 100000, 999983, 1000000,
	1488095, 14880952, 148809523, 1000000000};

static struct cb_schedule make(uint64_t rate, uint64_t warmup, uint64_t duration, uint64_t count)
{
	struct cb_pace pace = {.rate_pps = rate,
		.warmup_ns = warmup,
		.duration_ns = duration,
		.count = count,
		.catch_up_ns = CATCH_UP};
	struct cb_schedule s;

	cb_schedule_init(&s, &pace, START);
	return s;
}

/* A sender for whom time stands still while it sends, but for what `stall` adds. */
struct played {
	uint64_t now, sent, warmup, window;
	bool window_began;
};

static void take(struct cb_schedule *s, struct played *p, const struct cb_turn *turn)
{
	assert_true(turn->due_ns <= p->now);
	assert_true(turn->due_ns == cb_schedule_due_ns(s, s->next));
	cb_schedule_use(s, turn->n);
	p->sent += turn->n;
	if (turn->phase == CB_PHASE_WARMUP) {
		assert_false(p->window_began); /* one contiguous range of sequence numbers */
		p->warmup += turn->n;
	} else {
		p->window_began = true;
		p->window += turn->n;
	}
}

/* Play until the end, in batches of at most 64, each frame costing `frame_ns`. */
static struct played play(struct cb_schedule *s, uint64_t frame_ns)
{
	struct played p = {.now = s->start_ns};

	for (;;) {
		struct cb_turn turn = cb_schedule_turn(s, p.now, 64);

		if (turn.over)
			break;
		assert_true(turn.n <= 64);
		if (!turn.n) {
			assert_true(turn.due_ns > p.now);
			p.now = turn.due_ns;
			continue;
		}
		take(s, &p, &turn);
		p.now += turn.n * frame_ns;
	}
	return p;
}

/* ---- arithmetic ---- */

/* slot i is due at the first nanosecond t with t * rate >= i * 1e9 */
static void assert_due(const struct cb_schedule *s, uint64_t slot)
{
	unsigned __int128 want = (unsigned __int128)slot * CB_NS_PER_SEC;
	uint64_t t = cb_schedule_due_ns(s, slot) - s->start_ns;

	assert_true((unsigned __int128)t * s->arrival.rate_pps >= want);
	assert_true(t == 0 || (unsigned __int128)(t - 1) * s->arrival.rate_pps < want);
}

static void slots_are_due_exactly(void **state)
{
	struct cb_random random = {.state = 11};

	for (size_t r = 0; r < COUNT_OF(rates); r++) {
		struct cb_schedule s = make(rates[r], 0, 0, 0);

		for (uint64_t i = 0; i < 100; i++)
			assert_due(&s, i);
		for (uint64_t i = 0; i < 1000; i++)
			assert_due(&s, cb_random_below(&random, rates[r] << 33));
	}
}

static void known_times(void **state)
{
	struct cb_schedule third = make(3, 0, 0, 0), million = make(1000000, 0, 0, 0);

	assert_true(cb_schedule_due_ns(&third, 0) == START);
	assert_true(cb_schedule_due_ns(&third, 1) == START + 333333334);
	assert_true(cb_schedule_due_ns(&third, 2) == START + 666666667);
	assert_true(cb_schedule_due_ns(&third, 3) == START + 1000000000);
	assert_true(cb_schedule_due_ns(&third, UINT64_C(3) << 33) ==
		START + (UINT64_C(1000000000) << 33));
	assert_true(cb_schedule_due_ns(&million, (UINT64_C(1) << 32) + 1) ==
		START + UINT64_C(4294967297000));
}

/* due_ns and slots_due are each other's inverse, also past 2^32 slots and past 2^63 ns. */
static void inverse(void **state)
{
	static const uint64_t starts[] = {0, START, UINT64_C(1) << 62, (UINT64_C(1) << 63) - 5};
	struct cb_random random = {.state = 3};

	for (size_t r = 0; r < COUNT_OF(rates); r++)
		for (size_t k = 0; k < COUNT_OF(starts); k++)
			for (unsigned i = 0; i < 200; i++) {
				struct cb_schedule s = make(rates[r], 0, 0, 0);
				uint64_t slot = cb_random_below(&random, rates[r] << (i % 31));
				uint64_t due;

				s.start_ns = starts[k];
				due = cb_schedule_due_ns(&s, slot);
				assert_true(cb_schedule_slots_due(&s, due) >= slot + 1);
				/* at 1 Gpps several slots never share a nanosecond */
				assert_true(cb_schedule_slots_due(&s, due) == slot + 1);
				if (due > s.start_ns)
					assert_true(cb_schedule_slots_due(&s, due - 1) == slot);
			}
}

static void nothing_is_due_before_the_start(void **state)
{
	struct cb_schedule s = make(1000, 0, 0, 0);
	struct cb_turn turn = cb_schedule_turn(&s, START - 1, 64);

	assert_true(cb_schedule_slots_due(&s, START - 1) == 0);
	assert_int_equal(turn.n, 0);
	assert_false(turn.over);
	assert_true(turn.due_ns == START);
	assert_int_equal(cb_schedule_turn(&s, START, 64).n, 1);
}

static void counts_slots_in_a_time(void **state)
{
	assert_true(cb_schedule_slots_in(1000, CB_NS_PER_SEC) == 1000);
	assert_true(cb_schedule_slots_in(1000, 0) == 0);
	assert_true(cb_schedule_slots_in(1000, 1) == 1);
	assert_true(cb_schedule_slots_in(3, CB_NS_PER_SEC / 2) == 2); /* 0 and 1/3 s */
	assert_true(cb_schedule_slots_in(14880952, 100 * CB_NS_PER_SEC) == 1488095200);
	/* a year at 14.88 Mpps */
	assert_true(cb_schedule_slots_in(14880952, UINT64_C(31536000) * CB_NS_PER_SEC) ==
		UINT64_C(469285702272000));
	assert_true(cb_schedule_slots_in(UINT64_MAX, UINT64_MAX) == UINT64_MAX);
}

static void saturates(void **state)
{
	struct cb_pace pace = {
		.rate_pps = 1, .warmup_ns = UINT64_MAX, .duration_ns = UINT64_MAX, .count = 7};
	struct cb_schedule s;

	cb_schedule_init(&s, &pace, UINT64_MAX - 5);
	assert_true(cb_schedule_due_ns(&s, UINT64_MAX) == UINT64_MAX);
	assert_true(s.end_slot >= s.warmup_slots);
	assert_int_equal(cb_schedule_turn(&s, UINT64_MAX, 64).n, 1);
}

/* ---- runs ---- */

static void an_ideal_sender_fills_every_slot(void **state)
{
	for (size_t r = 0; r < COUNT_OF(rates); r++) {
		uint64_t warmup = rates[r] > 1000000 ? 3 * CB_NS_PER_MS : CB_NS_PER_SEC;
		struct cb_schedule s = make(rates[r], warmup, 2 * warmup, 0);
		struct played p = play(&s, 0);

		assert_true(p.sent == cb_schedule_slots_in(rates[r], 3 * warmup));
		assert_true(p.warmup == cb_schedule_slots_in(rates[r], warmup));
		assert_true(p.window == p.sent - p.warmup);
		assert_true(s.missed == 0 && s.rebased == 0);
		assert_true(cb_schedule_intended(&s, p.now) == p.sent);
		assert_true(p.now == START + 3 * warmup); /* the window lasts to its end */
	}
}

static void intended_is_rate_times_duration(void **state)
{
	struct cb_schedule s = make(1270000, CB_NS_PER_SEC, 100 * CB_NS_PER_SEC, 0);

	assert_true(s.end_slot == UINT64_C(101) * 1270000);
	assert_true(cb_schedule_intended(&s, UINT64_MAX) == UINT64_C(101) * 1270000);
}

static void count_limits_the_window(void **state)
{
	struct cb_schedule s = make(1000, CB_NS_PER_SEC, 0, 10);
	struct played p = play(&s, 0);

	assert_true(p.warmup == 1000 && p.window == 10);
	assert_true(
		p.now == START + CB_NS_PER_SEC + 9 * CB_NS_PER_MS); /* ends with its last slot */
	s = make(1000, CB_NS_PER_SEC, CB_NS_PER_SEC, 10);
	p = play(&s, 0);
	assert_true(p.window == 10);
	s = make(1000, CB_NS_PER_SEC, CB_NS_PER_SEC, 5000);
	p = play(&s, 0);
	assert_true(p.window == 1000);
}

static void a_batch_has_one_phase(void **state)
{
	struct cb_schedule s = make(1000000, CB_NS_PER_MS, CB_NS_PER_MS, 0);
	struct cb_turn turn;

	cb_schedule_use(&s, 990);
	turn = cb_schedule_turn(&s, START + 1020 * CB_NS_PER_US, 64);
	assert_int_equal(turn.n, 10);
	assert_int_equal(turn.phase, CB_PHASE_WARMUP);
	cb_schedule_use(&s, turn.n);
	turn = cb_schedule_turn(&s, START + 1020 * CB_NS_PER_US, 64);
	assert_int_equal(turn.n, 21);
	assert_int_equal(turn.phase, CB_PHASE_WINDOW);
}

/* ---- stalls ---- */

static void a_short_stall_is_caught_up(void **state)
{
	struct cb_schedule s = make(100000, 0, CB_NS_PER_SEC, 0);
	struct cb_turn turn = cb_schedule_turn(&s, START + CATCH_UP, 4096);

	assert_int_equal(turn.n, 1001);
	assert_true(turn.due_ns == START);
	assert_true(s.missed == 0 && s.rebased == 0);
}

static void a_long_stall_is_missed(void **state)
{
	struct cb_schedule s = make(100000, 0, CB_NS_PER_SEC, 0);
	struct cb_turn turn;

	cb_schedule_use(&s, 100);
	turn = cb_schedule_turn(&s, START + 500 * CB_NS_PER_MS + 3 * CB_NS_PER_US, 4096);
	assert_int_equal(turn.n, 1); /* slot 50000, the latest that is due */
	assert_true(turn.due_ns == START + 500 * CB_NS_PER_MS);
	assert_true(s.missed == 50000 - 100);
	assert_true(s.rebased == 1);
	cb_schedule_use(&s, 1);
	assert_true(s.next == 50001);
}

/* At 1 pps a frame that is 15 ms late is late, not missed. */
static void a_late_frame_alone_is_still_sent(void **state)
{
	struct cb_schedule s = make(1, 0, 10 * CB_NS_PER_SEC, 0);
	struct cb_turn turn = cb_schedule_turn(&s, START + 15 * CB_NS_PER_MS, 64);

	assert_int_equal(turn.n, 1);
	assert_true(turn.due_ns == START);
	assert_true(s.missed == 0 && s.rebased == 0);
}

static void a_stall_over_the_end_is_missed_too(void **state)
{
	struct cb_schedule s = make(1000, 0, CB_NS_PER_SEC, 0);
	struct cb_turn turn = cb_schedule_turn(&s, START + 60 * CB_NS_PER_SEC, 64);

	assert_int_equal(turn.n, 1);
	cb_schedule_use(&s, 1);
	assert_true(s.missed == 999);
	assert_true(cb_schedule_turn(&s, START + 60 * CB_NS_PER_SEC, 64).over);
	assert_true(cb_schedule_intended(&s, START + 60 * CB_NS_PER_SEC) == 1000);
}

/* A stall from the warm-up into the window leaves the window's slots in the window. */
static void a_stall_over_the_border_keeps_the_phases(void **state)
{
	struct cb_schedule s = make(1000, CB_NS_PER_SEC, CB_NS_PER_SEC, 0);
	struct cb_turn turn = cb_schedule_turn(&s, START + 1500 * CB_NS_PER_MS, 64);

	assert_int_equal(turn.n, 1);
	assert_int_equal(turn.phase, CB_PHASE_WINDOW);
	assert_true(s.missed == 1500);
}

/* One microsecond a frame against 10 Mpps: nine of ten are missed, and the time is kept. */
static void a_slow_sender_keeps_the_time(void **state)
{
	struct cb_schedule s = make(10000000, 100 * CB_NS_PER_MS, 400 * CB_NS_PER_MS, 0);
	struct played p = play(&s, CB_NS_PER_US);

	assert_true(p.sent + s.missed == 5000000);
	assert_true(cb_schedule_intended(&s, p.now) == 5000000);
	assert_in_range(p.sent, 499000, 512000);
	assert_true(s.rebased > 10);
	assert_true(p.now <= START + 500 * CB_NS_PER_MS + CATCH_UP + 64 * CB_NS_PER_US);
}

static void an_early_stop_asks_for_what_was_due(void **state)
{
	struct cb_schedule s = make(1000, 0, 10 * CB_NS_PER_SEC, 0);

	assert_true(cb_schedule_intended(&s, START) == 0);
	assert_true(cb_schedule_intended(&s, START - 1) == 0);
	cb_schedule_use(&s, 1);
	assert_true(cb_schedule_intended(&s, START) == 1); /* never less than what was used */
	assert_true(cb_schedule_intended(&s, START + 2 * CB_NS_PER_SEC) == 2000);
	assert_true(cb_schedule_intended(&s, START + 11 * CB_NS_PER_SEC) == 10000);
}

/* Whatever the stalls: used + missed + still to come = intended, at every step. */
static void random_stalls_balance(void **state)
{
	struct cb_random random = {.state = 2026};

	for (unsigned run = 0; run < 300; run++) {
		uint64_t rate = rates[cb_random_below(&random, COUNT_OF(rates))];
		struct cb_schedule s = make(rate, cb_random_below(&random, CB_NS_PER_SEC),
			1 + cb_random_below(&random, CB_NS_PER_SEC), 0);
		struct played p = {.now = START};
		uint64_t steps = cb_random_below(&random, 2000);

		for (uint64_t i = 0; i < steps; i++) {
			unsigned max = 1 + (unsigned)cb_random_below(&random, 1024);
			struct cb_turn turn = cb_schedule_turn(&s, p.now, max);

			assert_true(turn.n <= max);
			if (turn.over)
				break;
			if (turn.n) {
				turn.n = 1 + (unsigned)cb_random_below(&random, turn.n);
				take(&s, &p, &turn);
			}
			p.now += cb_random_next(&random) >> (35 + cb_random_below(&random, 29));
			assert_true(p.sent + s.missed == s.next);
			assert_true(s.next <= cb_schedule_slots_due(&s, p.now));
			assert_true(cb_schedule_intended(&s, p.now) >= s.next);
			assert_true(cb_schedule_intended(&s, p.now) <= s.end_slot);
		}
	}
}

/* Six hours at 14.88 Mpps, in steps of a minute: no drift past 2^32 frames. */
static void a_long_run_does_not_drift(void **state)
{
	struct cb_schedule s = make(14880952, 0, 0, 0);

	s.catch_up_ns = UINT64_MAX;
	for (uint64_t minute = 1; minute <= 360; minute++) {
		uint64_t now = START + minute * 60 * CB_NS_PER_SEC;
		struct cb_turn turn;

		do {
			turn = cb_schedule_turn(&s, now, 1U << 31);
			cb_schedule_use(&s, turn.n);
		} while (turn.n);
		assert_true(s.next == minute * 60 * 14880952 + 1);
		assert_true(turn.due_ns > now && turn.due_ns <= now + 68);
	}
	assert_true(s.next > UINT64_C(1) << 32);
	assert_true(s.missed == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_due_exactly),
		cmocka_unit_test(known_times),
		cmocka_unit_test(inverse),
		cmocka_unit_test(nothing_is_due_before_the_start),
		cmocka_unit_test(counts_slots_in_a_time),
		cmocka_unit_test(saturates),
		cmocka_unit_test(an_ideal_sender_fills_every_slot),
		cmocka_unit_test(intended_is_rate_times_duration),
		cmocka_unit_test(count_limits_the_window),
		cmocka_unit_test(a_batch_has_one_phase),
		cmocka_unit_test(a_short_stall_is_caught_up),
		cmocka_unit_test(a_long_stall_is_missed),
		cmocka_unit_test(a_late_frame_alone_is_still_sent),
		cmocka_unit_test(a_stall_over_the_end_is_missed_too),
		cmocka_unit_test(a_stall_over_the_border_keeps_the_phases),
		cmocka_unit_test(a_slow_sender_keeps_the_time),
		cmocka_unit_test(an_early_stop_asks_for_what_was_due),
		cmocka_unit_test(random_stalls_balance),
		cmocka_unit_test(a_long_run_does_not_drift),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
