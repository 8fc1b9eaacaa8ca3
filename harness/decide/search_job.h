/*
 * Between a scenario's goals, the records of trials, and the strategy of a search. A job is one
 * question: the rate goals of a cell together, or one burst goal of it. Pure.
 */
#ifndef CB_HARNESS_DECIDE_SEARCH_JOB_H
#define CB_HARNESS_DECIDE_SEARCH_JOB_H

#include "harness/decide/search.h"
#include "harness/record/record.h"
#include "harness/scenario/goal.h"

struct cb_search_job {
	const struct cb_scenario *scenario; /* borrowed */
	size_t cell;
	int kind;                   /* enum cb_goal_kind */
	size_t goals[CB_GOALS_MAX]; /* indices of scenario->goals */
	size_t n_goals;
	struct cb_search_goal targets[CB_GOALS_MAX]; /* of them, as the strategy wants them */
	/* Params of its trials say this as "search.of": "rate", or the burst goal's name. */
	const char *of;
};

/* Trials of a job, and where their records are. */
struct cb_search_trials {
	struct cb_search_trial *trials;         /* owned */
	const struct cb_trial_record **records; /* owned list of what is borrowed */
	size_t n;
};

/*
 * All jobs of a scenario, but for cells that run.json's "left_out" (`run`) has; owned by the
 * caller. CB_ERR_USAGE where the scenario is not one to search in: its rate varies, or is a share
 * of the capacity.
 */
int cb_search_jobs(const struct cb_scenario *s, const json_t *run, struct cb_search_job **jobs,
	size_t *n, struct cb_error *err);

/* The job's trials among all that were made. CB_ERR_INTERNAL out of memory. */
int cb_search_job_trials(const struct cb_search_job *job, const struct cb_trial_record *const *all,
	size_t n, struct cb_search_trials *out, struct cb_error *err);
void cb_search_trials_finish(struct cb_search_trials *t);

/* The narrowest interval that one of its goals asks for. */
double cb_search_job_width(const struct cb_search_job *job);

/* The rate of a burst's frames: the goal's, or 95 % of what the generator could when it was asked
 * for the most. NaN: no trial shows that yet. */
double cb_search_burst_pps(
	const struct cb_search_job *job, const struct cb_trial_record *const *all, size_t n);

/* The question for the strategy; `burst_pps` is of no matter for rates. */
struct cb_search cb_search_of_job(const struct cb_search_job *job, double burst_pps);

/* What a step means for a trial: rate and times of `spec`, and (new reference) the params that let
 * it be found again. */
json_t *cb_search_apply(const struct cb_search_job *job, const struct cb_search_step *step,
	double burst_pps, struct cb_trial_spec *spec);

/* About how many seconds the search takes from here on, at `overhead` seconds a trial beside its
 * length: it is played to its end on a device that has what is known by now. */
double cb_search_forecast(
	const struct cb_search *s, const struct cb_search_trial *trials, size_t n, double overhead);

#endif
