/*
 * The capture loop: receive, tally, load, release; wait when nothing is there;
 * and the stop order at the end. It knows no member, only their structs.
 */
#ifndef CB_CAPTURERS_LOOP_H
#define CB_CAPTURERS_LOOP_H

#include "capturers/capturer.h"
#include "capturers/tally.h"
#include "harness/book/measured.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define CB_LOOP_BATCH 256u

/* Zero-initialise; the first part is the caller's to fill, all of it opened. */
struct cb_loop {
	const struct cb_mechanism *mechanism;
	const struct cb_wait *wait;
	const struct cb_load *load;
	void *mechanism_state, *wait_state, *load_state;
	const char *interface; /* for messages */
	uint64_t linger_ns;    /* as in struct cb_tap_ready */
	uint64_t duration_ns;  /* 0: until *stop */
	uint64_t drain_ns;
	volatile sig_atomic_t *stop;
	struct cb_tally tally;

	/* The loop's own. */
	struct cb_frame frames[CB_LOOP_BATCH];
	unsigned batch_max; /* frames to receive at once: fewer when the load is slow */
	uint64_t now_ns;    /* the clock, read once a round */
	uint64_t second_ns; /* when the current second of the series ends */
	uint64_t account_ns;
	int64_t second_frames, since_wait;
	bool blocked; /* the last wait blocked; whether for frames is not known yet */
	bool down;    /* the interface was reported down */
	int64_t syscalls, batches, wakeups, idle_wakeups, blocked_ns;
	struct cb_wait_counts waited;
	struct cb_series series;
};

/*
 * From the tap being up to it being settled (not closed). Fills what `record` says of counts, times
 * and the series; blocks until *stop or the duration's end, and then for drain_ns and some ms at
 * most.
 */
int cb_loop_run(struct cb_loop *l, struct cb_view_record *record, struct cb_error *err);

#endif
