/*
 * The ledger of one attempt: who offered, dropped, received how many frames,
 * and whether the books balance. Pure functions on values.
 *
 *   intended = rate x duration
 *   offered  = frames handed to the link, each with its own sequence number, once
 *   unoffered = intended - offered
 *   offered  = link_dropped + nic_dropped + backlog_dropped        (the path)
 *            + tap_dropped + unread + unique + damaged + unaccounted (each view)
 *   received = unique + duplicate + damaged + foreign
 *   captured_share = window_unique / window_offered
 *
 * A view that can't tell which frames are of the window (window_unique unknown): unique / offered,
 * the share of the whole attempt.
 *
 * Frames without a stamp of ours (a replayed file's) are foreign to each view: `received` stands
 * for unique + damaged then, and the share is taken over the whole attempt.
 *
 * Every count is an int64_t or CB_UNKNOWN ("not available"); a sum with an
 * unknown term is unknown. Words: RFC 1242, 2285, 2544.
 */
#ifndef CB_HARNESS_BOOK_LEDGER_H
#define CB_HARNESS_BOOK_LEDGER_H

#include "harness/base/json.h"

#include <stdint.h>

struct cb_generator_book {
	int64_t intended; /* slots of the schedule, warm-up included; unknown at rate max */
	int64_t offered;  /* sequence numbers used up, warm-up included */
	int64_t refused;  /* of these, frames the link refused at once (the path books them) */
	int64_t window_offered; /* of `offered`, those stamped as in the measurement window */
	int64_t unstamped;      /* of `offered`, those without a stamp of ours: all or none */
};

struct cb_path_book {
	int64_t link_dropped;    /* between the sender's and the receiver's device */
	int64_t nic_dropped;     /* by the receiver's device or driver ring */
	int64_t backlog_dropped; /* by the receiver's per-CPU backlog (netdev_max_backlog) */
};

struct cb_view_book {
	int64_t received;  /* frames the process saw, of whatever kind */
	int64_t unique;    /* own frames seen for the first time = in order + reordered */
	int64_t reordered; /* of `unique`, those that came after a higher sequence number */
	int64_t duplicate;
	int64_t damaged;       /* own magic, but the stamp's check does not hold */
	int64_t foreign;       /* no stamp of this run */
	int64_t tap_dropped;   /* lost between kernel and process, normalised by the mechanism */
	int64_t unread;        /* in the tap's buffer when it was taken down */
	int64_t window_unique; /* of `unique`, those stamped as in the measurement window */
	/* Settled by cb_ledger_settle. */
	int64_t unaccounted;
	double captured_share; /* in [0, 1]; NaN: not available */
};

/* a + b and a - b, unknown when either is. */
int64_t cb_count_add(int64_t a, int64_t b);
int64_t cb_count_subtract(int64_t a, int64_t b);

int64_t cb_ledger_unoffered(
	const struct cb_generator_book *g); /* never negative; unknown at rate max */

/* Fill `unaccounted` and `captured_share` of `view`. Without stamps other frames than the
 * generator's make more of both. */
void cb_ledger_settle(const struct cb_generator_book *generator, const struct cb_path_book *path,
	struct cb_view_book *view);

/*
 * How far `unaccounted` may be from 0 with the books still balanced: 0, but
 * where foreign frames were seen a tap's drop counter may include such
 * frames, so their number. Unknown when foreign is.
 */
int64_t cb_ledger_slack(const struct cb_view_book *view);

#endif
