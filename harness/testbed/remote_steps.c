/* The steps from nothing to a link that is up. */
#include "harness/base/clock.h"
#include "harness/base/json.h"
#include "harness/base/log.h"
#include "harness/base/version.h"
#include "harness/testbed/connection.h"
#include "harness/testbed/remote.h"
#include "harness/testbed/wait.h"
#include "harness/wire/wire.h"

#include <stdio.h>
#include <string.h>

#define CONNECT_NS (20 * CB_NS_PER_SEC)
#define DEPLOY_NS  (60 * CB_NS_PER_SEC)
#define HELLO_NS   (20 * CB_NS_PER_SEC)
#define STEP_NS    (10 * CB_NS_PER_SEC)
#define COMMAND_NS (60 * CB_NS_PER_SEC) /* each of pre and post */

static int connect_all(struct cb_remote_group *g, struct cb_error *err)
{
	struct cb_ssh *list[CB_BED_HOSTS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		if (!cb_ssh_is_connected(g->ssh[i]))
			list[n++] = g->ssh[i];
	return cb_ssh_connect(list, n, cb_deadline_in(CONNECT_NS), err);
}

static int deploy_all(struct cb_remote_group *g, struct cb_error *err)
{
	int r = g->remote->bundle.fd ? 0 : cb_bundle_make(&g->remote->bundle, err);

	return r ? r : cb_deploy(g->ssh, g->n, &g->remote->bundle, cb_deadline_in(DEPLOY_NS), err);
}

static int start_agents(struct cb_remote_group *g, struct cb_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < g->n; i++) {
		const char *words[CB_SSH_WORDS_MAX];
		char command[CB_DEPLOY_COMMAND_MAX];
		const struct cb_process_spec program = {
			.argv = words, .search_path = true, .new_session = true};

		cb_deploy_agent_command(g->hosts[i], &g->remote->bundle, command);
		cb_ssh_words(g->ssh[i], command, words);
		r = cb_host_open(&g->ends[i]->host, g->hosts[i]->name, &program,
			g->remote->options->log_dir, err);
	}
	return r;
}

/* What the agent's shell or sudo said in its place. */
static int explain_hello(const struct cb_bed_host *h, int r, struct cb_error *err)
{
	static const struct {
		const char *said, *cure;
	} rows[] = {
		{"a password is required",
			"sudo wants a password: allow it without for this user (NOPASSWD in "
			"sudoers), or leave out `become` and log in as root"},
		{"a terminal is required", "sudo wants a password: allow it without (NOPASSWD)"},
		{"may not run sudo", "the user may not use sudo: ask for it, or log in as root"},
		{"not in the sudoers", "the user may not use sudo: ask for it, or log in as root"},
		{"is not allowed to execute", "sudo allows it not this: see sudo -l"},
		{"sudo: not found", "there is no sudo: install it, or log in as root"},
		{"sudo: command not found", "there is no sudo: install it, or log in as root"},
	};

	for (size_t i = 0; r && err && i < sizeof(rows) / sizeof(*rows); i++)
		if (h->become == CB_BED_BECOME_SUDO && strstr(err->text, rows[i].said))
			return cb_error_set(err, CB_ERR_HOST, "%s: %s", h->name, rows[i].cure);
	return r;
}

static void take_cores(struct cb_testbed_end *end, const json_t *cores)
{
	const json_t *core;
	size_t i;

	memset(end->usable, 0, sizeof(end->usable));
	end->n_usable = 0;
	json_array_foreach(cores, i, core)
	{
		json_int_t n = json_integer_value(core);

		if (n < 0 || n >= CB_CORES_UNKNOWN)
			continue;
		end->usable[n / 64] |= UINT64_C(1) << (n % 64);
		end->n_usable++;
	}
}

static int take_hello(
	struct cb_remote_group *g, size_t i, const json_t *reply, struct cb_error *err)
{
	struct cb_testbed *t = g->testbed;
	json_t *can, *missing;
	bool rps = true, threaded = true;
	int r = cb_json_object(reply, "can", &can, err);

	if (!r)
		r = cb_json_array(reply, "missing", &missing, err);
	if (!r)
		r = cb_json_bool(can, "rps", &rps, err);
	if (!r)
		r = cb_json_bool(can, "threaded", &threaded, err);
	if (r)
		return cb_error_prepend(err, "%s: hello", g->hosts[i]->name);
	take_cores(g->ends[i], json_object_get(reply, "cores"));
	if (g->sensor[i]) {
		t->shape.rps &= rps;
		t->shape.threaded &= threaded;
	}
	for (size_t k = 0; k < json_array_size(missing); k++) {
		char sentence[1200];
		json_t *list;

		snprintf(sentence, sizeof(sentence), "%s: %s", g->hosts[i]->name,
			json_string_value(json_array_get(missing, k)));
		list = json_pack("[s]", sentence);
		r = cb_testbed_add_missing(t, list, err);
		json_decref(list);
		if (r)
			return r;
	}
	return 0;
}

static int greet_all(struct cb_remote_group *g, struct cb_error *err)
{
	uint64_t deadline = cb_deadline_in(HELLO_NS);
	int r = 0;

	for (size_t i = 0; !r && i < g->n; i++)
		r = cb_host_send(g->ends[i]->host, "hello",
			json_pack("{s:i, s:s, s:b, s:s, s:I}", "protocol", CB_WIRE_PROTOCOL,
				"build", CB_VERSION, "measure", g->sensor[i], "controller",
				g->remote->controller, "dead_man_ns", (json_int_t)CB_DEAD_MAN_NS),
			err);
	for (size_t i = 0; !r && i < g->n; i++) {
		json_t *reply = NULL;

		r = cb_host_collect(g->ends[i]->host, &reply, deadline, err);
		if (!r)
			r = take_hello(g, i, reply, err);
		else
			r = explain_hello(g->hosts[i], r, err);
		json_decref(reply);
	}
	return r;
}

