/* The table of requests: what is refused, and in which words. No process is started here. */
#include "harness/agent/requests.h"
#include "harness/agent/state.h"
#include "harness/base/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

static const struct cb_agent_options options = {.host = "sensor"};
static struct cb_agent agent;
static int ends[2]; /* 0: the agent's, 1: ours */
static struct cb_wire_reader replies;

static int set_up(void **state)
{
	memset(&replies, 0, sizeof(replies));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return -1;
	if (cb_agent_init(&agent, &options, ends[0], ends[0], NULL))
		return -1;
	agent.own_sysfs = true;
	return 0;
}

static int tear_down(void **state)
{
	cb_agent_finish(&agent);
	cb_wire_reader_finish(&replies);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static json_t *next_reply(void)
{
	json_t *reply = NULL;
	char bytes[65536];

	while (cb_wire_next(&replies, &reply, NULL) == 0) {
		ssize_t n = read(ends[1], bytes, sizeof(bytes));

		assert_true(n > 0);
		assert_int_equal(cb_wire_feed(&replies, bytes, (size_t)n, NULL), 0);
	}
	return reply;
}

/* Serve the request and give its reply; `args` is stolen. */
static json_t *serve(const char *name, json_t *args)
{
	json_t *message = cb_wire_request(7, name, args);
	struct cb_error err = {0};

	assert_non_null(message);
	if (cb_agent_serve(&agent, message, &err))
		fail_msg("%s", err.text);
	json_decref(message);
	return next_reply();
}

static void check_served(const char *name, json_t *args)
{
	json_t *reply = serve(name, args);
	struct cb_error err = {0};
	int64_t id = 0;

	if (cb_wire_open_reply(reply, &id, &err))
		fail_msg("%s", err.text);
	assert_int_equal(id, 7);
	json_decref(reply);
}

/* It fails with `code`, in words that hold `says`. */
static void check_refused(const char *name, json_t *args, int code, const char *says)
{
	json_t *reply = serve(name, args);
	struct cb_error err = {0};
	int64_t id = 0;

	assert_int_equal(cb_wire_open_reply(reply, &id, &err), code);
	assert_int_equal(id, 7);
	if (!strstr(err.text, says))
		fail_msg("\"%s\" does not say \"%s\"", err.text, says);
	json_decref(reply);
}

static json_t *hello_args(void)
{
	return json_pack("{s:i, s:s}", "protocol", CB_WIRE_PROTOCOL, "build", CB_VERSION);
}

static void test_hello(void **state)
{
	json_t *reply = serve("hello", hello_args()), *can = json_object_get(reply, "can");

	assert_int_equal(json_integer_value(json_object_get(reply, "protocol")), CB_WIRE_PROTOCOL);
	assert_string_equal(json_string_value(json_object_get(reply, "host")), "sensor");
	assert_int_equal(json_integer_value(json_object_get(reply, "pid")), getpid());
	assert_true(json_is_boolean(json_object_get(can, "rps")));
	assert_true(json_is_boolean(json_object_get(can, "threaded")));
	assert_true(json_is_boolean(json_object_get(can, "large_buffers")));
	/* Not asked for: not tried, not known, and nothing is attached. */
	assert_true(json_is_null(json_object_get(can, "softirq")));
	assert_true(json_is_null(json_object_get(reply, "softirq_cost_ns")));
	assert_null(agent.softirq.program);
	/* One sentence for each thing that can't be had. */
	size_t lacking = json_is_false(json_object_get(can, "rps")) +
		json_is_false(json_object_get(can, "threaded")) +
		json_is_false(json_object_get(can, "large_buffers"));
	assert_int_equal(json_array_size(json_object_get(reply, "missing")), lacking);
	json_decref(reply);
	check_refused("hello", hello_args(), CB_ERR_HOST, "hello has been said already");
}

static void test_hello_refuses_others(void **state)
{
	check_refused("hello", json_pack("{s:i, s:s}", "protocol", 99, "build", CB_VERSION),
		CB_ERR_HOST, "the controller speaks protocol 99");
	check_refused("hello",
		json_pack("{s:i, s:s}", "protocol", CB_WIRE_PROTOCOL, "build", "0.0.0-other"),
		CB_ERR_HOST, "the controller is capbench 0.0.0-other");
	check_refused("hello", json_pack("{s:s}", "protocol", "1"), CB_ERR_USAGE, "protocol");
	check_refused("hello", json_pack("{s:i}", "protocol", CB_WIRE_PROTOCOL), CB_ERR_INTERNAL,
		"build");
	check_refused("hello",
		json_pack("{s:i, s:s, s:i}", "protocol", CB_WIRE_PROTOCOL, "build", CB_VERSION,
			"measure", 1),
		CB_ERR_USAGE, "measure must be true or false");
	assert_int_equal(agent.state, 0);
}

/* Namespaces that could not be made are told in the reply to hello. */
static void test_hello_tells_what_failed(void **state)
{
	cb_error_set(&agent.setup, CB_ERR_IMPOSSIBLE, "no namespaces for you");
	check_refused("hello", hello_args(), CB_ERR_IMPOSSIBLE, "no namespaces for you");
	check_refused("facts", NULL, CB_ERR_HOST, "hello has not been said");
}

static void test_unknown_and_untimely(void **state)
{
	static const char *const early[] = {"facts", "link-create", "link-up", "receive",
		"counters", "quiet", "watch", "evidence", "capture-prepare", "capture-stop",
		"generate-prepare", "generate-go"};

	check_refused("frobnicate", NULL, CB_ERR_HOST, "\"frobnicate\" is not known");
	check_refused("", NULL, CB_ERR_HOST, "is not known");
	check_refused("hello\n", NULL, CB_ERR_HOST, "is not known");
	for (size_t i = 0; i < sizeof(early) / sizeof(*early); i++)
		check_refused(early[i], NULL, CB_ERR_HOST, "hello has not been said");
	agent.state = CB_AGENT_GREETED;
	check_refused("capture-stop", json_pack("{s:i}", "drain_ns", 0), CB_ERR_HOST,
		"no capture processes are up");
	check_refused("generate-go", json_pack("{s:i}", "timeout_ns", 1), CB_ERR_HOST,
		"no generator is ready");
	agent.state = CB_AGENT_GREETED | CB_AGENT_CAPTURE | CB_AGENT_GENERATE;
	check_refused("capture-prepare", NULL, CB_ERR_HOST, "capture processes are up");
	check_refused("generate-prepare", NULL, CB_ERR_HOST, "a generator is ready");
	check_refused("receive", NULL, CB_ERR_HOST, "capture processes are up");
	check_refused("link-create", NULL, CB_ERR_HOST, "capture processes are up");
}

static void test_no_request_at_all(void **state)
{
	json_t *messages[] = {json_object(), json_array(), json_pack("{s:i}", "id", 1),
		json_pack("{s:s, s:s}", "id", "1", "request", "bye"),
		json_pack("{s:i, s:i}", "id", 1, "request", 5)};

	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
		struct cb_error err = {0};

		assert_int_equal(cb_agent_serve(&agent, messages[i], &err), CB_ERR_HOST);
		assert_true(err.text[0]);
		json_decref(messages[i]);
	}
}

