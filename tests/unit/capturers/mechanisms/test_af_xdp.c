/* af-xdp on real frames: on a loopback with generic XDP, on a veth pair with native and generic. */
#include "capturers/members.h"

#include "tests/unit/capturers/mechanisms/af_xdp_links.h"

static void every_frame_is_booked(void **state)
{
	struct cb_capture_job job = make_job(*state);

	traffic.foreign = 3;
	run_well(&job);
	assert_int_equal(record.book.received, 1003);
	assert_int_equal(record.book.unique, 1000);
	assert_int_equal(record.book.foreign, 3);
	assert_int_equal(record.book.duplicate, 0);
	assert_int_equal(record.book.reordered, 0);
	assert_int_equal(record.book.tap_dropped, 0);
	assert_int_equal(record.book.unread, 0);
	assert_int_equal(record.sequence_gaps, 0);
	assert_int_equal(record.bytes, 1003 * 60);
	assert_int_equal(record.group, CB_UNKNOWN);
	/* what really ran is said */
	assert_non_null(
		strstr(record.version, traffic.arm == &native ? ", driver, copy" : ", skb, copy"));
}

/* The buffer holds what it says, and the rest is lost for want of room, to the frame. */
static void overload_adds_up(void **state)
{
	struct cb_capture_job job = make_job(*state);

	job.buffer = 256 << 10;
	run_well(&job);
	/* loopback's MTU takes the larger frames of the umem */
	assert_int_equal(record.buffer_frames, traffic.arm == &lo ? 64 : 128);
	assert_int_equal(record.book.received, record.buffer_frames);
	assert_int_equal(record.book.unique, record.buffer_frames);
	assert_int_equal(record.book.tap_dropped, 1000 - record.buffer_frames);
	assert_int_equal(record.book.unread, 0);
}

static void without_drain_all_is_unread(void **state)
{
	struct cb_capture_job job = make_job(*state);

	job.drain_ns = 0;
	job.buffer = 1 << 20;
	run_well(&job);
	assert_int_equal(record.book.received, 0);
	assert_int_equal(record.book.unread, record.buffer_frames);
	assert_int_equal(record.book.unread + record.book.tap_dropped, 1000);
}

/* Used again and again, rings and umem wrap many times. */
static void frames_go_round(void **state)
{
	struct cb_capture_job job = make_job(*state);

	job.buffer = 4096; /* the least, which is few frames */
	for (int i = 0; i < 3; i++) {
		traffic.count = 20 + (unsigned)i;
		run_well(&job);
		assert_true(record.book.unique >= 16);
		assert_int_equal(record.book.unique + record.book.tap_dropped, traffic.count);
	}
}

static void snaplen_cuts(void **state)
{
	struct cb_capture_job job = make_job(*state);

	job.snaplen = 61;
	traffic.length = 200;
	run_well(&job);
	assert_int_equal(record.book.unique, 1000);
	assert_int_equal(record.truncated, 1000);
	assert_int_equal(record.bytes, 1000 * 61);
}

static void long_frames_come_whole(void **state)
{
	struct cb_capture_job job = make_job(*state);

	job.snaplen = 65535;
	traffic.count = 100;
	traffic.length = 1514;
	run_well(&job);
	assert_int_equal(record.book.unique, 100);
	assert_int_equal(record.truncated, 0);
	assert_int_equal(record.bytes, 100 * 1514);
}

/* Frames that don't fit into one of the umem are lost, and not silently. */
static void too_long_frames_are_counted(void **state)
{
	struct cb_capture_job job = make_job(*state);

	traffic.count = 100;
	traffic.length = 3900;
	run_well(&job);
	assert_int_equal(record.book.received, 0);
	assert_int_equal(record.book.tap_dropped, 100);
}

static void a_filter_chooses(void **state)
{
	struct cb_capture_job job = make_job(*state);

	strcpy(job.filter, "udp src port 1025");
	traffic.flows = 4;
	run_well(&job);
	assert_int_equal(record.book.unique, 250);
	assert_int_equal(record.book.tap_dropped + record.book.unread, 0);
}

static void every_wait_works(void **state)
{
	const char *const waits[] = {"poll", "spin", "sleep:1ms", "yield:2", "adaptive-sleep"};
	struct cb_capture_job job = make_job(*state);

	job.duration_ns = 30 * (int64_t)CB_NS_PER_MS;
	traffic.keep_on = true;
	for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		assert_true(cb_text_copy(job.wait, sizeof(job.wait), waits[i]));
		run_well(&job);
		assert_int_equal(record.book.unique, 1000);
	}
}

static int go_down(void)
{
	set_up(traffic.arm->to, false);
	return 0;
}

static int go_down_and_up(void)
{
	set_up(traffic.arm->to, false);
	set_up(traffic.arm->to, true);
	send_all();
	stop = SIGINT;
	return 0;
}

static void survives_a_bounce(void **state)
{
	struct cb_capture_job job = make_job(*state);

	traffic.count = 150;
	traffic.also = go_down_and_up;
	run_well(&job);
	assert_int_equal(record.book.received, 300);
	assert_int_equal(record.book.tap_dropped, 0);
}

static void waits_while_the_interface_is_down(void **state)
{
	struct cb_capture_job job = make_job(*state);

	job.duration_ns = 250 * (int64_t)CB_NS_PER_MS;
	traffic.count = 100;
	traffic.also = go_down;
	run_well(&job);
	set_up(job.interface, true);
	assert_int_equal(record.book.unique, 100);
	assert_true(record.syscalls < 500);
	assert_true(record.cpu_ns < record.elapsed_ns / 2);
}

static void refuses_an_interface_that_is_down(void **state)
{
	struct cb_capture_job job = make_job(*state);

	set_up(job.interface, false);
	assert_int_equal(run(&job), CB_ERR_IMPOSSIBLE);
	set_up(job.interface, true);
	assert_non_null(strstr(err.text, "is down"));
	assert_non_null(strstr(err.text, "ip link set"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(every_frame_is_booked),
		EACH(overload_adds_up),
		EACH(without_drain_all_is_unread),
		EACH(frames_go_round),
		EACH(snaplen_cuts),
		EACH(long_frames_come_whole),
		ON(too_long_frames_are_counted, lo),
		EACH(a_filter_chooses),
		EACH(every_wait_works),
		EACH(survives_a_bounce),
		EACH(waits_while_the_interface_is_down),
		EACH(refuses_an_interface_that_is_down),
	};

	return run_on_links(tests, sizeof(tests) / sizeof(*tests));
}
