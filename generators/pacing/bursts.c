/* `bursts`: so many frames at the rate, then silence, and again. The burst and the silence together
 * take a whole number of ns, so that every burst begins on one. */
#include "generators/pacing/arrival.h"
#include "harness/base/clock.h"

struct bursts_options {
	int64_t frames, gap_ns;
};

static const struct cb_option bursts_options[] = {
	{.name = "frames",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct bursts_options, frames),
		.fallback = "1000",
		.min = 1,
		.max = UINT32_MAX,
		.help = "Frames of a burst, at the rate"},
	{.name = "gap",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct bursts_options, gap_ns),
		.fallback = "10ms",
		.min = 1,
		.max = 3600 * CB_NS_PER_SEC,
		.help = "Silence after the time that the burst takes"},
	CB_OPTION_END,
};

static uint64_t period_ns(const struct cb_arrival *a)
{
	return cb_arrival_constant.due_ns(a, a->frames) + a->gap_ns;
}

static uint64_t bursts_slots(const struct cb_arrival *a, uint64_t ns, bool now)
{
	uint64_t period = period_ns(a);
	uint64_t part = cb_arrival_constant.slots(a, ns % period, now);

	return cb_wide_saturate(
		(cb_wide)(ns / period) * a->frames + (part < a->frames ? part : a->frames));
}

static uint64_t bursts_due_ns(const struct cb_arrival *a, uint64_t slot)
{
	return cb_wide_saturate((cb_wide)(slot / a->frames) * period_ns(a) +
		cb_arrival_constant.due_ns(a, slot % a->frames));
}

static int bursts_make(
	struct cb_arrival *a, const void *options, uint64_t run_ns, struct cb_error *err)
{
	const struct bursts_options *o = options;

	a->frames = (uint64_t)o->frames;
	a->gap_ns = (uint64_t)o->gap_ns;
	return 0;
}

const struct cb_arrival_shape cb_arrival_bursts = {
	.member =
		{
			.name = "bursts",
			.help = "Frames at the rate, then silence, and again",
			.options = bursts_options,
			.options_size = sizeof(struct bursts_options),
		},
	.make = bursts_make,
	.slots = bursts_slots,
	.due_ns = bursts_due_ns,
};
