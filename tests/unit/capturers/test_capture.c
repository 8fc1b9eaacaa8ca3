#include "capturers/capture.h"
#include "harness/base/clock.h"
#include "harness/base/log.h"
#include "harness/base/process.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include "tests/unit/cmocka.h"

static volatile sig_atomic_t stop;
static struct cb_view_record record;
static struct cb_error err;

static struct cb_capture_job make_job(void)
{
	struct cb_capture_job job = {.interface = "lo"};

	cb_option_defaults(cb_capture_options, &job);
	strcpy(job.mechanism, "null");
	strcpy(job.wait, "sleep:1ms");
	job.duration_ns = 10 * (int64_t)CB_NS_PER_MS;
	stop = 0;
	err = (struct cb_error){0};
	cb_view_record_finish(&record);
	cb_view_record_init(&record);
	return job;
}

static int run(const struct cb_capture_job *job)
{
	return cb_capture_run(job, &stop, NULL, NULL, &record, &err);
}

static void defaults(void **state)
{
	struct cb_capture_job job = {0};

	cb_option_defaults(cb_capture_options, &job);
	assert_string_equal(job.mechanism, "tpacket3");
	assert_string_equal(job.wait, "poll");
	assert_string_equal(job.load, "discard");
	assert_int_equal(job.duration_ns, 0);
	assert_int_equal(job.cpu, -1);
	assert_int_equal(job.snaplen, 65535);
	assert_int_equal(job.buffer, 32 << 20);
	assert_int_equal(job.stamp_offset, 42);
	assert_int_equal(job.drain_ns, 2 * CB_NS_PER_SEC);
	assert_true(job.promiscuous);
}

static void options_are_bounded(void **state)
{
	static const char *const wrong[][2] = {{"snaplen", "0"}, {"snaplen", "262145"},
		{"buffer", "1"}, {"cpu", "-2"}, {"cpu", "100000"}, {"key", "4294967296"},
		{"duration", "-1s"}, {"drain", "forever"}, {"promiscuous", "perhaps"},
		{"speed", "1"}};
	struct cb_capture_job job = make_job();

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(
			cb_option_set(cb_capture_options, wrong[i][0], wrong[i][1], &job, &err),
			CB_ERR_USAGE);
	assert_int_equal(cb_option_set(cb_capture_options, "key", "4294967295", &job, &err), 0);
	assert_int_equal(job.key, UINT32_MAX);
}

/* Every member can be named alone, has a sentence of help and fits into the record. */
static void members_are_whole(void **state)
{
	const struct cb_axis *const axes[] = {&cb_mechanism_axis, &cb_wait_axis, &cb_load_axis};
	char canonical[CB_RECORD_TEXT];

	for (size_t a = 0; a < 3; a++) {
		const struct cb_member *m;
		size_t n = 0;

		for (; (m = axes[a]->at(n)); n++) {
			assert_int_equal(
				cb_member_canonical(axes[a], m->name, canonical, 256, &err), 0);
			assert_string_equal(canonical, m->name);
			assert_ptr_equal(cb_axis_find(axes[a], m->name), m);
			assert_true(m->help && strlen(m->help) > 10);
			assert_int_equal(!m->options, !m->options_size);
		}
		assert_true(n >= 4);
		assert_null(axes[a]->at(n + 1));
	}
}

static void null_brings_nothing(void **state)
{
	struct cb_capture_job job = make_job();
	uint64_t start = cb_now_ns();

	assert_int_equal(run(&job), 0);
	assert_true(cb_now_ns() - start >= 10 * CB_NS_PER_MS);
	assert_int_equal(record.book.received, 0);
	assert_int_equal(record.book.unique, 0);
	assert_int_equal(record.book.foreign, 0);
	assert_int_equal(record.book.tap_dropped, 0);
	assert_int_equal(record.book.unread, 0);
	assert_int_equal(record.sequence_gaps, 0);
	assert_int_equal(record.batches, 0);
	assert_int_equal(record.wakeups, 0);
	assert_true(record.idle_wakeups > 0);
	assert_int_equal(record.syscalls, record.wait_syscalls);
	assert_int_equal(record.softirq_ns, CB_UNKNOWN);
	assert_int_equal(record.cpu, -1);
	assert_string_equal(record.mechanism, "null");
	assert_string_equal(record.wait, "sleep:time=1ms");
	assert_string_equal(record.version, "");
	assert_null(record.load_result);
}

