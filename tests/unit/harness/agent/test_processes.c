/*
 * A whole agent with its processes: this program started anew as `agent`, which starts it anew as
 * `capture` and `generate` (fake_processes.h).
 */
#include "harness/agent/agent.h"
#include "harness/base/clock.h"
#include "harness/base/process.h"
#include "harness/base/version.h"
#include "harness/wire/wire.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/harness/agent/fake_processes.h"

static struct cb_process agent;
static struct cb_wire_reader replies;
static int64_t last_id;

static void send_only(const char *name, json_t *args)
{
	struct cb_text bytes = {0};
	json_t *message = cb_wire_request(++last_id, name, args);

	assert_int_equal(cb_wire_pack(&bytes, message, NULL), 0);
	assert_int_equal(write(agent.stdin_fd, bytes.data, bytes.length), bytes.length);
	json_decref(message);
	cb_text_finish(&bytes);
}

static json_t *next_reply(void)
{
	json_t *reply = NULL;
	char bytes[65536];

	while (cb_wire_next(&replies, &reply, NULL) == 0) {
		struct pollfd fd = {.fd = agent.stdout_fd, .events = POLLIN};
		ssize_t n;

		if (poll(&fd, 1, 20000) != 1)
			fail_msg("no reply");
		n = read(agent.stdout_fd, bytes, sizeof(bytes));
		assert_true(n > 0);
		assert_int_equal(cb_wire_feed(&replies, bytes, (size_t)n, NULL), 0);
	}
	return reply;
}

static json_t *expect_ok(int64_t id)
{
	struct cb_error err = {0};
	json_t *reply = next_reply();
	int64_t got = 0;

	if (cb_wire_open_reply(reply, &got, &err))
		fail_msg("%s", err.text);
	assert_int_equal(got, id);
	return reply;
}

static void expect_failure(int64_t id, int code, const char *says)
{
	struct cb_error err = {0};
	json_t *reply = next_reply();
	int64_t got = 0;

	assert_int_equal(cb_wire_open_reply(reply, &got, &err), code);
	assert_int_equal(got, id);
	if (!strstr(err.text, says))
		fail_msg("\"%s\" does not say \"%s\"", err.text, says);
	json_decref(reply);
}

static json_t *call(const char *name, json_t *args)
{
	send_only(name, args);
	return expect_ok(last_id);
}

static int set_up(void **state)
{
	const char *argv[] = {"/proc/self/exe", "agent", NULL};
	const struct cb_process_spec spec = {
		.argv = argv, .pipe_stdin = true, .pipe_stdout = true, .cpu = -1};

	memset(&replies, 0, sizeof(replies));
	if (cb_process_start(&agent, &spec, NULL))
		return -1;
	json_decref(call("hello",
		json_pack("{s:i, s:s}", "protocol", CB_WIRE_PROTOCOL, "build", CB_VERSION)));
	return 0;
}

static void expect_end(int status)
{
	int got = -1;

	assert_int_equal(
		cb_process_wait(&agent, cb_deadline_in(5 * CB_NS_PER_SEC), &got, NULL, NULL), 0);
	assert_int_equal(got, status);
}

static int tear_down(void **state)
{
	cb_process_finish(&agent, CB_NS_PER_SEC);
	cb_wire_reader_finish(&replies);
	return 0;
}

static bool is_gone(pid_t pid)
{
	for (int i = 0; i < 500; i++) {
		if (kill(pid, 0) && errno == ESRCH)
			return true;
		usleep(10000);
	}
	return false;
}

/* The agent has no child, not even a dead one. */
static void expect_no_children(void)
{
	char path[64], line[128] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", agent.pid, agent.pid);
	f = fopen(path, "r");
	if (!f)
		return; /* a kernel without CONFIG_PROC_CHILDREN */
	assert_null(fgets(line, sizeof(line), f));
	fclose(f);
}

static json_t *prepare_args(const char *first, const char *second)
{
	return json_pack("{s:s, s:b, s:[{s:s}, {s:s, s:s}]}", "interface", "x0", "measure", 0,
		"jobs", "mechanism", first, "mechanism", second, "snaplen", "128");
}

static json_t *stop_args(void)
{
	return json_pack("{s:i}", "drain_ns", 1000);
}

