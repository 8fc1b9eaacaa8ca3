#include "generators/transmitters/pktgen_run.h"

#include "generators/traffic/shape.h"
#include "harness/base/clock.h"
#include "harness/base/log.h"
#include "harness/book/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define LOOK_EVERY_NS (50 * CB_NS_PER_MS) /* at the devices; so long a stop may take to be seen */
#define LOOK_SOON_NS  (2 * CB_NS_PER_MS)  /* near the end */
/* Threads look for work every HZ / 10 ticks (pktgen_thread_worker). */
#define START_WITHIN_NS (3 * CB_NS_PER_SEC)
#define STOP_WITHIN_NS  (3 * CB_NS_PER_SEC)
#define LATE_NS         (20 * CB_NS_PER_MS) /* behind the schedule, to catch up */
#define DELAY_MAX       INT32_MAX           /* ULLONG_MAX to pktgen: never send */

struct run {
	struct cb_pktgen *p;
	const struct cb_transmit_order *order;
	uint64_t asked_ns; /* "start" was written */
	uint64_t begin_ns,
		last_start_ns; /* of the first and the last device that started; 0: none */
	uint64_t end_ns;       /* the order's time is over; CB_FOREVER: not limited */
	uint64_t told_ns;      /* progress: next second */
	uint64_t stop_ns;      /* "stop" was written; 0: not yet */
	bool all_started, finished;
};

/* ---- the devices' parts ---- */

static bool is_repeated(const struct cb_pktgen_options *o)
{
	return o->clone || o->burst > 1;
}

uint64_t cb_pktgen_window_from(
	const struct cb_pktgen_options *options, const struct cb_transmit_order *order)
{
	uint64_t n = (uint64_t)options->threads;

	/* Copies share a sequence number, so there is no frame at which the window could begin. */
	if (is_repeated(options))
		return 0;
	return order->warmup_frames / n + (order->warmup_frames % n != 0);
}

static int set_number(
	struct cb_pktgen *p, unsigned i, const char *name, uint64_t value, struct cb_error *err)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return cb_pktgen_set(p, &p->lanes[i], name, text, name, err);
}

/*
 * Each device sends its share of the frames. Its delay is between bursts (pktgen_xmit calls spin()
 * once for all frames of a burst), so it is that much longer: ratep would send `burst` times the
 * rate.
 */
static int share_out(
	struct cb_pktgen *p, const struct cb_transmit_order *order, struct cb_error *err)
{
	double delay_ns = order->rate_pps
		? (double)p->n * (double)p->options.burst * 1e9 / (double)order->rate_pps
		: 0;
	int r = 0;

	if (order->frames && order->frames < p->n)
		return cb_error_set(err, CB_ERR_USAGE,
			"%" PRIu64 " frames are too few for %u of pktgen's threads", order->frames,
			p->n);
	if (delay_ns >= DELAY_MAX)
		return cb_error_set(err, CB_ERR_USAGE,
			"rate: pktgen waits less than 2.1 s from frame to frame of a thread: at "
			"least %u pps",
			p->n);
	for (unsigned i = 0; !r && i < p->n; i++) {
		struct cb_pktgen_lane *lane = &p->lanes[i];

		lane->delay_ns = (uint64_t)llround(delay_ns);
		lane->count = order->frames / p->n + (i < order->frames % p->n);
		r = set_number(p, i, "count", lane->count, err);
		if (!r)
			r = set_number(p, i, "delay", lane->delay_ns, err);
	}
	return r;
}

/* ---- watching ---- */

static bool has_started(const struct cb_pktgen_lane *lane)
{
	return lane->now.result == CB_PKTGEN_STARTING || lane->now.result == CB_PKTGEN_FINISHED;
}

/* How long the order may take, from a device's first frame on. */
static uint64_t limit_ns(const struct run *run)
{
	const struct cb_transmit_order *o = run->order;
	const struct cb_pktgen_lane *first = &run->p->lanes[0];
	uint64_t ns;

	if (!o->rate_pps)
		return o->limit_ns ? o->limit_ns : CB_FOREVER;
	if (!o->frames)
		return CB_FOREVER;
	if (__builtin_mul_overflow(
		    first->count / (uint64_t)run->p->options.burst, first->delay_ns, &ns))
		return CB_FOREVER;
	return ns > CB_FOREVER - LATE_NS ? CB_FOREVER : ns + LATE_NS;
}

static uint64_t later(uint64_t ns, uint64_t by_ns)
{
	return ns > CB_FOREVER - by_ns ? CB_FOREVER : ns + by_ns;
}

/* A new device's second frame leaves right behind the first, and the others keep their distance
 * from that one (pktgen_xmit spins only after a frame that was sent): by that schedule the first
 * was due one delay before it left. */
