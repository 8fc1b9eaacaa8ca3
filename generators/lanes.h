/*
 * Generators that add up to one: threads of a process, each with a transmitter of its own, a stream
 * of its own (a sequence space that begins at 0) and every n-th slot of the one schedule, so that
 * together they send what one alone would, evenly spaced.
 */
#ifndef CB_GENERATORS_LANES_H
#define CB_GENERATORS_LANES_H

#include "generators/send.h"
#include "generators/traffic/shape.h"

#define CB_LANES_MAX 64

struct cb_lane {
	void *state; /* of the transmitter; owned */
	bool opened;
	int cpu; /* -1: not pinned */
	uint8_t stream;
	struct cb_shape shape; /* what it points to is the generator's */
};

struct cb_lanes {
	const struct cb_transmitter *transmitter;
	unsigned n; /* 1 to CB_LANES_MAX */
	struct cb_lane *lane;
	unsigned part, parts; /* as in struct cb_lanes_spec */
};

/* Lane i is pinned to cpus[i modulo n_cpus]; n_cpus 0: none is. */
struct cb_lanes_spec {
	const struct cb_transmitter *transmitter;
	const void *options;
	unsigned n;
	const int *cpus;
	unsigned n_cpus;
	/* All of this is number `part` of `parts` alike, elsewhere: lane i has the slots of lane
	 * part + i * parts of n * parts. */
	unsigned part, parts;
};

/*
 * Make `spec->n` lanes and open a transmitter for each: `link` with streams from link->stream on
 * and, where there is a shape, with that of the lane. cb_lanes_close() in each case.
 */
int cb_lanes_open(struct cb_lanes *l, const struct cb_lanes_spec *spec, const struct cb_link *link,
	struct cb_error *err);
void cb_lanes_close(struct cb_lanes *l);

/*
 * Send `job` (state, abandoned and the lanes' paces are filled in here; with several lanes start_ns
 * is the earliest time) with all lanes:
 * the first in the calling thread, which is the one that signals are for. As cb_send_run(), with
 * record->streams and, where sizes differ, their chi-square. When a lane fails all end.
 */
int cb_lanes_run(const struct cb_lanes *l, const struct cb_send_job *job,
	const volatile sig_atomic_t *stop, struct cb_generator_record *record,
	struct cb_error *err);

#endif
