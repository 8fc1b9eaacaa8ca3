/* `doctor`: what about a host would disturb a measurement, and what to do about it. */
#include "harness/host/doctor.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/cli/doctor_print.h"
#include "harness/cli/verb.h"
#include "harness/testbed/testbed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PORTS_MAX      16
#define CLOCK_APART_NS ((int64_t)CB_NS_PER_SEC)

struct args {
	char testbed[1024], fix[1024];
	int64_t window_ns;
	bool all;
};

static const struct cb_option options[] = {
	{.name = "testbed",
		CB_OPTION_TEXT_AT(struct args, testbed),
		.fallback = "",
		.metavar = "FILE",
		.help = "Look at the hosts of this test-bed file, at their ports on the link"},
	{.name = "window",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct args, window_ns),
		.fallback = "1s",
		.min = 0,
		.max = 60 * (int64_t)CB_NS_PER_SEC,
		.help = "How long interrupts, frames and stolen time are counted; 0s: not at all"},
	{.name = "all",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct args, all),
		.fallback = "false",
		.help = "Tell the reason of each check, also of those that are well"},
	{.name = "fix",
		CB_OPTION_TEXT_AT(struct args, fix),
		.fallback = "",
		.metavar = "FILE",
		.help = "Write the host: block that would mend what it can to this new file (-: "
			"stdout, and nothing else)"},
	CB_OPTION_END,
};

/* The port that was named, or all that are up. */
static json_t *look_here(const char *port, uint64_t window_ns, struct cb_error *err)
{
	char names[PORTS_MAX][16];
	struct cb_doctor_options o = {.window_ns = window_ns};
	json_t *host, *doctor;
	size_t n = port ? 1 : cb_doctor_ports(names, PORTS_MAX);

	for (size_t i = 0; i < n && i < PORTS_MAX; i++)
		o.interfaces[o.n_interfaces++] = port ? port : names[i];
	doctor = cb_doctor(&o, err);
	if (!doctor)
		return NULL;
	host = json_pack("{s:s, s:s}", "host", "here", "role", "");
	json_object_update(host, doctor);
	json_decref(doctor);
	return host;
}

/* The one check of a host that takes two. */
static json_t *clock_finding(const struct cb_clock_offset *clock)
{
	int64_t apart_ns = llabs(clock->real_offset_ns);
	bool apart = apart_ns - clock->error_ns > CLOCK_APART_NS;
	char read[80];

	snprintf(read, sizeof(read), "%.1f s %s the controller's", (double)apart_ns / CB_NS_PER_SEC,
		clock->real_offset_ns < 0 ? "behind" : "ahead of");
	return json_pack("{s:s, s:n, s:s, s:s, s:s, s:s?, s:n, s:n}", "check", "time of day",
		"interface", "verdict",
		cb_finding_verdict_names[apart ? CB_FINDING_WARN : CB_FINDING_GOOD], "read",
		apart ? read : "the controller's", "why",
		"Books and rates go by clocks that are never set, but logs and captured files of "
		"several hosts are put together by the time of day.",
		"todo", apart ? "timedatectl set-ntp true" : NULL, "setting", "value");
}

static int look_at(struct cb_testbed_end *end, const char *role, uint64_t window_ns, json_t *hosts,
	struct cb_error *err)
{
	struct cb_clock_offset clock;
	json_t *reply = NULL, *host;
	int r = cb_host_call(end->host, "doctor",
		json_pack("{s:s, s:I}", "interface", end->interface, "window_ns",
			(json_int_t)window_ns),
		&reply, cb_deadline_in(window_ns + 20 * CB_NS_PER_SEC), err);

	if (!r)
		r = cb_host_clock(end->host, &clock, err);
	if (r) {
		json_decref(reply);
		return r;
	}
	json_array_append_new(json_object_get(reply, "findings"), clock_finding(&clock));
	host = json_pack("{s:s, s:s}", "host", end->name, "role", role);
	json_object_update(host, reply);
	json_decref(reply);
	json_object_del(host, "id");
	return json_array_append_new(hosts, host) ? cb_error_memory(err, "the doctor") : 0;
}

