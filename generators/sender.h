/*
 * The state of one sending loop, and the account that comes of it. Internal to send.c, settle.c and
 * lanes.c.
 */
#ifndef CB_GENERATORS_SENDER_H
#define CB_GENERATORS_SENDER_H

#include "generators/pacing/departure.h"
#include "generators/pacing/histogram.h"
#include "generators/send.h"

#include <signal.h>

struct cb_sender {
	const struct cb_send_job *job;
	const volatile sig_atomic_t *stop;
	struct cb_schedule schedule;
	uint64_t start_ns, last_ns; /* last_ns: the last send returned */
	uint64_t offered, window_offered, batches;
	struct cb_transmit_counts counts;
	struct cb_histogram lateness;
	struct cb_departures departures;
	uint64_t *due_ns, *times_ns; /* of a batch's frames, when the transmitter keeps the time */
	struct cb_series *series;
	uint64_t second_end_ns; /* of the series' current second */
	int64_t second_frames;
	sigset_t outer_signals; /* the mask in force outside the loop */
	bool over;              /* the transmitter has nothing left */
	uint64_t signals_ns;    /* when signals were last let in */
};

/* As cb_send_run(); `s` is filled, and has nothing to be freed. */
int cb_send_lane(const struct cb_send_job *job, const volatile sig_atomic_t *stop,
	struct cb_sender *s, struct cb_generator_record *record, struct cb_error *err);

/* The slots that the schedule asked for until `end_ns`; CB_UNKNOWN at the maximum rate. */
int64_t cb_sender_intended(const struct cb_sender *s, uint64_t end_ns);

/* The sender's account into the record; times of threads and the series are not in it. */
void cb_sender_settle(const struct cb_sender *s, int64_t intended, struct cb_generator_record *r);

/*
 * What another lane of the same job did, too: `into` starts as a zeroed one with job, start_ns and
 * the schedule of all lanes together.
 */
void cb_sender_merge(struct cb_sender *into, const struct cb_sender *lane);

#endif