static void test_bye_and_abort(void **state)
{
	check_served("abort", NULL); /* nothing to abort is fine, also before hello */
	assert_false(agent.ending);
	check_served("bye", NULL);
	assert_true(agent.ending);
}

static json_t *interface(const char *name)
{
	return json_pack("{s:s}", "interface", name);
}

static void test_interface_names(void **state)
{
	static const char *const wrong[] = {
		"", ".", "..", "-x", "a/b", "a:b", "a b", "a%d", "tab\t", "\x7f"};

	agent.state = CB_AGENT_GREETED;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		check_refused(
			"counters", interface(wrong[i]), CB_ERR_USAGE, "no name of a network");
	check_refused("counters", interface("sixteen-letters!"), CB_ERR_INTERNAL, "interface");
	check_refused("counters", json_pack("{s:i}", "interface", 5), CB_ERR_INTERNAL, "interface");
	check_refused("counters", NULL, CB_ERR_INTERNAL, "interface");
	/* A good name of something that isn't there. */
	check_refused("counters", interface("nosuchif0"), CB_ERR_USAGE, "nosuchif0");
}

static void test_counters(void **state)
{
	json_t *reply, *cpu;

	agent.state = CB_AGENT_GREETED;
	reply = serve("counters", interface("lo"));
	assert_true(json_integer_value(json_object_get(reply, "time_ns")) > 0);
	assert_true(json_is_null(json_object_get(reply, "napi_thread_ns")));
	assert_true(json_is_integer(json_object_get(json_object_get(reply, "link"), "rx_packets")));
	cpu = json_array_get(json_object_get(reply, "cpus"), 0);
	assert_int_equal(json_integer_value(json_object_get(cpu, "cpu")), 0);
	assert_true(json_is_integer(json_object_get(cpu, "squeezed")));
	json_decref(reply);
}

