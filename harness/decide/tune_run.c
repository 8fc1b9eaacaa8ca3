#include "harness/decide/tune_run.h"

#include "harness/base/clock.h"
#include "harness/base/log.h"
#include "harness/base/text.h"
#include "harness/base/units.h"
#include "harness/report/cells.h"
#include "harness/report/metric.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SECONDS     0.2
#define LAST_SECONDS      1.0
#define OVERHEAD_SECONDS  0.5 /* of a trial beside its traffic: processes, namespaces, books */
#define CANDIDATE_SECONDS 4.0 /* of budget: all that its rounds take on average */
#define CANDIDATES_MIN    4
#define CONFIRM_SHARE     0.25 /* of the budget, at most, for the comparison */

size_t cb_tune_candidates(int64_t budget_ns)
{
	double n = (double)budget_ns / 1e9 / CANDIDATE_SECONDS;

	const size_t most = CB_TUNE_CANDIDATES_MAX / 2;

	if (n < CANDIDATES_MIN)
		return CANDIDATES_MIN;
	return n < (double)most ? (size_t)n : most;
}

json_t *cb_tune_request(const struct cb_tune_wish *wish, int64_t budget_ns)
{
	return json_pack("{s:I, s:I, s:s, s:s, s:I}", "rate", (json_int_t)wish->rate, "frame_size",
		(json_int_t)wish->frame_size, "load", wish->load, "interface", wish->interface,
		"budget_ns", (json_int_t)budget_ns);
}

int cb_tune_read_request(
	const json_t *run, struct cb_tune_wish *wish, struct cb_tune *tune, struct cb_error *err)
{
	const json_t *request = json_object_get(run, "request");
	const char *seed = json_string_value(json_object_get(run, "seed"));
	const char *interface = json_string_value(json_object_get(request, "interface"));
	int64_t budget_ns;

	if (!request || !seed || cb_json_count(request, "rate", &wish->rate, err) ||
		cb_json_count(request, "frame_size", &wish->frame_size, err) ||
		cb_json_count(request, "budget_ns", &budget_ns, err) ||
		cb_json_text(request, "load", wish->load, sizeof(wish->load), err))
		return cb_error_set(
			err, CB_ERR_USAGE, "run.json does not say what was to be tuned");
	cb_text_copy(wish->interface, sizeof(wish->interface), interface ? interface : "");
	tune->budget = (double)budget_ns / 1e9;
	tune->seed = strtoull(seed, NULL, 10);
	tune->first = FIRST_SECONDS;
	tune->last = fmax(FIRST_SECONDS,
		fmin(LAST_SECONDS,
			CONFIRM_SHARE * tune->budget / (2 * CB_TUNE_PAIRS) - OVERHEAD_SECONDS));
	tune->overhead = OVERHEAD_SECONDS;
	return 0;
}

size_t cb_tune_cells(
	const struct cb_scenario *s, const json_t *run, size_t cells[CB_TUNE_CANDIDATES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_cells && n < CB_TUNE_CANDIDATES_MAX; i++) {
		if (!cb_report_left_out(run, i))
			cells[n++] = i;
	}
	return n;
}

/* As it was measured; where a run of an older version did not, about what it was. */
static double seconds_of(const struct cb_trial_record *r)
{
	const json_t *took = json_object_get(r->params, CB_STEPWISE_TOOK);

	if (json_is_integer(took))
		return (double)json_integer_value(took) / 1e9;
	return OVERHEAD_SECONDS +
		(r->generator.elapsed_ns == CB_UNKNOWN ? 0 : (double)r->generator.elapsed_ns / 1e9);
}

static double cost_of(const struct cb_trial_record *r)
{
	double own = cb_metric_find("cpu_ns_per_frame")->value(r),
	       receive = cb_metric_find("receive_ns_per_frame")->value(r);

	return isnan(receive) ? own : own + receive;
}

struct cb_tune_trial cb_tune_trial_of(
	const struct cb_trial_record *r, const size_t *cells, size_t n_cells)
{
	struct cb_tune_trial t = {
		.candidate = SIZE_MAX,
		.round = (int)json_integer_value(json_object_get(r->params, "tune.round")),
		.share = cb_metric_find("captured_share_min")->value(r),
		.cost = cost_of(r),
		.seconds = seconds_of(r),
		.invalid = r->state == CB_TRIAL_INVALID,
	};

	for (size_t i = 0; i < n_cells; i++) {
		if (cells[i] == (size_t)r->cell)
			t.candidate = i;
	}
	return t;
}

