/* Slots handed out ahead of their time, under a clock of the test's own: each once, none too early
 * in the batch, and with the schedule's own times. */
#include "generators/pacing/ahead.h"
#include "harness/base/clock.h"

#include "tests/unit/cmocka.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define START       UINT64_C(5000000000123)
#define BATCH       4096u

static uint64_t due[BATCH + 1];

/* What must hold of every batch. */
static void check_batch(const struct cb_schedule *s, const struct cb_turn *turn, uint64_t now)
{
	uint64_t before = now, exact;
	bool warmup = s->next < s->warmup_slots;

	assert_true(turn->n <= BATCH);
	assert_true(turn->phase == (warmup ? CB_PHASE_WARMUP : CB_PHASE_WINDOW));
	assert_true(s->next + turn->n <= (warmup ? s->warmup_slots : s->end_slot));
	assert_true(turn->due_ns == cb_schedule_due_ns(s, s->next));
	for (unsigned i = 0; i < turn->n; i++) {
		exact = cb_schedule_due_ns(s, s->next + i);
		assert_true(due[i] == exact || due[i] + 1 == exact);
		assert_true(due[i] <= now + CB_AHEAD_NS);
		assert_true(i == 0 || due[i] >= due[i - 1]);
		assert_true(due[i] <= before + CB_AHEAD_WAIT_NS + 1);
		before = due[i] > before ? due[i] : before;
	}
}

/* What the next slot behind the batch must be: one that belongs to another batch. */
static void check_end(const struct cb_schedule *s, const struct cb_turn *turn, uint64_t now)
{
	uint64_t next = s->next + turn->n, at, before = due[turn->n - 1];

	if (turn->n == BATCH || next == s->warmup_slots || next == s->end_slot)
		return;
	at = cb_schedule_due_ns(s, next);
	before = before > now ? before : now;
	assert_true(at > now + CB_AHEAD_NS || at + 1 >= before + CB_AHEAD_WAIT_NS);
}

/* Play to the end: the sender takes all of a batch, and returns at its last frame's time and a
 * little. The number of batches. */
static uint64_t play(struct cb_schedule *s, uint64_t extra_ns)
{
	uint64_t now = s->start_ns, sent = 0, batches = 0;

	for (;;) {
		struct cb_turn turn;

		due[BATCH] = 0x5eed;
		turn = cb_schedule_ahead(s, now, BATCH, due);
		assert_true(due[BATCH] == 0x5eed);
		if (turn.over)
			break;
		if (!turn.n) {
			assert_true(turn.due_ns > now);
			now = turn.due_ns;
			continue;
		}
		check_batch(s, &turn, now);
		check_end(s, &turn, now);
		now = due[turn.n - 1] > now ? due[turn.n - 1] : now;
		now += extra_ns;
		sent += turn.n;
		batches++;
		cb_schedule_use(s, turn.n);
	}
	assert_true(sent + s->missed == s->end_slot);
	return batches;
}

static void every_slot_of_a_constant_rate(void **state)
{
	static const uint64_t rates[] = {
		1, 7, 999, 9999, 10000, 10001, 33333, 100000, 999983, 1488095, 14880952};

	for (size_t i = 0; i < COUNT_OF(rates); i++) {
		struct cb_pace pace = {.rate_pps = rates[i],
			.warmup_ns = 50 * CB_NS_PER_MS,
			.duration_ns = rates[i] < 1000 ? 3 * CB_NS_PER_SEC : 200 * CB_NS_PER_MS,
			.catch_up_ns = CB_NS_PER_SEC};
		struct cb_schedule s;
		uint64_t batches;

		cb_schedule_init(&s, &pace, START);
		batches = play(&s, 20 * CB_NS_PER_US);
		assert_true(s.missed == 0);
		if (rates[i] < 10000)
			assert_true(batches == s.end_slot); /* too far apart to wait for */
		else
			assert_true(batches < s.end_slot / 50);
	}
}