static void note_starts(struct run *run)
{
	const struct cb_pktgen *p = run->p;
	unsigned started = 0;

	run->begin_ns = run->last_start_ns = 0;
	for (unsigned i = 0; i < p->n; i++) {
		uint64_t ns = p->lanes[i].now.started_us * CB_NS_PER_US - p->lanes[i].delay_ns;

		if (!has_started(&p->lanes[i]))
			continue;
		if (!started++ || ns < run->begin_ns)
			run->begin_ns = ns;
		if (ns > run->last_start_ns)
			run->last_start_ns = ns;
	}
	run->all_started = started == p->n;
	if (run->all_started)
		run->end_ns = later(run->last_start_ns, limit_ns(run));
}

/* The kernel's own idea of which queues there are is seen once a device has started. */
static int check_queues(
	struct cb_pktgen *p, const struct cb_pktgen_lane *lane, struct cb_error *err)
{
	char last[16], wanted[16];

	snprintf(wanted, sizeof(wanted), "%u", lane->queue_last);
	if (!has_started(lane) || !cb_pktgen_field(p->text, "queue_map_max", last, sizeof(last)) ||
		!strcmp(last, wanted))
		return 0;
	return cb_error_set(err, CB_ERR_USAGE,
		"queue: %s has no transmit queue %s: the last one is %s", p->interface, wanted,
		last);
}

static int look_at_all(struct run *run, struct cb_error *err)
{
	struct cb_pktgen *p = run->p;
	bool finished = true;
	int r = 0;

	for (unsigned i = 0; i < p->n && !r; i++) {
		struct cb_pktgen_lane *lane = &p->lanes[i];

		r = cb_pktgen_look(p, lane, err);
		if (!r && lane->now.result == CB_PKTGEN_FAILED)
			r = cb_error_set(err, CB_ERR_HOST, "pktgen says \"%s\" of %s",
				lane->now.text, lane->file);
		if (!r)
			r = check_queues(p, lane, err);
		finished = finished && lane->now.result == CB_PKTGEN_FINISHED;
	}
	run->finished = finished && !r;
	if (!run->all_started)
		note_starts(run);
	return r;
}

static uint64_t frames_so_far(const struct cb_pktgen *p)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < p->n; i++)
		sum += has_started(&p->lanes[i]) ? p->lanes[i].now.sofar + p->lanes[i].now.errors
						 : 0;
	return sum;
}

static void tell(struct run *run)
{
	uint64_t now_ns = cb_now_ns();

	if (!run->begin_ns)
		return;
	if (!run->told_ns)
		run->told_ns = run->begin_ns + CB_NS_PER_SEC;
	if (now_ns < run->told_ns || !run->order->progress)
		return;
	run->order->progress(
		run->order->progress_arg, run->told_ns - run->begin_ns, frames_so_far(run->p));
	run->told_ns += CB_NS_PER_SEC;
}

/* ---- the end ---- */

static int stop_all(struct run *run, struct cb_error *err)
{
	int r = run->p->io->write(run->p->io_arg, CB_PKTGEN_CONTROL, "stop\n");

	run->stop_ns = cb_now_ns();
	return r ? cb_error_errno(err, CB_ERR_HOST, r, "pktgen refuses \"stop\"") : 0;
}

/* The writer of "start" has something to say only when it is refused. */
static int check_writer(struct run *run, struct cb_error *err)
{
	int r = run->p->io->starting(run->p->io_arg);

	if (r < 0)
		return cb_error_errno(err, r == -EPERM ? CB_ERR_IMPOSSIBLE : CB_ERR_HOST, r,
			"pktgen refuses \"start\"");
	return 0;
}

static int check_times(const struct run *run, uint64_t now_ns, struct cb_error *err)
{
	if (!run->all_started && now_ns > run->asked_ns + START_WITHIN_NS)
		return cb_error_set(err, CB_ERR_HOST,
			"pktgen was told to start, but %s does not send",
			run->begin_ns ? "one of its threads" : run->p->interface);
	if (run->stop_ns && now_ns > run->stop_ns + STOP_WITHIN_NS)
		return cb_error_set(
			err, CB_ERR_HOST, "pktgen was told to stop, but goes on sending");
	return 0;
}

static uint64_t next_look(const struct run *run, uint64_t now_ns)
{
	uint64_t at_ns = now_ns + LOOK_EVERY_NS, soon_ns = now_ns + LOOK_SOON_NS;
	/* before it is given up, the run is expected to end by itself */
	uint64_t due_ns = run->end_ns > LATE_NS ? run->end_ns - LATE_NS : 0;

	if (!run->all_started || run->stop_ns)
		return soon_ns;
	if (run->told_ns > now_ns && run->told_ns < at_ns)
		at_ns = run->told_ns;
	if (due_ns < at_ns)
		at_ns = due_ns > soon_ns ? due_ns : soon_ns;
	if (run->end_ns > now_ns && run->end_ns < at_ns)
		at_ns = run->end_ns;
	return at_ns;
}

