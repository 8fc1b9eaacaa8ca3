/* adaptive-sleep: follows the rate. A busy machine makes sleeps longer, never shorter, so the
 * shortest of several is compared from above. */
#include "capturers/members.h"
#include "harness/base/clock.h"

#include <string.h>
#include <sys/prctl.h>

#include "tests/unit/cmocka.h"

#define MS CB_NS_PER_MS

static uint64_t state[16];
static struct cb_wait_counts counts;
static struct cb_error err;
static uint64_t last;

static void open_wait(const char *text, int64_t buffer_frames)
{
	const struct cb_wait_target target = {.fd = -1, .buffer_frames = buffer_frames};
	uint64_t options[8];

	assert_true(cb_wait_adaptive_sleep.state_size <= sizeof(state));
	memset(state, 0, sizeof(state));
	counts = (struct cb_wait_counts){0};
	last = 0;
	assert_int_equal(cb_member_parse(&cb_wait_axis, text, NULL, options, &err), 0);
	assert_int_equal(cb_wait_adaptive_sleep.open(state, &target, options, &err), 0);
}

static void close_wait(void)
{
	cb_wait_adaptive_sleep.close(state);
}

/* One wait after frames came at `per_ms` since the last; how long it took. */
static uint64_t wait_at(double per_ms)
{
	uint64_t now = cb_now_ns();
	struct cb_wait_call call = {.now_ns = now, .deadline_ns = now + 50 * MS};

	call.frames = last ? (int64_t)(per_ms * (double)(now - last) / (double)MS) : 0;
	last = now;
	assert_int_equal(cb_wait_adaptive_sleep.wait(state, &call, &counts), 0);
	return cb_now_ns() - now;
}

/* The shortest of the last few of a dozen. */
static uint64_t settled(double per_ms)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 16; i++) {
		uint64_t took = wait_at(per_ms);

		if (i >= 12 && took < least)
			least = took;
	}
	return least;
}

static void sleeps_for_the_target(void **test)
{
	open_wait("adaptive-sleep:target=100,min=100us,max=30ms", CB_UNKNOWN);
	assert_in_range(settled(25), 39 * MS / 10, 7 * MS);
	/* twice as many: half as long; and back */
	assert_in_range(settled(50), 19 * MS / 10, 39 * MS / 10);
	assert_in_range(settled(25), 38 * MS / 10, 7 * MS);
	close_wait();
}

static void keeps_its_bounds(void **test)
{
	open_wait("adaptive-sleep:target=10,min=2ms,max=5ms", CB_UNKNOWN);
	assert_in_range(settled(0), 5 * MS, 10 * MS);
	assert_in_range(settled(1000), 2 * MS, 49 * MS / 10);
	close_wait();
}

static void starts_short(void **test)
{
	open_wait("adaptive-sleep:min=1ms,max=40ms", CB_UNKNOWN);
	assert_in_range(wait_at(0), MS, 30 * MS);
	close_wait();
}

/* 20 frames fit, so 10 are waited for, not 1000. */
static void never_sleeps_the_buffer_full(void **test)
{
	open_wait("adaptive-sleep:target=1000,min=100us,max=40ms", 20);
	assert_in_range(settled(5), 19 * MS / 10, 20 * MS);
	close_wait();
}

static void ends_at_the_deadline(void **test)
{
	struct cb_wait_call call = {.now_ns = cb_now_ns()};

	open_wait("adaptive-sleep:min=900ms,max=1s", CB_UNKNOWN);
	call.deadline_ns = call.now_ns + 5 * MS;
	assert_int_equal(cb_wait_adaptive_sleep.wait(state, &call, &counts), 0);
	assert_in_range(cb_now_ns() - call.now_ns, 5 * MS, 800 * MS);
	assert_int_equal(counts.syscalls, 1);
	assert_int_equal(counts.blocks, 1);
	close_wait();
}

static void sets_the_timer_slack_and_back(void **test)
{
	int before = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);

	open_wait("adaptive-sleep", CB_UNKNOWN);
	assert_int_equal(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 1);
	close_wait();
	assert_int_equal(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), before);
}

static void options_are_checked(void **test)
{
	const char *const wrong[] = {"adaptive-sleep:0", "adaptive-sleep:min=2ms,max=1ms",
		"adaptive-sleep:max=2s", "adaptive-sleep:min=20ms"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(
			cb_member_parse(&cb_wait_axis, wrong[i], NULL, NULL, &err), CB_ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sleeps_for_the_target),
		cmocka_unit_test(keeps_its_bounds),
		cmocka_unit_test(starts_short),
		cmocka_unit_test(never_sleeps_the_buffer_full),
		cmocka_unit_test(ends_at_the_deadline),
		cmocka_unit_test(sets_the_timer_slack_and_back),
		cmocka_unit_test(options_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
