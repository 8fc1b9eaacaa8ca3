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
	bool threaded; /* receive mode: NAPI threads must have worked */
	bool veth;     /* the link is a veth pair, and each end has a namespace of its own */
	bool napi; /* the receiver has a NAPI ring (GRO, XDP or threads) in place of the backlog */
	/* The ends are on machines of their own, with whatever between them. */
	bool remote, veth_sender, veth_receiver;
	/* Where somebody counts what the receiver is handed: its port there, and whether that is
	 * the other half of a veth pair. */
	bool wired, veth_wire;
	bool alone; /* no generator of ours: the frames are from elsewhere */
	struct cb_counters wire_before, wire_after;
};

/*
 * The path's book on a veth pair. What the receiver turns away at once is the sender's tx_dropped
 * (veth_xmit): it is booked from there, since no other device on the host can touch that counter.
 * Without NAPI it was the receiver's full backlog, and is in the receiver's rx_dropped and in
 * softnet's dropped too; with NAPI it was its full ring of 256, and the backlog that RPS steers to
 * comes after the ring: its losses are the receiver's rx_dropped less what the driver's own queues
 * dropped (XDP), and the sender knows nothing of them. Frames that came from XDP and met a full
 * ring are in the receiver's rx_dropped, too: the sender's xdp_refused says how many they are.
 *
 * On a remote link the terms that nobody counts are unknown, see path.c.
 */
void cb_path_settle(struct cb_path_book *path, const struct cb_link_readings *l);

/* Frames that have come to the receiver, taken or missed. Without a generator of ours (alone) that
 * is all that is known of what was offered, and not for quite the time that the taps were there: so
 * a view's share is then that of what it received and of what is known to be lost on the way to it,
 * and whether frames are unaccounted for is not known. */
int64_t cb_path_came(const struct cb_link_readings *l);

/* Where a third host counts: frames were sent that have neither arrived nor been counted as lost,
 * so far. */
bool cb_path_is_under_way(const struct cb_link_readings *l);

/*
 * Settle the views' ledgers (those that read no stamps by number, see by_number.h), then fill state
 * and reasons of `r`: books that don't balance, a link that saw other frames than the generator
 * offered, a load that gave up, a NAPI thread that never ran, stolen time make it invalid;
 * unoffered frames make it generator-limited.
 */
/* The same in parts, for several sensors: what is the trial's, then what is each one's.
 * record->path and ->evidence are the last one's then. */
struct cb_sensor_part {
	const struct cb_path_book *path;
	const struct cb_evidence_record *evidence;
	size_t first_view, n_views;
};
/* A host's own time between its two readings; `here_ns` passed on the controller's clock. */
void cb_trial_judge_clock(struct cb_trial_record *r, const char *host,
	const struct cb_counters *before, const struct cb_counters *after, int64_t here_ns);
void cb_trial_judge_begin(struct cb_trial_record *r);
void cb_trial_judge_sensor(struct cb_trial_record *r, const struct cb_link_readings *l,
	const struct cb_sensor_part *part);
void cb_trial_judge(struct cb_trial_record *r, const struct cb_link_readings *l);

#endif
