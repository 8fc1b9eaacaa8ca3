/*
 * The sending loop: looks at the clock, asks the schedule what is due, hands it
 * to the transmitter in batches, and keeps the generator's account.
 *
 * Far from the next slot it sleeps, near to it it spins: a sleeping process
 * wakes up some 50 us late, which is many slots at 100 kpps.
 */
#ifndef CB_GENERATORS_SEND_H
#define CB_GENERATORS_SEND_H

#include "generators/generator.h"
#include "generators/pacing/schedule.h"
#include "harness/book/measured.h"

#include <signal.h>
#include <stdatomic.h>

struct cb_send_job {
	const struct cb_transmitter *transmitter;
	void *state; /* of the transmitter, opened */
	bool max;    /* no schedule: as fast as it goes; pace.rate_pps is not looked at */
	struct cb_pace pace;
	uint64_t start_ns;            /* slot 0 is due; 0: at once */
	const atomic_bool *abandoned; /* true ends it, as a stop; NULL: nobody else to fail */
};

/*
 * Send until the schedule has ended or `*stop` is nonzero, wait (at most a second) until the
 * frames have left, and fill the account in `record` (initialised by the caller; its texts and
 * sizes are the caller's). On an error the account up to there is filled in too.
 *
 *   intended     all slots of the schedule; after an early stop, those that were due by then
 *   elapsed      start (slot 0 is due) to the return of the last send
 *   offered_pps  frames of the window / time from its first slot to the later of the end of its
 *                last slot and the return of the last send: n slots at a met rate r take n / r
 *                (at `max`: to the return of the last send)
 *
 * Signals are let in between batches only and while sleeping: at least once a millisecond, or every
 * 10 ms when the transmitter keeps the time itself.
 * Blocks. CB_ERR_HOST when the link fails.
 */
int cb_send_run(const struct cb_send_job *job, const volatile sig_atomic_t *stop,
	struct cb_generator_record *record, struct cb_error *err);

#endif