/* `pre` now, `post` at the agent's end, whatever brings that about. */
static int run_commands(struct cb_remote_group *g, struct cb_error *err)
{
	struct cb_ask asks[CB_BED_HOSTS_MAX];
	size_t n = 0;
	int r;

	for (size_t i = 0; i < g->n; i++) {
		const struct cb_bed_host *h = g->hosts[i];

		if (h->pre || h->post)
			asks[n++] = (struct cb_ask){g->ends[i]->host,
				json_pack("{s:O*, s:O*, s:I}", "pre", h->pre, "post", h->post,
					"timeout_ns", (json_int_t)COMMAND_NS),
				NULL};
	}
	r = cb_hosts_ask(asks, n, "commands", cb_deadline_in(64 * COMMAND_NS), err);
	for (size_t i = 0; !r && i < n; i++)
		json_decref(asks[i].reply);
	return r;
}

/* Ask all for something of their port. */
static int ask_ports(struct cb_remote_group *g, const char *request,
	json_t *(*args)(const struct cb_remote_group *g, size_t i),
	int (*take)(struct cb_testbed_end *e, const json_t *reply, struct cb_error *err),
	struct cb_error *err)
{
	struct cb_testbed_end *ends[CB_BED_HOSTS_MAX];
	struct cb_ask asks[CB_BED_HOSTS_MAX];
	size_t n = 0;
	int r;

	for (size_t i = 0; i < g->n; i++)
		if (g->ports[i]) {
			ends[n] = g->ends[i];
			asks[n++] = (struct cb_ask){g->ends[i]->host, args(g, i), NULL};
		}
	r = cb_hosts_ask(asks, n, request, cb_deadline_in(STEP_NS), err);
	for (size_t i = 0; !r && i < n; i++) {
		r = take(ends[i], asks[i].reply, err);
		if (r)
			cb_error_prepend(err, "%s: %s", ends[i]->name, request);
	}
	for (size_t i = 0; i < n; i++)
		json_decref(asks[i].reply);
	return r;
}

static json_t *port_args(const struct cb_remote_group *g, size_t i)
{
	return json_pack("{s:s, s:s}", "by", cb_bed_port_by_names[g->ports[i]->by], "value",
		g->ports[i]->value);
}

static int take_port(struct cb_testbed_end *e, const json_t *reply, struct cb_error *err)
{
	return cb_json_text(reply, "interface", e->interface, sizeof(e->interface), err);
}

static json_t *link_args(const struct cb_remote_group *g, size_t i)
{
	return json_pack("{s:s, s:I}", "interface", g->ends[i]->interface, "timeout_ns",
		(json_int_t)(STEP_NS - CB_NS_PER_SEC));
}

static int take_link(struct cb_testbed_end *e, const json_t *reply, struct cb_error *err)
{
	int r = cb_json_text(reply, "mac", e->mac, sizeof(e->mac), err);

	return r ? r : cb_json_text(reply, "driver", e->driver, sizeof(e->driver), err);
}

/* Nothing is changed there: it is asked where the port is, and what drives it. */
static int find_wire(
	const struct cb_bed_port *port, struct cb_testbed_wire *w, struct cb_error *err)
{
	json_t *reply = NULL;
	int r = cb_host_call(w->at->host, "port",
		json_pack("{s:s, s:s}", "by", cb_bed_port_by_names[port->by], "value", port->value),
		&reply, cb_deadline_in(STEP_NS), err);

	if (r)
		return r;
	r = cb_json_text(reply, "interface", w->interface, sizeof(w->interface), err);
	if (!r)
		r = cb_json_text(reply, "driver", w->driver, sizeof(w->driver), err);
	json_decref(reply);
	return r ? cb_error_prepend(err, "%s: port", w->at->name) : 0;
}

/* The ports of those hosts of the group that count for others. */
static int find_wires(struct cb_remote_group *g, struct cb_error *err)
{
	const struct cb_bed *bed = g->remote->options->bed;
	int r = 0;

	for (size_t i = 0; !r && i < bed->n_counters; i++) {
		const struct cb_bed_counter *c = &bed->counters[i];
		struct cb_testbed_wire *w = &g->testbed->sensors[c->sensor].wire;

		for (size_t k = 0; !r && k < g->n; k++)
			if (g->ends[k] == w->at)
				r = find_wire(&bed->hosts[c->at.host].ports[c->at.port], w, err);
	}
	return r;
}

int cb_remote_find_link(struct cb_remote_group *g, struct cb_error *err)
{
	int r = ask_ports(g, "port", port_args, take_port, err);

	if (r || g->remote->options->look_only)
		return r;
	r = ask_ports(g, "link-up", link_args, take_link, err);
	return r ? r : find_wires(g, err);
}

int cb_remote_take_steps(struct cb_remote_group *g, struct cb_error *err)
{
	static const struct {
		const char *name;
		int (*take)(struct cb_remote_group *g, struct cb_error *err);
		bool changes; /* something on the host */
	} steps[] = {{"connect", connect_all, false}, {"deploy", deploy_all, false},
		{"start", start_agents, false}, {"hello", greet_all, false},
		{"commands", run_commands, true}, {"link", cb_remote_find_link, false}};

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		uint64_t start = cb_now_ns();
		int r;

		if (steps[i].changes && g->remote->options->look_only)
			continue;
		r = steps[i].take(g, err);

		cb_debug("%zu hosts: %s: %.1f ms", g->n, steps[i].name,
			(double)(cb_now_ns() - start) / 1e6);
		if (r)
			return r;
	}
	return 0;
}
