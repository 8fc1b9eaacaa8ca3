/*
 * A year and more on a fake clock: every arrival process, past 2^32 frames and past 2^63 ns, alone
 * and shared by threads, and what counts a run. No rate or sequence may be wrong there.
 */
#include "generators/pacing/ahead.h"
#include "generators/pacing/departure.h"
#include "generators/pacing/histogram.h"
#include "generators/pacing/schedule.h"
#include "harness/base/clock.h"
#include "harness/net/stamp.h"

#include <math.h>
#include <string.h>

#include "tests/unit/cmocka.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define RATE        UINT64_C(1000000)
#define FAR_SLOT    (UINT64_C(1) << 32)
#define FAR_NS      (UINT64_C(1) << 63)
#define AROUND      2000

/* One of each process; a new one must be put here. */
static const char *const texts[] = {
	"constant", "poisson", "bursts:frames=700,gap=3us", "ramp:from=20k,over=1h", "trace"};
/* Frames a second in the long run, and how far `AROUND` slots may be from that. */
static const struct {
	double pps, tolerance;
} rates[COUNT_OF(texts)] = {
	{1e6, 1e-6}, {1e6, 0.2}, {700 / 703e-6, 0.01}, {1e6, 1e-6}, {2e6, 0.01}};

static struct cb_arrival make(size_t i)
{
	/* four packets in 2 us */
	static const uint64_t times[] = {0, 100, 100, 1300};
	struct cb_error err = {0};
	struct cb_arrival a;

	if (cb_arrival_make(&a, texts[i], RATE, 10 * CB_NS_PER_SEC, &err))
		fail_msg("%s", err.text);
	if (!strcmp(texts[i], "trace"))
		assert_int_equal(cb_arrival_set_times(&a, times, COUNT_OF(times), 2000, &err), 0);
	return a;
}

static void every_process_is_here(void **state)
{
	const struct cb_member *member;

	for (size_t i = 0; (member = cb_arrival_at(i)); i++) {
		bool found = false;

		for (size_t t = 0; t < COUNT_OF(texts); t++)
			found |= !strncmp(texts[t], member->name, strlen(member->name));
		if (!found)
			fail_msg("%s is not tested over long runs", member->name);
	}
}

/* A sender for whom time stands still while it sends: from `s->next` on, 2 * AROUND slots. */
static void assert_plays_on(struct cb_schedule *s, double pps, double tolerance)
{
	uint64_t first = s->next, begin = cb_schedule_due_ns(s, first), now = begin;
	double took;

	while (s->next < first + 2 * AROUND) {
		uint64_t left = first + 2 * AROUND - s->next;
		struct cb_turn turn = cb_schedule_turn(s, now, left < 64 ? (unsigned)left : 64);

		assert_false(turn.over);
		assert_true(turn.due_ns >= begin);
		if (!turn.n) {
			assert_true(turn.due_ns > now);
			now = turn.due_ns;
			continue;
		}
		assert_true(turn.due_ns <= now);
		assert_int_equal(turn.phase, CB_PHASE_WINDOW);
		cb_schedule_use(s, turn.n);
	}
	assert_true(s->missed == 0 && s->rebased == 0);
	assert_true(cb_schedule_intended(s, now + 1) >= s->next);
	took = (double)(cb_schedule_due_ns(s, s->next) - begin);
	if (fabs(2 * AROUND * 1e9 / took / pps - 1) > tolerance)
		fail_msg("%f pps, not %f", 2 * AROUND * 1e9 / took, pps);
}

static void start(struct cb_schedule *s, const struct cb_arrival *a, uint32_t lane, uint32_t lanes)
{
	const struct cb_pace pace = {.rate_pps = RATE,
		.arrival = a,
		.catch_up_ns = CB_NS_PER_SEC,
		.lane = lane,
		.lanes = lanes};

	cb_schedule_init(s, &pace, 12345);
}

static void past_2_to_32_frames(void **state)
{
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		for (uint32_t lanes = 1; lanes <= 3; lanes += 2) {
			struct cb_arrival a = make(i);
			struct cb_schedule s;

			start(&s, &a, lanes - 1, lanes);
			s.next = FAR_SLOT - AROUND;
			assert_plays_on(&s, rates[i].pps / lanes, rates[i].tolerance);
			assert_true(s.next == FAR_SLOT + AROUND);
			cb_arrival_finish(&a);
		}
}

/* 292 years after the start, and the clock itself beyond what 63 bits hold. */
static void past_2_to_63_ns(void **state)
{
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		for (uint32_t lanes = 1; lanes <= 3; lanes += 2) {
			struct cb_arrival a = make(i);
			struct cb_schedule s;
			uint64_t far;

			start(&s, &a, 0, lanes);
			far = cb_schedule_slots_due(&s, FAR_NS);
			assert_true(far > FAR_SLOT);
			assert_true(fabs((double)far / (double)FAR_NS * 1e9 * lanes / rates[i].pps -
					    1) < 1e-6);
			s.next = far - AROUND;
			assert_true(cb_schedule_due_ns(&s, s.next) < FAR_NS);
			assert_plays_on(&s, rates[i].pps / lanes, rates[i].tolerance);
			assert_true(cb_schedule_due_ns(&s, s.next) > FAR_NS);
			cb_arrival_finish(&a);
		}
}

