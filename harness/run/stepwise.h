/*
 * A run whose trials are decided one after the other by what they showed: a search, a tuning. Its
 * directory is that of any run (directory.h, journal.h), with cells by the scenario and trials
 * numbered as they were made. To resume is to read them back and to ask the same question again.
 */
#ifndef CB_HARNESS_RUN_STEPWISE_H
#define CB_HARNESS_RUN_STEPWISE_H

#include "harness/base/random.h"
#include "harness/run/directory.h"
#include "harness/testbed/testbed.h"

#define CB_STEPWISE_TRIALS_MAX 10000
#define CB_STEPWISE_TOOK       "took_ns" /* of a trial's params: all that it took */

struct cb_stepwise_options {
	const char *kind;   /* of run.json's "kind", and the verb that resumes it: "search" */
	const char *out;    /* run directory to make; NULL: results/<scenario>/<UTC>-<id> */
	const char *resume; /* an existing run directory; NULL: a new run */
	const char *command_line;
	const struct cb_bed *bed; /* hosts over SSH; NULL: the built-in test-bed. Borrowed */
	uint64_t seed;
	json_t *request; /* what run.json says of the question; borrowed, NULL: nothing */
};

struct cb_stepwise {
	const struct cb_scenario *scenario; /* borrowed */
	const char *kind;
	char path[CB_RUN_PATH_MAX];
	struct cb_testbed_shape shape;
	struct cb_plan *plan; /* its layouts and left_out; its trials mean nothing */
	struct cb_testbed *testbed;
	struct cb_run_directory directory;
	struct cb_trial_record *trials; /* so far */
	size_t n_trials;
	struct cb_random random; /* stamp keys: a frame of another trial is foreign */
};

/*
 * Make the directory, or open it and read its trials; then open the test-bed. CB_ERR_USAGE when
 * `resume` is no run of this kind or of this scenario. On error nothing is left to close.
 */
int cb_stepwise_open(struct cb_stepwise *r, const struct cb_scenario *s,
	const struct cb_stepwise_options *options, struct cb_error *err);

/*
 * Carry out one trial of cell `cell` with `spec` (the cell's, but for rate and times), and keep its
 * record: r->trials[r->n_trials - 1]. What `extra` (borrowed, may be NULL) has is added to its
 * params. Blocks for the trial's time; what cb_trial_run returns.
 */
int cb_stepwise_try(struct cb_stepwise *r, size_t cell, const struct cb_trial_spec *spec,
	const json_t *extra, struct cb_error *err);

/* Wait so long between two of them. CB_ERR_INTERRUPTED: a signal asks for a stop. */
int cb_stepwise_rest(uint64_t ns, struct cb_error *err);

/*
 * Write down how the run ended: `rc` is what the trials came to, and is returned, but for an error
 * in writing. The test-bed is closed.
 */
int cb_stepwise_end(struct cb_stepwise *r, int rc, struct cb_error *err);
void cb_stepwise_close(struct cb_stepwise *r); /* accepts a zeroed one */

/* run.json's "kind" of a run directory, "" for a plain run or no run at all. */
void cb_run_kind(const char *path, char *kind, size_t size);
/* run.json's "request" (new reference), NULL: there is none. */
json_t *cb_run_request(const char *path);

#endif
