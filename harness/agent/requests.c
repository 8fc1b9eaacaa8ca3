/* The table of requests; what each one wants and gives stands in agent.h. */
#include "harness/agent/requests.h"

#include "harness/agent/abilities.h"
#include "harness/agent/evidence.h"
#include "harness/agent/remote.h"
#include "harness/agent/state.h"
#include "harness/base/json.h"
#include "harness/base/log.h"
#include "harness/base/version.h"
#include "harness/host/host.h"
#include "harness/host/tuning.h"
#include "harness/net/link.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define GREETED  CB_AGENT_GREETED
#define CAPTURE  CB_AGENT_CAPTURE
#define GENERATE CB_AGENT_GENERATE

static const struct cb_agent_request requests[] = {
	{"hello", cb_agent_hello, 0, GREETED},
	{"facts", cb_agent_facts, GREETED, 0},
	{"link-create", cb_agent_link_create, GREETED, CAPTURE | GENERATE},
	{"link-up", cb_agent_link_up, GREETED, CAPTURE | GENERATE},
	{"link-queues", cb_agent_link_queues, GREETED, CAPTURE | GENERATE},
	{"receive", cb_agent_receive, GREETED, CAPTURE | GENERATE},
	{"counters", cb_agent_counters, GREETED, 0},
	{"quiet", cb_agent_quiet, GREETED, 0},
	{"watch", cb_agent_watch, GREETED, 0},
	{"evidence", cb_agent_evidence, GREETED, 0},
	{"capture-prepare", cb_agent_capture_prepare, GREETED, CAPTURE},
	{"capture-stop", cb_agent_capture_stop, GREETED | CAPTURE, 0},
	{"generate-prepare", cb_agent_generate_prepare, GREETED, GENERATE},
	{"generate-go", cb_agent_generate_go, GREETED | GENERATE, 0},
	{"clock", cb_agent_clock, GREETED, 0},
	{"window", cb_agent_window, GREETED, 0},
	{"port", cb_agent_port, GREETED, CAPTURE | GENERATE},
	{"commands", cb_agent_commands, GREETED, CAPTURE | GENERATE},
	{"tune", cb_agent_tune, GREETED, CAPTURE | GENERATE},
	{"untune", cb_agent_untune, GREETED, CAPTURE | GENERATE},
	{"clean", cb_agent_clean, GREETED, CAPTURE | GENERATE},
	{"doctor", cb_agent_doctor, GREETED, CAPTURE | GENERATE},
	{"abort", cb_agent_abort, 0, 0},
	{"bye", cb_agent_bye, 0, 0},
};

/* Why a request is refused: a state that it needs, or that excludes it. */
static const struct {
	unsigned state;
	const char *lacking, *present;
} reasons[] = {
	{GREETED, "hello has not been said", "hello has been said already"},
	{CAPTURE, "no capture processes are up (capture-prepare)",
		"capture processes are up (capture-stop or abort ends them)"},
	{GENERATE, "no generator is ready (generate-prepare)",
		"a generator is ready (generate-go or abort ends it)"},
};

static int check_state(
	const struct cb_agent *a, const struct cb_agent_request *request, struct cb_error *err)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		unsigned bit = reasons[i].state;

		if (request->needs & bit & ~a->state)
			return cb_error_set(err, CB_ERR_HOST, "%s", reasons[i].lacking);
		if (request->excludes & bit & a->state)
			return cb_error_set(err, CB_ERR_HOST, "%s", reasons[i].present);
	}
	return 0;
}

static const struct cb_agent_request *find(const char *name)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		if (strcmp(requests[i].name, name) == 0)
			return &requests[i];
	return NULL;
}

/*
 * What a host can't do, the user must know; but as long as its port is down nobody can tell: that
 * is a fault of this moment, and a trial may go well when the port is back. So is a port that is
 * gone, where it was found before (`port`).
 */
static void check_port(const struct cb_agent *a, const json_t *args, struct cb_error *err)
{
	struct cb_link_info info = {.up = false};
	char name[16];
	bool gone;

	if (cb_agent_arg_interface(args, "interface", name, NULL))
		return;
	gone = cb_link_info(name, &info, NULL) != 0;
	if ((err->code == CB_ERR_IMPOSSIBLE && !gone && !info.up) ||
		(err->code == CB_ERR_USAGE && gone && a->undo))
		err->code = CB_ERR_HOST;
}

