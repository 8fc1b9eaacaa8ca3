/* A run under way; for run.c and trials.c. */
#ifndef CB_HARNESS_RUN_STATE_H
#define CB_HARNESS_RUN_STATE_H

#include "harness/base/random.h"
#include "harness/run/directory.h"
#include "harness/run/progress.h"
#include "harness/run/run.h"
#include "harness/run/tune.h"
#include "harness/testbed/testbed.h"

struct cb_run_state {
	const struct cb_scenario *scenario;
	const struct cb_run_options *options;
	struct cb_run_outcome *outcome;
	struct cb_testbed_shape shape;
	struct cb_plan *plan;
	struct cb_testbed *testbed;
	struct cb_run_directory directory;
	struct cb_progress progress;
	struct cb_random random; /* stamp keys: a frame of another attempt is foreign */
};

/* What the run sets on its hosts. */
static inline struct cb_tuning cb_run_tuning(const struct cb_run_state *r)
{
	return (struct cb_tuning){
		.scenario = r->scenario, .testbed = r->testbed, .path = r->directory.path};
}

/*
 * Carry out the trials that the journal does not have yet. CB_ERR_HOST: a host failed and did not
 * come back (with keep_going: never, the trials that are lost are not ended in the journal).
 */
int cb_run_trials(struct cb_run_state *r, struct cb_error *err);

#endif