static int watch(struct run *run, struct cb_error *err)
{
	uint64_t now_ns;
	int r = look_at_all(run, err);

	while (!r && !run->finished) {
		now_ns = cb_now_ns();
		tell(run);
		r = check_writer(run, err);
		if (!r)
			r = check_times(run, now_ns, err);
		if (!r && !run->stop_ns && (*run->order->stop || now_ns >= run->end_ns))
			r = stop_all(run, err);
		if (r)
			break;
		if (!*run->order->stop || run->stop_ns)
			cb_sleep_until(next_look(run, now_ns));
		r = look_at_all(run, err);
	}
	return r;
}

/* A device that loses its link stops with "OK" and fewer frames (pktgen_xmit: netif_carrier_ok). */
static int check_counts(const struct run *run, struct cb_error *err)
{
	const struct cb_pktgen *p = run->p;

	for (unsigned i = 0; i < p->n && !run->stop_ns && !*run->order->stop; i++) {
		const struct cb_pktgen_lane *lane = &p->lanes[i];

		if (lane->count && lane->now.sofar >= lane->count)
			continue;
		return cb_error_set(err, CB_ERR_HOST,
			"pktgen stopped after %" PRIu64 " frames of %s, before the end (the "
			"interface was taken down, lost its carrier, or somebody else wrote "
			"\"stop\")",
			lane->now.sofar, lane->file);
	}
	return 0;
}

/* ---- the account ---- */

static void add_lane(const struct run *run, const struct cb_pktgen_lane *lane, uint64_t from,
	struct cb_transmit_account *a)
{
	const struct cb_pktgen_device *d = &lane->now;
	uint64_t begin_ns = d->started_us * CB_NS_PER_US - lane->delay_ns;
	uint64_t end_ns = d->stopped_us * CB_NS_PER_US, before_ns = from * lane->delay_ns;
	uint64_t slots_ns = d->sofar / (uint64_t)run->p->options.burst * lane->delay_ns;
	uint64_t window = d->sofar > from ? d->sofar - from : 0, elapsed_ns;

	if (!has_started(lane))
		return;
	/* What the link refused has used up no sequence number: the next frame has the same. */
	a->offered += (int64_t)(d->sofar + d->errors);
	a->refused += (int64_t)d->errors;
	a->window_offered += (int64_t)window;
	if (end_ns > a->end_ns)
		a->end_ns = end_ns;
	/* n slots at a met rate r take n / r */
	elapsed_ns = end_ns - begin_ns > slots_ns ? end_ns - begin_ns : slots_ns;
	if (elapsed_ns > before_ns && window)
		a->window_pps += (double)window * 1e9 / (double)(elapsed_ns - before_ns);
}

static void add_up(struct run *run, struct cb_transmit_account *a)
{
	struct cb_pktgen *p = run->p;
	uint64_t from = cb_pktgen_window_from(&p->options, run->order);

	*a = (struct cb_transmit_account){.begin_ns = run->begin_ns,
		.end_ns = run->begin_ns,
		.ended_early = run->stop_ns != 0};
	for (unsigned i = 0; i < p->n; i++)
		add_lane(run, &p->lanes[i], from, a);
	if (!a->refused || !from) {
		a->window_offered += a->refused;
	} else {
		a->window_offered = CB_UNKNOWN;
		cb_warn("%s refused %" PRId64
			" of pktgen's frames, and how many of them before the "
			"measurement window is not known: without warm-up it would be",
			p->interface, a->refused);
	}
	if (run->order->rate_pps)
		snprintf(a->note, sizeof(a->note),
			"delay %" PRIu64 " ns from burst to burst of %" PRId64
			" on each of %u threads",
			p->lanes[0].delay_ns, p->options.burst, p->n);
	a->flows = p->shape && p->shape->flows.n > p->n ? p->shape->flows.n : p->n;
	a->sizes_chi_square = cb_pktgen_chi_square(p);
}

int cb_pktgen_run(struct cb_pktgen *p, const struct cb_transmit_order *order,
	struct cb_transmit_account *account, struct cb_error *err)
{
	struct run run = {.p = p, .order = order, .end_ns = CB_FOREVER};
	int r = share_out(p, order, err);

	*account = (struct cb_transmit_account){.sizes_chi_square = NAN};
	if (r)
		return r;
	run.asked_ns = cb_now_ns();
	r = p->io->start(p->io_arg);
	if (r)
		return cb_error_errno(err, CB_ERR_HOST, r, "pktgen can't be started");
	r = watch(&run, err);
	if (!run.finished && !run.stop_ns)
		stop_all(&run, NULL);
	p->io->end_start(p->io_arg);
	if (!r)
		r = check_counts(&run, err);
	add_up(&run, account);
	return r;
}
