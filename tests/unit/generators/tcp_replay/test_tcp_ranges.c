/* Ranges against a plain array of flags; timers against a plain search. */
#include "generators/tcp_replay/ranges.h"
#include "generators/tcp_replay/timers.h"
#include "harness/base/random.h"

#include <string.h>

#include "tests/unit/cmocka.h"

#define PLACES  400
#define ENTRIES 50u

static void check(const struct cb_ranges *s, const bool *in)
{
	int64_t total = 0;

	for (unsigned i = 1; i < s->n; i++)
		assert_true(s->r[i - 1].to < s->r[i].from);
	for (int64_t at = 0; at < PLACES; at++) {
		int64_t free = at, taken = at;

		while (free < PLACES && in[free])
			free++;
		while (taken < PLACES && !in[taken])
			taken++;
		assert_int_equal(cb_ranges_free(s, at), free);
		assert_int_equal(cb_ranges_taken(s, at), taken == PLACES ? INT64_MAX : taken);
		total += in[at];
	}
	assert_int_equal(cb_ranges_total(s), total);
}

static void test_ranges(void **state)
{
	struct cb_random random = {.state = 1};

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct cb_ranges s = {.n = 0};
		bool in[PLACES] = {false};

		for (int i = 0; i < 30; i++) {
			int64_t from = (int64_t)cb_random_below(&random, PLACES);
			int64_t to = from + (int64_t)cb_random_below(&random, 20);

			to = to < PLACES ? to : PLACES;
			assert_true(cb_ranges_add(&s, from, to));
			memset(in + from, true, (size_t)(to - from));
			check(&s, in);
		}
		cb_ranges_trim(&s, 100);
		memset(in, false, 100);
		check(&s, in);
	}
}

static void test_full(void **state)
{
	struct cb_ranges s = {.n = 0};

	(void)state;
	for (unsigned i = 0; i < CB_RANGES_MAX; i++)
		assert_true(cb_ranges_add(&s, 10 * i, 10 * i + 5));
	assert_false(cb_ranges_add(&s, 7, 8));
	assert_int_equal(s.n, CB_RANGES_MAX);
	assert_true(cb_ranges_add(&s, 5, 10)); /* joins two */
	assert_int_equal(s.n, CB_RANGES_MAX - 1);
}

static void test_timers(void **state)
{
	struct cb_random random = {.state = 2};
	uint64_t due[ENTRIES];
	struct cb_timers t;

	(void)state;
	memset(due, 0xff, sizeof(due));
	assert_int_equal(cb_timers_init(&t, ENTRIES, NULL), 0);
	for (int i = 0; i < 20000; i++) {
		uint32_t entry = (uint32_t)cb_random_below(&random, ENTRIES), got;
		uint64_t least = UINT64_MAX;

		due[entry] =
			cb_random_below(&random, 4) ? cb_random_below(&random, 1000) : UINT64_MAX;
		cb_timers_set(&t, entry, due[entry]);
		for (unsigned k = 0; k < ENTRIES; k++)
			least = due[k] < least ? due[k] : least;
		assert_int_equal(cb_timers_next(&t), least);
		if (least == UINT64_MAX)
			continue;
		assert_true(cb_timers_due(&t, least, &got));
		assert_int_equal(due[got], least);
		assert_false(least && cb_timers_due(&t, least - 1, &got));
	}
	cb_timers_finish(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_timers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
