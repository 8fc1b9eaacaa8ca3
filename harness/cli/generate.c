/* `generate`: one generator, by itself or under an agent. */
#include "generators/generate.h"

#include "harness/base/units.h"
#include "harness/cli/control.h"
#include "harness/cli/verb.h"
#include "harness/record/record.h"

#include <stdio.h>
#include <string.h>

struct args {
	struct cb_generate_job job; /* first: cb_generate_options fills it */
	bool control;
};

static const struct cb_option unlisted[] = {
	{.name = "control",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct args, control),
		.fallback = "false",
		.help = "Under an agent: see control.h"},
	CB_OPTION_END,
};

/* Ready: under an agent, say so and wait for the start. */
static int on_ready(void *arg)
{
	struct args *a = arg;

	if (!a->control)
		return 0;
	return cb_control_ready() || cb_control_wait_go(&a->job.start_ns, NULL);
}

static void print_gaps(const struct cb_generator_record *r)
{
	char median[32], p99[32], most[32];

	cb_unit_human(CB_UNIT_TIME, (double)r->gap_p50_ns, median, sizeof(median));
	cb_unit_human(CB_UNIT_TIME, (double)r->gap_p99_ns, p99, sizeof(p99));
	cb_unit_human(CB_UNIT_TIME, (double)r->gap_max_ns, most, sizeof(most));
	printf("gaps       median %s, p99 %s, at most %s; %.2f %% within 256 ns of the schedule's, "
	       "%.2f %% back to back, at most %lld in a row; drift %.3f ppm\n",
		median, p99, most, 100 * r->gap_within_share[2], 100 * r->back_to_back_share,
		(long long)r->longest_train, r->drift_ppm);
}

static void print_streams(const struct cb_generator_record *r)
{
	char offered[32];

	for (size_t i = 0; i < r->n_streams; i++) {
		const struct cb_stream_record *s = &r->streams[i];

		cb_unit_human(CB_UNIT_RATE, s->offered_pps, offered, sizeof(offered));
		printf("stream     %lld: %lld frames, %s", (long long)s->stream,
			(long long)s->book.offered, offered);
		if (s->cpu >= 0)
			printf(", core %lld", (long long)s->cpu);
		printf("\n");
	}
}

static void print_record(const struct cb_generator_record *r)
{
	char offered[32], intended[32], late[32];

	cb_unit_human(CB_UNIT_RATE, r->offered_pps, offered, sizeof(offered));
	cb_unit_human(CB_UNIT_RATE, r->intended_pps, intended, sizeof(intended));
	if (r->frame_size == CB_UNKNOWN)
		printf("offered    %lld frames, %s\n", (long long)r->book.offered, offered);
	else
		printf("offered    %lld frames of %lld bytes, %s\n", (long long)r->book.offered,
			(long long)r->frame_size, offered);
	if (r->book.intended != CB_UNKNOWN)
		printf("intended   %lld frames, %s; unoffered %lld\n", (long long)r->book.intended,
			intended, (long long)r->unoffered);
	if (r->book.refused > 0)
		printf("refused    %lld by the link (offered, never sent again)\n",
			(long long)r->book.refused);
	if (r->lateness_max_ns != CB_UNKNOWN) {
		cb_unit_human(CB_UNIT_TIME, (double)r->lateness_max_ns, late, sizeof(late));
		printf("lateness   at most %s against the schedule; re-based %lld times\n", late,
			(long long)r->rebased);
	}
	if (r->gap_p50_ns != CB_UNKNOWN)
		print_gaps(r);
	if (r->connections != CB_UNKNOWN)
		printf("connections %lld ended, %lld of them complete\n", (long long)r->connections,
			(long long)r->connections_complete);
	if (r->peer_received != CB_UNKNOWN)
		printf("received   %lld segments of the peer's\n", (long long)r->peer_received);
	if (r->n_streams > 1)
		print_streams(r);
}

static int run(const struct cb_invocation *call, struct cb_error *err)
{
	struct args *a = call->args;
	struct cb_generator_record record;
	int r;

	cb_generator_record_init(&record);
	r = cb_control_interface(call, a->job.interface, sizeof(a->job.interface), err);
	if (!r)
		r = cb_generate_run(&a->job, &cb_cli_signal, on_ready, a, &record, err);
	if (a->control)
		r = cb_control_end(r ? NULL : cb_generator_record_json(&record), r, err);
	else if (!r && call->common.json)
		r = cb_cli_print_json(cb_generator_record_json(&record), err);
	else if (!r)
		print_record(&record);
	cb_generator_record_finish(&record);
	return r;
}

static const char *const examples[] = {
	"capbench generate eth1 --rate 100k --duration 10s",
	"capbench generate eth1 --rate max --count 10M --frame-size 512 --cpu 0 --json",
	"capbench generate eth1 --rate 2M --threads 2 --cpu 0,1 --duration 10s",
	NULL,
};

const struct cb_verb cb_verb_generate = {
	.name = "generate",
	.help = "Send stamped frames on an interface",
	.description =
		"Sends frames on INTERFACE at a rate, each with a stamp that a capture process can "
		"account for, and prints what was intended and offered. Ends at --count, after "
		"--duration or on ^C, in each case with its account.",
	.positional = {{.metavar = "INTERFACE", .help = "where to send"}},
	.options = cb_generate_options,
	.unlisted = unlisted,
	.args_size = sizeof(struct args),
	.examples = examples,
	.run = run,
};
