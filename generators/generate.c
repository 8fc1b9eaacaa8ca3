#include "generators/generate.h"

#include "generators/auto.h"
#include "generators/generate_checks.h"
#include "generators/lanes.h"
#include "generators/traffic/address.h"
#include "generators/traffic/frame.h"
#include "generators/traffic/shape.h"
#include "harness/base/log.h"
#include "harness/base/process.h"
#include "harness/base/rate.h"
#include "harness/base/units.h"
#include "harness/net/link.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RATE_PACED_MAX INT64_C(1000000000) /* one slot a nanosecond */

/* One run: what is set up, and taken down again by run_finish. */
struct run {
	const struct cb_generate_job *job;
	struct cb_generate_job chosen; /* the job where its transmitter was auto */
	int64_t rate_pps;              /* or CB_RATE_MAX */
	struct cb_arrival arrival;     /* owned; unused at max */
	const struct cb_transmitter *transmitter;
	void *options; /* owned */
	int cpus[CB_LANES_MAX];
	unsigned n_cpus;
	struct cb_lanes lanes;
	struct cb_template *frame; /* owned */
	struct cb_shape shape;
	struct cb_headers headers;
	struct cb_link_info info;
};

/* ---- checks ---- */

static int pin(struct run *run, struct cb_error *err)
{
	int r = cb_generate_cores(run->job->cpus, run->cpus, CB_LANES_MAX, &run->n_cpus, err);

	return r || !run->n_cpus ? r : cb_process_pin(run->cpus[0], err);
}

static int check_streams(struct run *run, struct cb_error *err)
{
	const struct cb_member *member = &run->transmitter->member;

	return cb_generate_streams(run->job,
		cb_member_provides(member, run->options) & CB_TRAIT_STAMPS ? NULL : member->name,
		err);
}

static struct cb_pace pace_of(const struct run *run)
{
	const struct cb_generate_job *job = run->job;

	return (struct cb_pace){
		.rate_pps = (uint64_t)run->rate_pps,
		.arrival = run->arrival.shape ? &run->arrival : NULL,
		.warmup_ns = (uint64_t)job->warmup_ns,
		.duration_ns = (uint64_t)job->duration_ns,
		.count = (uint64_t)job->count,
		.catch_up_ns = (uint64_t)job->catch_up_ns,
		.lane = (uint32_t)job->part,
		.lanes = job->parts > 1 ? (uint32_t)job->parts : 0,
	};
}

static int parse_rate(struct run *run, double mean_size, struct cb_error *err)
{
	const struct cb_generate_job *job = run->job;
	const char *why = NULL;

	if (cb_rate_parse(job->rate, llround(mean_size), &run->rate_pps, &why))
		return cb_error_set(
			err, CB_ERR_USAGE, "rate: \"%s\" is not a rate: %s", job->rate, why);
	if (run->rate_pps == CB_RATE_MAX)
		return 0;
	if (run->rate_pps < 1)
		return cb_error_set(err, CB_ERR_USAGE,
			"rate: %s is out of range: at least one frame a second", job->rate);
	if (run->rate_pps > RATE_PACED_MAX)
		return cb_error_set(err, CB_ERR_USAGE,
			"rate: %s is more than one frame a nanosecond; for as fast as it goes say "
			"max",
			job->rate);
	return 0;
}

static int read_rate(struct run *run, struct cb_error *err)
{
	return parse_rate(run, run->shape.sizes.mean, err);
}

/* A rate in bits is one of the transmitter's own frames, when it has some. */
static int read_rate_of_file(struct run *run, struct cb_error *err)
{
	const char *rate = run->job->rate;
	struct cb_transmit_times times;
	int r;

	if (!run->transmitter->times || (!strstr(rate, "bit") && !strchr(rate, '%')))
		return 0;
	r = run->transmitter->times(run->lanes.lane[0].state, &times, err);
	if (r)
		return r;
	return parse_rate(run, times.mean_bytes + CB_FRAME_FCS, err);
}

/* The times of the transmitter's own frames. */
static int take_times(struct run *run, struct cb_error *err)
{
	const struct cb_transmitter *t = run->transmitter;
	struct cb_transmit_times times;
	int r;

	if (!t->times)
		return cb_error_set(err, CB_ERR_USAGE,
			"arrival: transmitter %s has no file's times for trace; use pcap",
			t->member.name);
	r = t->times(run->lanes.lane[0].state, &times, err);
	return r ? r
		 : cb_arrival_set_times(
			   &run->arrival, times.times_ns, times.n, times.period_ns, err);
}