static pid_t pid_at(const json_t *reply, size_t i)
{
	return (pid_t)json_integer_value(json_array_get(json_object_get(reply, "pids"), i));
}

static void test_captures(void **state)
{
	for (int round = 0; round < 2; round++) {
		json_t *reply = call("capture-prepare", prepare_args("one", "two")), *views, *view;
		pid_t pids[2] = {pid_at(reply, 0), pid_at(reply, 1)};

		json_decref(reply);
		assert_int_equal(kill(pids[0], 0), 0);
		assert_int_equal(kill(pids[1], 0), 0);
		reply = call("capture-stop", stop_args());
		views = json_object_get(reply, "views");
		assert_int_equal(json_array_size(views), 2);
		view = json_array_get(views, 1);
		assert_string_equal(json_string_value(json_object_get(view, "mechanism")), "two");
		assert_int_equal(json_integer_value(json_object_get(view, "received")), 5);
		/* Not measured: it must not pass for a time without softirqs, unless the kernel
		 * accounts for these itself. */
		assert_true(json_is_null(json_object_get(view, "softirq_ns")));
		assert_true(json_is_null(json_object_get(view, "cpu_ns")) ||
			json_integer_value(json_object_get(view, "cpu_ns")) == 1000000000);
		json_decref(reply);
		expect_no_children();
	}
}

static void check_prepare_fails(const char *what, int code, const char *says)
{
	send_only("capture-prepare", prepare_args("ok", what));
	expect_failure(last_id, code, says);
	expect_no_children();
}

static void test_prepare_fails(void **state)
{
	check_prepare_fails("refuses", CB_ERR_IMPOSSIBLE, "capture process 2: no such ring");
	check_prepare_fails("dies", CB_ERR_INTERNAL, "capture process 2 was killed by signal 9");
	check_prepare_fails("leaves", CB_ERR_INTERNAL,
		"capture process 2 ended without an answer, with status 3");
	check_prepare_fails("floods", CB_ERR_INTERNAL, "capture process 2 printed more than");
	check_prepare_fails("unready", CB_ERR_INTERNAL, "capture process 2: it is not ready");
	/* And the agent is as good as new. */
	json_decref(call("capture-prepare", prepare_args("ok", "ok")));
	json_decref(call("capture-stop", stop_args()));
}

static void check_stop_fails(const char *what, const char *says)
{
	json_decref(call("capture-prepare", prepare_args(what, "ok")));
	send_only("capture-stop", stop_args());
	expect_failure(last_id, CB_ERR_INTERNAL, says);
	expect_no_children();
}

static void test_stop_fails(void **state)
{
	check_stop_fails("dies-late", "capture process 1 was killed by signal 9");
	check_stop_fails("junk", "capture process 1");
	check_stop_fails("wrong", "capture process 1: its record");
	check_stop_fails("leaks", "capture process 1 ended with status 23 after its record");
}

static json_t *generate_args(const char *transmitter)
{
	return json_pack("{s:s, s:{s:s, s:s}}", "interface", "x0", "options", "transmitter",
		transmitter, "rate", "10k");
}

static pid_t prepare_generator(const char *transmitter)
{
	json_t *reply = call("generate-prepare", generate_args(transmitter));
	pid_t pid = (pid_t)json_integer_value(json_object_get(reply, "pid"));

	json_decref(reply);
	assert_int_equal(kill(pid, 0), 0);
	return pid;
}

static json_t *go_args(json_int_t timeout_ns)
{
	return json_pack("{s:I}", "timeout_ns", timeout_ns);
}

static void test_generator(void **state)
{
	json_t *reply, *record;
	pid_t pid = prepare_generator("ok");

	reply = call("generate-go", go_args(5000000000));
	record = json_object_get(reply, "generator");
	assert_int_equal(json_integer_value(json_object_get(record, "offered")), 77);
	json_decref(reply);
	assert_true(is_gone(pid));
	send_only("generate-prepare", generate_args("refuses"));
	expect_failure(last_id, CB_ERR_IMPOSSIBLE, "generator process: no such ring");
	/* One that doesn't end in time is ended. */
	pid = prepare_generator("endless");
	send_only("generate-go", go_args(20000000));
	expect_failure(last_id, CB_ERR_HOST, "generator process does not answer");
	assert_true(is_gone(pid));
}

