#include "harness/decide/search_run.h"

#include "harness/base/clock.h"
#include "harness/base/log.h"
#include "harness/base/units.h"
#include "harness/decide/search_job.h"
#include "harness/decide/search_vain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_NS     (300 * CB_NS_PER_MS)
#define DOUBLED_MAX 8 /* how often a wait is doubled */
#define TOLD_NS     (2 * CB_NS_PER_SEC)

/* A search under way. */
struct hunt {
	struct cb_stepwise run;
	struct cb_search_job *jobs;
	size_t n_jobs;
	double overhead;      /* seconds of a trial beside its length, the last one's */
	uint64_t patience_ns; /* what is left of it */
};

/* The records as a list of pointers; owned by the caller. */
static const struct cb_trial_record **list(const struct cb_stepwise *r)
{
	const struct cb_trial_record **all = calloc(r->n_trials + 1, sizeof(*all));

	for (size_t i = 0; all && i < r->n_trials; i++)
		all[i] = &r->trials[i];
	return all;
}

static void load_text(const struct cb_search_job *job, double load, char *out, size_t size)
{
	if (isinf(load))
		snprintf(out, size, "as fast as it goes");
	else if (job->kind == CB_GOAL_BURST)
		snprintf(out, size, "a burst of %.0f", load);
	else
		cb_unit_human(CB_UNIT_RATE, load, out, size);
}

static void tell(const struct hunt *h, const struct cb_search_job *job,
	const struct cb_search *search, const struct cb_search_trials *t,
	const struct cb_search_step *step)
{
	const struct cb_trial_record *r = &h->run.trials[h->run.n_trials - 1];
	const struct cb_scenario *s = job->scenario;
	double left = cb_search_forecast(search, t->trials, t->n, h->overhead);
	char load[48], lost[48] = "loss not known", cell[32] = "", time[48] = "";
	const char *vain = cb_search_in_vain(r, cb_search_job_width(job)),
		   *reason = json_string_value(json_array_get(r->reasons, 0));
	bool by_state = r->state != CB_TRIAL_VALID &&
		(r->state == CB_TRIAL_INVALID || !vain); /* its state says it all */

	if (!by_state && vain)
		reason = vain;
	load_text(job, step->load, load, sizeof(load));
	if (t->n && isfinite(t->trials[t->n - 1].loss))
		snprintf(lost, sizeof(lost), "%.4g %% lost", 100 * t->trials[t->n - 1].loss);
	if (s->n_cells > 1)
		snprintf(cell, sizeof(cell), "cell %zu, ", job->cell);
	if (isfinite(left))
		snprintf(time, sizeof(time), "; about %.0f:%02d left", floor(left / 60),
			(int)fmod(left, 60));
	fprintf(stderr, "[%zu] %s%s: %s for %.2f s: %s%s%s%s%s%s%s\n", h->run.n_trials, cell,
		s->goals[job->goals[step->goal]].name, load,
		(double)r->generator.window_elapsed_ns / 1e9, lost, by_state ? ", " : "",
		by_state ? cb_trial_state_names[r->state] : "", reason ? ": " : "",
		reason ? reason : "", !by_state && vain ? ", so it does not count" : "", time);
}

static int try_step(struct hunt *h, const struct cb_search_job *job,
	const struct cb_search_step *step, double burst_pps, struct cb_error *err)
{
	struct cb_trial_spec spec = job->scenario->cells[job->cell].spec;
	json_t *extra = cb_search_apply(job, step, burst_pps, &spec);
	uint64_t start = cb_now_ns();
	int rc = extra ? cb_stepwise_try(&h->run, job->cell, &spec, extra, err)
		       : cb_error_memory(err, "a trial");

	json_decref(extra);
	h->overhead = (double)(cb_now_ns() - start) / 1e9 - (double)spec.duration_ns / 1e9;
	return rc;
}

/* What a burst job must know before it starts: how fast its frames can be. */
static int find_most(
	struct hunt *h, const struct cb_search_job *job, double *pps, struct cb_error *err)
{
	const struct cb_search_step most = {.load = INFINITY, .length = 0.2};
	struct cb_search_job rates = *job;
	int rc = 0;

