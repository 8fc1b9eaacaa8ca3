/*
 * How evenly frames leave: the gaps between one hand-over and the next, against the gaps that the
 * schedule asked for. Constant memory, a few additions per batch. Pure functions on values.
 *
 * The time of a frame is the time at which it was handed to the link. Of a batch only begin and end
 * are known, so its frames are taken as spread evenly over the call that handed them over.
 */
#ifndef CB_GENERATORS_PACING_DEPARTURE_H
#define CB_GENERATORS_PACING_DEPARTURE_H

#include "generators/pacing/histogram.h"
#include "harness/book/measured.h"

/* One batch: n > 0 frames, the first due at due_ns and handed over at begin_ns, the last due at
 * last_due_ns; the call returned at end_ns. */
struct cb_departure {
	uint64_t due_ns, last_due_ns, begin_ns, end_ns;
	unsigned n;
};

/* Zero-initialise. */
struct cb_departures {
	struct cb_histogram gaps; /* ns */
	uint64_t within[CB_GAP_BOUNDS];
	uint64_t back_to_back;   /* gaps of less than half of what the schedule asked for */
	uint64_t train, longest; /* frames back to back: now, at most */
	uint64_t last_ns, last_due_ns;
	uint64_t first_ns, first_due_ns;
	uint64_t head_ns, head_due_ns; /* of the latest batch */
	bool any;
};

void cb_departures_add(struct cb_departures *d, const struct cb_departure *batch);

/*
 * Those of another generator that goes by the same clock, too. Gaps and trains stay each one's own;
 * the drift becomes that of the one that drifted most. Nothing can be added to `into` after that.
 */
void cb_departures_merge(struct cb_departures *into, const struct cb_departures *from);

/* Into the fields gap_*, back_to_back_share, longest_train and drift_ppm; unknown without a gap. */
void cb_departures_settle(const struct cb_departures *d, struct cb_generator_record *r);

#endif