static void test_facts(void **state)
{
	json_t *reply;

	agent.state = CB_AGENT_GREETED;
	reply = serve("facts", NULL);
	assert_true(json_object_size(json_object_get(reply, "facts")) > 0);
	json_decref(reply);
}

static json_t *link_args(const char *mac, json_int_t peer_pid)
{
	return json_pack("{s:s, s:s, s:I, s:s, s:s}", "interface", "a0", "peer", "a1", "peer_pid",
		peer_pid, "mac", mac, "peer_mac", "02:00:00:00:00:02");
}

static void test_link_arguments(void **state)
{
	static const char *const macs[] = {"", "02:00:00:00:00", "02:00:00:00:00:0g",
		"020000000001", "02-00-00-00-00-01", "2:0:0:0:0:1",
		"02:00:00:00:00:1:", " 2:00:00:00:00:01", "+2:00:00:00:00:01", "0x:00:00:00:00:01"};

	agent.state = CB_AGENT_GREETED;
	for (size_t i = 0; i < sizeof(macs) / sizeof(*macs); i++)
		check_refused("link-create", link_args(macs[i], 1), CB_ERR_USAGE, "mac");
	check_refused("link-create", link_args("01:00:5e:00:00:01", 1), CB_ERR_USAGE, "group");
	check_refused("link-create", link_args("02:00:00:00:00:01", 0), CB_ERR_USAGE, "peer_pid");
	check_refused(
		"link-create", link_args("02:00:00:00:00:01", 1LL << 40), CB_ERR_USAGE, "peer_pid");
}

static json_t *queues_args(const char *name, int64_t queues)
{
	return json_pack("{s:s, s:I}", "interface", name, "queues", (json_int_t)queues);
}

static void test_queues_arguments(void **state)
{
	json_t *none = link_args("02:00:00:00:00:01", 1);

	agent.state = CB_AGENT_GREETED;
	json_object_set_new(none, "queues", json_integer(0));
	check_refused("link-create", none, CB_ERR_USAGE, "queues");
	check_refused("link-queues", queues_args("lo", 0), CB_ERR_USAGE, "queues");
	check_refused("link-queues", queues_args("lo", 4097), CB_ERR_USAGE, "queues");
	check_refused("link-queues", queues_args("nosuch0", 2), CB_ERR_USAGE, "nosuch0");
	check_refused("link-queues", queues_args("lo", 2), CB_ERR_IMPOSSIBLE, "driver has none");
}

static json_t *receive_args(const char *mode, int cpu)
{
	return json_pack("{s:s, s:s, s:i}", "interface", "lo", "mode", mode, "cpu", cpu);
}

static void test_receive_arguments(void **state)
{
	agent.state = CB_AGENT_GREETED;
	check_refused("receive", receive_args("psychic", 0), CB_ERR_USAGE, "mode \"psychic\"");
	check_refused("receive", receive_args("rps", -2), CB_ERR_USAGE, "cpu");
	check_refused("receive", receive_args("rps", 100000), CB_ERR_USAGE, "cpu");
	check_refused("receive", interface("lo"), CB_ERR_INTERNAL, "mode");
}

static void test_quiet(void **state)
{
	agent.state = CB_AGENT_GREETED;
	check_served("quiet",
		json_pack("{s:s, s:I}", "interface", "lo", "timeout_ns", (json_int_t)30000000000));
	check_refused("quiet", interface("lo"), CB_ERR_USAGE, "timeout_ns");
	check_refused("quiet", json_pack("{s:s, s:i}", "interface", "lo", "timeout_ns", -1),
		CB_ERR_USAGE, "timeout_ns");
	check_refused("quiet",
		json_pack("{s:s, s:I}", "interface", "lo", "timeout_ns", (json_int_t)INT64_MAX),
		CB_ERR_USAGE, "timeout_ns");
}

