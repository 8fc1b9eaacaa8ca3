/* The connection to an agent, against agents that misbehave: this program, started anew. */
#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/testbed/connection.h"
#include "harness/wire/wire.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

/* ---- the fake agents ---- */

static json_t *fake_receive(int64_t *id)
{
	static struct cb_wire_reader reader;
	json_t *message;
	const char *name;
	char bytes[4096];

	while (cb_wire_next(&reader, &message, NULL) != 1) {
		ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

		if (n <= 0)
			_exit(0);
		cb_wire_feed(&reader, bytes, (size_t)n, NULL);
	}
	cb_wire_open_request(message, id, &name, NULL);
	return message;
}

static void fake_write(const void *bytes, size_t n)
{
	if (write(STDOUT_FILENO, bytes, n) != (ssize_t)n)
		_exit(99);
}

static void fake_send(json_t *message, size_t step)
{
	struct cb_text out = {0};

	cb_wire_pack(&out, message, NULL);
	for (size_t i = 0; i < out.length; i += step) {
		if (i)
			usleep(1000);
		fake_write(out.data + i, i + step < out.length ? step : out.length - i);
	}
	json_decref(message);
	cb_text_finish(&out);
}

static void fake_echo(size_t step)
{
	for (;;) {
		int64_t id = 0;
		json_t *request = fake_receive(&id);

		fake_send(cb_wire_reply(id, json_pack("{s:O}", "echo", request)), step);
		json_decref(request);
	}
}

/* The first reply comes only with the second. */
static void fake_late(void)
{
	int64_t first = 0, second = 0;

	json_decref(fake_receive(&first));
	json_decref(fake_receive(&second));
	fake_send(cb_wire_reply(first, json_pack("{s:s}", "is", "first")), 4096);
	fake_send(cb_wire_reply(second, json_pack("{s:s}", "is", "second")), 4096);
}

static void fake_once(const char *what)
{
	struct cb_error failure = {.code = CB_ERR_IMPOSSIBLE, .text = "no such thing here"};
	int64_t id = 0;
	json_t *request = fake_receive(&id);

	if (strcmp(what, "failure") == 0)
		fake_send(cb_wire_failure(id, &failure), 4096);
	else if (strcmp(what, "future") == 0)
		fake_send(cb_wire_reply(id + 7, NULL), 4096);
	else if (strcmp(what, "garbage") == 0)
		fake_write("HTTP/1.1 400 Bad Request\r\n", 26);
	else if (strcmp(what, "not-json") == 0)
		fake_write("\0\0\0\4nope", 8);
	else if (strcmp(what, "dies") == 0)
		fprintf(stderr, "first line\nthe disk is on fire\n");
	else if (strcmp(what, "killed") == 0)
		raise(SIGKILL);
	json_decref(request);
}

static int fake_main(const char *what)
{
	if (strcmp(what, "echo") == 0)
		fake_echo(1 << 20);
	else if (strcmp(what, "slow") == 0)
		fake_echo(7);
	else if (strcmp(what, "late") == 0)
		fake_late();
	else
		fake_once(what);
	if (strcmp(what, "dies") == 0)
		_exit(3);
	while (strcmp(what, "stuck") == 0)
		pause(); /* until the controller ends it */
	if (strcmp(what, "future") == 0 || strcmp(what, "late") == 0 || strcmp(what, "silent") == 0)
		for (int64_t id;;)
			json_decref(fake_receive(&id)); /* no answer; ends with stdin */
	_exit(0);
}

/* ---- the tests ---- */

static struct cb_host *start_logged(const char *what, const char *log_dir)
{
	const char *argv[] = {"/proc/self/exe", "fake", what, NULL};
	const struct cb_process_spec program = {.argv = argv};
	struct cb_host *h = NULL;
	struct cb_error err = {0};

	if (cb_host_open(&h, "sensor", &program, log_dir, &err))
		fail_msg("%s", err.text);
	return h;
}

static struct cb_host *start(const char *what)
{
	return start_logged(what, NULL);
}

static uint64_t soon(void)
{
	return cb_deadline_in(5 * CB_NS_PER_SEC);
}

static void test_reply(void **state)
{
	struct cb_host *h = start("echo");
	struct cb_error err = {0};
	json_t *reply = NULL;

	assert_int_equal(
		cb_host_call(h, "counters", json_pack("{s:i}", "x", 5), &reply, soon(), &err), 0);
	json_t *echo = json_object_get(reply, "echo");
	assert_string_equal(json_string_value(json_object_get(echo, "request")), "counters");
	assert_int_equal(json_integer_value(json_object_get(echo, "x")), 5);
	json_decref(reply);
	/* The reply is not wanted. */
	assert_int_equal(cb_host_call(h, "counters", NULL, NULL, soon(), &err), 0);
	cb_host_close(h);
}

static void test_reply_in_pieces(void **state)
{
	struct cb_host *h = start("slow");
	struct cb_error err = {0};
	json_t *reply = NULL;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(cb_host_call(h, "facts", NULL, &reply, soon(), &err), 0);
		json_decref(reply);
	}
	cb_host_close(h);
}

static void test_large_messages(void **state)
{
	struct cb_host *h = start("echo");
	struct cb_error err = {0};
	json_t *reply = NULL, *array = json_array();

	/* Both ways larger than a pipe's buffer. */
	for (int i = 0; i < 50000; i++)
		json_array_append_new(array, json_integer(1000000 + i));
	assert_int_equal(
		cb_host_call(h, "x", json_pack("{s:o}", "a", array), &reply, soon(), &err), 0);
	array = json_object_get(json_object_get(reply, "echo"), "a");
	assert_int_equal(json_array_size(array), 50000);
	json_decref(reply);
	cb_host_close(h);
}

