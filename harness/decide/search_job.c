#include "harness/decide/search_job.h"

#include "harness/base/clock.h"
#include "harness/base/units.h"
#include "harness/decide/search_vain.h"
#include "harness/report/cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TRIALS_MAX    500 /* of a job */
#define INVALID_MAX   30
#define LEAST_FRAMES  100 /* that a trial of the least rate has */
#define BURST_OF_MOST 0.95
#define FIRST_SHARE   0.2 /* of the final length: initial */

static double seconds(int64_t ns)
{
	return (double)ns / (double)CB_NS_PER_SEC;
}

static struct cb_search_goal target_of(const struct cb_goal *g, const struct cb_trial_spec *spec)
{
	double final = seconds(g->final_ns ? g->final_ns : spec->duration_ns),
	       initial = g->initial_ns ? seconds(g->initial_ns) : FIRST_SHARE * final;

	if (g->kind == CB_GOAL_BURST)
		final = initial = 1;
	return (struct cb_search_goal){
		.loss = (double)g->loss / 1e6,
		.exceed = (double)g->exceed / 1e6,
		.width = (double)g->width / 1e6,
		.initial = fmin(initial, final),
		.final = final,
		.sum = final * (double)g->trials,
	};
}

static void add_goal(struct cb_search_job *job, size_t goal)
{
	const struct cb_scenario *s = job->scenario;

	job->targets[job->n_goals] = target_of(&s->goals[goal], &s->cells[job->cell].spec);
	job->goals[job->n_goals++] = goal;
}

/* One for the rate goals together, one for each burst goal. */
static void add_cell(
	const struct cb_scenario *s, size_t cell, struct cb_search_job *jobs, size_t *n)
{
	struct cb_search_job rates = {
		.scenario = s, .cell = cell, .kind = CB_GOAL_RATE, .of = "rate"};

	for (size_t g = 0; g < s->n_goals; g++) {
		if (s->goals[g].kind == CB_GOAL_RATE)
			add_goal(&rates, g);
	}
	if (rates.n_goals)
		jobs[(*n)++] = rates;
	for (size_t g = 0; g < s->n_goals; g++) {
		struct cb_search_job burst = {
			.scenario = s, .cell = cell, .kind = CB_GOAL_BURST, .of = s->goals[g].name};

		if (s->goals[g].kind != CB_GOAL_BURST)
			continue;
		add_goal(&burst, g);
		jobs[(*n)++] = burst;
	}
}

static int check(const struct cb_scenario *s, struct cb_error *err)
{
	for (size_t a = 0; a < s->n_axes; a++) {
		if (strcmp(s->axes[a], "traffic.rate") == 0)
			return cb_error_set(err, CB_ERR_USAGE,
				"%s: vary.traffic.rate: a search finds the rate: take it out of "
				"vary, and give trial.traffic.rate as the most to try (max: "
				"whatever the generator can)",
				s->path);
	}
	for (size_t i = 0; i < s->n_cells; i++) {
		if (s->cells[i].spec.traffic.capacity_ppm)
			return cb_error_set(err, CB_ERR_USAGE,
				"%s: traffic.rate: a share of the capacity is what a search would "
				"find: give the most to try, or max",
				s->path);
	}
	return 0;
}

int cb_search_jobs(const struct cb_scenario *s, const json_t *run, struct cb_search_job **jobs,
	size_t *n, struct cb_error *err)
{
	int rc = check(s, err);

	*n = 0;
	*jobs = NULL;
	if (rc)
		return rc;
	*jobs = calloc(s->n_cells * s->n_goals + 1, sizeof(**jobs));
	if (!*jobs)
		return cb_error_memory(err, "the search");
	for (size_t i = 0; i < s->n_cells; i++) {
		if (!cb_report_left_out(run, i))
			add_cell(s, i, *jobs, n);
	}
	return 0;
}

static bool is_of(const struct cb_trial_record *r, size_t cell, const char *of)
{
	const char *text = json_string_value(json_object_get(r->params, "search.of"));

	return (size_t)r->cell == cell && text && strcmp(text, of) == 0;
}

/* The worst view decides; a view that does not know makes the trial useless. */
static double loss_of(const struct cb_trial_record *r)
{
	double loss = r->n_views ? 0 : NAN;

	for (size_t i = 0; i < r->n_views; i++) {
		double share = r->views[i].book.captured_share;

		loss = isnan(share) || isnan(loss) ? NAN : fmax(loss, 1 - share);
	}
	return loss;
}

double cb_search_job_width(const struct cb_search_job *job)
{
	double width = job->targets[0].width;

	for (size_t g = 1; g < job->n_goals; g++)
		width = fmin(width, job->targets[g].width);
	return width;
}

static struct cb_search_trial trial_of(
	const struct cb_search_job *job, const struct cb_trial_record *r)
{
	const json_t *load = json_object_get(r->params, "search.load"),
		     *length = json_object_get(r->params, "search.length_ns");
	bool burst = job->kind == CB_GOAL_BURST, most = json_is_string(load);

	return (struct cb_search_trial){
		.load = most ? INFINITY : json_number_value(load),
		.length = burst ? 1 : seconds(json_integer_value(length)),
		.loss = loss_of(r),
		.offered =
			burst ? (double)r->generator.book.window_offered : r->generator.offered_pps,
		.limited = most || r->state == CB_TRIAL_GENERATOR_LIMITED,
		.invalid = cb_search_in_vain(r, cb_search_job_width(job)) != NULL,
	};
}

