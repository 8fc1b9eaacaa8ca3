/*
 * From two readings of the counters to the path's book, and from the books to a verdict on the
 * trial. Pure.
 */
#ifndef CB_HARNESS_RUN_VALIDITY_H
#define CB_HARNESS_RUN_VALIDITY_H

#include "harness/record/record.h"
#include "harness/run/counters.h"

#include <stdbool.h>

/* Generator-limited above this share of unoffered slots; invalid above this share of stolen time.
 */
#define CB_UNOFFERED_LIMIT 0.005
#define CB_STEAL_LIMIT     0.01

/* Readings on both ends of the link, before and after. */
struct cb_link_readings {
	struct cb_counters sender_before, sender_after, receiver_before, receiver_after;
	bool threaded;     /* receive mode: NAPI threads must have worked */
	bool same_machine; /* the link is a veth pair: what it refuses is the receiver's loss */
};

/*
 * The path's book. On a veth pair the frames that the receiver's full backlog (or NAPI ring) turns
 * away are the sender's tx_dropped, one and the same frames as in rx_dropped and softnet's dropped
 * (veth_xmit, enqueue_to_backlog): booked once, from the sender, which no other device on the host
 * can touch.
 */
void cb_path_settle(struct cb_path_book *path, const struct cb_link_readings *l);

/*
 * Settle the views' ledgers, then fill state and reasons of `r`: books that don't balance, a link
 * that saw other frames than the generator offered, a NAPI thread that never ran, stolen time make
 * it invalid; unoffered frames make it generator-limited.
 */
void cb_trial_judge(struct cb_trial_record *r, const struct cb_link_readings *l);

#endif