/* A request that was given up is answered late: that answer must not pass for the next one's. */
static void test_late_reply(void **state)
{
	struct cb_host *h = start("late");
	struct cb_error err = {0};
	json_t *reply = NULL;

	assert_int_equal(
		cb_host_call(h, "one", NULL, &reply, cb_deadline_in(30 * CB_NS_PER_MS), &err),
		CB_ERR_HOST);
	assert_non_null(strstr(err.text, "sensor: the agent has not answered in time"));
	assert_null(reply);
	assert_int_equal(cb_host_call(h, "two", NULL, &reply, soon(), &err), 0);
	assert_string_equal(json_string_value(json_object_get(reply, "is")), "second");
	json_decref(reply);
	cb_host_close(h);
}

static void test_failure(void **state)
{
	struct cb_host *h = start("failure");
	struct cb_error err = {0};

	assert_int_equal(cb_host_call(h, "receive", NULL, NULL, soon(), &err), CB_ERR_IMPOSSIBLE);
	assert_string_equal(err.text, "sensor: no such thing here");
	cb_host_close(h);
}

static void check_broken(const char *what, const char *says)
{
	struct cb_host *h = start(what);
	struct cb_error err = {0};

	assert_int_equal(cb_host_call(h, "receive", NULL, NULL, soon(), &err), CB_ERR_HOST);
	if (!strstr(err.text, says))
		fail_msg("%s: \"%s\" does not say \"%s\"", what, err.text, says);
	assert_non_null(strstr(err.text, "sensor"));
	/* From then on nothing is sent, and nothing waits. */
	assert_int_equal(cb_host_send(h, "receive", json_object(), &err), CB_ERR_HOST);
	assert_int_equal(cb_host_collect(h, NULL, CB_FOREVER, &err), CB_ERR_HOST);
	cb_host_close(h);
}

static void test_broken(void **state)
{
	check_broken("killed", "was killed by signal 9");
	check_broken("garbage", "does not speak this protocol");
	check_broken("not-json", "message");
	check_broken("future", "a reply to nothing");
	check_broken("gone", "the agent ended with status 0");
}

static void test_last_words(void **state)
{
	char dir[] = "/tmp/capbench-test-XXXXXX", path[128];
	struct cb_host *h;
	struct cb_error err = {0};

	assert_non_null(mkdtemp(dir));
	/* What an earlier agent wrote is not this one's. */
	snprintf(path, sizeof(path), "%s/sensor", dir);
	assert_int_equal(cb_file_make_dirs(path, &err), 0);
	snprintf(path, sizeof(path), "%s/sensor/agent.log", dir);
	assert_int_equal(cb_file_replace(path, "old news\n", 9, &err), 0);
	h = start_logged("dies", dir);
	assert_int_equal(cb_host_call(h, "receive", NULL, NULL, soon(), &err), CB_ERR_HOST);
	assert_string_equal(err.text,
		"sensor: the agent ended with status 3; its log ends: first "
		"line;the disk is on fire");
	cb_host_close(h);
	unlink(path);
	snprintf(path, sizeof(path), "%s/sensor", dir);
	rmdir(path);
	assert_int_equal(rmdir(dir), 0);
}

static void on_signal(int number)
{
	cb_testbed_stop = number;
}

static void test_interrupted(void **state)
{
	struct cb_host *h = start("silent");
	struct sigaction act = {.sa_handler = on_signal};
	struct cb_error err = {0};
	timer_t timer;
	struct itimerspec in_30ms = {.it_value.tv_nsec = 30000000};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGINT};

	sigaction(SIGINT, &act, NULL);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	assert_int_equal(timer_settime(timer, 0, &in_30ms, NULL), 0);
	assert_int_equal(
		cb_host_call(h, "generate-go", NULL, NULL, soon(), &err), CB_ERR_INTERRUPTED);
	assert_int_equal(err.sys_errno, SIGINT);
	assert_int_equal(cb_error_exit_status(&err), 128 + SIGINT);
	/* A stop that came before is seen, too. */
	assert_int_equal(cb_host_collect(h, NULL, CB_FOREVER, &err), CB_ERR_INTERRUPTED);
	cb_testbed_stop = 0;
	timer_delete(timer);
	cb_host_close(h);
}

static void test_missing_program(void **state)
{
	const char *argv[] = {"/nonexistent/capbench", "agent", NULL};
	const struct cb_process_spec program = {.argv = argv};
	struct cb_host *h = NULL;
	struct cb_error err = {0};

	assert_int_equal(cb_host_open(&h, "sensor", &program, NULL, &err), CB_ERR_HOST);
	assert_null(h);
	assert_non_null(strstr(err.text, "/nonexistent/capbench"));
	cb_host_close(NULL);
	cb_host_dismiss(NULL);
}

/* An agent that doesn't react is ended by force: it must be gone when close returns. */
static void test_close_ends(void **state)
{
	struct cb_host *h = start("stuck");
	pid_t pid = cb_host_pid(h);
	struct cb_error err = {0};

	assert_int_equal(cb_host_send(h, "x", NULL, &err), 0);
	cb_host_close(h);
	assert_int_equal(kill(pid, 0), -1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reply),
		cmocka_unit_test(test_reply_in_pieces),
		cmocka_unit_test(test_large_messages),
		cmocka_unit_test(test_late_reply),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_last_words),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_missing_program),
		cmocka_unit_test(test_close_ends),
	};

	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && strcmp(argv[1], "fake") == 0)
		return fake_main(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