/* Slots that are handed out in advance: ascending, without a gap, on their own time. */
static void ahead_past_2_to_63_ns(void **state)
{
	static uint64_t due_ns[CB_AHEAD_SLOTS];

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct cb_arrival a = make(i);
		struct cb_schedule s;
		uint64_t now, last;

		start(&s, &a, 0, 1);
		s.next = last = cb_schedule_slots_due(&s, FAR_NS) - AROUND;
		now = cb_schedule_due_ns(&s, s.next);
		while (s.next < last + 2 * AROUND) {
			struct cb_turn turn = cb_schedule_ahead(&s, now, CB_AHEAD_SLOTS, due_ns);

			assert_false(turn.over);
			for (unsigned n = 0; n < turn.n; n++) {
				uint64_t exact = cb_schedule_due_ns(&s, s.next + n);

				assert_true(due_ns[n] <= exact + 1 && due_ns[n] + 1 >= exact);
			}
			now = turn.n ? due_ns[turn.n - 1] : turn.due_ns;
			cb_schedule_use(&s, turn.n);
		}
		assert_true(s.missed == 0);
		cb_arrival_finish(&a);
	}
}

/* The window may be that long, too: its slots are what the rate says. */
static void a_window_of_centuries(void **state)
{
	const struct cb_pace pace = {.rate_pps = RATE,
		.warmup_ns = CB_NS_PER_SEC,
		.duration_ns = FAR_NS,
		.catch_up_ns = CB_NS_PER_SEC};
	uint64_t whole = (uint64_t)(((unsigned __int128)FAR_NS * RATE) / CB_NS_PER_SEC);
	struct cb_schedule s;

	cb_schedule_init(&s, &pace, 0);
	assert_true(s.warmup_slots == RATE);
	assert_true(s.end_slot >= RATE + whole && s.end_slot <= RATE + whole + 1);
	assert_true(cb_schedule_intended(&s, UINT64_MAX) == s.end_slot);
	assert_true(cb_schedule_intended_pps(&s, s.end_slot) == (double)RATE);
}

/* ---- what counts a run ---- */

static void counts_past_2_to_32(void **state)
{
	static struct cb_histogram h, other;

	cb_histogram_add_many(&h, 1000, 5 * FAR_SLOT);
	cb_histogram_add_many(&h, 2000, 4 * FAR_SLOT);
	cb_histogram_add_many(&h, 4000, FAR_SLOT);
	assert_in_range(cb_histogram_quantile(&h, 500000), 1000, 1031);
	assert_in_range(cb_histogram_quantile(&h, 900000), 2000, 2063);
	assert_true(cb_histogram_quantile(&h, 990000) == 4000);
	cb_histogram_add_many(&other, UINT64_MAX, 90 * FAR_SLOT);
	cb_histogram_merge(&h, &other);
	assert_true(h.total == 100 * FAR_SLOT && h.max == UINT64_MAX);
	assert_true(cb_histogram_quantile(&h, 500000) == UINT64_MAX);
}

/* 10 ppm too slow, up to 2^63 ns. */
static void drift_past_2_to_63_ns(void **state)
{
	static struct cb_departures d;
	struct cb_generator_record r;
	const uint64_t ends[] = {0, FAR_NS / 2, FAR_NS};

	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		uint64_t at = ends[i] + ends[i] / 100000;
		const struct cb_departure one = {.due_ns = ends[i],
			.last_due_ns = ends[i],
			.begin_ns = at,
			.end_ns = at,
			.n = 1};

		cb_departures_add(&d, &one);
	}
	cb_generator_record_init(&r);
	cb_departures_settle(&d, &r);
	assert_true(fabs(r.drift_ppm - 10) < 0.001);
	assert_true(r.gap_max_ns > 0);
	cb_generator_record_finish(&r);
}

/* The stamp's sequence number has 48 bits: nine years at 1 Mpps. */
static void stamps_past_2_to_32(void **state)
{
	const uint64_t sequences[] = {FAR_SLOT - 1, FAR_SLOT, FAR_SLOT + 1, CB_STAMP_SEQUENCES - 1};

	for (size_t i = 0; i < COUNT_OF(sequences); i++) {
		const struct cb_stamp in = {.stream = 255,
			.phase = CB_PHASE_WINDOW,
			.sequence = sequences[i],
			.time_ns = UINT32_MAX};
		uint8_t bytes[CB_STAMP_SIZE];
		struct cb_stamp out = {0};

		cb_stamp_write(bytes, 7, &in);
		assert_int_equal(cb_stamp_read(bytes, 7, &out), CB_STAMP_OWN);
		assert_true(out.sequence == sequences[i]);
		assert_int_equal(out.stream, 255);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_process_is_here),
		cmocka_unit_test(past_2_to_32_frames),
		cmocka_unit_test(past_2_to_63_ns),
		cmocka_unit_test(ahead_past_2_to_63_ns),
		cmocka_unit_test(a_window_of_centuries),
		cmocka_unit_test(counts_past_2_to_32),
		cmocka_unit_test(drift_past_2_to_63_ns),
		cmocka_unit_test(stamps_past_2_to_32),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
