/*
 * Progress on stderr: a live line with the time left on a terminal, one plain line a trial
 * otherwise.
 */
#ifndef CB_HARNESS_RUN_PROGRESS_H
#define CB_HARNESS_RUN_PROGRESS_H

#include "harness/record/record.h"
#include "harness/scenario/plan.h"

#include <stdbool.h>

struct cb_progress {
	const struct cb_plan *plan;
	bool live; /* stderr is a terminal */
	bool quiet;
	size_t done;     /* trials that need nothing more, earlier runs' included */
	size_t measured; /* by this process */
	uint64_t start_ns;
};

void cb_progress_start(struct cb_progress *p, const struct cb_plan *plan, size_t done, bool quiet);
/* "tpacket3 A:B 400k": the values of the axes that vary; at most `size` bytes. */
void cb_progress_cell_text(const struct cb_plan *plan, size_t cell, char *out, size_t size);
void cb_progress_trial_start(struct cb_progress *p, const struct cb_planned_trial *t, int attempt);
void cb_progress_trial_end(struct cb_progress *p, const struct cb_trial_record *r, bool final);
void cb_progress_finish(struct cb_progress *p);

#endif
