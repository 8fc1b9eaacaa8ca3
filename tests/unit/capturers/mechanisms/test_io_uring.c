/* io-uring on real frames: what it has of its own beside what all taps have (test_taps.c). */
#include "capturers/members.h"

#include "tests/unit/capturers/mechanisms/taps.h"

#define BUFFERS 1024 /* the default */

/* Nobody reads while the frames come, so the queue alone takes them; what the buffers would take is
 * said too. */
static void overload_adds_up(void **state)
{
	struct cb_capture_job job = make_job("io-uring");

	need("io-uring");
	job.buffer = 64 << 10;
	job.frame_size = 64;
	traffic.count = 3000;
	run_well(&job);
	assert_true(record.book.tap_dropped > 0);
	assert_int_equal(record.book.unread, 0);
	assert_int_equal(record.book.unique + record.book.tap_dropped, 3000);
	assert_int_equal(record.book.received + BUFFERS, record.buffer_frames);
}

/* The receive ends each time the buffers are used up, and is armed again: nothing is lost. */
static void few_buffers_lose_nothing(void **state)
{
	const char *const few[] = {
		"io-uring:buffers=1", "io-uring:buffers=3", "io-uring:buffers=100"};

	need("io-uring");
	for (size_t i = 0; i < sizeof(few) / sizeof(*few); i++) {
		struct cb_capture_job job = make_job(few[i]);

		strcpy(job.load, "count");
		run_well(&job);
		assert_int_equal(record.book.unique, 1000);
		assert_int_equal(record.book.duplicate, 0);
		assert_int_equal(record.book.reordered, 0);
		assert_int_equal(record.book.tap_dropped, 0);
	}
}

/* After each receive() something is completed and not read, and something still queued: all of it
 * is unread at the end. */
static void what_is_completed_is_unread_too(void **state)
{
	struct cb_tap tap = {.interface = "lo", .snaplen = 100, .buffer = 4 << 20};
	const struct cb_mechanism *m = &cb_mechanism_io_uring;
	struct cb_frame frames[8];
	struct cb_tap_counters counters;
	struct cb_tap_ready ready = {0};
	uint64_t options[8] = {0};
	int64_t syscalls = 0, received = 0;
	void *tap_state;

	need("io-uring");
	tap_state = calloc(1, m->state_size);
	assert_non_null(tap_state);
	assert_int_equal(
		cb_member_parse(&cb_mechanism_axis, "io-uring:buffers=100", NULL, options, &err),
		0);
	tap.ifindex = if_nametoindex("lo");
	assert_int_equal(m->open(tap_state, &tap, options, &ready, &err), 0);
	traffic = (struct traffic){.count = 1000, .length = 60};
	send_all(0);
	while (received < 70) {
		int n = m->receive(tap_state, frames, 8, &syscalls);

		assert_true(n > 0);
		received += n;
		m->release(tap_state);
	}
	assert_int_equal(m->detach(tap_state, &err), 0);
	assert_int_equal(m->settle(tap_state, &counters, &err), 0);
	m->close(tap_state);
	free(tap_state);
	assert_int_equal(counters.matched, 1000);
	assert_int_equal(counters.dropped, 0);
	assert_int_equal(counters.unread, 1000 - received);
}

static bool has_min_wait(void)
{
	struct cb_capture_job job = make_job("io-uring");

	strcpy(job.wait, "batch:1,1ms");
	job.duration_ns = 1;
	traffic.count = 0;
	return !run(&job);
}

/* Nothing comes for 30 ms: one wait, or a few, not one after another. */
static void min_wait_waits(void **state)
{
	struct cb_capture_job job = make_job("io-uring");

	need("io-uring");
	if (!has_min_wait())
		skip();
	strcpy(job.wait, "batch:100,5ms");
	job.duration_ns = 60 * (int64_t)CB_NS_PER_MS;
	traffic = (struct traffic){.count = 1000, .length = 60, .keep_on = true};
	run_well(&job);
	assert_int_equal(record.book.unique, 1000);
	assert_true(record.wait_syscalls >= 1 && record.wait_syscalls < 40);
	assert_true(record.idle_wakeups > 0);
	assert_true(record.blocked_ns > (int64_t)(30 * CB_NS_PER_MS));
	assert_true(record.cpu_ns < record.elapsed_ns / 2);
}

static void options_are_checked(void **state)
{
	const char *const wrong[] = {"io-uring:0", "io-uring:buffers=32769", "io-uring:fanout=all",
		"io-uring:fanout=lb,group=0", "io-uring:fanout=lb,group=65536"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(cb_member_parse(&cb_mechanism_axis, wrong[i], NULL, NULL, &err),
			CB_ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overload_adds_up),
		cmocka_unit_test(few_buffers_lose_nothing),
		cmocka_unit_test(what_is_completed_is_unread_too),
		cmocka_unit_test(min_wait_waits),
		cmocka_unit_test(options_are_checked),
	};

	return run_taps(tests, sizeof(tests) / sizeof(*tests));
}
