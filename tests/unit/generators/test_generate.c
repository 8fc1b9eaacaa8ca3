/* A generator's job: what is refused and why, and whole runs with `null`. */
#include "generators/generate.h"
#include "harness/base/clock.h"
#include "harness/base/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/cmocka.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static volatile sig_atomic_t stop;

static struct cb_generate_job job_of(const char *transmitter)
{
	struct cb_generate_job job = {0};

	cb_option_defaults(cb_generate_options, &job);
	assert_true(cb_text_copy(job.transmitter, sizeof(job.transmitter), transmitter));
	return job;
}

static void set_rate(struct cb_generate_job *job, const char *text)
{
	assert_true(cb_text_copy(job->rate, sizeof(job->rate), text));
}

static int run(
	const struct cb_generate_job *job, struct cb_generator_record *r, struct cb_error *err)
{
	int code;

	stop = 0;
	cb_generator_record_init(r);
	code = cb_generate_run(job, &stop, NULL, NULL, r, err);
	cb_generator_record_finish(r);
	return code;
}

/* ---- what is refused ---- */

static void assert_refused(const struct cb_generate_job *job, int code, const char *says)
{
	struct cb_generator_record r;
	struct cb_error err = {0};

	assert_int_equal(run(job, &r, &err), code);
	if (!strstr(err.text, says))
		fail_msg("\"%s\" does not say \"%s\"", err.text, says);
	assert_int_equal(run(job, &r, NULL), code);
}

static void wrong_jobs(void **state)
{
	struct cb_generate_job job = job_of("nul");

	assert_refused(&job, CB_ERR_USAGE, "null");
	job = job_of("null:batch=3");
	assert_refused(&job, CB_ERR_USAGE, "no options");
	job = job_of("packet:batch=0");
	assert_refused(&job, CB_ERR_USAGE, "batch");
	job = job_of("packet:batch=1025");
	assert_refused(&job, CB_ERR_USAGE, "batch");
	job = job_of("null");
	set_rate(&job, "0");
	assert_refused(&job, CB_ERR_USAGE, "rate");
	set_rate(&job, "-1");
	assert_refused(&job, CB_ERR_USAGE, "rate");
	set_rate(&job, "fast");
	assert_refused(&job, CB_ERR_USAGE, "100% of 1G");
	set_rate(&job, "1000000001");
	assert_refused(&job, CB_ERR_USAGE, "max");
	set_rate(&job, "100% of 1000000000G");
	assert_refused(&job, CB_ERR_USAGE, "rate");
	job = job_of("null");
	job.frame_size = 63;
	assert_refused(&job, CB_ERR_USAGE, "frame-size");
	job = job_of("null");
	job.count = -1;
	assert_refused(&job, CB_ERR_USAGE, "count");
	job = job_of("null");
	job.stream = 256;
	assert_refused(&job, CB_ERR_USAGE, "stream");
	job = job_of("null");
	assert_true(cb_text_copy(job.source_ip, sizeof(job.source_ip), "198.18.0"));
	assert_refused(&job, CB_ERR_USAGE, "source-ip");
	assert_true(cb_text_copy(job.destination_mac, sizeof(job.destination_mac), "x"));
	assert_refused(&job, CB_ERR_USAGE, "destination-mac");
}

static void a_window_without_a_frame(void **state)
{
	struct cb_generate_job job = job_of("null");

	set_rate(&job, "1");
	job.warmup_ns = 500000000;
	job.duration_ns = 100000000;
	assert_refused(&job, CB_ERR_USAGE, "no frame in it");
}

static void a_core_that_does_not_exist(void **state)
{
	struct cb_generate_job job = job_of("null");

	assert_true(cb_text_copy(job.cpus, sizeof(job.cpus), "1023"));
	assert_refused(&job, CB_ERR_USAGE, "1023");
}

static void lists_of_cores_that_are_none(void **state)
{
	static const char *const bad[] = {"", "-2", "0,", ",0", "0,-1", "a", "0-1", "1024"};
	struct cb_generate_job job = job_of("null");

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_true(cb_text_copy(job.cpus, sizeof(job.cpus), bad[i]));
		assert_refused(&job, CB_ERR_USAGE, "list of cores");
	}
}

