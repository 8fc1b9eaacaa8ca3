#include "harness/decide/search_report.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/log.h"
#include "harness/base/units.h"
#include "harness/decide/search_figure.h"
#include "harness/report/cells.h"
#include "harness/report/picture.h"
#include "harness/run/stepwise.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A report under way. */
struct writing {
	char directory[4096]; /* <run>/report */
	struct cb_report_data data;
	struct cb_report_cells cells;
	const struct cb_registry *registry;
	const struct cb_trial_record **all;
	size_t n;
	bool pictures;
	json_t *results; /* array, one entry a goal of a cell */
	struct cb_text *text;
	size_t in_vain;       /* trials, of all jobs */
	double took;          /* seconds, all of them */
	double throughput[2]; /* of the cell that is told: its index, and what it can without loss
			       */
};

/* Seconds of a trial, with its set-up. */
static double took(const struct cb_trial_record *r)
{
	return json_number_value(json_object_get(r->params, CB_STEPWISE_TOOK)) /
		(double)CB_NS_PER_SEC;
}

static int gather(struct writing *w, struct cb_error *err)
{
	w->all = calloc(w->data.n_trials + 1, sizeof(*w->all));
	w->results = json_array();
	if (!w->all || !w->results)
		return cb_error_memory(err, "the report");
	for (size_t i = 0; i < w->data.n_trials; i++) {
		if (!w->data.trials[i].counts)
			continue;
		w->all[w->n++] = &w->data.trials[i].record;
		w->took += took(&w->data.trials[i].record);
	}
	return 0;
}

static int write_file(
	const struct writing *w, const char *name, const struct cb_text *text, struct cb_error *err)
{
	char path[4200];

	if (text->failed)
		return cb_error_memory(err, name);
	snprintf(path, sizeof(path), "%s/%s", w->directory, name);
	return cb_file_replace(path, cb_text_get(text), text->length, err);
}

static int draw(const struct writing *w, const struct cb_search_job *job,
	const struct cb_search_trials *t, const struct cb_search_result *results,
	struct cb_error *err)
{
	struct cb_text data = {0}, script = {0};
	struct cb_error picture = {0};
	char id[64], name[80];
	int rc;

	snprintf(id, sizeof(id), "search-%zu-%s", job->cell, job->of);
	cb_search_figure_data(job, t, &data);
	cb_search_figure_script(job, t, results, id, &script);
	snprintf(name, sizeof(name), "%s.dat", id);
	rc = write_file(w, name, &data, err);
	snprintf(name, sizeof(name), "%s.gp", id);
	if (!rc)
		rc = write_file(w, name, &script, err);
	if (!rc && w->pictures && cb_picture_draw(w->directory, id, &picture))
		cb_warn("%s", picture.text);
	cb_text_finish(&data);
	cb_text_finish(&script);
	return rc;
}

static void load_text(const struct cb_search_job *job, double load, char *out, size_t size)
{
	if (job->kind == CB_GOAL_BURST)
		snprintf(out, size, "%.0f frames", load);
	else
		cb_unit_human(CB_UNIT_RATE, load, out, size);
}

/* Frames that the tap's buffer holds, as a share of a full trial's at `low`: so much more than it
 * sustains a device may take without showing it. NaN: not known. */
static double hidden(const struct cb_search_goal *target, const struct cb_search_trials *t,
	const struct cb_search_result *r)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct cb_trial_record *record = t->records[i];

		if (t->trials[i].load == r->low && t->trials[i].length >= target->final &&
			record->n_views && record->views[0].buffer_frames != CB_UNKNOWN &&
			record->generator.book.window_offered > 0)
			return (double)record->views[0].buffer_frames /
				(double)record->generator.book.window_offered;
	}
	return NAN;
}

/* RFC 9004 section 6: how long the buffer takes to fill at this rate, and how much of that was
 * emptied meanwhile by a device with this throughput. */
static void add_burst(struct writing *w, const struct cb_search_job *job,
	const struct cb_search_result *r, double pps, json_t *entry)
{
	double implied = r->low / pps,
	       known = w->throughput[0] == (double)job->cell ? w->throughput[1] : NAN;

	cb_json_set_real(entry, "burst_pps", pps);
	cb_json_set_real(entry, "implied_buffer_seconds", implied);
	/* fmin would pass over a throughput that is not known */
	cb_json_set_real(entry, "corrected_buffer_seconds",
		isnan(known) ? NAN : implied - implied * fmin(known, pps) / pps);
}

static const char *meaning(const struct cb_search_result *r)
{
	static const char *const words[] = {
		[CB_SEARCH_UNFINISHED] = "not finished: the trials so far don't decide it",
		[CB_SEARCH_FOUND] = "",
		[CB_SEARCH_LIMITED] =
			"generator-limited: more can't be offered here; it may well be higher",
		[CB_SEARCH_AT_MOST] = "it is at least this: no more was to be tried",
		[CB_SEARCH_NOTHING] = "even the least that was tried loses more",
	};

	return words[r->state];
}

