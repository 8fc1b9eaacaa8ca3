/* The course of an external program, with shell scripts in the place of real ones. */
#include "capturers/external.h"
#include "harness/base/clock.h"
#include "harness/base/log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/capturers/mechanisms/loopback.h"
#include "tests/unit/cmocka.h"

#define MS INT64_C(1000000)

static bool have_namespace;
static volatile sig_atomic_t stop;
static struct cb_view_record record;
static struct cb_error err;
static struct cb_capture_job job;
static pid_t worker;
static int refuse; /* what `ready` returns */

static int set_up(void **state)
{
	cb_option_defaults(cb_capture_options, &job);
	strcpy(job.interface, "lo");
	job.promiscuous = false;
	job.drain_ns = 0;
	job.duration_ns = 50 * MS;
	stop = 0;
	worker = 0;
	refuse = 0;
	err = (struct cb_error){0};
	cb_view_record_init(&record);
	return 0;
}

static int tear_down(void **state)
{
	cb_view_record_finish(&record);
	return 0;
}

static int on_ready(void *arg, pid_t pid)
{
	worker = pid;
	assert_int_equal(kill(pid, 0), 0);
	return refuse;
}

/* `script` by sh; `more` are further keys of the description. */
static int run(const char *script, const char *more)
{
	if (!have_namespace)
		skip();
	snprintf(job.external, sizeof(job.external),
		"{\"name\": \"script\", \"command\": [\"sh\", \"-c\", \"%s\"], \"ready\": "
		"\"go\"%s}",
		script, more);
	return cb_external_run(&job, &stop, on_ready, NULL, &record, &err);
}

static void run_well(const char *script, const char *more)
{
	if (run(script, more))
		fail_msg("%s", err.text);
}

#define COUNTS                                                                           \
	", \"received\": \"([0-9]+) in\", \"dropped\": \"([0-9]+) lost\", \"matched\": " \
	"\"([0-9]+) seen\""

/* Waits for SIGINT, then prints `text`. */
#define UNTIL_STOPPED(text) "trap 'kill $!; echo " text "; exit 0' INT; sleep 100 & echo go; wait"

