/* The built-in test-bed: two agents on this machine, a veth pair between their namespaces. */
#include "harness/base/clock.h"
#include "harness/base/json.h"
#include "harness/base/log.h"
#include "harness/base/process.h"
#include "harness/base/version.h"
#include "harness/testbed/connection.h"
#include "harness/testbed/state_file.h"
#include "harness/testbed/testbed.h"
#include "harness/wire/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP_NS (10 * CB_NS_PER_SEC)

/* In namespaces of their own, names and addresses can be the same in every run. */
#define GENERATOR_INTERFACE "cb0"
#define SENSOR_INTERFACE    "cb1"
#define GENERATOR_MAC       "02:ca:b5:00:00:01"
#define SENSOR_MAC          "02:ca:b5:00:00:02"

struct local {
	char state_path[PATH_MAX]; /* "": there is no file */
};

/* Executes this program by /proc/self/exe, not by its path: all processes of a run are the same
 * build, whatever happens to the file meanwhile. */
static int execute_self(void *argv)
{
	execv("/proc/self/exe", argv);
	return -errno;
}

/* `with_user_namespace_of`: NULL for the first agent, which makes what there is to make. */
static int start_agent(struct cb_host **h, const char *name,
	const struct cb_host *with_user_namespace_of, const struct cb_testbed_options *options,
	struct cb_error *err)
{
	char host[80], join[48];
	const char *argv[] = {"capbench", "agent", host, "--namespaces=new", join, NULL};
	const struct cb_process_spec program = {
		.argv = argv, .before_exec = execute_self, .before_exec_arg = argv};

	snprintf(host, sizeof(host), "--host=%s", name);
	snprintf(join, sizeof(join), "--user-namespace-of=%d",
		with_user_namespace_of ? cb_host_pid(with_user_namespace_of) : 0);
	return cb_host_open(h, name, &program, options->log_dir, err);
}

/* Add sentences that are not there yet: two agents on one machine miss the same things. */
static int add_missing(json_t *missing, const json_t *more)
{
	const json_t *sentence, *known;
	size_t i, k;

	json_array_foreach(more, i, sentence)
	{
		bool found = false;

		json_array_foreach(missing, k, known) found = found || json_equal(known, sentence);
		if (!found && json_array_append(missing, (json_t *)sentence))
			return -1;
	}
	return 0;
}

/* The sensor's abilities decide: there frames are received and processes measured. */
static int greet(struct cb_testbed *t, struct cb_host *h, struct cb_error *err)
{
	bool is_sensor = h == t->sensor;
	json_t *reply = NULL, *can, *missing;
	int r = cb_host_call(h, "hello",
		json_pack("{s:i, s:s, s:b}", "protocol", CB_WIRE_PROTOCOL, "build", CB_VERSION,
			"measure", is_sensor),
		&reply, cb_deadline_in(STEP_NS), err);

	if (r)
		return r;
	r = cb_json_object(reply, "can", &can, err);
	if (!r && is_sensor)
		r = cb_json_bool(can, "rps", &t->shape.rps, err);
	if (!r && is_sensor)
		r = cb_json_bool(can, "threaded", &t->shape.threaded, err);
	if (!r)
		r = cb_json_array(reply, "missing", &missing, err);
	if (!r && add_missing(t->missing, missing))
		r = cb_error_memory(err, "the test-bed");
	else if (r)
		cb_error_prepend(err, "%s: hello", cb_host_name(h));
	json_decref(reply);
	return r;
}

static int make_link(struct cb_testbed *t, struct cb_error *err)
{
	uint64_t deadline = cb_deadline_in(STEP_NS);
	json_t *veth = json_pack("{s:s, s:s, s:i, s:s, s:s}", "interface", GENERATOR_INTERFACE,
		"peer", SENSOR_INTERFACE, "peer_pid", cb_host_pid(t->sensor), "mac", GENERATOR_MAC,
		"peer_mac", SENSOR_MAC);
	int r;

	if (t->queues > 1)
		json_object_set_new(veth, "queues", json_integer(t->queues));
	snprintf(t->generator_interface, sizeof(t->generator_interface), GENERATOR_INTERFACE);
	snprintf(t->sensor_interface, sizeof(t->sensor_interface), SENSOR_INTERFACE);
	snprintf(t->sensor_mac, sizeof(t->sensor_mac), SENSOR_MAC);
	r = cb_host_call(t->generator, "link-create", veth, NULL, deadline, err);
	/* Each end waits for the other's carrier, so both are asked before either is heard. */
	if (!r)
		r = cb_host_send(t->generator, "link-up",
			json_pack("{s:s}", "interface", GENERATOR_INTERFACE), err);
	if (!r)
		r = cb_host_send(t->sensor, "link-up",
			json_pack("{s:s}", "interface", SENSOR_INTERFACE), err);
	if (!r)
		r = cb_host_collect(t->generator, NULL, deadline, err);
	return r ? r : cb_host_collect(t->sensor, NULL, deadline, err);
}

/* Not having the file costs only what `clean` could do after a power cut. */
static void note_state(const struct cb_testbed *t, struct local *local)
{
	static unsigned serial;
	struct cb_error err = {0};
	const struct cb_process_id agents[] = {
		{cb_host_pid(t->generator), cb_process_start_time(cb_host_pid(t->generator))},
		{cb_host_pid(t->sensor), cb_process_start_time(cb_host_pid(t->sensor))},
	};

	if (cb_state_write(agents, 2, serial++, local->state_path, &err)) {
		cb_warn("state file: %s", err.text);
		local->state_path[0] = '\0';
	}
}

int cb_testbed_open_local(
	struct cb_testbed **testbed, const struct cb_testbed_options *options, struct cb_error *err)
{
	struct cb_testbed *t = calloc(1, sizeof(*t));
	struct local *local = calloc(1, sizeof(*local));
	int r = 0;

	if (!t || !local) {
		free(t);
		free(local);
		return cb_error_memory(err, "the test-bed");
	}
	t->backend = local;
	t->missing = json_array();
	t->queues = options->queues > 1 ? options->queues : 1;
	cb_testbed_clean(NULL, NULL); /* state files of killed runs would pile up otherwise */
	r = cb_testbed_shape_local(&t->shape, err);
	/* The second joins the user namespace that the first may have made, so it waits for hello.
	 */
	if (!r)
		r = start_agent(&t->generator, "generator", NULL, options, err);
	if (!r)
		r = greet(t, t->generator, err);
	if (!r)
		r = start_agent(&t->sensor, "sensor", t->generator, options, err);
	if (!r)
		note_state(t, local);
	if (!r)
		r = greet(t, t->sensor, err);
	if (!r)
		r = make_link(t, err);
	if (r) {
		cb_testbed_close(t);
		return cb_error_prepend(err, "local test-bed");
	}
	*testbed = t;
	return 0;
}

void cb_testbed_close(struct cb_testbed *t)
{
	struct local *local;

	if (!t)
		return;
	local = t->backend;
	/* The link goes with either; its loss would worry processes that still capture. */
	cb_host_dismiss(t->sensor);
	cb_host_dismiss(t->generator);
	cb_host_close(t->generator);
	cb_host_close(t->sensor);
	if (local->state_path[0])
		unlink(local->state_path);
	json_decref(t->missing);
	free(local);
	free(t);
}
