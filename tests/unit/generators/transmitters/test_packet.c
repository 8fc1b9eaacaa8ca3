/*
 * `packet` on a real veth pair in a network namespace of the test's own: what arrives is what was
 * offered, each frame once; what the link refuses is counted as the device counts it.
 */
#include "tests/unit/generators/transmitters/real_tests.h"

static const char *const methods[] = {"packet", "packet:method=sendmmsg", "packet:method=ring"};
#define METHODS (sizeof(methods) / sizeof(methods[0]))

/* ---- what is offered arrives ---- */

/* With as few system calls as batches allow. */
static void assert_all_arrive_in_batches(const struct cb_generate_job *job, int64_t batch)
{
	struct cb_generator_record r;

	assert_all_arrive(job, &r);
	if (!strcmp(job->rate, "max"))
		assert_true(r.syscalls == (job->count + batch - 1) / batch);
	else
		assert_true(r.syscalls > 0 && r.syscalls <= r.book.offered);
}

static void every_frame_arrives_once(void **state)
{
	static const struct {
		const char *transmitter;
		int64_t batch;
	} cases[] = {{"packet", 64}, {"packet:batch=1", 1}, {"packet:batch=7", 7},
		{"packet:batch=1024", 1024}, {"packet:qdisc-bypass=off", 64},
		{"packet:method=sendmmsg", 64}, {"packet:method=ring", 64},
		{"packet:method=ring,batch=1", 1}, {"packet:method=ring,batch=1024", 1024},
		{"packet:method=ring,qdisc-bypass=off", 64}};
	static const char *const rates[] = {"50k", "max"};

	need_namespace();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t k = 0; k < 2; k++) {
			struct cb_generate_job job = job_of(cases[i].transmitter);

			set_rate(&job, rates[k]);
			job.count = 300;
			job.warmup_ns = k ? 0 : 2000000;
			job.catch_up_ns = INT64_C(10000000000);
			assert_all_arrive_in_batches(&job, cases[i].batch);
		}
}

static void frames_of_every_size(void **state)
{
	static const int64_t sizes[] = {64, 65, 127, 128, 512, 1517, 1518};

	need_namespace();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (size_t k = 1; k < METHODS; k++) {
			struct cb_generate_job job = job_of(methods[k]);

			job.frame_size = sizes[i];
			set_rate(&job, "max");
			job.count = 100;
			assert_all_arrive_in_batches(&job, 64);
		}
}

/*
 * The witness reads when all is over: its frames must be what they were when they came, although
 * the slots and buffers that they came from have been used again several times.
 */
static void frames_stay_as_they_came(void **state)
{
	need_large_buffers();
	for (size_t k = 0; k < METHODS; k++) {
		struct cb_generate_job job = job_of(methods[k]);

		job.frame_size = k ? 1518 : 64;
		set_rate(&job, "max");
		job.count = 15000;
		assert_all_arrive_in_batches(&job, 64);
	}
}

/* ---- what is refused is counted ---- */

static void refused_is_what_the_device_dropped(void **state)
{
	need_namespace();
	for (size_t k = 0; k < METHODS; k++) {
		assert_refused_is_counted(methods[k], "50k");
		assert_refused_is_counted(methods[k], "max");
	}
}

static void some_refused_some_not(void **state)
{
	need_namespace();
	for (size_t k = 0; k < METHODS; k++)
		assert_flapping(methods[k], each_is_counted);
}

/* ---- what is impossible ---- */

static void an_interface_that_is_down(void **state)
{
	struct cb_generate_job job = job_of("packet");
	struct cb_generator_record r;
	struct cb_error err = {0};

	need_namespace();
	assert_int_equal(cb_link_down("v0", NULL), 0);
	assert_int_equal(run(&job, &r, &err), CB_ERR_HOST);
	assert_non_null(strstr(err.text, "v0 is down"));
	assert_non_null(strstr(err.text, "ip link set v0 up"));
}

static void an_interface_that_goes_down(void **state)
{
	static const char *const rates[] = {"100", "50k", "max"};

	need_namespace();
	for (size_t i = 0; i < 3 * METHODS; i++) {
		assert_int_equal(links_up(NULL), 0);
		assert_end_of_the_link_is_an_error(methods[i / 3], rates[i % 3]);
	}
}

static void a_frame_larger_than_the_mtu(void **state)
{
	struct cb_generate_job job = job_of("packet");
	struct cb_generator_record r;
	struct cb_error err = {0};

	need_namespace();
	job.frame_size = 1519;
	assert_int_equal(run(&job, &r, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "MTU is 1500"));
	assert_non_null(strstr(err.text, "1518"));
}

static void probe_agrees_with_reality(void **state)
{
	need_namespace();
	assert_int_equal(cb_transmitter_at(0)->probe(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_frame_arrives_once, links_up),
		cmocka_unit_test_setup(frames_of_every_size, links_up),
		cmocka_unit_test_setup(frames_stay_as_they_came, links_up),
		cmocka_unit_test_setup(refused_is_what_the_device_dropped, links_up),
		cmocka_unit_test_setup(some_refused_some_not, links_up),
		cmocka_unit_test_setup(an_interface_that_is_down, links_up),
		cmocka_unit_test_setup(an_interface_that_goes_down, links_up),
		cmocka_unit_test_setup(a_frame_larger_than_the_mtu, links_up),
		cmocka_unit_test_setup(probe_agrees_with_reality, links_up),
	};

	return cmocka_run_group_tests(tests, make_namespace, NULL);
}
