/* `libnet` on a real veth pair: what was asked for arrives, and what the link refuses is counted.
 */
#include "harness/net/stamp_place.h"

#include "tests/unit/generators/transmitters/real_tests.h"

static void every_frame_arrives_as_made(void **state)
{
	struct cb_generate_job job = job_of("libnet");
	struct cb_generator_record r;

	need_large_buffers();
	job.count = 5000;
	job.catch_up_ns = INT64_C(10000000000);
	set_rate(&job, "10k");
	assert_all_arrive(&job, &r);
	assert_true(r.syscalls == r.book.offered);
	assert_string_equal(r.frame, "udp");
	set_rate(&job, "max");
	job.frame_size = 1518;
	job.count = 1000;
	assert_all_arrive(&job, &r);
}

static void refused_is_counted(void **state)
{
	need_namespace();
	assert_refused_is_counted("libnet", "max");
	assert_refused_is_counted("libnet", "1M");
}

static void flapping_is_counted(void **state)
{
	need_namespace();
	assert_flapping("libnet", each_is_counted);
}

static void the_end_of_the_link(void **state)
{
	need_namespace();
	assert_end_of_the_link_is_an_error("libnet", "10k");
}

/* Tags and labels are bytes like others to it. */
static void odd_frames_arrive(void **state)
{
	static const char *const frames[] = {
		"udp:mpls=16/17", "udp:ip=6", "udp:ip=6,fragment=middle", "udp:checksum=bad-ip"};

	need_large_buffers();
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		struct cb_generate_job job = job_of("libnet");
		struct witness *w = witness_open(&job);
		struct cb_generator_record r;
		struct cb_error err = {0};
		uint8_t frame[2048];
		int64_t n = 0;
		ssize_t length;

		job.frame_size = 200;
		job.count = 100;
		job.catch_up_ns =
			INT64_C(10000000000); /* a stalled machine sends all of them, too */
		assert_true(cb_text_copy(job.frame, sizeof(job.frame), frames[i]));
		if (run(&job, &r, &err))
			fail_msg("%s", err.text);
		assert_string_equal(r.frame, frames[i]);
		while ((length = recv(w->fd, frame, sizeof(frame), MSG_DONTWAIT)) >= 0) {
			uint32_t at = cb_stamp_place(frame, (uint32_t)length);
			struct cb_stamp stamp = {0};

			assert_int_equal(length, 196);
			assert_true(at > 0);
			assert_int_equal(cb_stamp_read(frame + at, KEY, &stamp), CB_STAMP_OWN);
			assert_int_equal(stamp.sequence, n++);
		}
		assert_int_equal(n, 100);
		assert_int_equal(witness_close(w), 0);
	}
}

static void headers_that_do_not_fit(void **state)
{
	struct cb_generate_job job = job_of("libnet");
	struct cb_generator_record r;
	struct cb_error err = {0};

	need_namespace();
	assert_true(cb_text_copy(job.frame, sizeof(job.frame), "udp:vlan=1"));
	assert_int_equal(run(&job, &r, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "at least 68"));
	job = job_of("pcap:file=/nonexistent");
	assert_true(cb_text_copy(job.frame, sizeof(job.frame), "udp:ip=6"));
	job.frame_size = 128;
	assert_int_equal(run(&job, &r, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "use packet or libnet"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_frame_arrives_as_made, links_up),
		cmocka_unit_test_setup(refused_is_counted, links_up),
		cmocka_unit_test_setup(flapping_is_counted, links_up),
		cmocka_unit_test_setup(the_end_of_the_link, links_up),
		cmocka_unit_test_setup(odd_frames_arrive, links_up),
		cmocka_unit_test_setup(headers_that_do_not_fit, links_up),
	};

	return cmocka_run_group_tests(tests, make_namespace, NULL);
}
