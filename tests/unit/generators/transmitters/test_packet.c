/*
 * `packet` on a real veth pair in a network namespace of the test's own: what arrives is what was
 * offered, each frame once; what the link refuses is counted as the device counts it.
 */
#include <pthread.h>

#include "tests/unit/generators/transmitters/real_link.h"

#define FRAMES 3000

static const char *const methods[] = {"packet", "packet:method=sendmmsg", "packet:method=ring"};
#define METHODS (sizeof(methods) / sizeof(methods[0]))

/* ---- what is offered arrives ---- */

static void assert_all_arrive(struct cb_generate_job job, int64_t batch)
{
	struct cb_link_counters before = counters("v0"), after;
	struct witness *w = witness_open(&job);
	struct cb_generator_record r;
	struct cb_error err = {0};

	if (run(&job, &r, &err))
		fail_msg("%s", err.text);
	witness_read(w);
	after = counters("v0");
	assert_true(r.book.window_offered == job.count);
	assert_true(r.book.refused == 0);
	assert_true(after.tx_packets - before.tx_packets == r.book.offered);
	assert_true(w->own == r.book.offered);
	assert_true(w->own - w->warmup == r.book.window_offered);
	assert_true(w->twice == 0 && w->wrong == 0 && w->foreign == 0);
	for (int64_t i = 0; i < r.book.offered; i++)
		assert_int_equal(w->seen[i], 1);
	if (!strcmp(job.rate, "max"))
		assert_true(r.syscalls == (job.count + batch - 1) / batch);
	else
		assert_true(r.syscalls > 0 && r.syscalls <= r.book.offered);
	assert_true(witness_close(w) == 0);
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
			assert_all_arrive(job, cases[i].batch);
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
			assert_all_arrive(job, 64);
		}
}

/*
 * The witness reads when all is over: its frames must be what they were when they came, although
 * the slots and buffers that they came from have been used again several times.
 */
static void frames_stay_as_they_came(void **state)
{
	need_namespace();
	for (size_t k = 0; k < METHODS; k++) {
		struct cb_generate_job job = job_of(methods[k]);

		job.frame_size = k ? 1518 : 64;
		set_rate(&job, "max");
		job.count = 15000;
		assert_all_arrive(job, 64);
	}
}

/* ---- what is refused is counted ---- */

/* A veth whose peer is down drops every frame in its xmit function and says so. */
static void refused_is_what_the_device_dropped(void **state)
{
	static const char *const rates[] = {"50k", "max"};

	need_namespace();
	assert_int_equal(cb_link_down("v1", NULL), 0);
	for (size_t i = 0; i < 2 * METHODS; i++) {
		struct cb_generate_job job = job_of(methods[i / 2]);
		struct cb_link_counters before = counters("v0"), after;
		struct cb_generator_record r;
		struct cb_error err = {0};

		set_rate(&job, rates[i % 2]);
		job.count = FRAMES;
		job.catch_up_ns = INT64_C(10000000000);
		if (run(&job, &r, &err))
			fail_msg("%s", err.text);
		after = counters("v0");
		assert_true(r.book.offered == FRAMES);
		assert_true(r.book.refused == FRAMES);
		assert_true(after.tx_dropped - before.tx_dropped == FRAMES);
		assert_true(after.tx_packets == before.tx_packets);
	}
}

/* The peer goes down and up all the time: some frames of a batch pass, some are refused. */
static void *flap(void *arg)
{
	while (!stop) {
		cb_link_down("v1", NULL);
		cb_sleep_until(cb_deadline_in(CB_NS_PER_MS));
		cb_link_up("v1", NULL);
		cb_sleep_until(cb_deadline_in(2 * CB_NS_PER_MS));
	}
	return NULL;
}

static void run_on_a_flapping_link(const char *transmitter)
{
	struct cb_generate_job job = job_of(transmitter);
	struct cb_link_counters before, after;
	struct cb_generator_record r;
	struct cb_error err = {0};
	pthread_t thread;
	int code;

	before = counters("v0");
	stop = 0;
	cb_generator_record_init(&r);
	assert_int_equal(pthread_create(&thread, NULL, flap, NULL), 0);
	set_rate(&job, "max");
	job.duration_ns = 100000000;
	code = cb_generate_run(&job, &stop, NULL, NULL, &r, &err);
	stop = 1;
	pthread_join(thread, NULL);
	after = counters("v0");
	cb_generator_record_finish(&r);
	if (code)
		fail_msg("%s", err.text);
	assert_true(r.book.refused > 0 && r.book.refused < r.book.offered);
	assert_true(after.tx_dropped - before.tx_dropped == r.book.refused);
	assert_true(after.tx_packets - before.tx_packets == r.book.offered - r.book.refused);
}

static void some_refused_some_not(void **state)
{
	need_namespace();
	for (size_t k = 0; k < METHODS; k++)
		run_on_a_flapping_link(methods[k]);
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

static void *take_down(void *arg)
{
	cb_sleep_until(cb_deadline_in(50 * CB_NS_PER_MS));
	cb_link_down("v0", NULL);
	return NULL;
}

static void an_interface_that_goes_down(void **state)
{
	static const char *const rates[] = {"100", "50k", "max"};

	need_namespace();
	for (size_t i = 0; i < 3 * METHODS; i++) {
		struct cb_generate_job job = job_of(methods[i / 3]);
		struct cb_generator_record r;
		struct cb_error err = {0};
		pthread_t thread;

		assert_int_equal(links_up(NULL), 0);
		set_rate(&job, rates[i % 3]);
		job.duration_ns = INT64_C(20000000000);
		assert_int_equal(pthread_create(&thread, NULL, take_down, NULL), 0);
		assert_int_equal(run(&job, &r, &err), CB_ERR_HOST);
		pthread_join(thread, NULL);
		assert_int_equal(err.sys_errno, ENETDOWN);
		assert_non_null(strstr(err.text, "v0"));
		assert_true(r.book.offered > 0);
		assert_true(r.book.intended == CB_UNKNOWN ||
			r.book.intended == r.book.offered + r.unoffered);
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
