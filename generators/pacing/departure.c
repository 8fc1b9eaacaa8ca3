#include "generators/pacing/departure.h"

#include <math.h>

static const uint64_t bounds_ns[CB_GAP_BOUNDS] = {64, 128, 256, 512, 1000};

/* `n` gaps of `gap_ns` where the schedule asked for `asked_ns`. */
static void add_gaps(struct cb_departures *d, uint64_t gap_ns, uint64_t asked_ns, uint64_t n)
{
	uint64_t off_ns = gap_ns > asked_ns ? gap_ns - asked_ns : asked_ns - gap_ns;

	cb_histogram_add_many(&d->gaps, gap_ns, n);
	for (unsigned i = CB_GAP_BOUNDS; i-- > 0 && off_ns <= bounds_ns[i];)
		d->within[i] += n;
	if (gap_ns < asked_ns - asked_ns / 2) {
		d->back_to_back += n;
		d->train += n;
	} else {
		d->train = 1;
	}
	if (d->train > d->longest)
		d->longest = d->train;
}

static uint64_t since(uint64_t later_ns, uint64_t earlier_ns)
{
	return later_ns > earlier_ns ? later_ns - earlier_ns : 0;
}

void cb_departures_add(struct cb_departures *d, const struct cb_departure *batch)
{
	unsigned inner = batch->n - 1;
	uint64_t inner_ns = inner ? since(batch->end_ns, batch->begin_ns) / batch->n : 0;

	if (!d->any) {
		d->first_ns = batch->begin_ns;
		d->first_due_ns = batch->due_ns;
		d->train = d->longest = 1;
		d->any = true;
	} else {
		add_gaps(d, since(batch->begin_ns, d->last_ns),
			since(batch->due_ns, d->last_due_ns), 1);
	}
	if (inner)
		add_gaps(d, inner_ns, since(batch->last_due_ns, batch->due_ns) / inner, inner);
	d->head_ns = batch->begin_ns;
	d->head_due_ns = batch->due_ns;
	d->last_ns = batch->begin_ns + inner * inner_ns;
	d->last_due_ns = batch->last_due_ns;
}

/* By how much the time that passed differs from what the schedule gave it. */
static double drift_ppm(const struct cb_departures *d)
{
	double asked_ns = (double)(d->head_due_ns - d->first_due_ns);
	double took_ns = (double)(d->head_ns - d->first_ns);

	return (took_ns - asked_ns) / asked_ns * 1e6;
}

static bool has_drift(const struct cb_departures *d)
{
	return d->any && d->head_due_ns > d->first_due_ns;
}

static void take_drift(struct cb_departures *into, const struct cb_departures *from)
{
	into->first_ns = from->first_ns;
	into->first_due_ns = from->first_due_ns;
	into->head_ns = from->head_ns;
	into->head_due_ns = from->head_due_ns;
}

void cb_departures_merge(struct cb_departures *into, const struct cb_departures *from)
{
	if (has_drift(from) && (!has_drift(into) || fabs(drift_ppm(from)) > fabs(drift_ppm(into))))
		take_drift(into, from);
	cb_histogram_merge(&into->gaps, &from->gaps);
	for (unsigned i = 0; i < CB_GAP_BOUNDS; i++)
		into->within[i] += from->within[i];
	into->back_to_back += from->back_to_back;
	if (from->longest > into->longest)
		into->longest = from->longest;
	into->any |= from->any;
}

void cb_departures_settle(const struct cb_departures *d, struct cb_generator_record *r)
{
	double n = (double)d->gaps.total;

	if (!d->gaps.total)
		return;
	for (unsigned i = 0; i < CB_GAP_BOUNDS; i++)
		r->gap_within_share[i] = (double)d->within[i] / n;
	r->gap_p50_ns = (int64_t)cb_histogram_quantile(&d->gaps, 500000);
	r->gap_p99_ns = (int64_t)cb_histogram_quantile(&d->gaps, 990000);
	r->gap_max_ns = (int64_t)d->gaps.max;
	r->back_to_back_share = (double)d->back_to_back / n;
	r->longest_train = (int64_t)d->longest;
	if (has_drift(d))
		r->drift_ppm = drift_ppm(d);
}
