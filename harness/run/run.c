#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/log.h"
#include "harness/base/random.h"
#include "harness/base/text.h"
#include "harness/base/units.h"
#include "harness/run/calibration.h"
#include "harness/run/capacity.h"
#include "harness/run/describe.h"
#include "harness/run/directory.h"
#include "harness/run/hosts.h"
#include "harness/run/progress.h"
#include "harness/run/setup.h"
#include "harness/run/state.h"
#include "harness/run/trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int settle_directory(struct cb_run_state *r, struct cb_error *err)
{
	char name[256];
	const char *path = r->options->resume ? r->options->resume : r->options->out;

	if (!path) {
		cb_run_directory_name(r->scenario->name, name, sizeof(name));
		path = name;
	}
	if (!cb_text_copy(r->outcome->directory, sizeof(r->outcome->directory), path))
		return cb_error_set(err, CB_ERR_USAGE, "%s is too long for a directory", path);
	return 0;
}

static int make_plan(struct cb_run_state *r, struct cb_error *err)
{
	uint64_t seed = r->options->seed;
	int rc = 0;

	if (r->options->resume)
		rc = cb_run_directory_seed(r->options->resume, &seed, err);
	if (!rc)
		rc = cb_testbed_shape(&r->shape, r->options->bed, err);
	if (!rc)
		rc = cb_plan_make(&r->plan, r->scenario, &r->shape, seed, err);
	return rc;
}

static int open_directory(struct cb_run_state *r, struct cb_error *err)
{
	const char *path = r->outcome->directory;

	if (r->options->resume)
		return cb_run_directory_open(&r->directory, path, r->plan, err);
	return cb_run_directory_create(&r->directory, path, r->plan,
		r->options->bed ? r->options->bed->source : NULL,
		cb_run_describe(r->plan, &r->shape, r->options->command_line), err);
}

static void count_outcome(struct cb_run_state *r)
{
	r->outcome->trials = (int64_t)r->plan->n_trials;
	for (size_t i = 0; i < r->plan->n_trials; i++) {
		const struct cb_journal_trial *t = &r->directory.journal.trials[i];

		if (!t->ended) {
			r->outcome->lost++;
			continue;
		}
		r->outcome->valid += t->state == CB_TRIAL_VALID;
		r->outcome->generator_limited += t->state == CB_TRIAL_GENERATOR_LIMITED;
		r->outcome->invalid += t->state == CB_TRIAL_INVALID;
	}
}

static int calibrate(struct cb_run_state *r, struct cb_error *err)
{
	return cb_calibrate(
		&r->directory, r->testbed, r->plan, (uint32_t)cb_random_next(&r->random), err);
}

static int find_capacities(struct cb_run_state *r, struct cb_error *err)
{
	return cb_capacities_find(&r->directory, r->testbed, r->plan, &r->shape,
		(uint32_t)cb_random_next(&r->random), err);
}

/* Measure what is missing; the end, however it comes, is written down. */
static int carry_out(struct cb_run_state *r, struct cb_error *err)
{
	struct cb_error ignored = {0};
	int rc = cb_run_write_facts(&r->directory, r->testbed, "facts.json", err);

	if (!rc)
		rc = cb_run_describe_evidence(&r->directory, r->testbed, err);
	if (!rc)
		rc = cb_run_step(r, "calibration", calibrate, err);
	if (!rc)
		rc = cb_run_step(r, "capacities", find_capacities, err);
	if (!rc)
		rc = cb_run_trials(r, err);
	if (rc == CB_ERR_INTERRUPTED)
		cb_journal_append(&r->directory.journal,
			json_pack("{s:s, s:i}", "event", "interrupted", "signal",
				(int)cb_testbed_stop),
			&ignored);
	if (rc) {
		cb_run_directory_set_status(&r->directory, "partial", &ignored);
		cb_info("to finish this run: capbench run --resume %s", r->outcome->directory);
		return rc;
	}
	/* What differs from before is in the report. A host that is gone can't be asked. */
	if (cb_run_write_facts(&r->directory, r->testbed, "facts_after.json", &ignored))
		cb_debug("%s", ignored.text);
	count_outcome(r);
	if (r->outcome->lost)
		return cb_run_directory_set_status(&r->directory, "partial", err);
	rc = cb_journal_append(&r->directory.journal, json_pack("{s:s}", "event", "run-end"), err);
	if (!rc)
		rc = cb_run_directory_set_status(&r->directory, "complete", err);
	return rc;
}

static void announce(const struct cb_run_state *r)
{
	char time[32];
	json_t *missing;
	size_t i;

	json_array_foreach(r->testbed->missing, i, missing)
		cb_warn("%s", json_string_value(missing));
	cb_unit_human(CB_UNIT_TIME, (double)r->plan->estimated_ns, time, sizeof(time));
	cb_info("%s: %zu cells, %zu trials, about %s; results in %s", r->scenario->name,
		r->scenario->n_cells, r->plan->n_trials, time, r->outcome->directory);
}

int cb_run(const struct cb_scenario *s, const struct cb_run_options *options,
	struct cb_run_outcome *outcome, struct cb_error *err)
{
	struct cb_run_state r = {
		.scenario = s,
		.options = options,
		.outcome = outcome,
		.random = {cb_real_ns() ^ (uint64_t)getpid() << 32},
		.directory = {.trials_fd = -1, .calibration_fd = -1, .journal = {.fd = -1}},
	};
	struct cb_error ignored = {0};
	struct cb_tuning tuning;
	int rc = settle_directory(&r, err);

	if (!rc)
		rc = make_plan(&r, err);
	if (!rc)
		rc = open_directory(&r, err);
	if (!rc) {
		rc = cb_run_open_testbed(
			&r.directory, r.plan, &r.shape, options->bed, &r.testbed, err);
		tuning = cb_run_tuning(&r);
		if (!rc)
			rc = cb_run_tune(&tuning, err);
		if (rc)
			cb_run_directory_set_status(&r.directory, "partial", &ignored);
	}
	if (!rc && !options->quiet)
		announce(&r);
	if (!rc)
		rc = carry_out(&r, err);
	if (r.testbed)
		cb_run_untune(&tuning);
	cb_run_directory_close(&r.directory);
	cb_plan_destroy(r.plan);
	cb_testbed_close(r.testbed);
	return rc;
}