static int carry_out(struct cb_agent *a, const char *name, const json_t *message, json_t *reply,
	struct cb_error *err)
{
	const struct cb_agent_request *request = find(name);
	int r;

	if (!request)
		return cb_error_set(
			err, CB_ERR_HOST, "request \"%.40s\" is not known to this agent", name);
	r = check_state(a, request, err);
	if (!r) {
		a->busy = request->name;
		r = request->run(a, message, reply, err);
		a->busy = NULL;
	}
	if (r)
		check_port(a, message, err);
	return r ? cb_error_prepend(err, "%s", request->name) : 0;
}

int cb_agent_serve(struct cb_agent *a, const json_t *message, struct cb_error *err)
{
	struct cb_error failure = {0};
	const char *name;
	int64_t id;
	json_t *reply;
	int r = cb_wire_open_request(message, &id, &name, err);

	if (r)
		return r;
	if (strcmp(name, "alive") == 0)
		return 0;
	reply = json_object();
	if (!reply)
		return cb_error_memory(err, "a reply");
	if (carry_out(a, name, message, reply, &failure)) {
		json_decref(reply);
		/* Interrupted means the user's ^C to a controller; here, it or a child's end. */
		if (failure.code == CB_ERR_INTERRUPTED)
			failure.code = CB_ERR_HOST;
		cb_debug("%s", failure.text);
		cb_agent_send(a, cb_wire_failure(id, &failure));
	} else {
		cb_agent_send(a, cb_wire_reply(id, reply));
	}
	if (a->aborted) {
		a->aborted = false;
		cb_agent_end_children(a);
		cb_agent_send(a, cb_wire_reply(a->abort_id, NULL));
	}
	return 0;
}

static int check_peer(const json_t *args, struct cb_error *err)
{
	int64_t protocol = 0;
	char build[128];
	int r = cb_agent_arg_count(args, "protocol", 0, INT64_MAX, &protocol, err);

	if (!r)
		r = cb_json_text(args, "build", build, sizeof(build), err);
	if (r)
		return r;
	if (protocol != CB_WIRE_PROTOCOL)
		return cb_error_set(err, CB_ERR_HOST,
			"the controller speaks protocol %lld, this agent %d: use one build of "
			"capbench on all hosts",
			(long long)protocol, CB_WIRE_PROTOCOL);
	if (strcmp(build, CB_VERSION) != 0)
		return cb_error_set(err, CB_ERR_HOST,
			"the controller is capbench %s, this agent %s: use one build of capbench "
			"on all hosts",
			build, CB_VERSION);
	return 0;
}

int cb_agent_hello(struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	struct utsname names;
	bool measure = false;
	int r = check_peer(args, err);

	if (!r && a->setup.code) {
		if (err)
			*err = a->setup;
		r = a->setup.code;
	}
	if (!r)
		r = cb_agent_arg_bool(args, "measure", false, &measure, err);
	if (!r)
		r = cb_agent_remote_hello(a, args, err);
	if (r)
		return r;
	uname(&names);
	r = cb_json_set_count(reply, "protocol", CB_WIRE_PROTOCOL);
	r |= cb_json_set_text(reply, "build", CB_VERSION);
	r |= cb_json_set_text(reply, "host", a->options->host);
	r |= cb_json_set_count(reply, "pid", getpid());
	r |= cb_json_set_text(reply, "kernel", names.release);
	r |= json_object_set_new(reply, "cores", cb_agent_cores());
	if (r)
		return cb_error_memory(err, "the reply");
	r = cb_agent_abilities_report(a, measure, reply, err);
	if (!r && json_object_set(reply, "missing", a->missing))
		r = cb_error_memory(err, "the reply");
	if (!r)
		a->state |= CB_AGENT_GREETED;
	return r;
}

int cb_agent_facts(struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	json_t *facts = cb_host_facts();
	char name[16];
	int r = 0;

	if (json_object_get(args, "interface")) {
		r = cb_agent_arg_interface(args, "interface", name, err);
		if (!r && facts)
			json_object_set_new(facts, "settings", cb_tuning_snapshot(NULL, name));
	}
	if (!facts || json_object_set_new(reply, "facts", facts))
		return cb_error_memory(err, "the facts");
	return r;
}

int cb_agent_abort(struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	cb_agent_end_children(a);
	return 0;
}

int cb_agent_bye(struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	cb_agent_end_children(a);
	a->ending = true;
	return 0;
}