static int look_there(const struct args *a, json_t *hosts, struct cb_error *err)
{
	struct cb_testbed_options o = {.look_only = true};
	struct cb_testbed *t = NULL;
	struct cb_bed *bed = NULL;
	int r = cb_bed_load(&bed, a->testbed, NULL, err);

	o.bed = bed;
	if (!r)
		r = cb_testbed_open(&t, &o, err);
	for (size_t i = 0; !r && i < t->n_generators; i++)
		r = look_at(&t->generators[i], "generator", (uint64_t)a->window_ns, hosts, err);
	for (size_t i = 0; !r && i < t->n_sensors; i++)
		r = look_at(&t->sensors[i], "sensor", (uint64_t)a->window_ns, hosts, err);
	cb_testbed_close(t);
	cb_bed_destroy(bed);
	return r;
}

/* A file of the user's is not overwritten. */
static int write_fix(const json_t *hosts, const char *path, bool testbed, struct cb_error *err)
{
	struct cb_text text = {0};
	struct stat st;
	int r = 0;

	cb_doctor_fix(hosts, testbed, &text);
	if (strcmp(path, "-") == 0)
		fputs(cb_text_get(&text), stdout);
	else if (!lstat(path, &st))
		r = cb_error_set(
			err, CB_ERR_USAGE, "%s is there already: name another --fix", path);
	else
		r = cb_file_replace(path, cb_text_get(&text), text.length, err);
	cb_text_finish(&text);
	return r;
}

static size_t count_bad(const json_t *hosts)
{
	const json_t *host, *finding;
	size_t i, k, n = 0;

	json_array_foreach(hosts, i, host)
		json_array_foreach(json_object_get(host, "findings"), k, finding)
	{
		const char *verdict = json_string_value(json_object_get(finding, "verdict"));

		n += verdict && strcmp(verdict, "bad") == 0;
	}
	return n;
}

static int tell(
	const struct cb_invocation *call, const struct args *a, json_t *hosts, struct cb_error *err)
{
	bool fix_only = strcmp(a->fix, "-") == 0;
	int r = 0;

	if (*a->fix)
		r = write_fix(hosts, a->fix, *a->testbed, err);
	if (!r && call->common.json && !fix_only)
		r = cb_cli_print_json(json_pack("{s:O, s:I}", "hosts", hosts, "bad",
					      (json_int_t)count_bad(hosts)),
			err);
	else if (!r && !fix_only)
		cb_doctor_print(hosts, a->all);
	if (!r && *a->fix && !fix_only && !call->common.json)
		printf("\nWritten to %s: paste it into a scenario%s.\n", a->fix,
			*a->testbed ? "'s test-bed file" : " or a test-bed file");
	return r;
}

static int run(const struct cb_invocation *call, struct cb_error *err)
{
	const struct args *a = call->args;
	json_t *hosts = json_array(), *here;
	size_t bad;
	int r = 0;

	if (*a->testbed && call->positional[0])
		r = cb_error_set(err, CB_ERR_USAGE,
			"a port is for this machine: those of a test-bed stand in its file");
	else if (*a->testbed)
		r = look_there(a, hosts, err);
	else if ((here = look_here(call->positional[0], (uint64_t)a->window_ns, err)))
		json_array_append_new(hosts, here);
	else
		r = err->code;
	if (!r)
		r = tell(call, a, hosts, err);
	bad = count_bad(hosts);
	json_decref(hosts);
	if (r || !bad)
		return r;
	return cb_error_set(err, CB_ERR_INCONCLUSIVE,
		"%zu finding%s bad: figures from here would be wrong", bad,
		bad == 1 ? " is" : "s are");
}

static const char *const examples[] = {
	"capbench doctor",
	"capbench doctor eth1 --fix tuned.yaml",
	"capbench doctor --testbed scenarios/testbeds/figure4.yaml --json",
	NULL,
};

const struct cb_verb cb_verb_doctor = {
	.name = "doctor",
	.help = "Say what about a host would disturb a measurement",
	.description =
		"Reads how this machine (or each host of a test-bed) is set, counts interrupts, "
		"frames and stolen time for a moment, and says what of it would disturb a "
		"measurement of capture, why, and what to type or to set. Changes nothing. "
		"Exit status: 0 nothing is bad (warnings may be there), 6 something is: figures "
		"from here would be wrong; 2, 4 and 5 as everywhere.",
	.positional = {{.metavar = "PORT",
		.help = "a network interface; all that are up when left out",
		.optional = true}},
	.options = options,
	.args_size = sizeof(struct args),
	.examples = examples,
	.run = run,
};