static void test_pids(void **state)
{
	json_t *many = json_array();

	agent.state = CB_AGENT_GREETED;
	/* Not measuring is no error. */
	agent.softirq.refused = true;
	snprintf(agent.softirq.why, sizeof(agent.softirq.why), "no eBPF here");
	json_t *reply = serve("evidence", json_pack("{s:[i,i]}", "pids", 1, 2));
	assert_true(json_is_false(json_object_get(reply, "available")));
	assert_string_equal(json_string_value(json_object_get(reply, "why")), "no eBPF here");
	assert_int_equal(json_array_size(json_object_get(reply, "softirq_ns")), 2);
	assert_true(json_is_null(json_array_get(json_object_get(reply, "softirq_ns"), 1)));
	assert_true(json_is_null(json_object_get(reply, "net_rx_ns")));
	json_decref(reply);
	check_served("watch", json_pack("{s:[i]}", "pids", 1));
	check_refused("watch", NULL, CB_ERR_USAGE, "pids");
	check_refused("watch", json_pack("{s:{}}", "pids"), CB_ERR_USAGE, "pids");
	check_refused("watch", json_pack("{s:[s]}", "pids", "1"), CB_ERR_USAGE, "pids[0]");
	check_refused("watch", json_pack("{s:[i,i]}", "pids", 1, 0), CB_ERR_USAGE, "pids[1]");
	check_refused("watch", json_pack("{s:[I]}", "pids", (json_int_t)1 << 40), CB_ERR_USAGE,
		"pids[0]");
	for (int i = 0; i < CB_AGENT_WATCHED_MAX + 1; i++)
		json_array_append_new(many, json_integer(i + 1));
	check_refused("watch", json_pack("{s:o}", "pids", many), CB_ERR_USAGE, "more than");
}

static json_t *jobs(json_t *list)
{
	return json_pack("{s:s, s:o}", "interface", "lo", "jobs", list);
}

/* None of these starts anything: what is not in the option tables does not pass. */
static void test_job_options(void **state)
{
	json_t *many = json_array();

	agent.state = CB_AGENT_GREETED;
	check_refused("capture-prepare", interface("lo"), CB_ERR_INTERNAL, "jobs");
	check_refused("capture-prepare", jobs(json_object()), CB_ERR_INTERNAL, "jobs");
	check_refused("capture-prepare", jobs(json_array()), CB_ERR_USAGE, "0 jobs");
	check_refused("capture-prepare", jobs(json_pack("[s]", "x")), CB_ERR_USAGE, "jobs[0]");
	check_refused("capture-prepare", jobs(json_pack("[{s:s}]", "control", "true")),
		CB_ERR_USAGE, "control");
	check_refused("capture-prepare", jobs(json_pack("[{s:s}]", "json", "true")), CB_ERR_USAGE,
		"json");
	check_refused("capture-prepare", jobs(json_pack("[{s:s}]", "x=1 --load", "discard")),
		CB_ERR_USAGE, "x=1");
	check_refused("capture-prepare", jobs(json_pack("[{s:i}]", "snaplen", 5)), CB_ERR_USAGE,
		"snaplen");
	check_refused("capture-prepare", jobs(json_pack("[{s:s}]", "snaplen", "--control")),
		CB_ERR_USAGE, "snaplen");
	for (int i = 0; i < CB_AGENT_CAPTURES_MAX + 1; i++)
		json_array_append_new(many, json_object());
	check_refused("capture-prepare", jobs(many), CB_ERR_USAGE, "65 jobs");
	check_refused("generate-prepare",
		json_pack("{s:s, s:{s:s}}", "interface", "lo", "options", "rat", "1k"),
		CB_ERR_USAGE, "rat");
	check_refused("generate-prepare", json_pack("{s:s, s:[]}", "interface", "lo", "options"),
		CB_ERR_INTERNAL, "options");
	assert_int_equal(agent.state, CB_AGENT_GREETED);
	assert_int_equal(agent.n_captures, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hello),
		TEST(test_hello_refuses_others),
		TEST(test_hello_tells_what_failed),
		TEST(test_unknown_and_untimely),
		TEST(test_no_request_at_all),
		TEST(test_bye_and_abort),
		TEST(test_interface_names),
		TEST(test_counters),
		TEST(test_facts),
		TEST(test_link_arguments),
		TEST(test_queues_arguments),
		TEST(test_receive_arguments),
		TEST(test_quiet),
		TEST(test_pids),
		TEST(test_job_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
