/* The loop, against a mechanism, a wait and a load that follow a script and write down what they
 * were asked, one letter a call: r receive, x release, w wait, A account, D detach, S settle. */
#include "capturers/loop.h"
#include "harness/base/clock.h"
#include "harness/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"

#define STOP INT32_MIN /* in a script: set *stop, and receive nothing */

static struct script {
	const int *steps; /* what receive() returns, one after the other; then 0 for ever */
	size_t n, at;
	int wait_result;
	bool wait_blocks, endless;
	int64_t work_ns;
	char calls[4096];
	unsigned max[64], n_max;     /* what receive() was asked for */
	int64_t frames[64], n_waits; /* what wait() was told */
	uint64_t ahead_ns;           /* the furthest deadline that wait() was given */
	struct cb_tap_counters counters;
} script;

static volatile sig_atomic_t stop;
static uint8_t frame_bytes[64];

static void note(char call)
{
	size_t n = strlen(script.calls);

	if (n + 1 < sizeof(script.calls))
		script.calls[n] = call;
}

static int fake_receive(void *state, struct cb_frame *frames, unsigned max, int64_t *syscalls)
{
	int n = script.endless ? (int)max : 0;

	note('r');
	*syscalls += 1;
	if (script.n_max < 64)
		script.max[script.n_max++] = max;
	if (script.at < script.n)
		n = script.steps[script.at++];
	if (n == STOP) {
		stop = SIGINT;
		n = 0;
	}
	for (int i = 0; i < n; i++)
		frames[i] = (struct cb_frame){.data = frame_bytes, .caplen = 60, .len = 60};
	return n;
}

static void fake_release(void *state)
{
	note('x');
}

static int fake_account(void *state)
{
	note('A');
	return 0;
}

static int fake_detach(void *state, struct cb_error *err)
{
	note('D');
	return 0;
}

static int fake_settle(void *state, struct cb_tap_counters *counters, struct cb_error *err)
{
	note('S');
	*counters = script.counters;
	return 0;
}

static int fake_wait(void *state, const struct cb_wait_call *call, struct cb_wait_counts *counts)
{
	note('w');
	if (script.n_waits < 64)
		script.frames[script.n_waits++] = call->frames;
	if (call->deadline_ns - call->now_ns > script.ahead_ns)
		script.ahead_ns = call->deadline_ns - call->now_ns;
	counts->syscalls++;
	counts->polls += 2;
	counts->sleeps += 3;
	counts->yields += 4;
	counts->blocks += script.wait_blocks;
	return script.wait_result;
}

static void slow_take(void *state, const struct cb_frame *frames, unsigned n)
{
	cb_sleep_until(cb_deadline_in((uint64_t)script.work_ns));
}

static const struct cb_mechanism fake_mechanism = {.receive = fake_receive,
	.release = fake_release,
	.account = fake_account,
	.detach = fake_detach,
	.settle = fake_settle};
static const struct cb_wait fake_wait_member = {.wait = fake_wait};
static const struct cb_load plain_load = {0}, slow_load = {.take = slow_take};

static struct cb_view_record record;
static struct cb_error err;

static struct cb_loop *make_loop(const int *steps, size_t n)
{
	struct cb_loop *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	script = (struct script){.steps = steps, .n = n, .wait_blocks = true};
	stop = 0;
	l->mechanism = &fake_mechanism;
	l->wait = &fake_wait_member;
	l->load = &plain_load;
	l->interface = "test0";
	l->stop = &stop;
	l->drain_ns = CB_NS_PER_SEC;
	cb_tally_init(&l->tally, 0, 42, false);
	cb_view_record_init(&record);
	err = (struct cb_error){0};
	return l;
}

static void finish(struct cb_loop *l)
{
	cb_tally_finish(&l->tally);
	free(l);
	cb_view_record_finish(&record);
}

#define MAKE(...)                                  \
	static const int steps_[] = {__VA_ARGS__}; \
	struct cb_loop *l = make_loop(steps_, sizeof(steps_) / sizeof(*steps_))

static void stop_order(void **state)
{
	MAKE(3, 0, 2, STOP, 4, 0, 5, 0);

	script.counters = (struct cb_tap_counters){7, 0, 21, CB_UNKNOWN};
	assert_int_equal(cb_loop_run(l, &record, &err), 0);
	/* the frames that the drain and the look after the tap went down found are read */
	assert_string_equal(script.calls, "rxrwrxrwrxrDrxrS");
	assert_int_equal(record.book.received, 14);
	assert_int_equal(record.book.foreign, 14);
	assert_int_equal(record.book.tap_dropped, 7);
	assert_int_equal(record.book.unread, 0);
	assert_int_equal(record.batches, 4);
	assert_int_equal(record.bytes, 14 * 60);
	finish(l);
}

