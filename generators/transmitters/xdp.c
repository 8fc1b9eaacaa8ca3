/*
 * `xdp`: frames made inside the kernel by an eBPF program and redirected to the link
 * (bpf/xdp_generate.bpf.c). The link's driver must take redirected frames (ndo_xdp_xmit); a veth
 * does when its peer has NAPI, that is GRO or an XDP program.
 *
 * What a redirect hands over and the link does not take is reported by tracepoints, call by call.
 * A veth counts the frames that its peer's full ring refused in the sending end's tx_dropped and in
 * the receiving end's rx_dropped (peer_tq_xdp_xmit_err, drivers/net/veth.c; seen on Linux 6.18),
 * those that it refused because the peer is down in tx_dropped only, and those that were taken in
 * tx_packets and rx_packets once the peer has polled them.
 *
 * A call costs some 20 us, and leaves a pool of pages behind that lives for a second longer when
 * the receiver still holds one of them (net/core/page_pool.c, DEFER_TIME); the kernel has 65534
 * pools at most, so tens of thousands of calls a second would end with ENOSPC. So frames that have
 * a schedule are handed over in advance and wait in the program for their time.
 */
#include "generators/transmitters/xdp_program.h"
#include "harness/base/clock.h"
#include "harness/base/log.h"
#include "harness/net/link.h"

#include <errno.h>
#include <string.h>

#define BATCH_MAX     256 /* TEST_XDP_MAX_BATCH, net/bpf/test_run.c */
#define FRAME_NS      120
#define GROUP_NS      450
#define FLUSH_POLL_NS (100 * CB_NS_PER_US)

struct xdp_options {
	int64_t batch;
};

struct xdp {
	struct cb_xdp_program program;
	const char *interface;
	uint32_t batch;
	bool counted; /* the link's counters tell when all frames are through */
	struct cb_link_counters before;
	int64_t handed, refused;
	int refusal; /* the last one's errno, 0: a full ring */
};

static const struct cb_option xdp_options[] = {
	{.name = "batch",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct xdp_options, batch),
		.fallback = "64",
		.min = 1,
		.max = BATCH_MAX,
		.help = "Frames that reach the link at once at most"},
	CB_OPTION_END,
};

static int xdp_probe(struct cb_error *err)
{
	static const struct cb_template frame = {.length = 64};
	const struct cb_link link = {.frame = &frame};
	struct cb_xdp_program program;
	int rc = cb_xdp_program_open(&program, &link, err);

	cb_xdp_program_close(&program);
	return rc;
}

/* ---- set-up ---- */

static int check_link(struct xdp *x, const struct cb_link *link, struct cb_error *err)
{
	struct cb_link_info info;
	bool takes;
	int rc = cb_link_info(link->interface, &info, err);

	if (rc)
		return rc;
	x->counted = !strcmp(info.driver, "veth");
	/* Kernels before 6.3 can't tell; there the first call does. */
	if (cb_link_takes_xdp(link->interface, &takes, NULL) || takes)
		return 0;
	if (x->counted)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%s takes no frames from XDP because its peer has no NAPI, or is down: "
			"turn GRO on "
			"there (ethtool -K PEER gro on) or attach an XDP program to it",
			link->interface);
	return cb_error_set(err, CB_ERR_IMPOSSIBLE,
		"the driver of %s (%s) takes no frames from XDP (ndo_xdp_xmit): use the "
		"transmitter packet",
		link->interface, info.driver[0] ? info.driver : "unknown");
}

static void xdp_close(void *state)
{
	struct xdp *x = state;

	cb_xdp_program_close(&x->program);
}

static int xdp_open(
	void *state, const struct cb_link *link, const void *options, struct cb_error *err)
{
	const struct xdp_options *o = options;
	struct xdp *x = state;
	int rc;

	*x = (struct xdp){.interface = link->interface, .batch = (uint32_t)o->batch};
	rc = check_link(x, link, err);
	if (!rc && x->counted)
		rc = cb_link_counters(link->interface, &x->before, err);
	return rc ? rc : cb_xdp_program_open(&x->program, link, err);
}

/* ---- sending ---- */

static void account(struct xdp *x, struct cb_transmit_counts *counts)
{
	const struct cb_xdp_call *call = x->program.call;

	counts->syscalls++;
	counts->refused += (int64_t)call->refused;
	x->refused += (int64_t)call->refused;
	x->handed += call->used;
	if (call->refused)
		x->refusal = call->refusal;
}

