/*
 * `ramp`: from one rate to the rate that is asked for, linearly in time, and constant after that.
 * The number of slots up to t is the integral of the rate; all of it in integers of 128 bits, which
 * the bounds of `over` and of the rate keep from overflowing.
 */
#include "generators/pacing/arrival.h"
#include "harness/base/clock.h"

#include <math.h>

#define OVER_MAX_NS (UINT64_C(24) * 3600 * CB_NS_PER_SEC)

struct ramp_options {
	int64_t from_pps, over_ns;
};

static const struct cb_option ramp_options[] = {
	{.name = "from",
		.type = CB_OPT_RATE,
		.offset = offsetof(struct ramp_options, from_pps),
		.fallback = "1",
		.min = 1,
		.max = CB_ARRIVAL_RATE_MAX,
		.help = "Rate at the start, in frames a second"},
	{.name = "over",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct ramp_options, over_ns),
		.fallback = "0",
		.max = OVER_MAX_NS,
		.help = "Time from that rate to the one asked for; 0: warm-up and window"},
	CB_OPTION_END,
};

/* Slots up to `ns` as a fraction; the denominator is the return value. */
static cb_wide integral(const struct cb_arrival *a, uint64_t ns, cb_wide *units)
{
	cb_wide from = a->from_pps, to = a->rate_pps, over = a->over_ns;

	if (ns >= over) {
		*units = over * (from + to) + 2 * to * (ns - over);
		return (cb_wide)2 * CB_NS_PER_SEC;
	}
	/* to < from takes away less than what 2 * over * from has given */
	*units = 2 * over * from * ns + to * ns * ns - from * ns * ns;
	return 2 * over * CB_NS_PER_SEC;
}

static uint64_t ramp_slots(const struct cb_arrival *a, uint64_t ns, bool now)
{
	cb_wide units, unit = integral(a, ns, &units);

	return cb_wide_saturate(now ? units / unit + 1 : cb_wide_up(units, unit));
}

/* Whether the slot's time has come at `ns`. */
static bool reached(const struct cb_arrival *a, uint64_t slot, uint64_t ns)
{
	cb_wide units, unit = integral(a, ns, &units);

	return units >= slot * unit;
}

static uint64_t ramp_due_ns(const struct cb_arrival *a, uint64_t slot)
{
	cb_wide begun = (cb_wide)a->over_ns * (a->from_pps + a->rate_pps);
	cb_wide units = (cb_wide)slot * 2 * CB_NS_PER_SEC;
	long double from = a->from_pps, slope, ns;
	uint64_t due;

	if (units >= begun)
		return cb_wide_saturate(
			a->over_ns + cb_wide_up(units - begun, 2 * (cb_wide)a->rate_pps));
	/* the root of the integral, then to the ns */
	slope = ((long double)a->rate_pps - from) / (long double)a->over_ns;
	ns = 2e9L * slot / (from + sqrtl(from * from + 2e9L * slope * slot));
	due = ns < (long double)a->over_ns ? (uint64_t)ns : a->over_ns;
	while (due > 0 && reached(a, slot, due - 1))
		due--;
	while (!reached(a, slot, due))
		due++;
	return due;
}

static int ramp_make(
	struct cb_arrival *a, const void *options, uint64_t run_ns, struct cb_error *err)
{
	const struct ramp_options *o = options;

	a->from_pps = (uint64_t)o->from_pps;
	a->over_ns = o->over_ns ? (uint64_t)o->over_ns : run_ns;
	if (a->from_pps > CB_ARRIVAL_RATE_MAX)
		return cb_error_set(err, CB_ERR_USAGE,
			"ramp: from: max is no rate to start from; say a number");
	if (!a->over_ns)
		return cb_error_set(err, CB_ERR_USAGE,
			"ramp: over: a run without a duration does not say over which time; say "
			"how long, as in ramp:over=10s");
	if (a->over_ns > OVER_MAX_NS)
		return cb_error_set(
			err, CB_ERR_USAGE, "ramp: over: at most 24 hours; say how long, as in 1h");
	return 0;
}

const struct cb_arrival_shape cb_arrival_ramp = {
	.member =
		{
			.name = "ramp",
			.help = "From another rate to the rate, linearly, then at the rate",
			.options = ramp_options,
			.options_size = sizeof(struct ramp_options),
		},
	.make = ramp_make,
	.slots = ramp_slots,
	.due_ns = ramp_due_ns,
};
