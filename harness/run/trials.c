/* The trials of a run: attempts, and what becomes of those that fail. */
#include "harness/base/clock.h"
#include "harness/run/capacity.h"
#include "harness/run/hosts.h"
#include "harness/run/state.h"
#include "harness/run/trial.h"
#include "harness/testbed/wait.h"

#include <stdio.h>

#define REST_NS          (100 * CB_NS_PER_MS)
#define REST_DOUBLED_MAX 5

/* A trial that needs nothing more: it ended well, or was tried often enough. */
static bool settled(const struct cb_run_state *r, size_t trial)
{
	const struct cb_journal_trial *t = &r->directory.journal.trials[trial];

	return t->ended &&
		(t->state != CB_TRIAL_INVALID || t->attempts - t->failures > r->scenario->retries);
}

static void identify(const struct cb_run_state *r, size_t trial, struct cb_trial_record *record)
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

static int journal_start(
	struct cb_run_state *r, const struct cb_trial_record *record, struct cb_error *err)
{
	return cb_journal_append(&r->directory.journal,
		json_pack("{s:s, s:I, s:I}", "event", "trial-start", "trial",
			(json_int_t)record->trial, "attempt", (json_int_t)record->attempt),
		err);
}

/* The record first, then the journal's word that it counts. */
static int journal_end(
	struct cb_run_state *r, const struct cb_trial_record *record, struct cb_error *err)
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

/* An attempt that a host's failure ended: marked, and none of those that count. */
static int journal_failure(
	struct cb_run_state *r, size_t trial, const struct cb_error *why, struct cb_error *err)
{
	struct cb_journal_trial *t = &r->directory.journal.trials[trial];
	struct cb_trial_record record;
	json_t *line;
	int64_t bytes = 0;
	int rc;

	cb_trial_record_init(&record);
	identify(r, trial, &record);
	record.state = CB_TRIAL_INVALID;
	json_array_append_new(record.reasons, json_string(why->text));
	line = cb_trial_record_json(&record);
	rc = cb_lines_append(r->directory.trials_fd, "trials.jsonl", line, &bytes, err);
	json_decref(line);
	if (!rc)
		rc = cb_journal_append(&r->directory.journal,
			json_pack("{s:s, s:I, s:I, s:s, s:I}", "event", "trial-failed", "trial",
				(json_int_t)trial, "attempt", (json_int_t)record.attempt, "host",
				why->text, "bytes", (json_int_t)bytes),
			err);
	t->attempts++;
	t->failures++;
	cb_trial_record_finish(&record);
	return rc;
}

static int run_attempt(struct cb_run_state *r, size_t trial, struct cb_error *err)
{
	const struct cb_planned_trial *t = &r->plan->trials[trial];
	struct cb_trial_spec spec = r->scenario->cells[t->cell].spec;
	struct cb_trial_record record;
	struct cb_error why = {0};
	char cell[160];
	int rc, rc2;

	cb_trial_record_init(&record);
	identify(r, trial, &record);
	cb_progress_trial_start(&r->progress, t, (int)record.attempt);
	rc = journal_start(r, &record, err);
	if (!rc) {
		spec.traffic.rate =
			cb_capacity_rate(&r->directory.journal, &r->scenario->cells[t->cell]);
		rc = cb_trial_run(r->testbed, &spec, &r->plan->layouts[t->cell],
			(uint32_t)cb_random_next(&r->random), &record, &why);
		if (!rc)
			rc = journal_end(r, &record, err);
		else if (err)
			*err = why;
	}
	if (!rc)
		cb_progress_trial_end(&r->progress, &record, settled(r, trial));
	cb_trial_record_finish(&record);
	if (rc && cb_run_is_of_host(r, why.code)) {
		rc2 = journal_failure(r, trial, &why, err);
		rc = rc2 ? rc2 : CB_ERR_HOST;
	}
	if (rc && why.code) {
		cb_progress_cell_text(r->plan, t->cell, cell, sizeof(cell));
		cb_error_prepend(err, "trial %zu (%s)", trial, cell);
	}
	return rc;
}

/* What made a trial invalid is often over in a moment, and the next attempt is as short: the more
 * were in vain, the longer is waited. */
static int rest(int64_t in_vain, struct cb_error *err)
{
	return cb_testbed_rest(
		REST_NS << (in_vain < REST_DOUBLED_MAX ? in_vain : REST_DOUBLED_MAX), err);
}

/* Until it is settled. CB_ERR_HOST: it can't be, for a host's sake. */
static int run_trial(struct cb_run_state *r, size_t trial, struct cb_error *err)
{
	const struct cb_planned_trial *t = &r->plan->trials[trial];
	int64_t failures = 0, in_vain = 0;

	while (!settled(r, trial)) {
		struct cb_error why = {0};
		int rc;

		if (!cb_trial_can_run(r->testbed, &r->scenario->cells[t->cell].spec))
			return cb_error_set(err, CB_ERR_HOST, "%s", r->outcome->failure.text);
		rc = run_attempt(r, trial, &why);
		if (rc && (rc != CB_ERR_HOST || !r->options->bed)) {
			*err = why;
			return rc;
		}
		if (rc)
			rc = cb_run_recover(r, ++failures, !r->options->keep_going, &why, err);
		else if (!settled(r, trial))
			rc = rest(in_vain++, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* Each trial that is not settled yet. *lost: how many could not be, for a host's sake. */
static int pass(struct cb_run_state *r, size_t *lost, struct cb_error *err)
{
	int rc = 0;

	*lost = 0;
	for (size_t i = 0; !rc && i < r->plan->n_trials; i++) {
		if (settled(r, i))
			continue;
		rc = run_trial(r, i, err);
		if (rc == CB_ERR_HOST && r->options->bed && r->options->keep_going) {
			++*lost;
			rc = 0;
		}
	}
	return rc;
}

int cb_run_trials(struct cb_run_state *r, struct cb_error *err)
{
	struct cb_error gone = {0};
	size_t done = 0, lost;
	int rc;

	for (size_t i = 0; i < r->plan->n_trials; i++)
		done += settled(r, i);
	cb_progress_start(&r->progress, r->plan, done, r->options->quiet);
	rc = pass(r, &lost, err);
	/* Whose host has come back meanwhile has a second chance. */
	if (!rc && lost) {
		rc = cb_run_mend(r, true, &gone);
		if (rc && rc != CB_ERR_HOST && err)
			*err = gone;
		if (!rc || rc == CB_ERR_HOST)
			rc = pass(r, &lost, err);
	}
	cb_progress_finish(&r->progress);
	return rc;
}
