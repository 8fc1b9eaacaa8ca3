/* `constant`: slot i at i / rate. */
#include "generators/pacing/arrival.h"
#include "harness/base/clock.h"

static uint64_t constant_slots(const struct cb_arrival *a, uint64_t ns, bool now)
{
	cb_wide units = (cb_wide)ns * a->rate_pps;

	return cb_wide_saturate(now ? units / CB_NS_PER_SEC + 1 : cb_wide_up(units, CB_NS_PER_SEC));
}

static uint64_t constant_due_ns(const struct cb_arrival *a, uint64_t slot)
{
	return cb_wide_saturate(cb_wide_up((cb_wide)slot * CB_NS_PER_SEC, a->rate_pps));
}

const struct cb_arrival_shape cb_arrival_constant = {
	.member =
		{
			.name = "constant",
			.help = "The same time from frame to frame",
		},
	.slots = constant_slots,
	.due_ns = constant_due_ns,
};