static int make_arrival(struct run *run, struct cb_error *err)
{
	const struct cb_generate_job *job = run->job;
	uint64_t run_ns = job->duration_ns ? (uint64_t)(job->warmup_ns + job->duration_ns) : 0;
	const struct cb_member *member = NULL;
	int r = cb_member_parse(&cb_arrival_axis, job->arrival, &member, NULL, err);

	if (r)
		return r;
	if (run->rate_pps == CB_RATE_MAX)
		return member == &cb_arrival_constant.member
			? 0
			: cb_error_set(err, CB_ERR_USAGE,
				  "arrival: %s needs a rate to go by; rate is max", member->name);
	r = cb_arrival_make(&run->arrival, job->arrival, (uint64_t)run->rate_pps, run_ns, err);
	if (!r && member == &cb_arrival_trace.member)
		r = take_times(run, err);
	return r;
}

static int check_window(struct run *run, struct cb_error *err)
{
	struct cb_pace pace = pace_of(run);
	struct cb_schedule s;

	if (run->rate_pps == CB_RATE_MAX)
		return 0;
	cb_schedule_init(&s, &pace, 0);
	if (s.end_slot <= s.warmup_slots)
		return cb_error_set(err, CB_ERR_USAGE,
			"a measurement window of %lld ns at %lld pps has no frame in it; make it "
			"longer",
			(long long)run->job->duration_ns, (long long)run->rate_pps);
	return 0;
}

/* ---- set-up ---- */

static int find_transmitter(struct run *run, struct cb_error *err)
{
	const struct cb_member *member = NULL;
	int r = cb_member_parse(&cb_transmitter_axis, run->job->transmitter, &member, NULL, err);

	if (r)
		return r;
	run->transmitter = (const struct cb_transmitter *)member; /* its first field */
	run->options = calloc(1, member->options_size + 1);
	if (!run->options)
		return cb_error_memory(err, "the transmitter");
	return cb_member_parse(
		&cb_transmitter_axis, run->job->transmitter, &member, run->options, err);
}

static int find_link(struct run *run, struct cb_error *err)
{
	const char *name = run->job->interface;
	int r;

	if (run->transmitter->no_link)
		return 0;
	r = cb_link_info(name, &run->info, err);
	if (r)
		return r;
	if (!run->info.up)
		return cb_error_set(err, CB_ERR_HOST,
			"%s is down; bring it up with \"ip link set %s up\"", name, name);
	return 0;
}

static uint32_t link_size(const struct run *run)
{
	if (run->transmitter->no_link)
		return CB_FRAME_SIZE_MAX;
	return run->info.mtu + CB_FRAME_HEADER + CB_FRAME_FCS;
}

static int make_sizes(struct run *run, struct cb_error *err)
{
	uint32_t most = link_size(run);
	uint16_t letter_z = (uint16_t)(most < CB_FRAME_SIZE_MAX ? most : CB_FRAME_SIZE_MAX);
	int r = cb_sizes_make(
		&run->shape.sizes, run->job->sizes, (uint16_t)run->job->frame_size, letter_z, err);

	if (r)
		return r;
	if (run->shape.sizes.largest > most)
		return cb_error_set(err, CB_ERR_USAGE,
			"frames of %d bytes do not fit %s, whose MTU is %u: at most %u bytes "
			"with Ethernet header and FCS; or raise the MTU",
			run->shape.sizes.largest, run->job->interface, run->info.mtu, most);
	return 0;
}

/* Flows, payload, and whether the transmitter can do it. */
static int make_shape(struct run *run, struct cb_error *err)
{
	const struct cb_generate_job *job = run->job;
	const struct cb_member *member = &run->transmitter->member;
	int r = cb_payload_make(&run->shape.payload, job->payload, err);

	run->shape.flows = (struct cb_flows){.n = (uint32_t)job->flows,
		.order = (enum cb_flow_order)job->flow_order,
		.field = (enum cb_flow_field)job->flow_field};
	if (r || cb_shape_is_plain(&run->shape) ||
		cb_member_provides(member, run->options) & CB_TRAIT_SHAPES)
		return r;
	return cb_error_set(err, CB_ERR_USAGE,
		"transmitter %s makes all frames alike: sizes, flows and payload that change from "
		"frame to frame need another one, as packet",
		member->name);
}

/* Headers, and whether the transmitter can do them. */
static int make_headers(struct run *run, struct cb_error *err)
{
	const struct cb_member *member = &run->transmitter->member;
	int r = cb_headers_make(&run->headers, run->job->frame, err);

	if (!r)
		r = cb_shape_check(&run->shape, &run->headers, err);
	if (r || cb_headers_are_plain(&run->headers) ||
		cb_member_provides(member, run->options) & CB_TRAIT_FRAMES)
		return r;
	return cb_error_set(err, CB_ERR_USAGE,
		"frame: transmitter %s makes Ethernet, IPv4 and UDP only; use packet or libnet",
		member->name);
}

