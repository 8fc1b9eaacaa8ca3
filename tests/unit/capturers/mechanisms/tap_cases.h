/* What holds for every tap that has a buffer of its own for frames, on a loopback (taps.h). *state:
 * the mechanism. */
#ifndef CB_TESTS_TAP_CASES_H
#define CB_TESTS_TAP_CASES_H

#include "tests/unit/capturers/mechanisms/taps.h"

static void every_frame_is_booked(void **state)
{
	struct cb_capture_job job = make_job(*state);

	need(job.mechanism);
	strcpy(job.load, "count");
	traffic.first = 5;
	traffic.foreign = 3;
	traffic.damaged = 2;
	run_well(&job);
	assert_int_equal(record.book.received, 1005);
	assert_int_equal(record.book.unique, 1000);
	assert_int_equal(record.book.window_unique, 1000);
	assert_int_equal(record.book.foreign, 3);
	assert_int_equal(record.book.damaged, 2);
	assert_int_equal(record.book.duplicate, 0);
	assert_int_equal(record.book.reordered, 0);
	assert_int_equal(record.book.tap_dropped, 0);
	assert_int_equal(record.book.unread, 0);
	assert_int_equal(record.sequence_gaps, 0);
	assert_int_equal(record.bytes, 1005 * 60);
	assert_int_equal(record.truncated, 0);
	assert_true(record.cpu_ns > 0);
	assert_true(record.batches > 0);
	assert_int_equal(strncmp(record.version, "linux ", 6), 0);
	assert_true(!strstr(*state, "xdp") == !strstr(record.version, ", generic xdp"));
	assert_string_equal(record.load, "count");
}

/* More than the buffer holds: what is lost is lost for want of room, to the frame, and the capacity
 * is what open() or the first frames said: nobody reads while frames come. */
static void overload_adds_up(void **state)
{
	struct cb_capture_job job = make_job(*state);

	need(job.mechanism);
	job.buffer = 64 << 10;
	job.frame_size = 64;
	traffic.count = 3000;
	run_well(&job);
	assert_true(record.book.tap_dropped > 0);
	assert_int_equal(record.book.unread, 0);
	assert_int_equal(record.book.unique + record.book.tap_dropped, 3000);
	assert_int_equal(record.book.foreign, 0);
	assert_int_equal(record.book.received, record.buffer_frames);
}

static void without_drain_all_is_unread(void **state)
{
	struct cb_capture_job job = make_job(*state);

	need(job.mechanism);
	job.drain_ns = 0;
	run_well(&job);
	assert_int_equal(record.book.received, 0);
	assert_int_equal(record.book.unread, 1000);
}

static void unread_and_dropped_add_up(void **state)
{
	struct cb_capture_job job = make_job(*state);

	need(job.mechanism);
	job.drain_ns = 0;
	job.buffer = 128 << 10;
	traffic.count = 5000;
	run_well(&job);
	assert_int_equal(record.book.received, 0);
	assert_true(record.book.unread > 0 && record.book.unread < 5000);
	assert_int_equal(record.book.unread + record.book.tap_dropped, 5000);
}

static void snaplen_cuts(void **state)
{
	struct cb_capture_job job = make_job(*state);

	need(job.mechanism);
	job.snaplen = 61; /* the stamp is whole still, and no slot's natural size */
	traffic.length = 200;
	run_well(&job);
	assert_int_equal(record.book.unique, 1000);
	assert_int_equal(record.truncated, 1000);
	assert_int_equal(record.bytes, 1000 * 61);
}

/* Layouts that don't divide evenly. */
static void odd_buffers(void **state)
{
	const int64_t buffers[] = {4096, 10000, 300000, 1234567};
	const int64_t snaplens[] = {60, 61, 333, 1999};
	struct cb_capture_job job = make_job(*state);

	need(job.mechanism);
	for (size_t i = 0; i < sizeof(buffers) / sizeof(*buffers); i++) {
		job.buffer = buffers[i];
		job.snaplen = snaplens[i];
		traffic.count = 700;
		run_well(&job);
		assert_true(record.book.unique > 0);
		assert_int_equal(record.book.unique + record.book.tap_dropped, 700);
	}
}

static void survives_a_bounce(void **state)
{
	struct cb_capture_job job = make_job(*state);

	need(job.mechanism);
	job.duration_ns = 60 * (int64_t)CB_NS_PER_MS;
	traffic.keep_on = true;
	traffic.bounce = true;
	run_well(&job);
	assert_int_equal(record.book.unique, 2000);
	assert_int_equal(record.book.tap_dropped, 0);
}

static void refuses_an_interface_that_is_down(void **state)
{
	struct cb_capture_job job = make_job(*state);

	need(job.mechanism);
	set_loopback(false);
	assert_int_equal(run(&job), CB_ERR_IMPOSSIBLE);
	set_loopback(true);
	assert_non_null(strstr(err.text, "\"lo\" is down"));
	assert_non_null(strstr(err.text, "ip link set lo up"));
}

static void every_wait_works(void **state)
{
	const char *const waits[] = {"poll", "spin", "sleep:1ms", "yield:2"};
	struct cb_capture_job job = make_job(*state);

	need(job.mechanism);
	job.duration_ns = 40 * (int64_t)CB_NS_PER_MS;
	for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		assert_true(cb_text_copy(job.wait, sizeof(job.wait), waits[i]));
		traffic.keep_on = true;
		run_well(&job);
		assert_int_equal(record.book.unique, 1000);
	}
}

#endif
