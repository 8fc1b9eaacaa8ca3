#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/log.h"
#include "harness/base/random.h"
#include "harness/base/text.h"
#include "harness/base/units.h"
#include "harness/run/calibration.h"
#include "harness/run/capacity.h"
#include "harness/run/cores.h"
#include "harness/run/describe.h"
#include "harness/run/directory.h"
#include "harness/run/progress.h"
#include "harness/run/state.h"
#include "harness/run/trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FACTS_NS    (5 * CB_NS_PER_SEC)
#define EVIDENCE_NS (10 * CB_NS_PER_SEC)

/* hosts/<name>/facts.json. */
static int write_facts(struct cb_run_state *r, struct cb_host *host, struct cb_error *err)
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

/* run.json's "evidence": whether softirq time can be measured here, and what measuring costs a
 * softirq. */
static int describe_evidence(struct cb_run_state *r, struct cb_error *err)
{
	json_t *reply = NULL;
	int rc = cb_host_call(r->testbed->sensors[0].host, "evidence", json_pack("{s:[]}", "pids"),
		&reply, cb_deadline_in(EVIDENCE_NS), err);

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

/* The cores that the plan uses must be there, and what it steers with. */
static int check_testbed(const struct cb_run_state *r, struct cb_error *err)
{
	const struct cb_testbed_shape *s = &r->testbed->shape;

	if (!r->options->bed) {
		if (s->cores == r->shape.cores && (!r->shape.rps || s->rps))
			return 0;
		return cb_error_set(err, CB_ERR_HOST,
			"the test-bed is not what was planned for: %d cores%s instead of %d%s",
			s->cores, s->rps ? " with RPS" : " without RPS", r->shape.cores,
			r->shape.rps ? " with RPS" : " without RPS");
	}
	if (most_queues(r->scenario) > 1)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"link.queues is for the built-in test-bed: set the NIC's own by a command "
			"in `pre`, as in [ethtool, -L, eth1, combined, \"2\"]");
	for (size_t i = 0; i < r->scenario->n_cells; i++) {
		int mode = r->plan->layouts[i].receive_mode;

		if ((mode == CB_RECEIVE_CHOICE_RPS && !s->rps) ||
			(mode == CB_RECEIVE_CHOICE_THREADED && !s->threaded))
			return cb_error_set(err, CB_ERR_IMPOSSIBLE,
				"receive: %s is not possible on a sensor of this test-bed: use "
				"receive: softirq or placement: auto, or see in its agent.log what "
				"is missing",
				cb_receive_names[mode]);
		if (!cb_cores_are_there(
			    r->testbed, &r->scenario->cells[i].spec, &r->plan->layouts[i], err))
			return CB_ERR_IMPOSSIBLE;
	}
	return 0;
}

/* The agents' logs go below the run directory, so it is there before them. What they can do must be
 * what was planned. */
static int open_testbed(struct cb_run_state *r, struct cb_error *err)
{
	char hosts[CB_RUN_PATH_MAX];
	const struct cb_testbed_options options = {
		.log_dir = hosts, .bed = r->options->bed, .queues = most_queues(r->scenario)};
	int rc = cb_file_join(hosts, sizeof(hosts), r->outcome->directory, "hosts", err);

	if (!rc)
		rc = cb_testbed_open(&r->testbed, &options, err);
	if (!rc)
		rc = check_testbed(r, err);
	if (rc)
		return rc;
	json_object_set(
		json_object_get(r->directory.run, "testbed"), "missing", r->testbed->missing);
	return cb_run_directory_write(&r->directory, err);
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

/* Measure what is missing; the end, however it comes, is written down. */
static int carry_out(struct cb_run_state *r, struct cb_error *err)
{
	struct cb_error ignored = {0};
	int rc = 0;

	for (size_t i = 0; !rc && i < r->testbed->n_generators; i++)
		rc = write_facts(r, r->testbed->generators[i].host, err);
	for (size_t i = 0; !rc && i < r->testbed->n_sensors; i++)
		rc = write_facts(r, r->testbed->sensors[i].host, err);
	if (!rc)
		rc = describe_evidence(r, err);
	if (!rc)
		rc = cb_calibrate(&r->directory, r->testbed, r->plan,
			(uint32_t)cb_random_next(&r->random), err);
	if (!rc)
		rc = cb_capacities_find(&r->directory, r->testbed, r->plan, &r->shape,
			(uint32_t)cb_random_next(&r->random), err);
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
	int rc = settle_directory(&r, err);

	if (!rc)
		rc = make_plan(&r, err);
	if (!rc)
		rc = open_directory(&r, err);
	if (!rc) {
		rc = open_testbed(&r, err);
		if (rc)
			cb_run_directory_set_status(&r.directory, "partial", &ignored);
	}
	if (!rc && !options->quiet)
		announce(&r);
	if (!rc)
		rc = carry_out(&r, err);
	cb_run_directory_close(&r.directory);
	cb_plan_destroy(r.plan);
	cb_testbed_close(r.testbed);
	return rc;
}