static void test_abort_while_busy(void **state)
{
	pid_t pid = prepare_generator("endless");

	send_only("generate-go", go_args(30000000000));
	send_only("counters", json_pack("{s:s}", "interface", "lo"));
	expect_failure(last_id, CB_ERR_HOST, "counters: generate-go is still being carried out");
	send_only("abort", NULL);
	expect_failure(last_id - 2, CB_ERR_HOST, "aborted by the controller");
	json_decref(expect_ok(last_id));
	assert_true(is_gone(pid));
	expect_no_children();
	/* Also when both come in one piece. */
	pid = prepare_generator("endless");
	kill(agent.pid, SIGSTOP);
	send_only("generate-go", go_args(30000000000));
	send_only("abort", NULL);
	kill(agent.pid, SIGCONT);
	expect_failure(last_id - 1, CB_ERR_HOST, "aborted by the controller");
	json_decref(expect_ok(last_id));
	assert_true(is_gone(pid));
}

static void test_abort_when_idle(void **state)
{
	json_t *reply = call("capture-prepare", prepare_args("ok", "stubborn"));
	pid_t pid = pid_at(reply, 1);

	json_decref(reply);
	json_decref(call("abort", NULL));
	assert_true(is_gone(pid));
	expect_no_children();
	send_only("capture-stop", stop_args());
	expect_failure(last_id, CB_ERR_HOST, "no capture processes are up");
}

/* The controller is gone: the agent takes its processes along, whatever it was doing. */
static void test_end_of_input(void **state)
{
	json_t *reply = call("capture-prepare", prepare_args("ok", "stubborn"));
	pid_t capture = pid_at(reply, 1), generator = prepare_generator("endless");

	json_decref(reply);
	send_only("generate-go", go_args(30000000000));
	close(agent.stdin_fd);
	agent.stdin_fd = -1;
	expect_end(0);
	assert_true(is_gone(capture));
	assert_true(is_gone(generator));
}

static void test_bye(void **state)
{
	json_t *reply = call("capture-prepare", prepare_args("ok", "ok"));
	pid_t pid = pid_at(reply, 0);

	json_decref(reply);
	json_decref(call("bye", NULL));
	expect_end(0);
	assert_true(is_gone(pid));
}

static void test_signals(void **state)
{
	json_t *reply = call("capture-prepare", prepare_args("ok", "ok"));
	pid_t pid = pid_at(reply, 0);

	json_decref(reply);
	cb_process_signal(&agent, SIGTERM);
	expect_end(0);
	assert_true(is_gone(pid));
}

/* Nobody can tidy up after SIGKILL but the kernel. */
static void test_killed(void **state)
{
	json_t *reply = call("capture-prepare", prepare_args("ok", "stubborn"));
	pid_t pids[2] = {pid_at(reply, 0), pid_at(reply, 1)};

	json_decref(reply);
	cb_process_signal(&agent, SIGKILL);
	expect_end(SIGKILL);
	assert_true(is_gone(pids[0]));
	assert_true(is_gone(pids[1]));
}

static void test_garbage(void **state)
{
	json_t *reply = call("capture-prepare", prepare_args("ok", "ok"));
	pid_t pid = pid_at(reply, 0);

	json_decref(reply);
	assert_int_equal(write(agent.stdin_fd, "GET / HTTP/1.1\r\n", 16), 16);
	expect_end(-CB_ERR_HOST << 8);
	assert_true(is_gone(pid));
}

static int agent_main(void)
{
	static const struct cb_agent_options options = {.host = "test"};

	return -cb_agent_main_loop(&options, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_captures),
		TEST(test_prepare_fails),
		TEST(test_stop_fails),
		TEST(test_generator),
		TEST(test_abort_while_busy),
		TEST(test_abort_when_idle),
		TEST(test_end_of_input),
		TEST(test_bye),
		TEST(test_signals),
		TEST(test_killed),
		TEST(test_garbage),
	};

	if (argc > 1 && strcmp(argv[1], "agent") == 0)
		return agent_main();
	signal(SIGTERM, on_stop);
	if (argc > 1 && strcmp(argv[1], "capture") == 0)
		return capture_main(argv);
	if (argc > 1 && strcmp(argv[1], "generate") == 0)
		return generate_main(argv);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