static void counts_are_booked(void **state)
{
	run_well(UNTIL_STOPPED("70 in, 25 lost, 100 seen >&2"), COUNTS);
	assert_int_equal(record.book.received, 70);
	assert_int_equal(record.book.tap_dropped, 25);
	assert_int_equal(record.book.unread, 5);
	assert_true(record.book.unique == CB_UNKNOWN);
	assert_true(record.book.foreign == CB_UNKNOWN);
	assert_true(record.book.duplicate == CB_UNKNOWN);
	assert_true(record.book.window_unique == CB_UNKNOWN);
	assert_true(record.syscalls == CB_UNKNOWN);
	assert_true(record.wakeups == CB_UNKNOWN);
	assert_string_equal(record.mechanism, "external:script");
	assert_string_equal(record.wait, "");
	assert_true(record.elapsed_ns >= 50 * MS);
	assert_true(record.cpu_ns >= 0);
	assert_true(record.context_switches_voluntary > 0);
	assert_true(worker > 0 && worker != getpid());
	assert_int_equal(kill(worker, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static void unread_may_be_told(void **state)
{
	run_well(UNTIL_STOPPED("70 in, 3 left"),
		", \"received\": \"([0-9]+) in\", \"unread\": \"([0-9]+) left\"");
	assert_int_equal(record.book.unread, 3);
	assert_true(record.book.tap_dropped == CB_UNKNOWN);
	run_well(UNTIL_STOPPED("70 in, 75 kept"),
		", \"received\": \"([0-9]+) in\", \"stored\": \"([0-9]+) kept\"");
	assert_int_equal(record.book.unread, 5);
}

static void what_is_not_told_is_unknown(void **state)
{
	run_well(UNTIL_STOPPED("nothing"), COUNTS);
	assert_true(record.book.received == CB_UNKNOWN);
	assert_true(record.book.tap_dropped == CB_UNKNOWN);
	assert_true(record.book.unread == CB_UNKNOWN);
	run_well(UNTIL_STOPPED("70 in, 25 lost, 60 seen"), COUNTS);
	assert_int_equal(record.book.received, 70);
	assert_true(record.book.unread == CB_UNKNOWN);
}

static void it_is_stopped_as_it_likes(void **state)
{
	run_well("trap 'kill $!; echo 5 in; exit 0' TERM; sleep 100 & echo go; wait",
		COUNTS ", \"stop\": \"TERM\"");
	assert_int_equal(record.book.received, 5);
	run_well("echo go; exec sleep 100", ""); /* by the signal itself */
	run_well("trap 'kill $!; exit 130' INT; sleep 100 & echo go; wait", "");
}

static void a_stop_ends_it(void **state)
{
	uint64_t start = cb_now_ns();

	job.duration_ns = 0;
	refuse = 0;
	stop = SIGTERM; /* before it is ready, so that it never begins */
	assert_int_equal(run("sleep 100", ""), CB_ERR_INTERRUPTED);
	assert_int_equal(err.sys_errno, SIGTERM);
	assert_int_equal(worker, 0);
	assert_true(cb_now_ns() - start < 5 * CB_NS_PER_SEC);
}

static void who_is_not_wanted_does_not_begin(void **state)
{
	refuse = 1;
	assert_int_equal(run("echo go; exec sleep 100", ""), CB_ERR_INTERRUPTED);
	assert_int_equal(kill(worker, 0), -1);
}

static void failures_are_told_in_its_own_words(void **state)
{
	static const struct {
		const char *script;
		int code;
		const char *words;
	} cases[] = {
		{"echo no such thing >&2; exit 3", CB_ERR_HOST, "status 3: no such thing"},
		{"echo go; echo lost my way; exit 0", CB_ERR_HOST, "lost my way"},
		{"echo go; kill -9 $$", CB_ERR_HOST, "signal 9"},
		{"trap 'kill $!; echo too late; exit 7' INT; sleep 100 & echo go; wait",
			CB_ERR_HOST, "status 7: too late"},
		{"trap 'kill $!; kill -6 $$' INT; sleep 100 & echo go; wait", CB_ERR_HOST,
			"signal 6"},
	};

	job.duration_ns = 400 * MS; /* time enough to fail by itself, on a busy machine too */
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(run(cases[i].script, ""), cases[i].code);
		if (!strstr(err.text, cases[i].words))
			fail_msg("\"%s\" does not say \"%s\"", err.text, cases[i].words);
	}
}

static void what_can_not_start_is_said(void **state)
{
	if (!have_namespace)
		skip();
	strcpy(job.external, "{\"command\": [\"/nonexistent\"], \"ready\": \"x\"}");
	assert_int_equal(
		cb_external_run(&job, &stop, on_ready, NULL, &record, &err), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "/nonexistent"));
	strcpy(job.interface, "nosuch");
	assert_int_equal(run("echo go; sleep 9", ""), CB_ERR_USAGE);
	strcpy(job.interface, "lo");
	set_loopback(false);
	assert_int_equal(run("echo go; sleep 9", ""), CB_ERR_IMPOSSIBLE);
	set_loopback(true);
	strcpy(job.filter, "udp");
	assert_int_equal(run("echo go; sleep 9", ""), CB_ERR_USAGE);
	assert_int_equal(worker, 0);
}

static void its_children_go_with_it(void **state)
{
	char path[] = "/tmp/external_XXXXXX", script[256];
	long child = 0;
	int fd = mkstemp(path);
	FILE *f;

	assert_true(fd >= 0);
	snprintf(script, sizeof(script),
		"sleep 100 & echo $! >%s; echo go; echo and now it fails; exit 1", path);
	job.duration_ns = 2000 * MS;
	assert_int_equal(run(script, ""), CB_ERR_HOST);
	f = fdopen(fd, "r");
	assert_int_equal(fscanf(f, "%ld", &child), 1);
	fclose(f);
	unlink(path);
	for (int i = 0; i < 500 && !kill((pid_t)child, 0); i++)
		cb_sleep_until(cb_deadline_in(10 * CB_NS_PER_MS));
	/* it may be a zombie that nobody takes: then it is not running all the same */
	snprintf(script, sizeof(script), "/proc/%ld/cmdline", child);
	f = fopen(script, "r");
	assert_true(!f || fgetc(f) == EOF);
	if (f)
		fclose(f);
}

static void a_busy_one_is_let_finish(void **state)
{
	job.duration_ns = 20 * MS;
	job.drain_ns = 2000 * MS;
	run_well("echo go; exec sleep 100", ""); /* idle: it has read all */
	assert_true(record.elapsed_ns < 1900 * MS);
	run_well("echo go; exec sleep 100", ", \"linger\": \"300ms\"");
	assert_true(record.elapsed_ns >= 300 * MS);
	job.drain_ns = 200 * MS;
	run_well("echo go; while :; do :; done", ""); /* never done: the drain is over some day */
	assert_true(record.elapsed_ns >= 220 * MS);
	assert_true(record.cpu_ns > MS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(counts_are_booked),
		TEST(unread_may_be_told),
		TEST(what_is_not_told_is_unknown),
		TEST(it_is_stopped_as_it_likes),
		TEST(a_stop_ends_it),
		TEST(who_is_not_wanted_does_not_begin),
		TEST(failures_are_told_in_its_own_words),
		TEST(what_can_not_start_is_said),
		TEST(its_children_go_with_it),
		TEST(a_busy_one_is_let_finish),
	};

	cb_log_set_level(CB_LOG_ERROR);
	have_namespace = enter_namespace();
	if (have_namespace)
		set_loopback(true);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
