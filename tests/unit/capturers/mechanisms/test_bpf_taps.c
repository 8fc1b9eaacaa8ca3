/* bpf-ring and bpf-buffer in the loop, on real frames (taps.h). On loopback XDP is the generic one.
 */
#include "capturers/members.h"

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
	assert_int_equal(record.book.reordered, 0);
	assert_int_equal(record.book.duplicate, 0);
	assert_int_equal(record.book.foreign, 3);
	assert_int_equal(record.book.damaged, 2);
	assert_int_equal(record.book.tap_dropped, 0);
	assert_int_equal(record.book.unread, 0);
	assert_int_equal(record.bytes, 1005 * 60);
	assert_int_equal(record.truncated, 0);
	assert_int_equal(strncmp(record.version, "linux ", 6), 0);
	assert_true(!strstr(*state, "xdp") == !strstr(record.version, ", generic xdp"));
}

/* What is received is what open() said that the buffer holds: nobody reads while frames come. */
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
	assert_int_equal(record.book.received, record.buffer_frames);
}

static void unread_and_dropped_add_up(void **state)
{
	struct cb_capture_job job = make_job(*state);

	need(job.mechanism);
	job.drain_ns = 0;
	run_well(&job);
	assert_int_equal(record.book.received, 0);
	assert_int_equal(record.book.unread, 1000);
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
	job.snaplen = 61;
	traffic.length = 200;
	run_well(&job);
	assert_int_equal(record.book.unique, 1000);
	assert_int_equal(record.truncated, 1000);
	assert_int_equal(record.bytes, 1000 * 61);
}

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
}

static void every_wait_works(void **state)
{
	const char *const waits[] = {"poll", "spin", "sleep:1ms", "yield:2", "batch:64,1ms"};
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

static void a_filter_keeps_others_out_of_all_counters(void **state)
{
	struct cb_capture_job job = make_job(*state);

	need(job.mechanism);
	/* the second half of the stamp's sequence numbers, big-endian at 54 */
	assert_true(cb_text_copy(job.filter, sizeof(job.filter), "len = 60"));
	if (run(&job) == CB_ERR_IMPOSSIBLE)
		skip(); /* no libpcap */
	assert_int_equal(record.book.unique, 1000);
	assert_true(cb_text_copy(job.filter, sizeof(job.filter), "ip or len > 60"));
	run_well(&job);
	assert_int_equal(record.book.received, 0);
	assert_int_equal(record.book.tap_dropped, 0);
	assert_true(cb_text_copy(job.filter, sizeof(job.filter), "no such"));
	assert_int_equal(run(&job), CB_ERR_USAGE);
}

static char ring[] = "bpf-ring", ring_frame[] = "bpf-ring:wakeup=frame",
	    ring_pass[] = "bpf-ring:xdp-pass", ring_take[] = "bpf-ring:xdp-take",
	    buffer[] = "bpf-buffer", full[] = "bpf-buffer:timeout=0",
	    copied[] = "bpf-buffer:access=copy", full_copied[] = "bpf-buffer:access=copy,timeout=0",
	    immediate[] = "bpf-buffer:immediate=yes",
	    buffer_pass[] = "bpf-buffer:xdp-pass,timeout=0",
	    immediate_copied[] = "bpf-buffer:immediate=yes,access=copy,timeout=0",
	    buffer_take[] = "bpf-buffer:xdp-take,access=copy,timeout=0";
#define EACH(test) ON(test, ring), ON(test, ring_take), ON(test, full), ON(test, buffer_take)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(every_frame_is_booked),
		ON(every_frame_is_booked, ring_frame),
		ON(every_frame_is_booked, ring_pass),
		ON(every_frame_is_booked, copied),
		ON(every_frame_is_booked, immediate),
		ON(every_frame_is_booked, buffer_pass),
		EACH(overload_adds_up),
		ON(overload_adds_up, full_copied),
		EACH(unread_and_dropped_add_up),
		ON(unread_and_dropped_add_up, copied),
		EACH(snaplen_cuts),
		ON(odd_buffers, ring),
		ON(odd_buffers, copied),
		ON(survives_a_bounce, ring),
		ON(survives_a_bounce, buffer_pass),
		ON(refuses_an_interface_that_is_down, ring),
		ON(refuses_an_interface_that_is_down, ring_pass),
		ON(every_wait_works, ring_frame),
		ON(every_wait_works, ring_pass),
		ON(every_wait_works, buffer),
		ON(every_wait_works, immediate_copied),
		EACH(a_filter_keeps_others_out_of_all_counters),
	};

	return run_taps(tests, sizeof(tests) / sizeof(*tests));
}
