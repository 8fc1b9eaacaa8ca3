/*
 * Carries out a plan on a test-bed: calibration, trials with their phases, validity, retries,
 * journal, resume, progress. Results go to a run directory (DESIGN 7).
 */
#ifndef CB_HARNESS_RUN_RUN_H
#define CB_HARNESS_RUN_RUN_H

#include "harness/base/error.h"
#include "harness/scenario/plan.h"
#include "harness/testbed/file.h"

#include <stdbool.h>

struct cb_run_options {
	const char *out;    /* run directory to make; NULL: results/<scenario>/<UTC>-<id> below the
			       working directory */
	const char *resume; /* an existing run directory; NULL: a new run */
	const char *command_line;
	const struct cb_bed *bed; /* hosts over SSH; NULL: the built-in test-bed. Borrowed */
	uint64_t seed;
	bool quiet;
	bool keep_going;         /* a host that is lost ends its trials, not those of others */
	int64_t host_timeout_ns; /* how long a lost host may take to come back */
};

struct cb_run_outcome {
	char directory[4096];
	int64_t trials, valid, generator_limited, invalid;
	int64_t lost;            /* trials that were not measured: a host of theirs failed */
	struct cb_error failure; /* the last such; code 0: none */
	int64_t unaccounted, unaccounted_unknown;
};

int cb_run(const struct cb_scenario *s, const struct cb_run_options *options,
	struct cb_run_outcome *outcome, struct cb_error *err);

#endif
