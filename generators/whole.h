/*
 * Runs that a transmitter carries out by itself (generator.h, run): the order that a job's pace
 * comes to, and the record that the transmitter's account comes to. The counterpart of send.h.
 */
#ifndef CB_GENERATORS_WHOLE_H
#define CB_GENERATORS_WHOLE_H

#include "generators/generate.h"
#include "generators/send.h"

/* The order, without what is told on the way. CB_ERR_USAGE when the arrival is not constant. */
int cb_whole_order(const struct cb_pace *pace, bool max, struct cb_transmit_order *order,
	struct cb_error *err);

/*
 * As cb_send_run(), with record->flows and sizes_chi_square. What only who hands each frame over
 * can tell stays unknown: batches, lateness, gaps, CPU time. At `max` the warm-up is part of the
 * window.
 */
int cb_whole_run(const struct cb_send_job *job, const volatile sig_atomic_t *stop,
	struct cb_generator_record *record, struct cb_error *err);

/* By which stamps, and from where on (0: by phase, or all) a receiver knows the frames of a job;
 * jobs that are wrong are CB_ERR_USAGE, and said to be so by cb_generate_run(). */
int cb_whole_stamps(const struct cb_generate_job *job, enum cb_stamps *stamps,
	uint64_t *window_from, struct cb_error *err);

#endif
