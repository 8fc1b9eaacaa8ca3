#include "capturers/capture.h"

#include "capturers/loop.h"
#include "capturers/share.h"
#include "harness/base/clock.h"
#include "harness/base/log.h"
#include "harness/base/process.h"

#include <inttypes.h>
#include <net/if.h>
#include <stddef.h>
#include <stdlib.h>

#define FCS_LENGTH     4
#define FRAME_SIZE_MIN 64 /* RFC 2544, with FCS */

#ifdef CB_LINUX_MEMBERS
#define USUAL_MECHANISM "tpacket3"
#else
#define USUAL_MECHANISM "pcap"
#endif

#define FIELD(field)  offsetof(struct cb_capture_job, field)
#define TEXT(field)   CB_OPTION_TEXT_AT(struct cb_capture_job, field)
#define MEMBER(field) CB_OPTION_MEMBER_AT(struct cb_capture_job, field)

static const char *const stamp_names[] = {
	[CB_STAMPS_OWN] = "own",
	[CB_STAMPS_PKTGEN] = "pktgen",
	[CB_STAMPS_PKTGEN_REPEATED] = "pktgen-repeated",
	NULL,
};

const struct cb_option cb_capture_options[] = {
	{.name = "mechanism",
		MEMBER(mechanism),
		.fallback = USUAL_MECHANISM,
		.axis = "mechanism",
		.help = "how a frame crosses from kernel to process"},
	{.name = "wait",
		MEMBER(wait),
		.fallback = "poll",
		.axis = "wait",
		.help = "how the process learns that frames are there"},
	{.name = "load",
		MEMBER(load),
		.fallback = "discard",
		.axis = "load",
		.help = "what the process does with a frame"},
	{.name = "external",
		TEXT(external),
		.fallback = "none",
		.metavar = "PROGRAM",
		.help = "a whole program in the place of mechanism, wait and load: tcpdump, "
			"dumpcap, netsniff-ng, or a JSON object that describes one"},
	{.name = "duration",
		.type = CB_OPT_TIME,
		.offset = FIELD(duration_ns),
		.fallback = "0",
		.help = "when to stop; 0: at a signal"},
	{.name = "cpu",
		.type = CB_OPT_COUNT,
		.offset = FIELD(cpu),
		.fallback = "-1",
		.min = -1,
		.max = CB_CPUS_MAX - 1,
		.help = "core to run on; -1: where the scheduler likes"},
	{.name = "snaplen",
		.type = CB_OPT_BYTES,
		.offset = FIELD(snaplen),
		.fallback = "65535",
		.min = 1,
		.max = 262144,
		.help = "bytes kept of each frame"},
	{.name = "buffer",
		.type = CB_OPT_BYTES,
		.offset = FIELD(buffer),
		.fallback = "32MiB",
		.min = 4096,
		.max = INT64_C(64) << 30,
		.help = "size of the tap's buffer"},
	{.name = "frame-size",
		.type = CB_OPT_BYTES,
		.offset = FIELD(frame_size),
		.fallback = "0",
		.max = 65536,
		.help = "expected size of frames with FCS, to say how many the buffer holds; 0: "
			"not "
			"known"},
	{.name = "key",
		.type = CB_OPT_COUNT,
		.offset = FIELD(key),
		.fallback = "0",
		.max = UINT32_MAX,
		.help = "the generator's stamp key: frames with another are foreign"},
	{.name = "stamp-offset",
		.type = CB_OPT_BYTES,
		.offset = FIELD(stamp_offset),
		.fallback = "42",
		.max = 65535,
		.help = "where in a frame the stamp is; 42: behind Ethernet, IPv4 and UDP headers"},
	{.name = "stamps",
		.type = CB_OPT_ENUM,
		.offset = FIELD(stamps),
		.fallback = "own",
		.choices = stamp_names,
		.help = "whose frames count: this program's, or those of the kernel's pktgen, "
			"which may send each several times (clone, burst)"},
	{.name = "window-from",
		.type = CB_OPT_COUNT,
		.offset = FIELD(window_from),
		.fallback = "0",
		.help = "with pktgen's stamps: the measurement window's first frame of each "
			"thread, counted from 0"},
	{.name = "drain",
		.type = CB_OPT_TIME,
		.offset = FIELD(drain_ns),
		.fallback = "2s",
		.min = 0,
		.max = 3600 * CB_NS_PER_SEC,
		.help = "how long the buffer may be emptied after the stop"},
	{.name = "promiscuous",
		.type = CB_OPT_BOOL,
		.offset = FIELD(promiscuous),
		.fallback = "yes",
		.help = "take frames for other stations too"},
	{.name = "filter",
		TEXT(filter),
		.fallback = "",
		.metavar = "EXPRESSION",
		.help = "capture only what this pcap expression says (man pcap-filter); empty: "
			"all"},
	CB_OPTION_END,
};