static void threads_that_cannot_be(void **state)
{
	struct cb_generate_job job = job_of("null");

	job.threads = 65;
	assert_refused(&job, CB_ERR_USAGE, "threads");
	job.threads = 2;
	job.stream = 255;
	assert_refused(&job, CB_ERR_USAGE, "streams");
	job = job_of("pcap:file=x");
	job.threads = 2;
	assert_refused(&job, CB_ERR_USAGE, "told apart");
}

static void an_interface_that_does_not_exist(void **state)
{
	struct cb_generate_job job = job_of("packet");
	struct cb_generator_record r;
	struct cb_error err = {0};

	assert_true(cb_text_copy(job.interface, sizeof(job.interface), "cbnosuchif"));
	assert_true(run(&job, &r, &err) < 0);
	assert_non_null(strstr(err.text, "cbnosuchif"));
	job.interface[0] = '\0';
	assert_true(run(&job, &r, &err) < 0);
}

/* ---- runs ---- */

static void whole_runs(void **state)
{
	static const int64_t rates[] = {1000, 10000, 100000, 1000000};

	for (size_t i = 0; i < COUNT_OF(rates); i++) {
		struct cb_generate_job job = job_of("null");
		struct cb_generator_record r;

		snprintf(job.rate, sizeof(job.rate), "%lld", (long long)rates[i]);
		job.warmup_ns = 20000000;
		job.duration_ns = 200000000;
		job.catch_up_ns = INT64_C(10000000000); /* the machine may be busy */
		job.frame_size = 128;
		assert_int_equal(run(&job, &r, NULL), 0);
		assert_true(r.book.intended == rates[i] * 22 / 100);
		assert_true(r.book.offered == r.book.intended);
		assert_true(r.unoffered == 0);
		assert_true(r.book.window_offered == rates[i] / 5);
		assert_int_equal(r.frame_size, 128);
		assert_string_equal(r.transmitter, "null");
		assert_true(r.offered_pps > (double)rates[i] / 100 &&
			r.offered_pps < (double)rates[i] * 1.001);
		assert_true(r.elapsed_ns > 200000000);
	}
}

static void a_share_of_a_line_rate(void **state)
{
	struct cb_generate_job job = job_of("null");
	struct cb_generator_record r;

	set_rate(&job, "1% of 1G");
	job.frame_size = 1518;
	job.duration_ns = 100000000;
	assert_int_equal(run(&job, &r, NULL), 0);
	assert_true(r.intended_pps == 812); /* 81 274.4 / 100 */
	assert_true(r.book.intended == 82); /* slots at 0, 1.23 ms .. 99.75 ms */
}

static void arrivals(void **state)
{
	static const struct {
		const char *text, *canonical;
		int64_t frames; /* of 100 ms at 100 kpps */
	} cases[] = {{"constant", "constant", 10000}, {"ramp:from=20k", "ramp:from=20k", 6000},
		{"bursts:500,5ms", "bursts:frames=500,gap=5ms", 5000}};
	struct cb_generate_job job = job_of("null");
	struct cb_generator_record r;

	job.duration_ns = 100000000;
	job.catch_up_ns = INT64_C(10000000000);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_true(cb_text_copy(job.arrival, sizeof(job.arrival), cases[i].text));
		assert_int_equal(run(&job, &r, NULL), 0);
		assert_int_equal(r.book.intended, cases[i].frames);
		assert_int_equal(r.book.offered, cases[i].frames);
		assert_true(fabs(r.intended_pps - (double)cases[i].frames * 10) < 1);
		assert_string_equal(r.arrival, cases[i].canonical);
	}
	set_rate(&job, "max");
	assert_refused(&job, CB_ERR_USAGE, "needs a rate");
	assert_true(cb_text_copy(job.arrival, sizeof(job.arrival), "sometimes"));
	assert_refused(&job, CB_ERR_USAGE, "arrival");
}

