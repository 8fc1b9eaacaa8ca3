/*
 * When frames are to leave: slot i of an arrival process is due at a time that follows from i
 * alone, so a run of any length neither drifts nor wraps. Times are ns since the start; slots never
 * saturate below 2^63. Each process is one file that fills one const struct and stands in one array
 * (arrival.c). Pure functions on values.
 */
#ifndef CB_GENERATORS_PACING_ARRIVAL_H
#define CB_GENERATORS_PACING_ARRIVAL_H

#include "harness/base/error.h"
#include "harness/base/member.h"

#include <stdbool.h>
#include <stdint.h>

#define CB_ARRIVAL_OPTIONS_MAX 64 /* bytes that the options of any process need */
#define CB_ARRIVAL_RATE_MAX    UINT64_C(1000000000)

struct cb_arrival_shape;

struct cb_arrival {
	const struct cb_arrival_shape *shape;
	uint64_t rate_pps;             /* > 0, at most CB_ARRIVAL_RATE_MAX */
	uint64_t frames, gap_ns;       /* bursts */
	uint64_t from_pps, over_ns;    /* ramp */
	uint64_t speed_ppm, period_ns; /* trace; `frames` of them in the table */
	uint64_t *table;               /* poisson, trace; owned */
};

struct cb_arrival_shape {
	struct cb_member member;
	/* Options into `a`, whose rate is set; `run_ns`: warm-up and window, 0 when not limited.
	 * NULL: nothing to do. CB_ERR_USAGE, CB_ERR_INTERNAL out of memory. */
	int (*make)(
		struct cb_arrival *a, const void *options, uint64_t run_ns, struct cb_error *err);
	/* Slots whose exact time is before `ns`; with `now`, at `ns` too. Saturates. */
	uint64_t (*slots)(const struct cb_arrival *a, uint64_t ns, bool now);
	/* The first ns that is not before the slot's exact time; saturates. */
	uint64_t (*due_ns)(const struct cb_arrival *a, uint64_t slot);
};

const struct cb_member *cb_arrival_at(size_t i);
extern const struct cb_axis cb_arrival_axis;
extern const struct cb_arrival_shape cb_arrival_constant, cb_arrival_trace;

/* `text`: a short form as "bursts:frames=1000,gap=10ms". cb_arrival_finish frees. */
int cb_arrival_make(struct cb_arrival *a, const char *text, uint64_t rate_pps, uint64_t run_ns,
	struct cb_error *err);
/* Arrival `trace` needs it before any slot is asked for: n > 0 times since the start of the first
 * loop, never falling and below `period_ns`, which is one loop's. Copied. CB_ERR_INTERNAL out of
 * memory. */
int cb_arrival_set_times(struct cb_arrival *a, const uint64_t *times_ns, size_t n,
	uint64_t period_ns, struct cb_error *err);

void cb_arrival_finish(struct cb_arrival *a);

/* For the processes: ceil(a / b), and the end of uint64_t for what lies beyond. */
typedef unsigned __int128 cb_wide; /* slots times ns */
static inline cb_wide cb_wide_up(cb_wide a, cb_wide b)
{
	return (a + (b - 1)) / b;
}
static inline uint64_t cb_wide_saturate(cb_wide x)
{
	return x > UINT64_MAX ? UINT64_MAX : (uint64_t)x;
}

#endif
