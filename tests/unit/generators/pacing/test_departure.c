/* The gaps between frames, against what the schedule asked for. */
#include "generators/pacing/departure.h"

#include <math.h>
#include <string.h>

#include "tests/unit/cmocka.h"

static struct cb_departures d;
static struct cb_generator_record r;

static int reset(void **state)
{
	memset(&d, 0, sizeof(d));
	cb_generator_record_init(&r);
	return 0;
}

/* One frame, due at due_ns, handed over late_ns after that. */
static void frame(uint64_t due_ns, uint64_t late_ns)
{
	const struct cb_departure one = {.due_ns = due_ns,
		.last_due_ns = due_ns,
		.begin_ns = due_ns + late_ns,
		.end_ns = due_ns + late_ns + 1,
		.n = 1};

	cb_departures_add(&d, &one);
}

static void without_a_gap_nothing_is_known(void **state)
{
	cb_departures_settle(&d, &r);
	assert_true(r.gap_p50_ns == CB_UNKNOWN && isnan(r.gap_within_share[0]));
	frame(1000, 5);
	cb_departures_settle(&d, &r);
	assert_true(r.gap_max_ns == CB_UNKNOWN && isnan(r.drift_ppm));
	assert_true(r.longest_train == CB_UNKNOWN && isnan(r.back_to_back_share));
}

static void a_perfect_run(void **state)
{
	for (uint64_t i = 0; i < 1000; i++)
		frame(i * 10000, 40);
	cb_departures_settle(&d, &r);
	for (int i = 0; i < CB_GAP_BOUNDS; i++)
		assert_true(r.gap_within_share[i] == 1);
	assert_true(r.gap_max_ns == 10000);
	assert_true(r.gap_p50_ns >= 10000 - 320 && r.gap_p50_ns <= 10000);
	assert_true(r.back_to_back_share == 0);
	assert_int_equal(r.longest_train, 1);
	assert_true(r.drift_ppm == 0);
}

/* Every second frame late by L: gaps are off by L, one way and the other. */
static void bounds_are_inclusive(void **state)
{
	static const struct {
		uint64_t late;
		int first; /* the narrowest bound that holds it */
	} cases[] = {{64, 0}, {65, 1}, {128, 1}, {129, 2}, {256, 2}, {257, 3}, {512, 3}, {513, 4},
		{1000, 4}, {1001, 5}};

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		reset(NULL);
		for (uint64_t i = 0; i < 101; i++)
			frame(i * 10000, i % 2 ? cases[c].late : 0);
		cb_departures_settle(&d, &r);
		for (int i = 0; i < CB_GAP_BOUNDS; i++)
			assert_true(r.gap_within_share[i] == (i >= cases[c].first ? 1 : 0));
	}
}

static void a_stall_ends_in_a_train(void **state)
{
	for (uint64_t i = 0; i < 10; i++)
		frame(i * 1000, 0);
	/* six are overdue and leave 100 ns apart; then on time again */
	for (uint64_t i = 10; i < 16; i++)
		frame(i * 1000, (16 - i) * 900 + 100);
	for (uint64_t i = 17; i < 27; i++)
		frame(i * 1000, 0);
	cb_departures_settle(&d, &r);
	assert_int_equal(r.longest_train, 6);
	assert_true(r.back_to_back_share == 5.0 / 25);
	assert_true(r.gap_max_ns == 6500);
}

/* 64 frames in one call of 6.4 us are taken as 100 ns apart. */
static void a_batch_is_spread_over_its_call(void **state)
{
	struct cb_departure batch = {.last_due_ns = UINT64_C(63) * 1000, .end_ns = 6400, .n = 64};

	cb_departures_add(&d, &batch);
	batch = (struct cb_departure){.due_ns = 64000,
		.last_due_ns = 127000,
		.begin_ns = 64000,
		.end_ns = 70400,
		.n = 64};
	cb_departures_add(&d, &batch);
	cb_departures_settle(&d, &r);
	assert_true(d.gaps.total == 127);
	assert_true(r.back_to_back_share == 126.0 / 127);
	assert_int_equal(r.longest_train, 64);
	assert_true(r.gap_max_ns == 64000 - 6300);
	assert_true(r.gap_p50_ns >= 100 && r.gap_p50_ns <= 103);
	assert_true(r.gap_within_share[CB_GAP_BOUNDS - 1] == 126.0 / 127);
}

/* A clock that runs 50 ppm slow makes the run so much longer. */
static void drift_is_seen(void **state)
{
	for (uint64_t i = 0; i <= 1000; i++)
		frame(i * 1000000, i * 50);
	cb_departures_settle(&d, &r);
	assert_true(fabs(r.drift_ppm - 50) < 1e-6);
}

/* Counts past 2^32 and times up to 2^64 do not wrap. */
static void long_runs(void **state)
{
	const uint64_t late = UINT64_MAX - 2000000;
	struct cb_departure huge = {.due_ns = 0,
		.last_due_ns = UINT64_C(4294967294) * 1000,
		.begin_ns = 0,
		.end_ns = UINT64_C(4294967295) * 1000,
		.n = UINT32_MAX};

	cb_departures_add(&d, &huge);
	huge.due_ns = huge.begin_ns = UINT64_C(4294967295) * 1000;
	huge.last_due_ns = huge.due_ns + UINT64_C(4294967294) * 1000;
	huge.end_ns = 2 * UINT64_C(4294967295) * 1000;
	cb_departures_add(&d, &huge);
	cb_departures_settle(&d, &r);
	assert_true(d.gaps.total == UINT64_C(8589934589));
	assert_true(r.gap_within_share[0] == 1);
	reset(NULL);
	frame(late, 0);
	frame(late + 1000000, 0);
	cb_departures_settle(&d, &r);
	assert_int_equal(r.gap_max_ns, 1000000);
	assert_true(r.drift_ppm == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_a_gap_nothing_is_known, reset),
		cmocka_unit_test_setup(a_perfect_run, reset),
		cmocka_unit_test_setup(bounds_are_inclusive, reset),
		cmocka_unit_test_setup(a_stall_ends_in_a_train, reset),
		cmocka_unit_test_setup(a_batch_is_spread_over_its_call, reset),
		cmocka_unit_test_setup(drift_is_seen, reset),
		cmocka_unit_test_setup(long_runs, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