static void frames_that_differ(void **state)
{
	struct cb_generate_job job = job_of("null");
	struct cb_generator_record r;

	job.duration_ns = 50000000;
	job.catch_up_ns = INT64_C(10000000000);
	job.flows = 64;
	assert_true(cb_text_copy(job.sizes, sizeof(job.sizes), "genome:ag"));
	assert_true(cb_text_copy(job.payload, sizeof(job.payload), "random:50%"));
	set_rate(&job, "100% of 100M"); /* of 791 bytes and 20 between frames */
	assert_int_equal(run(&job, &r, NULL), 0);
	assert_true(r.intended_pps == 15413);
	assert_int_equal(r.frame_size, 791);
	assert_true(r.sizes_chi_square >= 0 && r.sizes_chi_square < 0.01);
	assert_int_equal(r.flows, 64);
	assert_string_equal(r.sizes, "genome:letters=ag");
	assert_string_equal(r.payload, "random:compressible=50%");
	assert_true(cb_text_copy(job.sizes, sizeof(job.sizes), "genome:j"));
	assert_refused(&job, CB_ERR_USAGE, "16000");
	job = job_of("null");
	job.flows = 65537;
	assert_refused(&job, CB_ERR_USAGE, "flows");
	job = job_of("xdp");
	assert_true(cb_text_copy(job.interface, sizeof(job.interface), "lo"));
	job.flows = 2;
	job.count = 1;
	assert_refused(&job, CB_ERR_USAGE, "all frames alike"); /* before it is opened */
}

static void at_the_maximum_rate(void **state)
{
	struct cb_generate_job job = job_of("null");
	struct cb_generator_record r;

	set_rate(&job, "max");
	job.count = 100000;
	assert_int_equal(run(&job, &r, NULL), 0);
	assert_true(r.book.window_offered == 100000 && r.book.offered == 100000);
	assert_true(r.book.intended == CB_UNKNOWN && isnan(r.intended_pps));
	assert_true(r.offered_pps > 0);
}

/* ---- ready ---- */

struct readiness {
	int answer, calls;
	sig_atomic_t signal;
};

static int on_ready(void *arg)
{
	struct readiness *readiness = arg;

	readiness->calls++;
	stop = readiness->signal;
	return readiness->answer;
}

static int run_ready(
	struct readiness *readiness, struct cb_generator_record *r, struct cb_error *err)
{
	struct cb_generate_job job = job_of("null");
	int code;

	job.count = 10;
	stop = 0;
	cb_generator_record_init(r);
	code = cb_generate_run(&job, &stop, on_ready, readiness, r, err);
	cb_generator_record_finish(r);
	return code;
}

static void ready_is_asked_once(void **state)
{
	struct readiness go = {0}, off = {.answer = 1},
			 interrupted = {.answer = -1, .signal = SIGTERM};
	struct cb_generator_record r;
	struct cb_error err = {0};

	assert_int_equal(run_ready(&go, &r, &err), 0);
	assert_int_equal(go.calls, 1);
	assert_true(r.book.offered == 10);
	assert_int_equal(run_ready(&off, &r, &err), CB_ERR_HOST);
	assert_int_equal(off.calls, 1);
	assert_true(r.book.offered == CB_UNKNOWN);
	assert_int_equal(run_ready(&interrupted, &r, &err), CB_ERR_INTERRUPTED);
	assert_int_equal(err.sys_errno, SIGTERM);
	assert_int_equal(run_ready(&interrupted, &r, NULL), CB_ERR_INTERRUPTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_jobs),
		cmocka_unit_test(a_window_without_a_frame),
		cmocka_unit_test(a_core_that_does_not_exist),
		cmocka_unit_test(lists_of_cores_that_are_none),
		cmocka_unit_test(threads_that_cannot_be),
		cmocka_unit_test(an_interface_that_does_not_exist),
		cmocka_unit_test(whole_runs),
		cmocka_unit_test(a_share_of_a_line_rate),
		cmocka_unit_test(arrivals),
		cmocka_unit_test(frames_that_differ),
		cmocka_unit_test(at_the_maximum_rate),
		cmocka_unit_test(ready_is_asked_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
