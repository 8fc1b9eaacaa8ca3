/* The taps of packet sockets on real frames (taps.h). */
#include "capturers/members.h"

#include "tests/unit/capturers/mechanisms/tap_cases.h"

static void long_frames_come_whole(void **state)
{
	struct cb_capture_job job = make_job(*state);

	need(job.mechanism);
	job.snaplen = 65535;
	job.buffer = 256 << 20; /* slots for loopback's MTU are large */
	traffic.length = 1514;
	traffic.count = 200;
	run_well(&job);
	assert_int_equal(record.book.unique, 200);
	assert_int_equal(record.truncated, 0);
	assert_int_equal(record.bytes, 200 * 1514);
}

static void lasts_its_duration(void **state)
{
	struct cb_capture_job job = make_job(*state);

	need(job.mechanism);
	job.duration_ns = 60 * (int64_t)CB_NS_PER_MS;
	traffic.keep_on = true;
	run_well(&job);
	assert_int_equal(record.book.unique, 1000);
	assert_in_range(record.elapsed_ns, 60 * CB_NS_PER_MS, 10 * CB_NS_PER_SEC);
	assert_true(record.blocked_ns > (int64_t)(30 * CB_NS_PER_MS));
	assert_true(record.idle_wakeups > 0);
	/* the time is waited, not burnt */
	assert_true(record.cpu_ns < record.elapsed_ns / 2);
}

/* The socket's error (ENETDOWN) must not make poll(2) return again and again. */
static void waits_while_the_interface_is_down(void **state)
{
	struct cb_capture_job job = make_job(*state);

	need(job.mechanism);
	job.duration_ns = 120 * (int64_t)CB_NS_PER_MS;
	traffic.keep_on = true;
	traffic.take_down = true;
	run_well(&job);
	set_loopback(true);
	assert_int_equal(record.book.unique, 1000);
	assert_true(record.syscalls < 2000);
	assert_true(record.cpu_ns < record.elapsed_ns / 2);
}

/* What the kernel counted is taken over now and then, because its counters are short and a reading
 * clears them: nothing may get lost between two readings. */
static void early_readings_are_added_up(void **state)
{
	struct cb_tap tap = {.interface = "lo", .snaplen = 128, .buffer = 64 << 10};
	const struct cb_mechanism *mechanism;
	struct cb_tap_counters counters;
	struct cb_tap_ready ready = {0};
	uint64_t options[8] = {0};
	const struct cb_member *member;
	void *tap_state;

	need(*state);
	assert_int_equal(cb_member_parse(&cb_mechanism_axis, *state, &member, options, &err), 0);
	mechanism = (const struct cb_mechanism *)member;
	tap.ifindex = if_nametoindex("lo");
	tap_state = calloc(1, mechanism->state_size);
	assert_non_null(tap_state);
	assert_int_equal(mechanism->open(tap_state, &tap, options, &ready, &err), 0);
	traffic = (struct traffic){.count = 1500, .length = 60};
	for (int i = 0; i < 3; i++) {
		send_all(0);
		assert_int_equal(mechanism->account(tap_state), 0);
	}
	assert_int_equal(mechanism->detach(tap_state, &err), 0);
	send_all(0); /* to a tap that is off */
	assert_int_equal(mechanism->settle(tap_state, &counters, &err), 0);
	mechanism->close(tap_state);
	free(tap_state);
	assert_int_equal(counters.matched, 4500);
	assert_true(counters.unread > 0 && counters.dropped > 3000);
	assert_int_equal(counters.unread + counters.dropped, 4500);
}

static void tpacket3_checks_its_options(void **state)
{
	const char *const wrong[] = {
		"tpacket3:block=5000", "tpacket3:block=8MiB", "tpacket3:retire=1500us"};

	need("tpacket3");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct cb_capture_job job = make_job(wrong[i]);

		assert_int_equal(run(&job), CB_ERR_USAGE);
		assert_non_null(strstr(err.text, "tpacket3: "));
	}
}

static void recv_checks_its_buffer(void **state)
{
	struct cb_capture_job job = make_job("recv");

	need(job.mechanism);
	job.buffer = INT64_C(2) << 30;
	assert_int_equal(run(&job), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "1 GiB"));
}

/* One frame a system call, or many: the counts say so. */
static void recv_batches(void **state)
{
	struct cb_capture_job one = make_job("recv:1"), many = make_job("recv:200");
	int64_t single;

	need("recv");
	run_well(&one);
	single = record.syscalls;
	run_well(&many);
	assert_int_equal(record.book.unique, 1000);
	assert_true(single >= 1000);
	assert_true(record.syscalls < 200);
	assert_string_equal(record.mechanism, "recv:batch=200");
}

static char recv_many[] = "recv", recv_one[] = "recv:batch=1", slots[] = "tpacket2",
	    old_slots[] = "tpacket1", blocks[] = "tpacket3", ring[] = "io-uring";
/* Blocks that are full when they are handed over, even when the sender is kept from running. */
static char full_blocks[] = "tpacket3:retire=500ms";
#define EACH(test) \
	ON(test, recv_many), ON(test, old_slots), ON(test, slots), ON(test, blocks), ON(test, ring)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(every_frame_is_booked),
		ON(every_frame_is_booked, recv_one),
		ON(overload_adds_up, recv_many),
		ON(overload_adds_up, slots),
		ON(overload_adds_up, old_slots),
		ON(overload_adds_up, full_blocks),
		EACH(without_drain_all_is_unread),
		EACH(unread_and_dropped_add_up),
		EACH(snaplen_cuts),
		EACH(long_frames_come_whole),
		EACH(lasts_its_duration),
		EACH(survives_a_bounce),
		EACH(waits_while_the_interface_is_down),
		EACH(refuses_an_interface_that_is_down),
		EACH(every_wait_works),
		EACH(odd_buffers),
		EACH(early_readings_are_added_up),
		cmocka_unit_test(tpacket3_checks_its_options),
		cmocka_unit_test(recv_checks_its_buffer),
		cmocka_unit_test(recv_batches),
	};

	return run_taps(tests, sizeof(tests) / sizeof(*tests));
}