static int make_frame(struct run *run, struct cb_error *err)
{
	const struct cb_generate_job *job = run->job;
	struct cb_frame_spec spec = {
		.frame_size = run->shape.sizes.largest,
		.destination_port = (uint16_t)job->destination_port,
		.source_port = (uint16_t)job->source_port,
		.headers = run->headers,
	};
	int r = cb_address_mac(job->destination_mac, "destination-mac", spec.destination_mac, err);

	memcpy(spec.source_mac, run->info.mac, sizeof(spec.source_mac));
	if (!r && job->source_mac[0])
		r = cb_address_mac(job->source_mac, "source-mac", spec.source_mac, err);
	if (!r)
		r = cb_address_ipv4(
			job->destination_ip, "destination-ip", &spec.destination_ip, err);
	if (!r)
		r = cb_address_ipv4(job->source_ip, "source-ip", &spec.source_ip, err);
	if (r)
		return r;
	run->frame = malloc(sizeof(*run->frame));
	if (!run->frame)
		return cb_error_memory(err, "the frame");
	run->shape.frame = run->frame;
	r = cb_frame_build(&spec, run->frame, err);
	if (!r && run->shape.payload.pool)
		cb_shape_apply(&run->shape, run->frame->bytes, 0);
	return r;
}

static int open_transmitter(struct run *run, struct cb_error *err)
{
	const struct cb_link link = {
		.interface = run->job->interface,
		.ifindex = run->info.ifindex,
		.frame = run->frame,
		.shape = cb_shape_is_plain(&run->shape) ? NULL : &run->shape,
		.key = (uint32_t)run->job->key,
		.stream = (uint8_t)run->job->stream,
	};
	const struct cb_lanes_spec spec = {
		.transmitter = run->transmitter,
		.options = run->options,
		.n = (unsigned)run->job->threads,
		.cpus = run->cpus,
		.n_cpus = run->n_cpus,
		.part = (unsigned)run->job->part,
		.parts = run->job->parts > 1 ? (unsigned)run->job->parts : 1,
	};

	return cb_lanes_open(&run->lanes, &spec, &link, err);
}

static int run_prepare(struct run *run, struct cb_error *err)
{
	static int (*const steps[])(struct run *, struct cb_error *) = {pin, find_transmitter,
		check_streams, find_link, make_sizes, make_shape, make_headers, read_rate,
		make_frame, open_transmitter, read_rate_of_file, make_arrival, check_window};
	int r = cb_generate_bounds(run->job, err);

	for (size_t i = 0; !r && i < sizeof(steps) / sizeof(steps[0]); i++)
		r = steps[i](run, err);
	return r;
}

static void run_finish(struct run *run)
{
	cb_lanes_close(&run->lanes);
	free(run->options);
	free(run->frame);
	cb_arrival_finish(&run->arrival);
	cb_sizes_finish(&run->shape.sizes);
	cb_payload_finish(&run->shape.payload);
}

static int wait_ready(
	int (*ready)(void *arg), void *arg, const volatile sig_atomic_t *stop, struct cb_error *err)
{
	if (!ready || ready(arg) == 0)
		return 0;
	if (!*stop)
		return cb_error_set(err, CB_ERR_HOST, "the start was called off");
	cb_error_set(err, CB_ERR_INTERRUPTED, "interrupted before the start");
	if (err)
		err->sys_errno = *stop;
	return CB_ERR_INTERRUPTED;
}

static int choose(struct run *run, struct cb_generator_record *record, struct cb_error *err)
{
	int r;

	if (!cb_generate_is_auto(run->job))
		return 0;
	run->chosen = *run->job;
	run->job = &run->chosen;
	r = cb_generate_choose(
		&run->chosen, record->transmitter_why, sizeof(record->transmitter_why), err);
	if (!r)
		cb_info("transmitter %s", record->transmitter_why);
	return r;
}

int cb_generate_run(const struct cb_generate_job *job, volatile sig_atomic_t *stop,
	int (*ready)(void *arg), void *ready_arg, struct cb_generator_record *record,
	struct cb_error *err)
{
	struct run run = {.job = job};
	struct cb_send_job sending;
	int r = choose(&run, record, err);

	if (!r)
		r = run_prepare(&run, err);
	if (!r)
		r = cb_generate_names(run.job, record, err);
	if (!r)
		r = wait_ready(ready, ready_arg, stop, err);
	if (r)
		goto out;
	/* a replayed file's frames are none of ours */
	if (run.transmitter->member.provides & CB_TRAIT_STAMPS)
		record->frame_size = llround(run.shape.sizes.mean);
	record->flows = job->flows;
	sending = (struct cb_send_job){
		.transmitter = run.transmitter,
		.max = run.rate_pps == CB_RATE_MAX,
		.pace = pace_of(&run),
		.start_ns = job->start_ns,
	};
	r = cb_lanes_run(&run.lanes, &sending, stop, record, err);
	if (r)
		cb_error_prepend(err, "%s", job->interface);
out:
	run_finish(&run);
	return r;
}