/* One member of each axis, parsed, with the memory that it wants. */
struct part {
	const struct cb_member *member;
	void *options, *state;
	bool open;
};

struct capture {
	struct cb_tap tap;
	struct cb_tap_share share;
	struct cb_tap_ready ready;
	struct part mechanism, wait, load;
	struct cb_loop *loop;
};

static int check_job(const struct cb_capture_job *job, struct cb_error *err)
{
	if (job->frame_size && job->frame_size < FRAME_SIZE_MIN)
		return cb_error_set(err, CB_ERR_USAGE,
			"frame-size: %" PRId64 " bytes is no Ethernet frame: at least %d, with FCS",
			job->frame_size, FRAME_SIZE_MIN);
	if (job->snaplen < job->stamp_offset + CB_STAMP_SIZE)
		cb_warn("snaplen %" PRId64 " cuts off the stamp: every frame will be foreign",
			job->snaplen);
	return 0;
}

int cb_capture_tap(struct cb_tap *tap, const struct cb_capture_job *job, struct cb_error *err)
{
	*tap = (struct cb_tap){.interface = job->interface,
		.ifindex = if_nametoindex(job->interface),
		.snaplen = job->snaplen,
		.buffer = job->buffer,
		.frame_length = job->frame_size ? job->frame_size - FCS_LENGTH : 0,
		.promiscuous = job->promiscuous,
		.filter = job->filter};
	if (!tap->ifindex)
		return cb_error_set(err, CB_ERR_USAGE,
			"there is no interface \"%s\" here (ip link shows those there are)",
			job->interface);
	return 0;
}

static int take_share(struct capture *c, const struct cb_capture_job *job, struct cb_error *err)
{
	if (!job->shared_tap[0])
		return 0;
	c->tap.share = &c->share;
	return cb_share_read(&c->share, job->shared_tap, err);
}

static int resolve(struct part *p, const struct cb_axis *axis, const char *text, char *canonical,
	struct cb_error *err)
{
	int rc = cb_member_parse(axis, text, &p->member, NULL, err);

	if (rc)
		return rc;
	p->options = calloc(1, p->member->options_size + 1);
	if (!p->options)
		return cb_error_memory(err, "options");
	rc = cb_member_parse(axis, text, &p->member, p->options, err);
	if (!rc)
		rc = cb_member_canonical(axis, text, canonical, CB_RECORD_TEXT, err);
	return rc;
}

/* Against what the mechanism has with these options; a capture filter takes the socket's slot. */
static int check_fits(
	const struct capture *c, const struct cb_capture_job *job, struct cb_error *err)
{
	struct cb_member mechanism = *c->mechanism.member;
	int rc;

	mechanism.provides = cb_member_provides(c->mechanism.member, c->mechanism.options);
	if (job->filter[0])
		mechanism.provides &= ~(unsigned)CB_TRAIT_FILTER_FREE;
	rc = cb_member_fits(c->wait.member, "wait", &mechanism, "mechanism", err);
	if (!rc)
		rc = cb_member_fits(c->load.member, "load", &mechanism, "mechanism", err);
	return rc;
}

static int resolve_all(struct capture *c, const struct cb_capture_job *job,
	struct cb_view_record *record, struct cb_error *err)
{
	int rc = resolve(&c->mechanism, &cb_mechanism_axis, job->mechanism, record->mechanism, err);

	if (!rc)
		rc = resolve(&c->wait, &cb_wait_axis, job->wait, record->wait, err);
	if (!rc)
		rc = resolve(&c->load, &cb_load_axis, job->load, record->load, err);
	return rc ? rc : check_fits(c, job, err);
}

static int make_state(struct part *p, size_t size, struct cb_error *err)
{
	p->state = calloc(1, size + 1);
	return p->state ? 0 : cb_error_memory(err, p->member->name);
}

static int open_wait(struct capture *c, struct cb_error *err)
{
	const struct cb_mechanism *mechanism = c->loop->mechanism;
	const struct cb_wait *wait = c->loop->wait;
	struct cb_wait_target target = {.fd = c->ready.fd,
		.buffer_frames = c->ready.buffer_frames,
		.tap = &c->tap,
		.mechanism = mechanism,
		.mechanism_state = c->mechanism.state};
	int rc = wait->open ? wait->open(c->wait.state, &target, c->wait.options, err) : 0;

	c->wait.open = !rc;
	if (!rc && !(wait->member.needs & (CB_TRAIT_POLLABLE | CB_TRAIT_BATCH)) &&
		mechanism->extra && mechanism->extra->unwatched)
		mechanism->extra->unwatched(c->mechanism.state);
	return rc;
}

