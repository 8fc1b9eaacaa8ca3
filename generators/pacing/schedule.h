/*
 * An absolute schedule. Slot i is due at a time computed from i each time
 * (arrival.h), so nothing drifts. Every slot is either used
 * (one frame, one sequence number) or missed. Pure functions on values: the
 * caller reads the clock and hands the time in.
 *
 *   warm-up  slots whose time is in [0, warmup)
 *   window   slots whose time is in [warmup, warmup + duration), or `count` slots
 *
 * A frame belongs to the phase of the slot that it fills, not to the time at
 * which it was sent, so the window is one contiguous range of sequence numbers.
 * After a stall longer than `catch_up` the slots whose time has passed are
 * missed (all but the latest) instead of being sent in one long burst.
 */
#ifndef CB_GENERATORS_PACING_SCHEDULE_H
#define CB_GENERATORS_PACING_SCHEDULE_H

#include "generators/pacing/arrival.h"
#include "harness/net/stamp.h"

#include <stdbool.h>
#include <stdint.h>

struct cb_pace {
	uint64_t rate_pps;                /* > 0; of all lanes together */
	const struct cb_arrival *arrival; /* NULL: constant, at rate_pps */
	uint64_t warmup_ns;
	uint64_t duration_ns; /* of the window; 0: no limit in time */
	uint64_t count;       /* slots of the window; 0: no limit in number */
	uint64_t catch_up_ns;
	/* Generators that add up to one: each has the slots lane, lane + lanes, lane + 2 * lanes
	 * ... of the arrival process, whatever that is. lanes 0: there is one, and all slots are
	 * its. */
	uint32_t lane, lanes;
};

struct cb_schedule {
	struct cb_arrival arrival; /* its table is the pace's */
	uint32_t lane, lanes;      /* slots below are the lane's own, numbered from 0 */
	uint64_t catch_up_ns;
	uint64_t start_ns;     /* slot 0 is due */
	uint64_t end_ns;       /* the window's end in time; 0: the last slot ends it */
	uint64_t warmup_slots; /* slots [0, warmup_slots) are the warm-up's */
	uint64_t end_slot; /* slots [warmup_slots, end_slot) are the window's; UINT64_MAX: open */
	uint64_t next;     /* the first slot neither used nor missed */
	uint64_t missed;   /* slots given up in stalls */
	uint64_t rebased;  /* stalls in which slots were given up */
};

/* What to do at a given time. */
struct cb_turn {
	bool over;       /* the schedule has ended */
	unsigned n;      /* slots to fill now, all of one phase; 0: wait until due_ns */
	uint64_t due_ns; /* when the first of them was due, or what to wait for */
	enum cb_phase phase;
};

/* Of the first `slots` of all lanes together, those that are this lane's. */
uint64_t cb_pace_own(const struct cb_pace *pace, uint64_t slots);

/* Number of slots of a constant rate in its first `ns`: ceil(ns * rate / 1e9), exactly; saturates.
 */
uint64_t cb_schedule_slots_in(uint64_t rate_pps, uint64_t ns);

void cb_schedule_init(struct cb_schedule *s, const struct cb_pace *pace, uint64_t start_ns);

/* The first nanosecond at which `slot` is due; saturates at UINT64_MAX. */
uint64_t cb_schedule_due_ns(const struct cb_schedule *s, uint64_t slot);

/* Slots whose time has come, used and missed ones included, never more than there are. */
uint64_t cb_schedule_slots_due(const struct cb_schedule *s, uint64_t now_ns);

/* What to do at `now_ns`, with at most `max` (> 0) slots; gives slots up after a stall. */
struct cb_turn cb_schedule_turn(struct cb_schedule *s, uint64_t now_ns, unsigned max);

/* The first `n` (at most what the turn allowed) of the slots were used. */
void cb_schedule_use(struct cb_schedule *s, unsigned n);

/*
 * The number of slots that the schedule asked for when it ended at `now_ns`: all when it ran to its
 * end, those that were due when it was stopped before. Used + missed <= this.
 */
uint64_t cb_schedule_intended(const struct cb_schedule *s, uint64_t now_ns);

/* The end in time of the slots before `intended`: where the next one is due or, unless the rate is
 * constant, where the window ends. */
uint64_t cb_schedule_end_ns(const struct cb_schedule *s, uint64_t intended);

/* Slots of the window up to `intended` over the time that they take; at a constant rate the lane's
 * share of that rate. */
double cb_schedule_intended_pps(const struct cb_schedule *s, uint64_t intended);

#endif
