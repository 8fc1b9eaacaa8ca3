/* `af-xdp` in copy mode on a real veth pair; no driver here has zero-copy. */
#include "harness/net/xsk.h"

#include "tests/unit/generators/transmitters/real_tests.h"

static void need_af_xdp(void)
{
	struct cb_error err = {0};

	need_namespace();
	if (!cb_axis_find(&cb_transmitter_axis, "af-xdp")->probe(&err))
		return;
	assert_int_equal(err.code, CB_ERR_IMPOSSIBLE);
	print_message("SKIPPED: %s\n", err.text);
	skip();
}

static void every_frame_arrives_once(void **state)
{
	static const char *const transmitters[] = {"af-xdp", "af-xdp:batch=1", "af-xdp:batch=7",
		"af-xdp:batch=1024", "af-xdp:mode=copy", "af-xdp:need-wakeup=off"};
	static const char *const rates[] = {"50k", "max"};

	need_af_xdp();
	for (size_t i = 0; i < sizeof(transmitters) / sizeof(transmitters[0]); i++)
		for (size_t k = 0; k < 2; k++) {
			struct cb_generate_job job = job_of(transmitters[i]);
			struct cb_generator_record r;

			set_rate(&job, rates[k]);
			job.count = 3000;
			job.warmup_ns = k ? 0 : 2000000;
			job.catch_up_ns = INT64_C(10000000000);
			assert_all_arrive(&job, &r);
			assert_true(r.syscalls > 0 && r.syscalls <= r.book.offered);
		}
}

static void frames_of_every_size(void **state)
{
	static const int64_t sizes[] = {64, 65, 127, 128, 512, 1517, 1518};

	need_af_xdp();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct cb_generate_job job = job_of("af-xdp");
		struct cb_generator_record r;

		job.frame_size = sizes[i];
		set_rate(&job, "max");
		job.count = 1000;
		assert_all_arrive(&job, &r);
	}
}

/* The witness reads when all is over; the chunks have been used again several times by then. */
static void frames_stay_as_they_came(void **state)
{
	struct cb_generate_job job = job_of("af-xdp");
	struct cb_generator_record r;

	need_af_xdp();
	need_large_buffers();
	set_rate(&job, "max");
	job.count = 15000;
	assert_all_arrive(&job, &r);
}

static void refused_is_what_the_device_dropped(void **state)
{
	need_af_xdp();
	assert_refused_is_counted("af-xdp", "50k");
	assert_refused_is_counted("af-xdp", "max");
	assert_refused_is_counted("af-xdp:batch=1", "max");
}

static void some_refused_some_not(void **state)
{
	need_af_xdp();
	assert_flapping("af-xdp", each_is_counted);
	assert_flapping("af-xdp:batch=1", each_is_counted);
	assert_flapping("af-xdp:batch=512", each_is_counted);
}

static void an_interface_that_goes_down(void **state)
{
	static const char *const rates[] = {"100", "50k", "max"};

	need_af_xdp();
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(links_up(NULL), 0);
		assert_end_of_the_link_is_an_error("af-xdp", rates[i]);
	}
}

/* ---- what is impossible ---- */

static void assert_refused(const char *transmitter, int code, const char *word)
{
	struct cb_generate_job job = job_of(transmitter);
	struct cb_generator_record r;
	struct cb_error err = {0};

	assert_int_equal(run(&job, &r, &err), code);
	if (!strstr(err.text, word))
		fail_msg("\"%s\" does not say \"%s\"", err.text, word);
}

static void what_cannot_be_is_said(void **state)
{
	struct cb_generate_job job = job_of("af-xdp");
	struct cb_generator_record r;
	struct cb_error err = {0};
	const struct cb_xsk_spec spec = {.interface = "v0",
		.ifindex = if_nametoindex("v0"),
		.frame_bytes = CB_XSK_FRAME_SMALL,
		.tx_frames = 64,
		.mode = CB_XSK_COPY};
	struct cb_xsk other;

	need_af_xdp();
	assert_refused("af-xdp:mode=zero-copy", CB_ERR_IMPOSSIBLE, "zero-copy");
	assert_refused("af-xdp:queue=7,frames=64", CB_ERR_USAGE, "no queue 7");
	assert_refused("af-xdp:queues=2,frames=64", CB_ERR_USAGE, "no queue 1");
	assert_int_equal(cb_xsk_open(&other, &spec, NULL), 0);
	assert_refused("af-xdp", CB_ERR_USAGE, "queue 0");
	cb_xsk_close(&other);
	job.count = 10;
	if (run(&job, &r, &err))
		fail_msg("%s", err.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_frame_arrives_once, links_up),
		cmocka_unit_test_setup(frames_of_every_size, links_up),
		cmocka_unit_test_setup(frames_stay_as_they_came, links_up),
		cmocka_unit_test_setup(refused_is_what_the_device_dropped, links_up),
		cmocka_unit_test_setup(some_refused_some_not, links_up),
		cmocka_unit_test_setup(an_interface_that_goes_down, links_up),
		cmocka_unit_test_setup(what_cannot_be_is_said, links_up),
	};

	return cmocka_run_group_tests(tests, make_namespace, NULL);
}
