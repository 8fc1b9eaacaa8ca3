#include "harness/run/stepwise.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/log.h"
#include "harness/base/text.h"
#include "harness/base/units.h"
#include "harness/run/describe.h"
#include "harness/run/setup.h"
#include "harness/run/trial.h"
#include "harness/run/tune.h"
#include "harness/testbed/wait.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUN_JSON_MAX    (16u << 20)
#define LINES_BYTES_MAX (256u << 20)

static json_t *read_run(const char *path)
{
	char file[CB_RUN_PATH_MAX], *text = NULL;
	json_t *run = NULL;
	size_t size;

	if (!cb_file_join(file, sizeof(file), path, "run.json", NULL) &&
		!cb_file_read(file, RUN_JSON_MAX, &text, &size, NULL))
		run = cb_json_parse(text, size, NULL);
	free(text);
	return run;
}

void cb_run_kind(const char *path, char *kind, size_t size)
{
	json_t *run = read_run(path);
	const char *text = json_string_value(json_object_get(run, "kind"));

	cb_text_copy(kind, size, text ? text : "");
	json_decref(run);
}

json_t *cb_run_request(const char *path)
{
	json_t *run = read_run(path), *request = json_incref(json_object_get(run, "request"));

	json_decref(run);
	return request;
}

static int settle_path(
	struct cb_stepwise *r, const struct cb_stepwise_options *options, struct cb_error *err)
{
	const char *path = options->resume ? options->resume : options->out;
	char name[256], kind[32];

	if (!path) {
		cb_run_directory_name(r->scenario->name, name, sizeof(name));
		path = name;
	}
	if (!cb_text_copy(r->path, sizeof(r->path), path))
		return cb_error_set(err, CB_ERR_USAGE, "%s is too long for a directory", path);
	cb_run_kind(r->path, kind, sizeof(kind));
	if (options->resume && strcmp(kind, options->kind) != 0)
		return cb_error_set(err, CB_ERR_USAGE, "%s is no %s that could be resumed%s%s%s",
			r->path, options->kind, *kind ? ": it is a " : "", kind,
			*kind ? ", which its own verb resumes" : "");
	return 0;
}

/* The journal has room for any number of trials; which there will be nobody knows. */
static int make_plan(
	struct cb_stepwise *r, const struct cb_stepwise_options *options, struct cb_error *err)
{
	struct cb_planned_trial *none = calloc(CB_STEPWISE_TRIALS_MAX, sizeof(*none));
	uint64_t seed = options->seed;
	int rc = none ? 0 : cb_error_memory(err, "a plan");

	if (!rc && options->resume)
		rc = cb_run_directory_seed(options->resume, &seed, err);
	if (!rc)
		rc = cb_testbed_shape(&r->shape, options->bed, err);
	if (!rc)
		rc = cb_plan_make(&r->plan, r->scenario, &r->shape, seed, err);
	if (rc) {
		free(none);
		return rc;
	}
	free(r->plan->trials);
	r->plan->trials = none;
	r->plan->n_trials = CB_STEPWISE_TRIALS_MAX;
	return 0;
}

static void count_trials(struct cb_stepwise *r)
{
	json_object_set_new(json_object_get(r->directory.run, "plan"), "trials",
		json_integer((json_int_t)r->n_trials));
}

static int create(
	struct cb_stepwise *r, const struct cb_stepwise_options *options, struct cb_error *err)
{
	json_t *run = cb_run_describe(r->plan, &r->shape, options->command_line);

	json_object_set_new(run, "kind", json_string(options->kind));
	if (options->request)
		json_object_set(run, "request", options->request);
	json_object_set_new(json_object_get(run, "plan"), "trials", json_integer(0));
	return cb_run_directory_create(&r->directory, r->path, r->plan,
		options->bed ? options->bed->source : NULL, run, err);
}

static struct cb_trial_record *new_trial(struct cb_stepwise *r)
{
	struct cb_trial_record *more = reallocarray(r->trials, r->n_trials + 1, sizeof(*more));

	if (!more)
		return NULL;
	r->trials = more;
	cb_trial_record_init(&more[r->n_trials]);
	return &more[r->n_trials++];
}