static json_t *entry_of(struct writing *w, const struct cb_search_job *job, size_t g,
	const struct cb_search_trials *t, const struct cb_search_result *r)
{
	const struct cb_goal *goal = &job->scenario->goals[job->goals[g]];
	const struct cb_report_cell *cell = cb_report_cell_at(&w->cells, job->cell);
	struct cb_text label = {0};
	double sent = 0, seconds = 0;
	json_int_t in_vain = 0;
	json_t *entry;

	for (size_t i = 0; i < t->n; i++) {
		int64_t ns = t->records[i]->generator.elapsed_ns;

		sent += ns == CB_UNKNOWN ? 0 : (double)ns / (double)CB_NS_PER_SEC;
		seconds += took(t->records[i]);
		in_vain += t->trials[i].invalid;
	}
	if (cell)
		cb_report_cell_print(&w->cells, cell, w->registry, &label);
	entry = json_pack(
		"{s:I, s:s, s:s, s:s, s:f, s:f, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:f, s:f, "
		"s:s}",
		"cell", (json_int_t)job->cell, "cell_text", cb_text_get(&label), "goal", goal->name,
		"kind", cb_goal_kind_names[goal->kind], "loss", (double)goal->loss / 1e6, "width",
		(double)goal->width / 1e6, "unit",
		goal->kind == CB_GOAL_BURST ? "frames" : "frames/s", "state",
		cb_search_state_names[r->state], "low_trials", (json_int_t)r->low_trials,
		"low_kept", (json_int_t)r->low_good, "inconsistent", (json_int_t)r->inconsistent,
		"trials", (json_int_t)t->n, "trials_in_vain", in_vain, "seconds_sent", sent,
		"seconds", seconds, "note", meaning(r));
	cb_text_finish(&label);
	cb_json_set_real(entry, "low", r->low);
	cb_json_set_real(entry, "high", r->high);
	cb_json_set_real(entry, "hidden_by_buffer", hidden(&job->targets[g], t, r));
	if (goal->kind == CB_GOAL_RATE && !goal->loss) {
		w->throughput[0] = (double)job->cell;
		w->throughput[1] = r->low;
	}
	return entry;
}