static void load_reports(void **state)
{
	struct cb_capture_job job = make_job();
	int64_t level;

	strcpy(job.load, "packzip:3");
	assert_int_equal(run(&job), 0);
	assert_non_null(record.load_result);
	assert_int_equal(cb_json_count(record.load_result, "level", &level, &err), 0);
	assert_int_equal(level, 3);
}

static void expect_refusal(const struct cb_capture_job *job, int code, const char *text)
{
	assert_int_equal(run(job), code);
	assert_int_equal(err.code, code);
	if (!strstr(err.text, text))
		fail_msg("\"%s\" says nothing of \"%s\"", err.text, text);
}

static void refusals_name_the_cause(void **state)
{
	struct cb_capture_job job = make_job();

	strcpy(job.interface, "nosuch7");
	expect_refusal(&job, CB_ERR_USAGE, "\"nosuch7\"");
	job = make_job();
	strcpy(job.wait, "poll");
	expect_refusal(&job, CB_ERR_USAGE, "null");
	job = make_job();
	strcpy(job.mechanism, "tpacket9");
	expect_refusal(&job, CB_ERR_USAGE, "tpacket");
	job = make_job();
	strcpy(job.load, "packzip:10");
	expect_refusal(&job, CB_ERR_USAGE, "level");
	job = make_job();
	job.frame_size = 63;
	expect_refusal(&job, CB_ERR_USAGE, "frame-size");
	job = make_job();
	job.cpu = CB_CPUS_MAX - 1; /* allowed by its row, but not there */
	expect_refusal(&job, CB_ERR_USAGE, "1023");
}

static int refuse(void *arg)
{
	*(int *)arg += 1;
	return 1;
}

static void ready_may_end_it(void **state)
{
	struct cb_capture_job job = make_job();
	int calls = 0;

	job.duration_ns = 0;
	assert_int_equal(
		cb_capture_run(&job, &stop, refuse, &calls, &record, &err), CB_ERR_INTERRUPTED);
	assert_int_equal(calls, 1);
}

static void on_alarm(int signal)
{
	stop = signal;
}

static void signal_ends_it(void **state)
{
	struct sigaction action = {.sa_handler = on_alarm};
	struct itimerval timer = {.it_value = {.tv_usec = 20000}};
	struct cb_capture_job job = make_job();
	uint64_t start = cb_now_ns();

	job.duration_ns = 0;
	strcpy(job.wait, "sleep:1s");
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
	assert_int_equal(run(&job), 0);
	assert_in_range(cb_now_ns() - start, 20 * CB_NS_PER_MS, 5 * CB_NS_PER_SEC);
}

static void *stop_later(void *arg)
{
	cb_sleep_until(cb_deadline_in(20 * CB_NS_PER_MS));
	stop = SIGTERM;
	return NULL;
}

/* A stop whose signal came just before the wait, so that it interrupts nothing, is seen all the
 * same: here no signal comes at all. */
static void stop_is_seen_without_a_signal(void **state)
{
	struct cb_capture_job job = make_job();
	uint64_t start = cb_now_ns();
	pthread_t thread;

	job.duration_ns = 0;
	strcpy(job.wait, "sleep:1s");
	assert_int_equal(pthread_create(&thread, NULL, stop_later, NULL), 0);
	assert_int_equal(run(&job), 0);
	assert_in_range(cb_now_ns() - start, 20 * CB_NS_PER_MS, 900 * CB_NS_PER_MS);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void is_pinned(void **state)
{
	struct cb_capture_job job = make_job();
	cpu_set_t before, now;
	int cpu = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	while (!CPU_ISSET(cpu, &before))
		cpu++;
	job.cpu = cpu;
	assert_int_equal(run(&job), 0);
	assert_int_equal(record.cpu, cpu);
	assert_int_equal(sched_getaffinity(0, sizeof(now), &now), 0);
	assert_int_equal(CPU_COUNT(&now), 1);
	assert_true(CPU_ISSET(cpu, &now));
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(options_are_bounded),
		cmocka_unit_test(members_are_whole),
		cmocka_unit_test(null_brings_nothing),
		cmocka_unit_test(load_reports),
		cmocka_unit_test(refusals_name_the_cause),
		cmocka_unit_test(ready_may_end_it),
		cmocka_unit_test(signal_ends_it),
		cmocka_unit_test(stop_is_seen_without_a_signal),
		cmocka_unit_test(is_pinned),
	};
	int failed;

	cb_log_set_level(CB_LOG_ERROR);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	cb_view_record_finish(&record);
	return failed;
}
