/* `capture`: one capture process, by itself or under an agent. */
#include "capturers/capture.h"

#include "capturers/external.h"
#include "harness/base/units.h"
#include "harness/cli/control.h"
#include "harness/cli/verb.h"
#include "harness/record/record.h"

#include <stdio.h>
#include <string.h>

struct args {
	struct cb_capture_job job; /* first: cb_capture_options fills it */
	bool control;
};

static const struct cb_option unlisted[] = {
	{.name = "control",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct args, control),
		.fallback = "false",
		.help = "Under an agent: see control.h"},
	{.name = "shared-tap",
		.type = CB_OPT_TEXT,
		.offset = offsetof(struct args, job.shared_tap),
		.text_size = CB_SHARED_TEXT,
		.fallback = "",
		.help = "Under an agent: see share.h"},
	CB_OPTION_END,
};

static int on_ready(void *arg)
{
	const struct args *a = arg;

	return a->control ? cb_control_ready() : 0;
}

static int on_external_ready(void *arg, pid_t worker)
{
	const struct args *a = arg;

	return a->control ? cb_control_ready_for(worker) : 0;
}

/* Options that an external program takes the place of must be left as they are. */
static int check_external(const struct cb_capture_job *job, struct cb_error *err)
{
	static const char *const names[] = {"mechanism", "wait", "load"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct cb_option *row = cb_option_find(cb_capture_options, names[i]);

		if (strcmp((const char *)job + row->offset, row->fallback) != 0)
			return cb_error_set(err, CB_ERR_USAGE,
				"--external stands in the place of --mechanism, --wait and --load: "
				"leave --%s out",
				names[i]);
	}
	return 0;
}

static int capture(struct args *a, struct cb_view_record *record, struct cb_error *err)
{
	int r;

	if (!strcmp(a->job.external, "none"))
		return cb_capture_run(&a->job, &cb_cli_signal, on_ready, a, record, err);
	r = check_external(&a->job, err);
	return r ? r : cb_external_run(&a->job, &cb_cli_signal, on_external_ready, a, record, err);
}

static void print_count(const char *name, int64_t n, const char *help)
{
	if (n == CB_UNKNOWN)
		printf("%-12s not available  %s\n", name, help);
	else
		printf("%-12s %13lld  %s\n", name, (long long)n, help);
}

static void print_record(const struct cb_view_record *r)
{
	const struct cb_view_book *b = &r->book;

	print_count("received", b->received, "frames seen");
	print_count("unique", b->unique, "of these, stamped frames of this key, once each");
	print_count("duplicate", b->duplicate, "stamped frames seen again");
	print_count("damaged", b->damaged, "stamps whose check does not hold");
	print_count("foreign", b->foreign, "frames without such a stamp");
	print_count("tap_dropped", b->tap_dropped, "lost for want of room in the tap's buffer");
	print_count("unread", b->unread, "still in the buffer at the end");
	print_count("wakeups", r->wakeups, "returns from waiting with frames there");
	if (b->received > 0 && r->cpu_ns != CB_UNKNOWN)
		printf("%-12s %13.1f  ns a frame, softirqs that interrupted the process included\n",
			"cpu", (double)r->cpu_ns / (double)b->received);
}

static int run(const struct cb_invocation *call, struct cb_error *err)
{
	struct args *a = call->args;
	struct cb_view_record record;
	int r;

	cb_view_record_init(&record);
	r = cb_control_interface(call, a->job.interface, sizeof(a->job.interface), err);
	if (!r)
		r = capture(a, &record, err);
	if (a->control)
		r = cb_control_end(r ? NULL : cb_view_record_json(&record), r, err);
	else if (!r && call->common.json)
		r = cb_cli_print_json(cb_view_record_json(&record), err);
	else if (!r)
		print_record(&record);
	cb_view_record_finish(&record);
	return r;
}

static const char *const examples[] = {
	"capbench capture eth1 --mechanism tpacket3 --wait poll --load discard --duration 5s",
	"capbench capture eth1 --mechanism recv:batch=1 --load packzip:6 --cpu 1 --json",
	"capbench capture eth1 --external tcpdump --duration 5s",
	NULL,
};

const struct cb_verb cb_verb_capture = {
	.name = "capture",
	.help = "Capture on an interface with one mechanism, wait and load",
	.description =
		"Captures on INTERFACE until --duration has passed or ^C, and prints the account "
		"of one view. `capbench list` tells the mechanisms, waits and loads.",
	.positional = {{.metavar = "INTERFACE", .help = "where to capture"}},
	.options = cb_capture_options,
	.unlisted = unlisted,
	.args_size = sizeof(struct args),
	.examples = examples,
	.run = run,
};