static void wakeups_by_what_they_bring(void **state)
{
	MAKE(0, 1, 0, 0, 0, 5, 5, 0, STOP);

	assert_int_equal(cb_loop_run(l, &record, &err), 0);
	/* waits after each of the nothings but the last, which is the drain's */
	assert_int_equal(record.wakeups, 2);
	assert_int_equal(record.idle_wakeups, 4);
	assert_int_equal(record.wait_syscalls, 6);
	assert_int_equal(record.wait_polls, 12);
	assert_int_equal(record.wait_sleeps, 18);
	assert_int_equal(record.wait_yields, 24);
	assert_int_equal(record.syscalls, 6 + (int64_t)script.n_max);
	assert_int_equal(record.batches, 3);
	finish(l);
}

static void calls_that_do_not_block_are_no_wakeups(void **state)
{
	MAKE(0, 1, 0, 1, STOP);

	script.wait_blocks = false;
	assert_int_equal(cb_loop_run(l, &record, &err), 0);
	assert_int_equal(record.wakeups, 0);
	assert_int_equal(record.idle_wakeups, 0);
	assert_int_equal(record.wait_syscalls, 3);
	finish(l);
}

static void wait_is_told_what_came(void **state)
{
	MAKE(0, 4, 2, 0, 0, 1, STOP);

	assert_int_equal(cb_loop_run(l, &record, &err), 0);
	assert_int_equal(script.n_waits, 4);
	assert_int_equal(script.frames[0], 0);
	assert_int_equal(script.frames[1], 6);
	assert_int_equal(script.frames[2], 0);
	assert_int_equal(script.frames[3], 1);
	assert_true(script.ahead_ns <= 50 * CB_NS_PER_MS);
	finish(l);
}

static void ends_with_its_duration(void **state)
{
	struct cb_loop *l = make_loop(NULL, 0);
	uint64_t start = cb_now_ns();

	l->duration_ns = 20 * CB_NS_PER_MS;
	assert_int_equal(cb_loop_run(l, &record, &err), 0);
	assert_in_range(cb_now_ns() - start, 20 * CB_NS_PER_MS, 5 * CB_NS_PER_SEC);
	assert_true(record.elapsed_ns >= (int64_t)(20 * CB_NS_PER_MS));
	assert_int_equal(stop, 0);
	assert_true(script.ahead_ns <= 20 * CB_NS_PER_MS);
	finish(l);
}

static void no_drain_leaves_everything_unread(void **state)
{
	MAKE(1, STOP);

	script.endless = true;
	l->drain_ns = 0;
	script.counters = (struct cb_tap_counters){0, 99, 100, CB_UNKNOWN};
	assert_int_equal(cb_loop_run(l, &record, &err), 0);
	assert_string_equal(script.calls, "rxrwDS");
	assert_int_equal(record.book.received, 1);
	assert_int_equal(record.book.unread, 99);
	finish(l);
}

static void drain_is_bounded(void **state)
{
	MAKE(STOP);
	uint64_t start = cb_now_ns();

	script.endless = true;
	l->drain_ns = 20 * CB_NS_PER_MS;
	assert_int_equal(cb_loop_run(l, &record, &err), 0);
	assert_in_range(cb_now_ns() - start, 20 * CB_NS_PER_MS, 5 * CB_NS_PER_SEC);
	assert_non_null(strstr(script.calls, "r"));
	assert_true(record.book.received > 0);
	finish(l);
}

/* A tap that shows frames late is looked at until its linger time has passed, though nothing is
 * there at first. */
static void lingers(void **state)
{
	struct cb_loop *l = make_loop(NULL, 0);
	uint64_t start;

	stop = SIGTERM;
	l->linger_ns = 30 * CB_NS_PER_MS;
	start = cb_now_ns();
	assert_int_equal(cb_loop_run(l, &record, &err), 0);
	assert_true(cb_now_ns() - start >= 30 * CB_NS_PER_MS);
	assert_true(script.n_waits > 0);
	assert_true(script.ahead_ns <= 30 * CB_NS_PER_MS);
	finish(l);
}

