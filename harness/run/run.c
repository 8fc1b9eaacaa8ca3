#include "harness/run/run.h"

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
#include "harness/run/progress.h"
#include "harness/run/trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FACTS_NS    (5 * CB_NS_PER_SEC)
#define EVIDENCE_NS (10 * CB_NS_PER_SEC)

/* A run under way. */
struct run {
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

/* hosts/<name>/facts.json. */
static int write_facts(struct run *r, struct cb_host *host, struct cb_error *err)
{
	char dir[CB_RUN_PATH_MAX], path[CB_RUN_PATH_MAX], name[128], *text = NULL;
	json_t *reply = NULL, *facts;
	int rc = cb_host_call(host, "facts", NULL, &reply, cb_deadline_in(FACTS_NS), err);

	if (!rc)
		rc = cb_json_object(reply, "facts", &facts, err);
	snprintf(name, sizeof(name), "hosts/%s", cb_host_name(host));
	if (!rc)
		rc = cb_file_join(dir, sizeof(dir), r->directory.path, name, err);
	if (!rc)
		rc = cb_file_make_dirs(dir, err);
	if (!rc)
		rc = cb_file_join(path, sizeof(path), dir, "facts.json", err);
	if (!rc) {
		text = json_dumps(facts, JSON_INDENT(2) | JSON_ENSURE_ASCII);
		rc = text ? cb_file_replace(path, text, strlen(text), err)
			  : cb_error_memory(err, "facts");
	}
	free(text);
	json_decref(reply);
	return rc;
}

static int settle_directory(struct run *r, struct cb_error *err)
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

static int make_plan(struct run *r, struct cb_error *err)
{
	uint64_t seed = r->options->seed;
	int rc = 0;

	if (r->options->resume)
		rc = cb_run_directory_seed(r->options->resume, &seed, err);
	if (!rc)
		rc = cb_testbed_shape_local(&r->shape, err);
	if (!rc)
		rc = cb_plan_make(&r->plan, r->scenario, &r->shape, seed, err);
	return rc;
}

static int open_directory(struct run *r, struct cb_error *err)
{
	const char *path = r->outcome->directory;

	if (r->options->resume)
		return cb_run_directory_open(&r->directory, path, r->plan, err);
	return cb_run_directory_create(&r->directory, path, r->plan,
		cb_run_describe(r->plan, &r->shape, r->options->command_line), err);
}

/* run.json's "evidence": whether softirq time can be measured here, and what measuring costs a
 * softirq. */
static int describe_evidence(struct run *r, struct cb_error *err)
{
	json_t *reply = NULL;
	int rc = cb_host_call(r->testbed->sensor, "evidence", json_pack("{s:[]}", "pids"), &reply,
		cb_deadline_in(EVIDENCE_NS), err);

	if (rc)
		return rc;
	json_object_set_new(r->directory.run, "evidence",
		json_pack("{s:O?, s:O?, s:O?}", "softirq_available",
			json_object_get(reply, "available"), "why_not",
			json_object_get(reply, "why"), "softirq_cost_ns",
			json_object_get(reply, "cost_ns")));
	json_decref(reply);
	return cb_run_directory_write(&r->directory, err);
}

static int most_queues(const struct cb_scenario *s)
{
	int64_t most = 1;

	for (size_t i = 0; i < s->n_cells; i++) {
		if (s->cells[i].spec.link.queues > most)
			most = s->cells[i].spec.link.queues;
	}
	return (int)most;
}

/* The agents' logs go below the run directory, so it is there before them. What they can do must be
 * what was planned. */
static int open_testbed(struct run *r, struct cb_error *err)
{
	char hosts[CB_RUN_PATH_MAX];
	const struct cb_testbed_shape *s;
	struct cb_testbed_options options = {.log_dir = hosts, .queues = most_queues(r->scenario)};
	int rc = cb_file_join(hosts, sizeof(hosts), r->outcome->directory, "hosts", err);

	if (!rc)
		rc = cb_testbed_open_local(&r->testbed, &options, err);
	if (rc)
		return rc;
	s = &r->testbed->shape;
	if (s->cores != r->shape.cores || (r->shape.rps && !s->rps))
		return cb_error_set(err, CB_ERR_HOST,
			"the test-bed is not what was planned for: %d cores%s instead of %d%s",
			s->cores, s->rps ? " with RPS" : " without RPS", r->shape.cores,
			r->shape.rps ? " with RPS" : " without RPS");
	json_object_set(
		json_object_get(r->directory.run, "testbed"), "missing", r->testbed->missing);
	return cb_run_directory_write(&r->directory, err);
}

/* A trial that needs nothing more: it ended well, or was tried often enough. */
static bool settled(const struct run *r, size_t trial)
{
	const struct cb_journal_trial *t = &r->directory.journal.trials[trial];

	return t->ended && (t->state != CB_TRIAL_INVALID || t->attempts > r->scenario->retries);
}

static void identify(const struct run *r, size_t trial, struct cb_trial_record *record)
{
	const struct cb_planned_trial *t = &r->plan->trials[trial];
	const struct cb_cell *cell = &r->scenario->cells[t->cell];

	record->trial = (int64_t)trial;
	record->cell = (int64_t)t->cell;
	record->repetition = t->repetition;
	record->attempt = r->directory.journal.trials[trial].attempts + 1;
	snprintf(record->cell_id, sizeof(record->cell_id), "%s", cell->id);
	cb_time_utc_text(cb_real_ns(), record->started);
	json_decref(record->params);
	record->params = json_incref(cell->params);
}

static int journal_start(struct run *r, const struct cb_trial_record *record, struct cb_error *err)
{
	return cb_journal_append(&r->directory.journal,
		json_pack("{s:s, s:I, s:I}", "event", "trial-start", "trial",
			(json_int_t)record->trial, "attempt", (json_int_t)record->attempt),
		err);
}

/* The record first, then the journal's word that it counts. */
static int journal_end(struct run *r, const struct cb_trial_record *record, struct cb_error *err)
{
	struct cb_journal_trial *t = &r->directory.journal.trials[record->trial];
	json_t *line = cb_trial_record_json(record);
	int64_t bytes = 0;
	int rc = cb_lines_append(r->directory.trials_fd, "trials.jsonl", line, &bytes, err);

	json_decref(line);
	if (rc)
		return rc;
	t->ended = true;
	t->attempts++;
	t->state = record->state;
	return cb_journal_append(&r->directory.journal,
		json_pack("{s:s, s:I, s:I, s:s, s:I}", "event", "trial-end", "trial",
			(json_int_t)record->trial, "attempt", (json_int_t)record->attempt, "state",
			cb_trial_state_names[record->state], "bytes", (json_int_t)bytes),
		err);
}

static int run_attempt(struct run *r, size_t trial, struct cb_error *err)
{
	const struct cb_planned_trial *t = &r->plan->trials[trial];
	struct cb_trial_spec spec = r->scenario->cells[t->cell].spec;
	struct cb_trial_record record;
	char cell[160];
	int rc;

	cb_trial_record_init(&record);
	identify(r, trial, &record);
	cb_progress_trial_start(&r->progress, t, (int)record.attempt);
	rc = journal_start(r, &record, err);
	if (!rc) {
		spec.traffic.rate =
			cb_capacity_rate(&r->directory.journal, &r->scenario->cells[t->cell]);
		rc = cb_trial_run(r->testbed, &spec, &r->plan->layouts[t->cell],
			(uint32_t)cb_random_next(&r->random), &record, err);
		if (rc) {
			cb_progress_cell_text(r->plan, t->cell, cell, sizeof(cell));
			cb_error_prepend(err, "trial %zu (%s)", trial, cell);
		}
	}
	if (!rc)
		rc = journal_end(r, &record, err);
	if (!rc)
		cb_progress_trial_end(&r->progress, &record, settled(r, trial));
	cb_trial_record_finish(&record);
	return rc;
}

static int run_trials(struct run *r, struct cb_error *err)
{
	size_t done = 0;
	int rc = 0;

	for (size_t i = 0; i < r->plan->n_trials; i++)
		done += settled(r, i);
	cb_progress_start(&r->progress, r->plan, done, r->options->quiet);
	for (size_t i = 0; !rc && i < r->plan->n_trials; i++)
		while (!rc && !settled(r, i))
			rc = run_attempt(r, i, err);
	cb_progress_finish(&r->progress);
	return rc;
}

static void count_outcome(struct run *r)
{
	r->outcome->trials = (int64_t)r->plan->n_trials;
	for (size_t i = 0; i < r->plan->n_trials; i++) {
		const struct cb_journal_trial *t = &r->directory.journal.trials[i];

		if (!t->ended)
			continue;
		r->outcome->valid += t->state == CB_TRIAL_VALID;
		r->outcome->generator_limited += t->state == CB_TRIAL_GENERATOR_LIMITED;
		r->outcome->invalid += t->state == CB_TRIAL_INVALID;
	}
}

/* Measure what is missing; the end, however it comes, is written down. */
static int carry_out(struct run *r, struct cb_error *err)
{
	struct cb_error ignored = {0};
	int rc = write_facts(r, r->testbed->generator, err);

	if (!rc)
		rc = write_facts(r, r->testbed->sensor, err);
	if (!rc)
		rc = describe_evidence(r, err);
	if (!rc)
		rc = cb_calibrate(&r->directory, r->testbed, r->plan,
			(uint32_t)cb_random_next(&r->random), err);
	if (!rc)
		rc = cb_capacities_find(&r->directory, r->testbed, r->plan, &r->shape,
			(uint32_t)cb_random_next(&r->random), err);
	if (!rc)
		rc = run_trials(r, err);
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
	rc = cb_journal_append(&r->directory.journal, json_pack("{s:s}", "event", "run-end"), err);
	if (!rc)
		rc = cb_run_directory_set_status(&r->directory, "complete", err);
	return rc;
}

static void announce(const struct run *r)
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
	struct run r = {
		.scenario = s,
		.options = options,
		.outcome = outcome,
		.random = {cb_real_ns() ^ (uint64_t)getpid() << 32},
		.directory = {.trials_fd = -1, .calibration_fd = -1, .journal = {.fd = -1}},
	};
	int rc = settle_directory(&r, err);

	if (!rc)
		rc = make_plan(&r, err);
	if (!rc)
		rc = open_directory(&r, err);
	if (!rc)
		rc = open_testbed(&r, err);
	if (!rc && !options->quiet)
		announce(&r);
	if (!rc)
		rc = carry_out(&r, err);
	if (!rc)
		count_outcome(&r);
	cb_run_directory_close(&r.directory);
	cb_plan_destroy(r.plan);
	cb_testbed_close(r.testbed);
	return rc;
}
