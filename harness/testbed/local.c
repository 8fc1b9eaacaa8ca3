/* The built-in test-bed: two agents on this machine, a veth pair between their namespaces. */
#include "harness/base/clock.h"
#include "harness/base/json.h"
#include "harness/base/log.h"
#include "harness/base/process.h"
#include "harness/base/version.h"
#include "harness/host/tuning.h"
#include "harness/testbed/backend.h"
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

/* The sensor's abilities decide: there frames are received and processes measured. */
static int greet(struct cb_testbed *t, struct cb_testbed_end *end, struct cb_error *err)
{
	struct cb_host *h = end->host;
	bool is_sensor = end == t->sensors;
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
	if (!r)
		r = cb_testbed_add_missing(t, missing, err);
	else
		cb_error_prepend(err, "%s: hello", cb_host_name(h));
	json_decref(reply);
	return r;
}

static int make_link(struct cb_testbed *t, struct cb_error *err)
{
	struct cb_testbed_end *g = t->generators, *s = t->sensors;
	uint64_t deadline = cb_deadline_in(STEP_NS);
	struct cb_ask asks[2];
	json_t *veth;
	int r;

	*g = (struct cb_testbed_end){.name = "generator",
		.host = g->host,
		.interface = GENERATOR_INTERFACE,
		.mac = GENERATOR_MAC,
		.driver = "veth"};
	*s = (struct cb_testbed_end){.name = "sensor",
		.host = s->host,
		.interface = SENSOR_INTERFACE,
		.mac = SENSOR_MAC,
		.driver = "veth"};
	veth = json_pack("{s:s, s:s, s:i, s:s, s:s}", "interface", g->interface, "peer",
		s->interface, "peer_pid", cb_host_pid(s->host), "mac", g->mac, "peer_mac", s->mac);
	if (t->queues > 1)
		json_object_set_new(veth, "queues", json_integer(t->queues));
	r = cb_host_call(g->host, "link-create", veth, NULL, deadline, err);
	if (r)
		return r;
	/* Each end waits for the other's carrier, so both are asked before either is heard. */
	asks[0] = (struct cb_ask){g->host, json_pack("{s:s}", "interface", g->interface), NULL};
	asks[1] = (struct cb_ask){s->host, json_pack("{s:s}", "interface", s->interface), NULL};
	r = cb_hosts_ask(asks, 2, "link-up", deadline, err);
	for (int i = 0; i < 2; i++)
		json_decref(asks[i].reply);
	return r;
}

/* Not having the file costs only what `clean` could do after a power cut. */
static void note_state(const struct cb_testbed *t, struct local *local)
{
	static unsigned serial;
	struct cb_error err = {0};
	const struct cb_process_id agents[] = {
		{cb_host_pid(t->generators->host),
			cb_process_start_time(cb_host_pid(t->generators->host))},
		{cb_host_pid(t->sensors->host),
			cb_process_start_time(cb_host_pid(t->sensors->host))},
	};

	if (cb_state_write(agents, 2, serial++, local->state_path, &err)) {
		cb_warn("state file: %s", err.text);
		local->state_path[0] = '\0';
	}
}

static int open_local(
	struct cb_testbed *t, const struct cb_testbed_options *options, struct cb_error *err)
{
	struct local *local = calloc(1, sizeof(*local));
	struct cb_testbed_end *g = t->generators, *s = t->sensors;
	int r;

	if (!local)
		return cb_error_memory(err, "the test-bed");
	t->state = local;
	t->queues = options->queues > 1 ? options->queues : 1;
	cb_testbed_clean(NULL, NULL); /* state files of killed runs would pile up otherwise */
	r = cb_testbed_shape(&t->shape, NULL, err);
	t->n_generators = t->n_sensors = 1;
	/* The second joins the user namespace that the first may have made, so it waits for hello.
	 */
	if (!r)
		r = start_agent(&g->host, "generator", NULL, options, err);
	if (!r)
		r = greet(t, g, err);
	if (!r)
		r = start_agent(&s->host, "sensor", g->host, options, err);
	if (!r)
		note_state(t, local);
	if (!r)
		r = greet(t, s, err);
	return r ? r : make_link(t, err);
}

static void log_line(const char *line)
{
	cb_info("%s", line);
}

static void close_local(struct cb_testbed *t)
{
	const struct local *local = t->state;

	if (local && local->state_path[0])
		unlink(local->state_path);
	/* What agents changed that did not come to put it back. */
	cb_tuning_recover(NULL, log_line, NULL);
	free(t->state);
}

const struct cb_testbed_backend cb_testbed_local = {.open = open_local, .close = close_local};