/* The load first and the tap last: what the load takes to set up must not fill the tap's buffer. */
static int open_all(struct capture *c, struct cb_error *err)
{
	struct cb_loop *l = c->loop;
	int rc;

	rc = make_state(&c->load, l->load->state_size, err);
	if (!rc)
		rc = make_state(&c->wait, l->wait->state_size, err);
	if (!rc)
		rc = make_state(&c->mechanism, l->mechanism->state_size, err);
	if (!rc && l->load->open)
		rc = l->load->open(c->load.state, &c->tap, c->load.options, err);
	c->load.open = !rc;
	if (!rc)
		rc = l->mechanism->open(
			c->mechanism.state, &c->tap, c->mechanism.options, &c->ready, err);
	c->mechanism.open = !rc;
	if (!rc)
		rc = open_wait(c, err);
	l->load_state = c->load.state;
	l->wait_state = c->wait.state;
	l->mechanism_state = c->mechanism.state;
	l->linger_ns = c->ready.linger_ns;
	return rc;
}

static void finish_part(struct part *p, void (*close)(void *state))
{
	if (p->open && close)
		close(p->state);
	free(p->state);
	free(p->options);
}

static void finish_all(struct capture *c)
{
	const struct cb_loop *l = c->loop;

	finish_part(&c->wait, l && l->wait ? l->wait->close : NULL);
	finish_part(&c->mechanism, l && l->mechanism ? l->mechanism->close : NULL);
	finish_part(&c->load, l && l->load ? l->load->close : NULL);
	if (l)
		cb_tally_finish(&c->loop->tally);
	free(c->loop);
}

/* The member stands first in its axis's struct. */
static int make_loop(struct capture *c, const struct cb_capture_job *job,
	volatile sig_atomic_t *stop, struct cb_error *err)
{
	struct cb_loop *l = c->loop = calloc(1, sizeof(*l));

	if (!l)
		return cb_error_memory(err, "the capture loop");
	l->mechanism = (const struct cb_mechanism *)c->mechanism.member;
	l->wait = (const struct cb_wait *)c->wait.member;
	l->load = (const struct cb_load *)c->load.member;
	l->interface = job->interface;
	l->duration_ns = (uint64_t)job->duration_ns;
	l->drain_ns = (uint64_t)job->drain_ns;
	l->stop = stop;
	cb_tally_init(&l->tally, (uint32_t)job->key, (uint32_t)job->stamp_offset, l->load->exact);
	cb_tally_stamps(&l->tally, (enum cb_stamps)job->stamps, (uint64_t)job->window_from);
	return 0;
}

static int report_load(const struct cb_loop *l, struct cb_view_record *record, struct cb_error *err)
{
	if (!l->load->report)
		return 0;
	json_decref(record->load_result);
	record->load_result = json_object();
	if (!record->load_result)
		return cb_error_memory(err, "the load's result");
	return l->load->report(l->load_state, record->load_result, err);
}

static int run_open(struct capture *c, int (*ready)(void *arg), void *ready_arg,
	struct cb_view_record *record, struct cb_error *err)
{
	int rc;

	record->buffer_frames = c->ready.buffer_frames;
	record->group = c->ready.fanout ? c->ready.fanout : CB_UNKNOWN;
	cb_text_copy(record->version, sizeof(record->version), c->ready.version);
	if (ready && ready(ready_arg)) {
		cb_error_set(err, CB_ERR_INTERRUPTED, "stopped before it began");
		if (err)
			err->sys_errno = *c->loop->stop;
		return CB_ERR_INTERRUPTED;
	}
	rc = cb_loop_run(c->loop, record, err);
	return rc ? rc : report_load(c->loop, record, err);
}

int cb_capture_run(const struct cb_capture_job *job, volatile sig_atomic_t *stop,
	int (*ready)(void *arg), void *ready_arg, struct cb_view_record *record,
	struct cb_error *err)
{
	struct capture c = {0};
	int rc;

	rc = check_job(job, err);
	if (!rc)
		rc = resolve_all(&c, job, record, err);
	if (!rc)
		rc = cb_capture_tap(&c.tap, job, err);
	if (!rc)
		rc = take_share(&c, job, err);
	/* before any memory is taken, so that it is near the core */
	if (!rc && job->cpu >= 0)
		rc = cb_process_pin((int)job->cpu, err);
	if (!rc)
		rc = make_loop(&c, job, stop, err);
	if (!rc)
		rc = open_all(&c, err);
	record->cpu = job->cpu;
	if (!rc)
		rc = run_open(&c, ready, ready_arg, record, err);
	finish_all(&c);
	return rc;
}