int cb_search_job_trials(const struct cb_search_job *job, const struct cb_trial_record *const *all,
	size_t n, struct cb_search_trials *out, struct cb_error *err)
{
	*out = (struct cb_search_trials){
		.trials = calloc(n + 1, sizeof(*out->trials)),
		.records = calloc(n + 1, sizeof(*out->records)),
	};
	if (!out->trials || !out->records) {
		cb_search_trials_finish(out);
		return cb_error_memory(err, "the search's trials");
	}
	for (size_t i = 0; i < n; i++) {
		if (!is_of(all[i], job->cell, job->of))
			continue;
		out->trials[out->n] = trial_of(job, all[i]);
		out->records[out->n++] = all[i];
	}
	return 0;
}

void cb_search_trials_finish(struct cb_search_trials *t)
{
	free(t->trials);
	free(t->records);
	*t = (struct cb_search_trials){0};
}

double cb_search_burst_pps(
	const struct cb_search_job *job, const struct cb_trial_record *const *all, size_t n)
{
	const struct cb_goal *goal = &job->scenario->goals[job->goals[0]];

	if (goal->rate != CB_RATE_MAX)
		return (double)goal->rate;
	for (size_t i = 0; i < n; i++) {
		if (is_of(all[i], job->cell, "rate") && all[i]->state != CB_TRIAL_INVALID &&
			json_is_string(json_object_get(all[i]->params, "search.load")))
			return floor(BURST_OF_MOST * all[i]->generator.offered_pps);
	}
	return NAN;
}

struct cb_search cb_search_of_job(const struct cb_search_job *job, double burst_pps)
{
	const struct cb_goal *goal = &job->scenario->goals[job->goals[0]];
	int64_t rate = job->scenario->cells[job->cell].spec.traffic.rate;
	struct cb_search s = {
		.goals = job->targets,
		.n_goals = job->n_goals,
		.least = ceil(LEAST_FRAMES / job->targets[0].final),
		.most = rate == CB_RATE_MAX ? INFINITY : (double)rate,
		.invalid_max = INVALID_MAX,
		.trials_max = TRIALS_MAX,
	};

	if (job->kind == CB_GOAL_BURST) {
		s.least = 1;
		s.most = floor(burst_pps * seconds(goal->longest_ns));
	}
	s.least = fmin(s.least, s.most);
	return s;
}

json_t *cb_search_apply(const struct cb_search_job *job, const struct cb_search_step *step,
	double burst_pps, struct cb_trial_spec *spec)
{
	json_t *load = isinf(step->load) ? json_string("max")
					 : json_integer((json_int_t)llround(step->load));

	if (job->kind == CB_GOAL_BURST) {
		/* slots lie at whole multiples of the gap, the first at 0: half a gap short of one
		 * more */
		spec->traffic.rate = (int64_t)burst_pps;
		spec->warmup_ns = 0;
		spec->duration_ns = (int64_t)llround((step->load - 0.5) / floor(burst_pps) * 1e9);
		if (spec->duration_ns < 1)
			spec->duration_ns = 1;
	} else {
		spec->traffic.rate = isinf(step->load) ? CB_RATE_MAX : (int64_t)llround(step->load);
		spec->duration_ns = (int64_t)llround(step->length * 1e9);
	}
	return json_pack("{s:s, s:o, s:I}", "search.of", job->of, "search.load", load,
		"search.length_ns", (json_int_t)spec->duration_ns);
}

/* The capacity that the trials so far make likely. */
static double likely(
	const struct cb_search_trial *trials, size_t n, const struct cb_search_result *result)
{
	if (result->low > 0 && result->high > 0)
		return sqrt(result->low * result->high);
	for (size_t i = n; i-- > 0;) {
		if (!trials[i].invalid && trials[i].loss > 0 && isfinite(trials[i].offered))
			return trials[i].offered * (1 - trials[i].loss);
	}
	return INFINITY;
}

double cb_search_forecast(
	const struct cb_search *s, const struct cb_search_trial *trials, size_t n, double overhead)
{
	struct cb_search_result results[CB_GOALS_MAX];
	struct cb_search_trial *played = calloc(s->trials_max + n + 1, sizeof(*played));
	struct cb_search_step step = {0};
	double sum = 0, ceiling = cb_search_ceiling(trials, n), capacity;

	if (!played || !n) {
		free(played);
		return NAN;
	}
	memcpy(played, trials, n * sizeof(*trials));
	cb_search_next(s, played, n, &step, results);
	capacity = likely(trials, n, &results[0]);
	while (!step.done && n < s->trials_max) {
		double offered = fmin(step.load, ceiling);

		played[n++] = (struct cb_search_trial){
			.load = step.load,
			.length = step.length,
			.loss = fmax(0, 1 - capacity / offered),
			.offered = offered,
		};
		sum += step.length + overhead;
		cb_search_next(s, played, n, &step, results);
	}
	free(played);
	return sum;
}