static double real_of(const json_t *entry, const char *key)
{
	const json_t *value = json_object_get(entry, key);

	return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

/* What the longest burst says of a buffer. */
static void print_buffer(const json_t *entry, struct cb_text *out)
{
	double implied = real_of(entry, "implied_buffer_seconds"),
	       corrected = real_of(entry, "corrected_buffer_seconds");

	if (isnan(implied))
		return;
	cb_text_addf(out, "             at %.0f frames/s: %.3g ms of buffer",
		real_of(entry, "burst_pps"), 1e3 * implied);
	if (isfinite(corrected))
		cb_text_addf(out, ", %.3g ms corrected for what is emptied meanwhile (RFC 9004)",
			1e3 * corrected);
	cb_text_add(out, "\n");
}

static void print_more(const struct cb_search_job *job, size_t g, const struct cb_search_result *r,
	const json_t *entry, struct cb_text *out)
{
	double share = json_number_value(json_object_get(entry, "hidden_by_buffer"));

	if (*meaning(r))
		cb_text_addf(out, "             %s\n", meaning(r));
	if (job->kind == CB_GOAL_RATE && share > job->targets[g].width)
		cb_text_addf(out,
			"             the buffer holds %.1f %% of a trial's frames and can hide as "
			"much overload: longer trials or a smaller buffer tell more\n",
			100 * share);
	if (r->inconsistent)
		cb_text_addf(out, "             %zu higher load%s would have kept the goal\n",
			r->inconsistent, r->inconsistent == 1 ? "" : "s");
	if (job->kind == CB_GOAL_BURST)
		print_buffer(entry, out);
}

static void print(const struct cb_search_job *job, size_t g, const struct cb_search_result *r,
	const json_t *entry, struct cb_text *out)
{
	const struct cb_goal *goal = &job->scenario->goals[job->goals[g]];
	char low[48] = "-", high[48] = "-";

	if (isfinite(r->low))
		load_text(job, r->low, low, sizeof(low));
	if (isfinite(r->high))
		load_text(job, r->high, high, sizeof(high));
	if (job->scenario->n_cells > 1)
		cb_text_addf(out, "cell %-3zu     %s\n", job->cell,
			json_string_value(json_object_get(entry, "cell_text")));
	cb_text_addf(out, "%-12s %s", goal->name, low);
	if (isfinite(r->high))
		cb_text_addf(out, " (kept) to %s (not kept)", high);
	cb_text_addf(out, ", with at most %.4g %% loss; %zu of %zu trials there kept it; %s\n",
		(double)goal->loss / 1e4, r->low_good, r->low_trials,
		cb_search_state_names[r->state]);
	print_more(job, g, r, entry, out);
}

static int write_job(struct writing *w, const struct cb_search_job *job, struct cb_error *err)
{
	double pps = job->kind == CB_GOAL_BURST ? cb_search_burst_pps(job, w->all, w->n) : NAN;
	struct cb_search search = cb_search_of_job(job, pps);
	struct cb_search_result results[CB_GOALS_MAX];
	struct cb_search_step step;
	struct cb_search_trials t;
	int rc = cb_search_job_trials(job, w->all, w->n, &t, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < t.n; i++)
		w->in_vain += t.trials[i].invalid;
	cb_search_next(&search, t.trials, t.n, &step, results);
	for (size_t g = 0; g < job->n_goals; g++) {
		json_t *entry = entry_of(w, job, g, &t, &results[g]);

		if (job->kind == CB_GOAL_BURST)
			add_burst(w, job, &results[g], pps, entry);
		json_object_set_new(entry, "finished", json_boolean(step.done && !step.gave_up));
		print(job, g, &results[g], entry, w->text);
		json_array_append_new(w->results, entry);
	}
	rc = draw(w, job, &t, results, err);
	cb_search_trials_finish(&t);
	return rc;
}

static int write_jobs(struct writing *w, struct cb_error *err)
{
	struct cb_search_job *jobs;
	size_t n;
	int rc = cb_search_jobs(w->data.scenario, w->data.run, &jobs, &n, err);

	w->throughput[0] = NAN;
	for (size_t i = 0; i < n && !rc; i++)
		rc = write_job(w, &jobs[i], err);
	free(jobs);
	return rc;
}

static void print_trials(const struct writing *w)
{
	cb_text_addf(w->text, "trials       %zu", w->n);
	if (w->in_vain)
		cb_text_addf(w->text, ", %zu of which say nothing: something disturbed the host",
			w->in_vain);
	if (w->took > 0)
		cb_text_addf(w->text, "; %.0f s", w->took);
	cb_text_add(w->text, "\n");
}

static int finish_report(struct writing *w, const char *run, json_t **result, struct cb_error *err)
{
	struct cb_text json = {0};
	json_t *all = json_pack("{s:i, s:s, s:s, s:I, s:O}", "schema", 1, "scenario",
		w->data.scenario->name, "directory", run, "trials", (json_int_t)w->n, "results",
		w->results);
	char *dump = all ? json_dumps(all, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;
	int rc;

	print_trials(w);
	cb_text_add(&json, dump ? dump : "");
	free(dump);
	rc = write_file(w, "search.json", &json, err);
	cb_text_finish(&json);
	if (!rc)
		rc = write_file(w, "search.txt", w->text, err);
	if (result)
		*result = json_incref(all);
	json_decref(all);
	return rc;
}

/* A goal without a result is no success. */
static int judge(const struct writing *w, struct cb_error *err)
{
	json_t *entry;
	size_t i;

	json_array_foreach(w->results, i, entry)
	{
		const char *state = json_string_value(json_object_get(entry, "state"));

		if (state && !strcmp(state, cb_search_state_names[CB_SEARCH_UNFINISHED]))
			return cb_error_set(err, CB_ERR_INCONCLUSIVE,
				"%s of cell %lld was not found: see its trials",
				json_string_value(json_object_get(entry, "goal")),
				(long long)json_integer_value(json_object_get(entry, "cell")));
	}
	return 0;
}

int cb_search_report(const char *directory, const struct cb_registry *registry, bool pictures,
	json_t **result, struct cb_text *text, struct cb_error *err)
{
	struct writing w = {.registry = registry, .pictures = pictures, .text = text};
	int rc = cb_report_data_load(&w.data, directory, registry, err);

	if (!rc && !w.data.scenario)
		rc = cb_error_set(
			err, CB_ERR_USAGE, "%s/scenario.resolved.yaml can't be read", directory);
	if (!rc)
		rc = cb_report_cells_make(&w.cells, &w.data, err);
	if (!rc)
		rc = cb_file_join(w.directory, sizeof(w.directory), directory, "report", err);
	if (!rc)
		rc = cb_file_make_dirs(w.directory, err);
	if (!rc)
		rc = gather(&w, err);
	if (!rc)
		rc = write_jobs(&w, err);
	if (!rc)
		rc = finish_report(&w, directory, result, err);
	if (!rc)
		rc = judge(&w, err);
	free(w.all);
	json_decref(w.results);
	cb_report_cells_finish(&w.cells);
	cb_report_data_finish(&w.data);
	return rc;
}
