#include "generators/whole.h"

#include "harness/base/clock.h"
#include "harness/base/rate.h"
#include "harness/base/text.h"
#include "harness/base/units.h"

#include <math.h>
#include <stdlib.h>

int cb_whole_order(
	const struct cb_pace *pace, bool max, struct cb_transmit_order *order, struct cb_error *err)
{
	uint64_t run_ns = pace->duration_ns ? pace->warmup_ns + pace->duration_ns : 0;
	struct cb_schedule s;

	*order = (struct cb_transmit_order){.frames = pace->count, .limit_ns = run_ns};
	if (max)
		return 0;
	if (pace->arrival && pace->arrival->shape != &cb_arrival_constant)
		return cb_error_set(err, CB_ERR_USAGE,
			"arrival: %s needs a transmitter to which each frame is handed, as packet; "
			"this one keeps a constant rate",
			pace->arrival->shape->member.name);
	cb_schedule_init(&s, pace, 0);
	order->rate_pps = pace->rate_pps;
	order->warmup_frames = s.warmup_slots;
	order->frames = s.end_slot == UINT64_MAX ? 0 : s.end_slot;
	return 0;
}

/* ---- the series ---- */

struct series {
	struct cb_series *to;
	uint64_t frames;
	bool failed;
};

static void add_second(void *arg, uint64_t elapsed_ns, uint64_t frames)
{
	struct series *s = arg;

	if (frames < s->frames)
		frames = s->frames;
	if (cb_series_add(s->to, (int64_t)(frames - s->frames)))
		s->failed = true;
	s->frames = frames;
}

/* ---- the record ---- */

/* After an early stop by the user: what was due by then. */
static uint64_t intended(const struct cb_send_job *job, const struct cb_transmit_account *a,
	const struct cb_schedule *s, bool stopped)
{
	uint64_t due;

	if (!stopped && s->end_slot != UINT64_MAX)
		return s->end_slot;
	due = a->begin_ns ? cb_schedule_intended(s, a->end_ns) : 0;
	return due > (uint64_t)a->offered ? due : (uint64_t)a->offered;
}

/* How much longer the run took than its frames should have, when all were sent. */
static double drift_ppm(const struct cb_transmit_account *a, const struct cb_schedule *s)
{
	uint64_t due_ns = cb_schedule_due_ns(s, (uint64_t)a->offered - 1) - s->start_ns;

	return ((double)(a->end_ns - a->begin_ns) / (double)due_ns - 1) * 1e6;
}

static void settle_schedule(const struct cb_send_job *job, const struct cb_transmit_account *a,
	bool stopped, struct cb_generator_record *r)
{
	struct cb_schedule s;
	uint64_t slots;

	cb_schedule_init(&s, &job->pace, a->begin_ns);
	slots = intended(job, a, &s, stopped);
	r->book.intended = (int64_t)slots;
	r->intended_pps = cb_schedule_intended_pps(&s, slots);
	r->rebased = 0;
	if (!a->ended_early && a->offered > 1)
		r->drift_ppm = drift_ppm(a, &s);
}

static void settle(const struct cb_send_job *job, const struct cb_transmit_account *a, bool stopped,
	struct cb_generator_record *r)
{
	uint64_t warmup_ns = job->max ? 0 : job->pace.warmup_ns;

	r->book.offered = a->offered;
	r->book.unstamped = job->transmitter->member.provides & CB_TRAIT_STAMPS ? 0 : a->offered;
	r->book.refused = a->refused;
	r->book.window_offered = a->window_offered;
	r->elapsed_ns = (int64_t)(a->end_ns - a->begin_ns);
	if (r->elapsed_ns > (int64_t)warmup_ns)
		r->window_elapsed_ns = r->elapsed_ns - (int64_t)warmup_ns;
	r->offered_pps = a->window_pps > 0 ? a->window_pps : (double)NAN;
	r->sizes_chi_square = a->sizes_chi_square;
	r->connections = a->connections;
	r->connections_complete = a->connections_complete;
	r->peer_received = a->peer_received;
	cb_text_copy(r->transmitter_note, sizeof(r->transmitter_note), a->note);
	if (a->flows)
		r->flows = a->flows;
	if (job->max) {
		r->book.intended = CB_UNKNOWN;
		r->intended_pps = (double)NAN;
	} else {
		settle_schedule(job, a, stopped, r);
	}
	r->unoffered = cb_ledger_unoffered(&r->book);
}

int cb_whole_run(const struct cb_send_job *job, const volatile sig_atomic_t *stop,
	struct cb_generator_record *record, struct cb_error *err)
{
	struct series series = {.to = &record->series};
	struct cb_transmit_account account = {.sizes_chi_square = (double)NAN,
		.connections = CB_UNKNOWN,
		.connections_complete = CB_UNKNOWN,
		.peer_received = CB_UNKNOWN};
	struct cb_transmit_order order;
	int r = cb_whole_order(&job->pace, job->max, &order, err);

	if (r)
		return r;
	order.stop = stop;
	order.progress = add_second;
	order.progress_arg = &series;
	r = job->transmitter->run(job->state, &order, &account, err);
	settle(job, &account, *stop != 0, record);
	if (account.offered)
		add_second(&series, 0, (uint64_t)account.offered);
	if (series.failed && !r)
		r = cb_error_memory(err, "the series of offered frames");
	return r;
}

/* ---- what a receiver has to know ---- */

static int order_of(
	const struct cb_generate_job *job, struct cb_transmit_order *order, struct cb_error *err)
{
	const char *why = NULL;
	int64_t rate_pps;
	struct cb_pace pace = {
		.warmup_ns = (uint64_t)job->warmup_ns,
		.duration_ns = (uint64_t)job->duration_ns,
		.count = (uint64_t)job->count,
	};

	if (cb_rate_parse(job->rate, job->frame_size, &rate_pps, &why))
		return cb_error_set(
			err, CB_ERR_USAGE, "rate: \"%s\" is not a rate: %s", job->rate, why);
	pace.rate_pps = (uint64_t)rate_pps;
	return cb_whole_order(&pace, rate_pps == CB_RATE_MAX, order, err);
}

int cb_whole_stamps(const struct cb_generate_job *job, enum cb_stamps *stamps,
	uint64_t *window_from, struct cb_error *err)
{
	const struct cb_transmitter *transmitter;
	const struct cb_member *member = NULL;
	struct cb_transmit_order order;
	void *options;
	int r = cb_member_parse(&cb_transmitter_axis, job->transmitter, &member, NULL, err);

	*stamps = CB_STAMPS_OWN;
	*window_from = 0;
	if (r)
		return r;
	transmitter = (const struct cb_transmitter *)member; /* its first field */
	if (!transmitter->stamps)
		return 0;
	options = calloc(1, member->options_size + 1);
	if (!options)
		return cb_error_memory(err, "the transmitter");
	r = cb_member_parse(&cb_transmitter_axis, job->transmitter, &member, options, err);
	if (!r)
		r = order_of(job, &order, err);
	if (!r)
		*stamps = transmitter->stamps(options, &order, window_from);
	free(options);
	return r;
}