static int make(struct xdp *x, uint64_t sequence, unsigned n, uint8_t phase, uint32_t batch,
	struct cb_transmit_counts *counts)
{
	struct cb_xdp_call *call = x->program.call;
	int rc;

	call->sequence = sequence;
	call->frames = n;
	call->used = 0;
	call->phase = phase;
	call->refused = 0;
	call->refusal = call->error = 0;
	rc = cb_xdp_program_run(&x->program, n, batch);
	account(x, counts);
	if (call->used)
		return (int)call->used;
	if (call->error)
		return call->error;
	return rc ? rc : -EIO;
}

static int xdp_send(void *state, uint64_t sequence, unsigned n, uint8_t phase, uint32_t time_ns,
	struct cb_transmit_counts *counts)
{
	struct xdp *x = state;

	x->program.call->timed = 0;
	return make(x, sequence, n, phase, x->batch, counts);
}

/*
 * Groups as small as the rate allows: some 120 ns for a frame and 450 ns for a group (with the poll
 * at the receiving end of a veth) are to leave two fifths of the time, to catch up.
 */
static uint32_t group(const struct xdp *x, const uint64_t *times_ns, unsigned n)
{
	uint64_t gap_ns = n > 1 ? (times_ns[n - 1] - times_ns[0]) / (n - 1) : UINT32_MAX;
	uint64_t for_frames_ns = gap_ns * 3 / 5, frames;

	if (for_frames_ns <= FRAME_NS)
		return x->batch;
	frames = GROUP_NS / (for_frames_ns - FRAME_NS) + 1;
	return frames < x->batch ? (uint32_t)frames : x->batch;
}

static int xdp_send_timed(void *state, uint64_t sequence, unsigned n, uint8_t phase,
	uint64_t *times_ns, struct cb_transmit_counts *counts)
{
	struct xdp *x = state;
	struct cb_xdp_call *call = x->program.call;
	unsigned batch = group(x, times_ns, n), last = 0;
	int used;

	memcpy(call->times_ns, times_ns, n * sizeof(*times_ns));
	call->timed = 1;
	used = make(x, sequence, n, phase, batch, counts);
	/* The frames of a group reach the link when the last of them is made. */
	for (unsigned i = 0; used > 0 && i < (unsigned)used; i++) {
		if (i % batch == 0)
			last = i + batch < (unsigned)used ? i + batch - 1 : (unsigned)used - 1;
		times_ns[i] = call->times_ns[last];
	}
	return used;
}

/* ---- the end ---- */

/* Have the link's counters seen every frame? Neighbours' are in them, too: so they stand still. */
static bool is_through(const struct xdp *x, int64_t *seen)
{
	struct cb_link_counters now;
	int64_t before = *seen;

	if (cb_link_counters(x->interface, &now, NULL))
		return true; /* there is no link to wait for */
	*seen = now.tx_packets - x->before.tx_packets + now.tx_dropped - x->before.tx_dropped;
	return *seen == x->handed || (*seen > x->handed && *seen == before);
}

static int xdp_flush(void *state, uint64_t deadline_ns, struct cb_transmit_counts *counts)
{
	const struct xdp *x = state;
	int64_t seen = -1;

	if (x->handed && x->refused == x->handed && x->refusal)
		cb_warn("%s refused every frame: %s (is the other end up?)", x->interface,
			strerror(-x->refusal));
	while (x->counted && !is_through(x, &seen)) {
		if (cb_now_ns() >= deadline_ns)
			return -ETIMEDOUT;
		cb_sleep_until(cb_deadline_in(FLUSH_POLL_NS));
	}
	return 0;
}

const struct cb_transmitter cb_transmitter_xdp = {
	.member =
		{
			.name = "xdp",
			.help = "Frames made in the kernel by eBPF and redirected to the link",
			.options = xdp_options,
			.options_size = sizeof(struct xdp_options),
			.provides =
				CB_TRAIT_STAMPS | CB_TRAIT_PACED | CB_TRAIT_XDP | CB_TRAIT_FRAMES,
			.reach_pps = 8000000,
			.frame_max = 3000, /* of a page the kernel keeps some 700 bytes */
			.probe = xdp_probe,
		},
	.state_size = sizeof(struct xdp),
	.batch = CB_XDP_FRAMES,
	.open = xdp_open,
	.send = xdp_send,
	.send_timed = xdp_send_timed,
	.flush = xdp_flush,
	.close = xdp_close,
};
