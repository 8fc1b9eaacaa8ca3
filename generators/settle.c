/* The account of a sending loop, or of several that add up to one. */
#include "generators/sender.h"

#include <math.h>

#define LATENESS_P99_PPM 990000

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

int64_t cb_sender_intended(const struct cb_sender *s, uint64_t end_ns)
{
	return s->job->max ? CB_UNKNOWN : (int64_t)cb_schedule_intended(&s->schedule, end_ns);
}

static void settle_schedule(
	const struct cb_sender *s, uint64_t intended, struct cb_generator_record *r)
{
	uint64_t window_ns = cb_schedule_due_ns(&s->schedule, s->schedule.warmup_slots);
	uint64_t slots_end_ns = later(cb_schedule_end_ns(&s->schedule, intended), s->last_ns);

	r->book.intended = (int64_t)intended;
	r->intended_pps = cb_schedule_intended_pps(&s->schedule, intended);
	r->rebased = (int64_t)s->schedule.rebased;
	if (intended > s->schedule.warmup_slots)
		r->offered_pps =
			(double)s->window_offered * 1e9 / (double)(slots_end_ns - window_ns);
	if (s->window_offered)
		r->window_elapsed_ns = (int64_t)(s->last_ns - window_ns);
	if (s->batches) {
		r->lateness_max_ns = (int64_t)s->lateness.max;
		r->lateness_p99_ns = (int64_t)cb_histogram_quantile(&s->lateness, LATENESS_P99_PPM);
		cb_departures_settle(&s->departures, r);
	}
}

static void settle_max(const struct cb_sender *s, struct cb_generator_record *r)
{
	uint64_t window_ns = s->start_ns + s->job->pace.warmup_ns;

	r->book.intended = CB_UNKNOWN;
	r->intended_pps = NAN;
	r->offered_pps = NAN;
	if (s->window_offered && s->last_ns > window_ns) {
		r->window_elapsed_ns = (int64_t)(s->last_ns - window_ns);
		r->offered_pps = (double)s->window_offered * 1e9 / (double)(s->last_ns - window_ns);
	}
}

static void settle_file(const struct cb_send_job *job, struct cb_generator_record *r)
{
	struct cb_transmit_file file;

	if (!job->transmitter->file || !job->state) /* of several it is each one's own */
		return;
	job->transmitter->file(job->state, &file);
	r->file_truncated = file.truncated;
	r->file_oversized = file.oversized;
	r->file_runts = file.runts;
}

void cb_sender_settle(const struct cb_sender *s, int64_t intended, struct cb_generator_record *r)
{
	r->book.offered = (int64_t)s->offered;
	r->book.refused = s->counts.refused;
	r->book.window_offered = (int64_t)s->window_offered;
	r->elapsed_ns = (int64_t)(s->last_ns - s->start_ns);
	r->syscalls = s->counts.syscalls;
	r->batches = (int64_t)s->batches;
	settle_file(s->job, r);
	if (s->job->max)
		settle_max(s, r);
	else
		settle_schedule(s, (uint64_t)intended, r);
	r->unoffered = cb_ledger_unoffered(&r->book);
}

void cb_sender_merge(struct cb_sender *into, const struct cb_sender *lane)
{
	into->last_ns = later(into->last_ns, lane->last_ns);
	into->offered += lane->offered;
	into->window_offered += lane->window_offered;
	into->batches += lane->batches;
	into->counts.refused += lane->counts.refused;
	into->counts.syscalls += lane->counts.syscalls;
	into->schedule.rebased += lane->schedule.rebased;
	into->schedule.missed += lane->schedule.missed;
	cb_histogram_merge(&into->lateness, &lane->lateness);
	cb_departures_merge(&into->departures, &lane->departures);
}