static void goes_on_when_the_interface_goes_down(void **state)
{
	MAKE(1, -ENETDOWN, 0, 2, STOP);

	assert_int_equal(cb_loop_run(l, &record, &err), 0);
	assert_int_equal(record.book.received, 3);
	finish(l);
	l = make_loop(steps_, 4);
	script.wait_result = -ENETDOWN;
	l->duration_ns = CB_NS_PER_MS;
	assert_int_equal(cb_loop_run(l, &record, &err), 0);
	assert_int_equal(record.book.received, 3);
	finish(l);
}

static void other_errors_end_it(void **state)
{
	MAKE(1, -EIO);

	assert_int_equal(cb_loop_run(l, &record, &err), CB_ERR_HOST);
	assert_non_null(strstr(err.text, "test0"));
	assert_int_equal(err.sys_errno, EIO);
	assert_string_equal(script.calls, "rxr");
	finish(l);
}

static void slow_loads_get_small_batches(void **state)
{
	MAKE(8, 4, 2, 1, 1, 0, STOP);

	l->load = &slow_load;
	script.work_ns = 21 * (int64_t)CB_NS_PER_MS;
	assert_int_equal(cb_loop_run(l, &record, &err), 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(script.max[i], 8u >> i);
	assert_int_equal(script.max[4], 1);
	assert_int_equal(record.book.received, 8 + 4 + 2 + 1 + 1);
	finish(l);
}

static void quick_loads_get_large_batches(void **state)
{
	struct cb_loop *l = make_loop(NULL, 0);
	unsigned largest = 0;

	script.endless = true;
	l->duration_ns = CB_NS_PER_SEC;
	l->drain_ns = 0;
	assert_int_equal(cb_loop_run(l, &record, &err), 0);
	assert_int_equal(script.max[0], 8);
	for (unsigned i = 0; i < script.n_max; i++)
		largest = script.max[i] > largest ? script.max[i] : largest;
	assert_int_equal(largest, CB_LOOP_BATCH);
	finish(l);
}

/* Whether the first second had more frames than the rest. */
static bool run_for_a_second(void)
{
	struct cb_loop *l = make_loop(NULL, 0);
	int64_t sum = 0;
	bool more;

	script.endless = true;
	l->load = &slow_load;
	script.work_ns = 4 * (int64_t)CB_NS_PER_MS;
	l->duration_ns = 1100 * CB_NS_PER_MS;
	l->drain_ns = 0;
	assert_int_equal(cb_loop_run(l, &record, &err), 0);
	assert_in_range(record.series.n, 2, 10);
	for (size_t i = 0; i < record.series.n; i++)
		sum += record.series.frames[i];
	assert_int_equal(sum, record.book.received);
	/* far from 30 s: nobody needs to look after the kernel's counters */
	assert_null(strchr(script.calls, 'A'));
	more = record.series.frames[0] > record.series.frames[1];
	finish(l);
	return more;
}

static void series_adds_up(void **state)
{
	bool more = false;

	/* it may not get to run for most of the first second */
	for (int i = 0; i < 20 && !more; i++)
		more = run_for_a_second();
	assert_true(more);
}

/* CPU time is what the process used, not what it waited. */
static void cpu_time(void **state)
{
	MAKE(1, 0, 1, STOP);

	l->load = &slow_load;
	script.work_ns = 100 * (int64_t)CB_NS_PER_MS;
	assert_int_equal(cb_loop_run(l, &record, &err), 0);
	assert_true(record.elapsed_ns >= (int64_t)(200 * CB_NS_PER_MS));
	assert_in_range(record.cpu_ns, 1, 100 * CB_NS_PER_MS);
	assert_true(record.context_switches_voluntary >= 2);
	/* it was ready in between, but not all the time */
	assert_true(record.run_delay_ns < record.elapsed_ns);
	assert_int_equal(record.softirq_ns, CB_UNKNOWN);
	finish(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stop_order),
		cmocka_unit_test(wakeups_by_what_they_bring),
		cmocka_unit_test(calls_that_do_not_block_are_no_wakeups),
		cmocka_unit_test(wait_is_told_what_came),
		cmocka_unit_test(ends_with_its_duration),
		cmocka_unit_test(no_drain_leaves_everything_unread),
		cmocka_unit_test(drain_is_bounded),
		cmocka_unit_test(lingers),
		cmocka_unit_test(goes_on_when_the_interface_goes_down),
		cmocka_unit_test(other_errors_end_it),
		cmocka_unit_test(slow_loads_get_small_batches),
		cmocka_unit_test(quick_loads_get_large_batches),
		cmocka_unit_test(series_adds_up),
		cmocka_unit_test(cpu_time),
	};

	cb_log_set_level(CB_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
