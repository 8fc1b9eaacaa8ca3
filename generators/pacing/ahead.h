/*
 * Slots of a schedule handed out before they are due, for transmitters that keep the time
 * themselves (cb_transmitter.send_timed). Pure functions on values.
 */
#ifndef CB_GENERATORS_PACING_AHEAD_H
#define CB_GENERATORS_PACING_AHEAD_H

#include "generators/pacing/schedule.h"

#define CB_AHEAD_NS      UINT64_C(10000000) /* slots are handed out this long before they are due */
#define CB_AHEAD_WAIT_NS UINT64_C(100000)   /* the transmitter waits this long at most for a slot */
/* As many at once as are counted in some 50 us: no frame leaves meanwhile, and what has come due by
 * then leaves in one train, which is not to fill a receiver's ring. */
#define CB_AHEAD_SLOTS 1024u

/*
 * What to do at `now_ns`, as cb_schedule_turn(): the slots that are due, and those behind them that
 * are due within CB_AHEAD_NS, each no more than CB_AHEAD_WAIT_NS after the one before it (the
 * first: after now). Their times go to due_ns[], which has room for `max` (> 0). With n == 0
 * turn.due_ns is when to ask again.
 */
struct cb_turn cb_schedule_ahead(
	struct cb_schedule *s, uint64_t now_ns, unsigned max, uint64_t *due_ns);

#endif
