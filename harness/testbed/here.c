/* The test-bed without a generator: an interface of this machine, on which frames come from
 * elsewhere. Its one agent behaves as on a host of its own: with a lock, and undo. */
#include "harness/base/clock.h"
#include "harness/base/json.h"
#include "harness/base/process.h"
#include "harness/base/text.h"
#include "harness/base/version.h"
#include "harness/testbed/backend.h"
#include "harness/testbed/connection.h"
#include "harness/testbed/wait.h"
#include "harness/wire/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP_NS (10 * CB_NS_PER_SEC)

int cb_bed_here(struct cb_bed **bed, const char *interface, struct cb_error *err)
{
	struct cb_bed *b = calloc(1, sizeof(*b));

	*bed = b;
	if (!b)
		return cb_error_memory(err, "the test-bed");
	cb_text_copy(b->name, sizeof(b->name), interface);
	if (cb_text_copy(b->here, sizeof(b->here), interface) && *interface)
		return 0;
	cb_bed_destroy(b);
	*bed = NULL;
	return cb_error_set(err, CB_ERR_USAGE, "%.40s is no name of an interface", interface);
}

/* The same build, whatever happens to the file meanwhile. */
static int execute_self(void *argv)
{
	execv("/proc/self/exe", argv);
	return -errno;
}

/* By which address of this machine its user has come, for the agent to leave that interface alone:
 * a mechanism may take the frames from the stack. sshd: "client port server port". */
static void control_address(char out[96])
{
	const char *connection = getenv("SSH_CONNECTION");
	char address[64] = "";

	if (connection && sscanf(connection, "%*s %*s %63s", address) != 1)
		address[0] = '\0';
	snprintf(out, 96, "--control-address=%s", address);
}

static int start_agent(
	struct cb_host **h, const struct cb_testbed_options *options, struct cb_error *err)
{
	char control[96];
	const char *argv[] = {"capbench", "agent", "--host=sensor", "--remote=yes", control, NULL};
	const struct cb_process_spec program = {.argv = argv,
		.before_exec = execute_self,
		.before_exec_arg = argv,
		.new_session = true};

	control_address(control);
	return cb_host_open(h, "sensor", &program, options->log_dir, err);
}

static int take_hello(struct cb_testbed *t, const json_t *reply, struct cb_error *err)
{
	json_t *can, *missing;
	int r = cb_json_object(reply, "can", &can, err);

	if (!r)
		r = cb_json_bool(can, "rps", &t->shape.rps, err);
	if (!r)
		r = cb_json_bool(can, "threaded", &t->shape.threaded, err);
	if (!r)
		r = cb_json_array(reply, "missing", &missing, err);
	return r ? r : cb_testbed_add_missing(t, missing, err);
}

static int greet(struct cb_testbed *t, struct cb_error *err)
{
	char controller[64];
	json_t *reply = NULL;
	int r;

	snprintf(controller, sizeof(controller), "process %d of this machine", getpid());
	r = cb_host_call(t->sensors[0].host, "hello",
		json_pack("{s:i, s:s, s:b, s:s, s:I}", "protocol", CB_WIRE_PROTOCOL, "build",
			CB_VERSION, "measure", true, "controller", controller, "dead_man_ns",
			(json_int_t)CB_DEAD_MAN_NS),
		&reply, cb_deadline_in(STEP_NS), err);
	if (!r)
		r = take_hello(t, reply, err);
	json_decref(reply);
	return r;
}

static int find_interface(struct cb_testbed *t, const char *interface, struct cb_error *err)
{
	struct cb_testbed_end *s = &t->sensors[0];
	json_t *reply = NULL;
	int r = cb_host_call(s->host, "port",
		json_pack("{s:s, s:s}", "by", "interface", "value", interface), &reply,
		cb_deadline_in(STEP_NS), err);

	json_decref(reply);
	reply = NULL;
	if (!r)
		r = cb_host_call(s->host, "link-up",
			json_pack("{s:s, s:I}", "interface", interface, "timeout_ns",
				(json_int_t)(STEP_NS / 2)),
			&reply, cb_deadline_in(STEP_NS), err);
	if (!r)
		r = cb_json_text(reply, "driver", s->driver, sizeof(s->driver), err);
	if (!r)
		r = cb_json_text(reply, "mac", s->mac, sizeof(s->mac), err);
	json_decref(reply);
	cb_text_copy(s->interface, sizeof(s->interface), interface);
	return r;
}

static int open_here(
	struct cb_testbed *t, const struct cb_testbed_options *options, struct cb_error *err)
{
	int r = cb_testbed_shape(&t->shape, options->bed, err);

	cb_text_copy(t->sensors[0].name, sizeof(t->sensors[0].name), "sensor");
	t->n_sensors = 1;
	if (!r)
		r = start_agent(&t->sensors[0].host, options, err);
	if (!r)
		r = greet(t, err);
	return r ? r : find_interface(t, options->bed->here, err);
}

/* The agent puts back what it changed. */
static void close_here(struct cb_testbed *t)
{
	(void)t;
}

const struct cb_testbed_backend cb_testbed_here = {.open = open_here, .close = close_here};