static void every_slot_of_other_arrivals(void **state)
{
	static const char *const arrivals[] = {"poisson", "bursts:frames=100,gap=3ms",
		"bursts:frames=7,gap=90us", "ramp:from=1k,over=300ms"};

	for (size_t i = 0; i < COUNT_OF(arrivals); i++) {
		struct cb_pace pace = {.rate_pps = 100000,
			.warmup_ns = 50 * CB_NS_PER_MS,
			.duration_ns = 250 * CB_NS_PER_MS,
			.catch_up_ns = CB_NS_PER_SEC};
		struct cb_arrival arrival;
		struct cb_schedule s;

		assert_int_equal(cb_arrival_make(&arrival, arrivals[i], pace.rate_pps,
					 300 * CB_NS_PER_MS, NULL),
			0);
		pace.arrival = &arrival;
		cb_schedule_init(&s, &pace, START);
		play(&s, 20 * CB_NS_PER_US);
		assert_true(s.missed == 0);
		cb_arrival_finish(&arrival);
	}
}

/* After a stall all but the latest slot are given up, and the account is the schedule's. */
static void stalls_are_given_up(void **state)
{
	struct cb_pace pace = {
		.rate_pps = 100000, .duration_ns = CB_NS_PER_SEC, .catch_up_ns = 5 * CB_NS_PER_MS};
	struct cb_schedule s;
	struct cb_turn turn;

	cb_schedule_init(&s, &pace, START);
	turn = cb_schedule_ahead(&s, START + 100 * CB_NS_PER_MS, BATCH, due);
	assert_true(s.missed == 10000 && s.rebased == 1);
	assert_true(due[0] == START + 100 * CB_NS_PER_MS);
	assert_true(turn.n == 1001);
	/* But not for being asked about what lies ahead. */
	cb_schedule_use(&s, turn.n);
	turn = cb_schedule_ahead(&s, START + 110 * CB_NS_PER_MS + 1, BATCH, due);
	assert_true(s.rebased == 1 && turn.n == 1000);
}

static void as_many_as_there_is_room_for(void **state)
{
	struct cb_pace pace = {
		.rate_pps = 1000000, .count = 10, .catch_up_ns = CB_NS_PER_SEC, .warmup_ns = 3000};
	struct cb_schedule s;
	struct cb_turn turn;

	cb_schedule_init(&s, &pace, START);
	due[1] = 42;
	turn = cb_schedule_ahead(&s, START, 1, due);
	assert_true(turn.n == 1 && due[1] == 42 && turn.phase == CB_PHASE_WARMUP);
	cb_schedule_use(&s, 1);
	turn = cb_schedule_ahead(&s, START, BATCH, due);
	assert_true(turn.n == 2 && turn.phase == CB_PHASE_WARMUP);
	cb_schedule_use(&s, 2);
	turn = cb_schedule_ahead(&s, START, BATCH, due);
	assert_true(turn.n == 10 && turn.phase == CB_PHASE_WINDOW);
	assert_true(due[9] == START + 12000);
	cb_schedule_use(&s, 10);
	assert_true(cb_schedule_ahead(&s, START + 12000, BATCH, due).over);
}

/* Years into a run the times are as exact as at its start. */
static void far_into_a_run(void **state)
{
	struct cb_pace pace = {.rate_pps = 14880952, .catch_up_ns = CB_NS_PER_SEC};
	struct cb_schedule s;
	struct cb_turn turn;
	uint64_t now;

	cb_schedule_init(&s, &pace, START);
	s.next = UINT64_C(1) << 50;
	now = cb_schedule_due_ns(&s, s.next);
	turn = cb_schedule_ahead(&s, now, BATCH, due);
	assert_true(turn.n == BATCH);
	check_batch(&s, &turn, now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_slot_of_a_constant_rate),
		cmocka_unit_test(every_slot_of_other_arrivals),
		cmocka_unit_test(stalls_are_given_up),
		cmocka_unit_test(as_many_as_there_is_room_for),
		cmocka_unit_test(far_into_a_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
