/* bpf-ring and bpf-buffer in the loop, on real frames (taps.h). On loopback XDP is the generic one.
 */
#include "capturers/members.h"

#include "tests/unit/capturers/mechanisms/tap_cases.h"

static void batches_wake(void **state)
{
	struct cb_capture_job job = make_job(*state);

	need(job.mechanism);
	job.duration_ns = 40 * (int64_t)CB_NS_PER_MS;
	assert_true(cb_text_copy(job.wait, sizeof(job.wait), "batch:64,1ms"));
	traffic.keep_on = true;
	run_well(&job);
	assert_int_equal(record.book.unique, 1000);
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
		EACH(without_drain_all_is_unread),
		ON(without_drain_all_is_unread, copied),
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
		ON(batches_wake, ring_frame),
		ON(every_wait_works, ring_pass),
		ON(batches_wake, ring_pass),
		ON(every_wait_works, buffer),
		ON(batches_wake, buffer),
		ON(every_wait_works, immediate_copied),
		ON(batches_wake, immediate_copied),
		EACH(a_filter_keeps_others_out_of_all_counters),
	};

	return run_taps(tests, sizeof(tests) / sizeof(*tests));
}
