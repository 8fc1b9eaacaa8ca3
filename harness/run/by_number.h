/* Views that read no stamps, as of an external program: what their frames are follows from the
 * link. Pure. */
#ifndef CB_HARNESS_RUN_BY_NUMBER_H
#define CB_HARNESS_RUN_BY_NUMBER_H

#include "harness/run/validity.h"

/*
 * Where `view` knows how many frames it received but not which, and the link's counters leave no
 * doubt that they were the generator's, each once: unique becomes what was received, and duplicate,
 * damaged and foreign 0. Everything else stays as it is, and what can't be known so stays unknown:
 * reordered, and which frames are of the measurement window.
 */
void cb_view_by_number(struct cb_view_book *view, const struct cb_trial_record *r,
	const struct cb_link_readings *l);

#endif
