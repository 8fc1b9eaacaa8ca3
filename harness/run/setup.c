#include "harness/run/setup.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/run/cores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FACTS_NS    (5 * CB_NS_PER_SEC)
#define EVIDENCE_NS (10 * CB_NS_PER_SEC)

/* hosts/<name>/FILE. */
static int write_facts(struct cb_run_directory *d, const struct cb_testbed_end *end,
	const char *file, struct cb_error *err)
{
	char dir[CB_RUN_PATH_MAX], path[CB_RUN_PATH_MAX], name[128], *text = NULL;
	json_t *reply = NULL, *facts;
	json_t *args = *end->interface ? json_pack("{s:s}", "interface", end->interface) : NULL;
	int rc = cb_host_call(end->host, "facts", args, &reply, cb_deadline_in(FACTS_NS), err);

	if (!rc)
		rc = cb_json_object(reply, "facts", &facts, err);
	snprintf(name, sizeof(name), "hosts/%s", end->name);
	if (!rc)
		rc = cb_file_join(dir, sizeof(dir), d->path, name, err);
	if (!rc)
		rc = cb_file_make_dirs(dir, err);
	if (!rc)
		rc = cb_file_join(path, sizeof(path), dir, file, err);
	if (!rc) {
		text = json_dumps(facts, JSON_INDENT(2) | JSON_ENSURE_ASCII);
		rc = text ? cb_file_replace(path, text, strlen(text), err)
			  : cb_error_memory(err, "facts");
	}
	free(text);
	json_decref(reply);
	return rc;
}

int cb_run_describe_evidence(struct cb_run_directory *d, struct cb_testbed *t, struct cb_error *err)
{
	json_t *reply = NULL;
	int rc = cb_host_call(t->sensors[0].host, "evidence", json_pack("{s:[]}", "pids"), &reply,
		cb_deadline_in(EVIDENCE_NS), err);

	if (rc)
		return rc;
	json_object_set_new(d->run, "evidence",
		json_pack("{s:O?, s:O?, s:O?}", "softirq_available",
			json_object_get(reply, "available"), "why_not",
			json_object_get(reply, "why"), "softirq_cost_ns",
			json_object_get(reply, "cost_ns")));
	json_decref(reply);
	return cb_run_directory_write(d, err);
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
static int check_testbed(const struct cb_testbed *t, const struct cb_plan *plan,
	const struct cb_testbed_shape *planned, const struct cb_bed *bed, struct cb_error *err)
{
	const struct cb_testbed_shape *s = &t->shape;

	if (!bed) {
		if (s->cores == planned->cores && (!planned->rps || s->rps))
			return 0;
		return cb_error_set(err, CB_ERR_HOST,
			"the test-bed is not what was planned for: %d cores%s instead of %d%s",
			s->cores, s->rps ? " with RPS" : " without RPS", planned->cores,
			planned->rps ? " with RPS" : " without RPS");
	}
	if (most_queues(plan->scenario) > 1)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"link.queues is for the built-in test-bed: set the NIC's own by a command "
			"in `pre`, as in [ethtool, -L, eth1, combined, \"2\"]");
	for (size_t i = 0; i < plan->scenario->n_cells; i++) {
		int mode = plan->layouts[i].receive_mode;

		if ((mode == CB_RECEIVE_CHOICE_RPS && !s->rps) ||
			(mode == CB_RECEIVE_CHOICE_THREADED && !s->threaded))
			return cb_error_set(err, CB_ERR_IMPOSSIBLE,
				"receive: %s is not possible on a sensor of this test-bed: use "
				"receive: softirq or placement: auto, or see in its agent.log what "
				"is missing",
				cb_receive_names[mode]);
		if (!cb_cores_are_there(t, &plan->scenario->cells[i].spec, &plan->layouts[i], err))
			return CB_ERR_IMPOSSIBLE;
	}
	return 0;
}

int cb_run_open_testbed(struct cb_run_directory *d, const struct cb_plan *plan,
	const struct cb_testbed_shape *planned, const struct cb_bed *bed,
	struct cb_testbed **testbed, struct cb_error *err)
{
	char hosts[CB_RUN_PATH_MAX];
	const struct cb_testbed_options options = {
		.log_dir = hosts, .bed = bed, .queues = most_queues(plan->scenario)};
	int rc = cb_file_join(hosts, sizeof(hosts), d->path, "hosts", err);

	if (!rc)
		rc = cb_testbed_open(testbed, &options, err);
	if (!rc)
		rc = check_testbed(*testbed, plan, planned, bed, err);
	if (rc)
		return rc;
	json_object_set(json_object_get(d->run, "testbed"), "missing", (*testbed)->missing);
	return cb_run_directory_write(d, err);
}

int cb_run_write_facts(
	struct cb_run_directory *d, struct cb_testbed *t, const char *file, struct cb_error *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < t->n_generators; i++)
		if (t->generators[i].host)
			rc = write_facts(d, &t->generators[i], file, err);
	for (size_t i = 0; !rc && i < t->n_sensors; i++)
		if (t->sensors[i].host)
			rc = write_facts(d, &t->sensors[i], file, err);
	for (size_t i = 0; !rc && i < t->n_counters; i++)
		if (t->counters[i].host)
			rc = write_facts(d, &t->counters[i], file, err);
	return rc;
}
