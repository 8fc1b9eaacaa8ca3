#include "harness/base/clock.h"
#include "harness/base/random.h"

#include <limits.h>

#include "tests/unit/harness/base/check.h"

static void deadlines_saturate(void **state)
{
	uint64_t now = cb_now_ns(), deadline = cb_deadline_in(CB_NS_PER_SEC);

	assert_true(deadline >= now + CB_NS_PER_SEC && deadline < now + 60 * CB_NS_PER_SEC);
	assert_true(cb_deadline_in(CB_FOREVER) == CB_FOREVER);
	assert_true(cb_deadline_in(CB_FOREVER - 1) == CB_FOREVER);
}

static void milliseconds_are_rounded_up(void **state)
{
	assert_int_equal(cb_deadline_poll_ms(CB_FOREVER), -1);
	assert_int_equal(cb_deadline_poll_ms(0), 0);
	assert_int_equal(cb_deadline_poll_ms(cb_now_ns()), 0);
	/* a poll of 0 ms for the last part of a millisecond would be a busy loop */
	assert_in_range(cb_deadline_poll_ms(cb_deadline_in(60 * CB_NS_PER_SEC)), 50000, 60000);
	assert_int_equal(cb_deadline_poll_ms(cb_deadline_in(UINT64_MAX / 2)), INT_MAX);
}

static void a_sleep_ends_at_its_deadline(void **state)
{
	uint64_t deadline = cb_deadline_in(3 * CB_NS_PER_MS);

	assert_int_equal(cb_sleep_until(deadline), 0);
	assert_true(cb_now_ns() >= deadline);
	assert_int_equal(cb_sleep_until(1), 0);
}

static void cpu_time_grows_with_work(void **state)
{
	uint64_t start = cb_process_cpu_ns(), end = cb_deadline_in(5 * CB_NS_PER_SEC);

	while (cb_process_cpu_ns() < start + CB_NS_PER_MS && cb_now_ns() < end)
		;
	assert_true(cb_process_cpu_ns() >= start + CB_NS_PER_MS);
}

static void times_convert(void **state)
{
	struct timespec ts = cb_ns_timespec(UINT64_C(1234567890123456789));
	char text[32];

	assert_true(ts.tv_sec == 1234567890 && ts.tv_nsec == 123456789);
	assert_true(cb_timespec_ns(&ts) == UINT64_C(1234567890123456789));
	cb_time_utc_text(UINT64_C(1234567890999999999), text);
	assert_string_equal(text, "2009-02-13T23:31:30Z");
	assert_true(cb_real_ns() > UINT64_C(1600000000) * CB_NS_PER_SEC);
}

static void random_numbers_are_the_same_everywhere(void **state)
{
	struct cb_random r = {.state = 1234567};

	/* the first outputs for this seed in the reference implementation (prng.di.unimi.it) */
	assert_true(cb_random_next(&r) == UINT64_C(6457827717110365317));
	assert_true(cb_random_next(&r) == UINT64_C(3203168211198807973));
	for (int i = 0; i < 1000; i++)
		assert_true(cb_random_below(&r, 3) < 3);
	assert_true(cb_random_below(&r, 1) == 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(deadlines_saturate),
		cmocka_unit_test(milliseconds_are_rounded_up),
		cmocka_unit_test(a_sleep_ends_at_its_deadline),
		cmocka_unit_test(cpu_time_grows_with_work),
		cmocka_unit_test(times_convert),
		cmocka_unit_test(random_numbers_are_the_same_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