	rates.kind = CB_GOAL_RATE;
	rates.of = "rate";
	for (int i = 0; !rc; i++) {
		const struct cb_trial_record **all = list(&h->run);

		*pps = all ? cb_search_burst_pps(job, all, h->run.n_trials) : NAN;
		free(all);
		if (isfinite(*pps))
			return 0;
		if (i == 5)
			return cb_error_set(err, CB_ERR_INCONCLUSIVE,
				"what the generator can offer can't be measured: all trials are "
				"invalid");
		rc = try_step(h, &rates, &most, NAN, err);
	}
	return rc;
}

/* What disturbs a host is often over in a moment: the more trials in a row say nothing, the longer
 * is waited for that, as long as there is patience left. */
static int wait_after(struct hunt *h, const struct cb_search_trials *t, struct cb_error *err)
{
	uint64_t ns = WAIT_NS / 2;
	size_t vain = 0;

	while (vain < t->n && vain <= DOUBLED_MAX && t->trials[t->n - 1 - vain].invalid) {
		vain++;
		ns *= 2;
	}
	ns = ns < h->patience_ns ? ns : h->patience_ns;
	if (!vain || !ns)
		return 0;
	h->patience_ns -= ns;
	if (ns > TOLD_NS)
		cb_info("search: the host is disturbed: waiting %.0f s", (double)ns / 1e9);
	return cb_stepwise_rest(ns, err);
}

/* One step of a job. 1: the job is done. */
static int step_job(
	struct hunt *h, const struct cb_search_job *job, double burst_pps, struct cb_error *err)
{
	struct cb_search search = cb_search_of_job(job, burst_pps);
	const struct cb_trial_record **all = list(&h->run);
	struct cb_search_result results[CB_GOALS_MAX];
	struct cb_search_trials t = {0};
	struct cb_search_step step = {0};
	int rc = all ? cb_search_job_trials(job, all, h->run.n_trials, &t, err)
		     : cb_error_memory(err, "the search");

	if (rc)
		goto out;
	cb_search_next(&search, t.trials, t.n, &step, results);
	if (step.done) {
		rc = 1;
		goto out;
	}
	rc = try_step(h, job, &step, burst_pps, err);
	cb_search_trials_finish(&t);
	free(all);
	all = list(&h->run);
	if (!rc && all && !cb_search_job_trials(job, all, h->run.n_trials, &t, NULL)) {
		tell(h, job, &search, &t, &step);
		rc = wait_after(h, &t, err);
	}
out:
	cb_search_trials_finish(&t);
	free(all);
	return rc;
}

static int run_jobs(struct hunt *h, struct cb_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < h->n_jobs && rc >= 0; i++) {
		const struct cb_search_job *job = &h->jobs[i];
		double burst_pps = NAN;

		rc = job->kind == CB_GOAL_BURST ? find_most(h, job, &burst_pps, err) : 0;
		while (!rc)
			rc = step_job(h, job, burst_pps, err);
	}
	return rc < 0 ? rc : 0;
}

int cb_search_run(const struct cb_scenario *s, const struct cb_stepwise_options *options,
	uint64_t patience_ns, char directory[CB_RUN_PATH_MAX], struct cb_error *err)
{
	struct hunt h = {.overhead = 0.3, .patience_ns = patience_ns};
	/* what is wrong with the scenario is said before anything is made */
	int rc = cb_search_jobs(s, NULL, &h.jobs, &h.n_jobs, err);

	free(h.jobs);
	h.jobs = NULL;
	if (rc)
		return rc;
	rc = cb_stepwise_open(&h.run, s, options, err);
	if (rc)
		return rc;
	memcpy(directory, h.run.path, sizeof(h.run.path));
	cb_info("%s: %zu cell%s, %zu goal%s; results in %s", s->name, s->n_cells,
		s->n_cells == 1 ? "" : "s", s->n_goals, s->n_goals == 1 ? "" : "s", directory);
	rc = cb_search_jobs(s, h.run.directory.run, &h.jobs, &h.n_jobs, err);
	if (!rc)
		rc = run_jobs(&h, err);
	rc = cb_stepwise_end(&h.run, rc, err);
	cb_stepwise_close(&h.run);
	free(h.jobs);
	return rc;
}
