/*
 * `poisson`: exponentially distributed gaps. 2^20 of them are drawn before the start and then
 * repeated, so that a slot's time follows from its number, a seed gives the same traffic on every
 * machine, and no logarithm stands in the sending loop. Their mean is made exact: a repetition
 * takes 2^20 / rate, and counts over much longer times than that do not vary as a true Poisson
 * process's would.
 */
#include "generators/pacing/arrival.h"
#include "harness/base/clock.h"
#include "harness/base/random.h"

#include <math.h>
#include <stdlib.h>

#define GAPS      (UINT64_C(1) << 20)
#define UNIT_BITS 20 /* the table counts in 2^-20 of a mean gap */
#define WHOLE     (GAPS << UNIT_BITS)

struct poisson_options {
	int64_t seed;
};

static const struct cb_option poisson_options[] = {
	{.name = "seed",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct poisson_options, seed),
		.fallback = "1",
		.min = 0,
		.max = INT64_MAX,
		.help = "Of the gaps: the same seed gives the same traffic"},
	CB_OPTION_END,
};

/* Times of the table that are below `units`. */
static uint64_t below(const uint64_t *table, uint64_t units)
{
	uint64_t first = 0, n = GAPS;

	while (n > 0) {
		uint64_t half = n / 2;

		if (table[first + half] < units) {
			first += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return first;
}

static uint64_t poisson_slots(const struct cb_arrival *a, uint64_t ns, bool now)
{
	cb_wide all = ((cb_wide)ns * a->rate_pps) << UNIT_BITS;
	cb_wide units = now ? all / CB_NS_PER_SEC + 1 : cb_wide_up(all, CB_NS_PER_SEC);

	return cb_wide_saturate(units / WHOLE * GAPS + below(a->table, (uint64_t)(units % WHOLE)));
}

static uint64_t poisson_due_ns(const struct cb_arrival *a, uint64_t slot)
{
	cb_wide units = (cb_wide)(slot / GAPS) * WHOLE + a->table[slot % GAPS];

	/* below 2^84 units times 2^30 */
	return cb_wide_saturate(
		cb_wide_up(units * CB_NS_PER_SEC, (cb_wide)a->rate_pps << UNIT_BITS));
}

/* Uniform in (0, 1]. */
static double draw(struct cb_random *random)
{
	return (double)((cb_random_next(random) >> 11) + 1) * 0x1p-53;
}

static int poisson_make(
	struct cb_arrival *a, const void *options, uint64_t run_ns, struct cb_error *err)
{
	const struct poisson_options *o = options;
	struct cb_random random = {.state = (uint64_t)o->seed}, again = random;
	double sum = 0, at = 0;

	a->table = calloc(GAPS, sizeof(*a->table));
	if (!a->table)
		return cb_error_memory(err, "the gaps of a Poisson process");
	for (uint64_t i = 0; i < GAPS; i++)
		sum -= log(draw(&random));
	for (uint64_t i = 0; i < GAPS; i++) {
		/* the first slot is due at the start, as in every process */
		a->table[i] = (uint64_t)(at / sum * (double)WHOLE);
		at -= log(draw(&again));
	}
	return 0;
}

const struct cb_arrival_shape cb_arrival_poisson = {
	.member =
		{
			.name = "poisson",
			.help = "Exponentially distributed times from frame to frame",
			.options = poisson_options,
			.options_size = sizeof(struct poisson_options),
		},
	.make = poisson_make,
	.slots = poisson_slots,
	.due_ns = poisson_due_ns,
};
