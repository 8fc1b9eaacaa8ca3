/* `trace`: when the packets of a file were captured, at another speed if asked for, and over again.
 * The rate is not looked at. */
#include "generators/pacing/arrival.h"

#include <stdlib.h>
#include <string.h>

#define PPM 1000000

struct trace_options {
	int64_t speed_ppm;
};

static const struct cb_option trace_options[] = {
	{.name = "speed",
		.type = CB_OPT_RATIO,
		.offset = offsetof(struct trace_options, speed_ppm),
		.fallback = "100%",
		.min = 1,
		.max = INT64_C(1000000) * PPM,
		.help = "200% is twice as fast as captured"},
	CB_OPTION_END,
};

int cb_arrival_set_times(struct cb_arrival *a, const uint64_t *times_ns, size_t n,
	uint64_t period_ns, struct cb_error *err)
{
	a->table = reallocarray(NULL, n, sizeof(*times_ns));
	if (!a->table)
		return cb_error_memory(err, "the times of a file");
	memcpy(a->table, times_ns, n * sizeof(*times_ns));
	a->frames = n;
	a->period_ns = period_ns;
	return 0;
}

/* Times of the table before `ns`; with `now`, at it too. */
static uint64_t below(const struct cb_arrival *a, uint64_t ns, bool now)
{
	uint64_t first = 0, n = a->frames;

	while (n > 0) {
		uint64_t half = n / 2, time = a->table[first + half];

		if (time < ns || (now && time == ns)) {
			first += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return first;
}

/* In the file's own time: whole ns there at or before `ns` here, or all before it. */
static uint64_t trace_slots(const struct cb_arrival *a, uint64_t ns, bool now)
{
	cb_wide units = (cb_wide)ns * a->speed_ppm;
	cb_wide file_ns = now ? units / PPM : cb_wide_up(units, PPM);

	return cb_wide_saturate(file_ns / a->period_ns * a->frames +
		below(a, (uint64_t)(file_ns % a->period_ns), now));
}

static uint64_t trace_due_ns(const struct cb_arrival *a, uint64_t slot)
{
	cb_wide file_ns = (cb_wide)(slot / a->frames) * a->period_ns + a->table[slot % a->frames];

	/* beyond 2^107 the product would wrap, and is past the end of time at any speed */
	if (file_ns >> 107)
		return UINT64_MAX;
	return cb_wide_saturate(cb_wide_up(file_ns * PPM, a->speed_ppm));
}

static int trace_make(
	struct cb_arrival *a, const void *options, uint64_t run_ns, struct cb_error *err)
{
	const struct trace_options *o = options;

	a->speed_ppm = (uint64_t)o->speed_ppm;
	return 0;
}

const struct cb_arrival_shape cb_arrival_trace = {
	.member =
		{
			.name = "trace",
			.help = "As the packets of a replayed file were captured; rate is not used",
			.needs = CB_TRAIT_TIMES,
			.options = trace_options,
			.options_size = sizeof(struct trace_options),
		},
	.make = trace_make,
	.slots = trace_slots,
	.due_ns = trace_due_ns,
};