static int read_trial(struct cb_stepwise *r, const char *line, size_t size, struct cb_error *err)
{
	json_t *object = cb_json_parse(line, size, err);
	struct cb_trial_record *record = object ? new_trial(r) : NULL;
	int rc = record ? cb_trial_record_read(record, object, err)
			: cb_error_prepend(err, "not JSON, or no memory");

	json_decref(object);
	return rc ? cb_error_prepend(err, "%s/trials.jsonl:%zu", r->path, r->n_trials) : 0;
}

/* By now the file has no more than the journal vouches for. */
static int read_trials(struct cb_stepwise *r, struct cb_error *err)
{
	char path[CB_RUN_PATH_MAX], *text = NULL;
	struct cb_error own = {0};
	size_t size;
	int rc = cb_file_join(path, sizeof(path), r->path, "trials.jsonl", err);

	if (!rc)
		rc = cb_file_read(path, LINES_BYTES_MAX, &text, &size, err);
	for (const char *p = text, *end; !rc && (end = strchr(p, '\n')); p = end + 1)
		rc = read_trial(r, p, (size_t)(end - p), &own);
	free(text);
	if (own.code && err)
		*err = own;
	return rc;
}

static int open_directory(
	struct cb_stepwise *r, const struct cb_stepwise_options *options, struct cb_error *err)
{
	int rc;

	if (!options->resume)
		return create(r, options, err);
	rc = cb_run_directory_open(&r->directory, r->path, r->plan, err);
	return rc ? rc : read_trials(r, err);
}

static struct cb_tuning tuning_of(const struct cb_stepwise *r)
{
	return (struct cb_tuning){
		.scenario = r->scenario, .testbed = r->testbed, .path = r->directory.path};
}

static int tune(const struct cb_stepwise *r, struct cb_error *err)
{
	const struct cb_tuning tuning = tuning_of(r);

	return cb_run_tune(&tuning, err);
}

/* What was set is put back before the agents go. */
static void close_testbed(struct cb_stepwise *r)
{
	const struct cb_tuning tuning = tuning_of(r);

	if (r->testbed)
		cb_run_untune(&tuning);
	cb_testbed_close(r->testbed);
	r->testbed = NULL;
}

int cb_stepwise_open(struct cb_stepwise *r, const struct cb_scenario *s,
	const struct cb_stepwise_options *options, struct cb_error *err)
{
	int rc;

	*r = (struct cb_stepwise){
		.scenario = s,
		.kind = options->kind,
		.random = {cb_real_ns() ^ (uint64_t)getpid() << 32},
		.directory = {.trials_fd = -1, .calibration_fd = -1, .journal = {.fd = -1}},
	};
	rc = settle_path(r, options, err);
	if (!rc)
		rc = make_plan(r, options, err);
	if (!rc)
		rc = open_directory(r, options, err);
	if (!rc)
		rc = cb_run_open_testbed(
			&r->directory, r->plan, &r->shape, options->bed, &r->testbed, err);
	if (!rc)
		rc = tune(r, err);
	if (!rc)
		rc = cb_run_write_facts(&r->directory, r->testbed, "facts.json", err);
	if (!rc)
		rc = cb_run_describe_evidence(&r->directory, r->testbed, err);
	if (rc)
		cb_stepwise_close(r);
	return rc;
}

static int64_t repetition_of(const struct cb_stepwise *r, size_t cell)
{
	int64_t n = 0;

	for (size_t i = 0; i + 1 < r->n_trials; i++)
		n += (size_t)r->trials[i].cell == cell;
	return n;
}

/* What was asked of this trial stands where the cell's own values would. */
static json_t *params_of(
	const struct cb_cell *cell, const struct cb_trial_spec *spec, const json_t *extra)
{
	json_t *params = json_copy(cell->params);

	json_object_set_new(params, "traffic.rate",
		spec->traffic.rate == CB_RATE_MAX ? json_string("max")
						  : json_integer(spec->traffic.rate));
	json_object_set_new(params, "duration", json_integer(spec->duration_ns));
	json_object_set_new(params, "warmup", json_integer(spec->warmup_ns));
	if (extra)
		json_object_update(params, (json_t *)extra);
	return params;
}

