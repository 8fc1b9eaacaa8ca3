/* Carries out a search: every job of a scenario, trial by trial, in a run directory. */
#ifndef CB_HARNESS_DECIDE_SEARCH_RUN_H
#define CB_HARNESS_DECIDE_SEARCH_RUN_H

#include "harness/run/stepwise.h"

#include <stdbool.h>

/*
 * Search what `s` asks for, or go on with it (options->resume). `directory` gets where the trials
 * are. Progress is told on stderr, a line a trial with the time left. After trials that say nothing
 * (search_vain.h) it waits, longer each time, all in all `patience_ns`. Blocks. What it found is
 * cb_search_report's to say.
 */
int cb_search_run(const struct cb_scenario *s, const struct cb_stepwise_options *options,
	uint64_t patience_ns, char directory[CB_RUN_PATH_MAX], struct cb_error *err);

#endif