/* A tuning under way. */
struct tuning {
	struct cb_stepwise run;
	struct cb_tune_wish wish;
	struct cb_tune tune;
	size_t cells[CB_TUNE_CANDIDATES_MAX];
	struct cb_tune_trial trials[CB_STEPWISE_TRIALS_MAX];
};

static void tell(const struct tuning *t, const struct cb_tune_step *step, double seconds)
{
	const struct cb_trial_record *r = &t->run.trials[t->run.n_trials - 1];
	const struct cb_tune_trial *trial = &t->trials[t->run.n_trials - 1];
	double left = fmax(0, t->tune.budget - seconds);
	const char *reason = json_string_value(json_array_get(r->reasons, 0));
	char round[32];

	if (step->round == CB_TUNE_CONFIRM)
		snprintf(round, sizeof(round), "comparison");
	else
		snprintf(round, sizeof(round), "round %d, %zu left", step->round + 1, step->left);
	fprintf(stderr,
		"[%zu] %s: %s %s %s: captured %.2f %%, %.0f ns a frame%s%s; at most %.0f:%02d "
		"left\n",
		t->run.n_trials, round,
		json_string_value(json_object_get(r->params, "capture.mechanism")),
		json_string_value(json_object_get(r->params, "capture.wait")),
		json_string_value(json_object_get(r->params, "placement")), 100 * trial->share,
		trial->cost, reason ? ", " : "", reason ? reason : "", floor(left / 60),
		(int)fmod(left, 60));
}

static int try_candidate(struct tuning *t, const struct cb_tune_step *step, struct cb_error *err)
{
	size_t cell = t->cells[step->candidate];
	struct cb_trial_spec spec = t->run.scenario->cells[cell].spec;
	json_t *extra = json_pack("{s:i, s:I}", "tune.round", step->round, "tune.candidate",
		(json_int_t)step->candidate);
	int rc;

	spec.duration_ns = (int64_t)llround(step->length * 1e9);
	rc = extra ? cb_stepwise_try(&t->run, cell, &spec, extra, err)
		   : cb_error_memory(err, "a trial");
	json_decref(extra);
	if (!rc && *t->wish.interface &&
		t->run.trials[t->run.n_trials - 1].generator.book.offered == 0)
		rc = cb_error_set(err, CB_ERR_INCONCLUSIVE,
			"no frame came to %s: does anybody send, and is it the right port?",
			t->wish.interface);
	return rc;
}

static int go_on(struct tuning *t, struct cb_error *err)
{
	struct cb_tune_step step;
	double seconds = 0;
	int rc;

	for (size_t i = 0; i < t->run.n_trials; i++) {
		t->trials[i] = cb_tune_trial_of(&t->run.trials[i], t->cells, t->tune.n_candidates);
		seconds += t->trials[i].seconds;
	}
	for (;;) {
		size_t n = t->run.n_trials;

		rc = cb_tune_next(&t->tune, t->trials, n, &step, err);
		if (rc || step.done)
			return rc;
		rc = try_candidate(t, &step, err);
		if (rc)
			return rc;
		t->trials[n] = cb_tune_trial_of(&t->run.trials[n], t->cells, t->tune.n_candidates);
		seconds += t->trials[n].seconds;
		tell(t, &step, seconds);
	}
}

static int begin(struct tuning *t, struct cb_error *err)
{
	int rc = cb_tune_read_request(t->run.directory.run, &t->wish, &t->tune, err);

	if (rc)
		return rc;
	t->tune.n_candidates = cb_tune_cells(t->run.scenario, t->run.directory.run, t->cells);
	if (t->tune.n_candidates < 2 || t->cells[0] != 0)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"nothing can be compared here: the default or everything else is not "
			"possible (run.json, left_out, says why)");
	cb_info("%zu candidates, %zu more are not possible here; at most %.0f s; results in %s",
		t->tune.n_candidates, t->run.scenario->n_cells - t->tune.n_candidates,
		t->tune.budget, t->run.path);
	return 0;
}

int cb_tune_run(const struct cb_scenario *s, const struct cb_stepwise_options *options,
	char directory[CB_RUN_PATH_MAX], struct cb_error *err)
{
	struct tuning *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return cb_error_memory(err, "the tuning");
	rc = cb_stepwise_open(&t->run, s, options, err);
	if (!rc) {
		memcpy(directory, t->run.path, sizeof(t->run.path));
		rc = begin(t, err);
		if (!rc)
			rc = go_on(t, err);
		rc = cb_stepwise_end(&t->run, rc, err);
		cb_stepwise_close(&t->run);
	}
	free(t);
	return rc;
}