static void identify(struct cb_stepwise *r, size_t cell, struct cb_trial_record *record)
{
	record->trial = (int64_t)r->n_trials - 1;
	record->cell = (int64_t)cell;
	record->repetition = repetition_of(r, cell);
	record->attempt = 1;
	cb_text_copy(record->cell_id, sizeof(record->cell_id), r->scenario->cells[cell].id);
	cb_time_utc_text(cb_real_ns(), record->started);
}

static int journal_end(
	struct cb_stepwise *r, const struct cb_trial_record *record, struct cb_error *err)
{
	json_t *line = cb_trial_record_json(record);
	int64_t bytes = 0;
	int rc = cb_lines_append(r->directory.trials_fd, "trials.jsonl", line, &bytes, err);

	json_decref(line);
	if (rc)
		return rc;
	return cb_journal_append(&r->directory.journal,
		json_pack("{s:s, s:I, s:I, s:s, s:I}", "event", "trial-end", "trial",
			(json_int_t)record->trial, "attempt", (json_int_t)record->attempt, "state",
			cb_trial_state_names[record->state], "bytes", (json_int_t)bytes),
		err);
}

static void forget_last(struct cb_stepwise *r)
{
	cb_trial_record_finish(&r->trials[--r->n_trials]);
}

int cb_stepwise_try(struct cb_stepwise *r, size_t cell, const struct cb_trial_spec *spec,
	const json_t *extra, struct cb_error *err)
{
	struct cb_trial_record *record;
	uint64_t start = cb_now_ns();
	int rc;

	if (r->n_trials == CB_STEPWISE_TRIALS_MAX)
		return cb_error_set(
			err, CB_ERR_INCONCLUSIVE, "more than %d trials", CB_STEPWISE_TRIALS_MAX);
	record = new_trial(r);
	if (!record)
		return cb_error_memory(err, "a trial");
	identify(r, cell, record);
	json_decref(record->params);
	record->params = params_of(&r->scenario->cells[cell], spec, extra);
	rc = record->params ? 0 : cb_error_memory(err, "a trial");
	if (!rc)
		rc = cb_journal_append(&r->directory.journal,
			json_pack("{s:s, s:I, s:I}", "event", "trial-start", "trial",
				(json_int_t)record->trial, "attempt", (json_int_t)1),
			err);
	if (!rc)
		rc = cb_trial_run(r->testbed, spec, &r->plan->layouts[cell],
			(uint32_t)cb_random_next(&r->random), record, err);
	if (!rc &&
		json_object_set_new(record->params, CB_STEPWISE_TOOK,
			json_integer((json_int_t)(cb_now_ns() - start))))
		rc = cb_error_memory(err, "a trial");
	if (!rc)
		rc = journal_end(r, record, err);
	if (rc)
		forget_last(r);
	return rc;
}

int cb_stepwise_rest(uint64_t ns, struct cb_error *err)
{
	return cb_testbed_rest(ns, err);
}

int cb_stepwise_end(struct cb_stepwise *r, int rc, struct cb_error *err)
{
	struct cb_error ignored = {0};

	close_testbed(r);
	count_trials(r);
	if (rc == CB_ERR_INTERRUPTED)
		cb_journal_append(&r->directory.journal,
			json_pack("{s:s, s:i}", "event", "interrupted", "signal",
				(int)cb_testbed_stop),
			&ignored);
	if (rc) {
		cb_run_directory_set_status(&r->directory, "partial", &ignored);
		cb_info("to go on: capbench %s --resume %s", r->kind, r->path);
		return rc;
	}
	rc = cb_journal_append(&r->directory.journal, json_pack("{s:s}", "event", "run-end"), err);
	return rc ? rc : cb_run_directory_set_status(&r->directory, "complete", err);
}

void cb_stepwise_close(struct cb_stepwise *r)
{
	for (size_t i = 0; i < r->n_trials; i++)
		cb_trial_record_finish(&r->trials[i]);
	free(r->trials);
	close_testbed(r);
	cb_plan_destroy(r->plan);
	if (r->directory.run)
		cb_run_directory_close(&r->directory);
	r->trials = NULL;
	r->n_trials = 0;
	r->plan = NULL;
}
