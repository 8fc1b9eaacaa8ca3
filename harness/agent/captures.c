/* Capture processes: one a job, up together, stopped together. */
#include "capturers/share.h"
#include "generators/whole.h"
#include "harness/agent/evidence.h"
#include "harness/agent/requests.h"
#include "harness/agent/state.h"
#include "harness/base/clock.h"
#include "harness/record/record.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Rings of several hundred MiB take their time to be allocated. */
#define PREPARE_NS (8 * CB_NS_PER_SEC)
/* After the drain: settling, the record, closing the sockets (which waits for an RCU grace period),
 * the exit. */
#define SETTLE_NS (8 * CB_NS_PER_SEC)

/* As far as they can be read: what can't, the process refuses. */
static void read_values(const json_t *values, const struct cb_option *table, void *job)
{
	const char *name;
	json_t *value;

	cb_option_defaults(table, job);
	json_object_foreach((json_t *)values, name, value)
	{
		if (json_is_string(value))
			cb_option_set(table, name, json_string_value(value), job, NULL);
	}
}

static void read_job(const json_t *values, const char *interface, struct cb_capture_job *job)
{
	memset(job, 0, sizeof(*job));
	read_values(values, cb_capture_options, job);
	snprintf(job->interface, sizeof(job->interface), "%s", interface);
}

/* By which stamps the frames are known that the generator of the job `traffic` will send. */
static int tell_stamps(const json_t *traffic, json_t *jobs, struct cb_error *err)
{
	const struct cb_option *row = cb_option_find(cb_capture_options, "stamps");
	struct cb_generate_job job = {0};
	enum cb_stamps stamps;
	uint64_t window_from;
	char from[24];
	size_t i;
	json_t *values;
	int r;

	if (!json_is_object(traffic))
		return 0;
	read_values(traffic, cb_generate_options, &job);
	r = cb_whole_stamps(&job, &stamps, &window_from, err);
	if (r || stamps == CB_STAMPS_OWN)
		return r;
	snprintf(from, sizeof(from), "%llu", (unsigned long long)window_from);
	json_array_foreach(jobs, i, values)
	{
		if (json_object_set_new(values, row->name, json_string(row->choices[stamps])) ||
			json_object_set_new(values, "window-from", json_string(from)))
			return cb_error_memory(err, "the jobs");
	}
	return 0;
}

/* A tap of which the interface has only one is this agent's, for all processes of one mechanism. */
static int open_shared(
	struct cb_agent *a, const char *interface, const json_t *jobs, struct cb_error *err)
{
	struct cb_capture_job first, job;
	size_t n = json_array_size(jobs);

	if (n < 2)
		return 0;
	read_job(json_array_get(jobs, 0), interface, &first);
	for (size_t i = 1; i < n; i++) {
		read_job(json_array_get(jobs, i), interface, &job);
		if (strcmp(job.mechanism, first.mechanism) != 0)
			return 0;
	}
	return cb_share_open(&first, (unsigned)n, &a->shared, err);
}

/* Start all; on error the caller ends those that were started. */
static int start_all(
	struct cb_agent *a, const char *interface, const json_t *jobs, struct cb_error *err)
{
	size_t n = json_array_size(jobs);
	int r;

	if (n < 1 || n > CB_AGENT_CAPTURES_MAX)
		return cb_error_set(err, CB_ERR_USAGE, "%zu jobs; 1 to %d are possible", n,
			CB_AGENT_CAPTURES_MAX);
	r = open_shared(a, interface, jobs, err);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		struct cb_capture_job scratch = {0};
		struct cb_agent_child *c = &a->captures[i];

		c->share = (struct cb_share_heir){a->shared, (unsigned)i};
		snprintf(c->name, sizeof(c->name), "capture process %zu", i + 1);
		a->n_captures = i + 1;
		r = cb_agent_child_start(c, "capture", interface, json_array_get(jobs, i),
			cb_capture_options, &scratch, err);
		if (r)
			return cb_error_prepend(err, "jobs[%zu]", i);
	}
	return 0;
}

static int wait_ready(struct cb_agent *a, struct cb_error *err)
{
	int r = cb_agent_children_speak(
		a, a->captures, a->n_captures, cb_deadline_in(PREPARE_NS), err);

	for (size_t i = 0; !r && i < a->n_captures; i++)
		r = cb_agent_child_ready(&a->captures[i], err);
	return r;
}

static void watch_all(struct cb_agent *a, bool measure)
{
	if (!measure)
		cb_agent_softirq_drop(a);
	a->measuring = measure && cb_agent_softirq_want(a);
	for (size_t i = 0; a->measuring && i < a->n_captures; i++)
		cb_agent_softirq_watch(a, a->captures[i].worker);
}

int cb_agent_capture_prepare(
	struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	char interface[16];
	bool measure;
	json_t *jobs, *pids;
	int r = cb_agent_arg_interface(args, "interface", interface, err);

	if (!r)
		r = cb_agent_arg_bool(args, "measure", true, &measure, err);
	if (!r)
		r = cb_json_array(args, "jobs", &jobs, err);
	if (!r)
		r = tell_stamps(json_object_get(args, "traffic"), jobs, err);
	if (r)
		return r;
	r = start_all(a, interface, jobs, err);
	if (!r)
		r = wait_ready(a, err);
	if (r)
		goto out;
	watch_all(a, measure);
	pids = json_array();
	for (size_t i = 0; i < a->n_captures; i++)
		json_array_append_new(pids, json_integer(a->captures[i].process.pid));
	if (json_object_set_new(reply, "pids", pids))
		r = cb_error_memory(err, "the reply");
out:
	if (r)
		cb_agent_end_captures(a);
	else
		a->state |= CB_AGENT_CAPTURE;
	return r;
}

/* The record of one process, checked, with its softirq time settled. */
static int take_view(
	struct cb_agent *a, struct cb_agent_child *c, json_t *views, struct cb_error *err)
{
	struct cb_view_record record;
	json_t *line = NULL;
	int64_t softirq_ns = a->measuring ? cb_agent_softirq_of(a, c->worker) : CB_UNKNOWN;
	int r = cb_agent_child_take(c, &line, err);

	cb_view_record_init(&record);
	if (!r && (r = cb_view_record_read(&record, line, err)))
		cb_error_prepend(err, "%s: its record", c->name);
	if (!r) {
		cb_agent_softirq_settle(a, &record, softirq_ns);
		if (json_array_append_new(views, cb_view_record_json(&record)))
			r = cb_error_memory(err, "a view's record");
	}
	cb_view_record_finish(&record);
	json_decref(line);
	return r;
}

static int stop_all(struct cb_agent *a, uint64_t deadline, json_t *views, struct cb_error *err)
{
	int r = 0;

	for (size_t i = 0; i < a->n_captures; i++)
		cb_process_signal(&a->captures[i].process, SIGTERM);
	r = cb_agent_children_speak(a, a->captures, a->n_captures, deadline, err);
	for (size_t i = 0; !r && i < a->n_captures; i++)
		r = take_view(a, &a->captures[i], views, err);
	for (size_t i = 0; !r && i < a->n_captures; i++)
		r = cb_agent_child_reap(&a->captures[i], deadline, err);
	return r;
}

int cb_agent_capture_stop(
	struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	int64_t drain_ns = 0;
	json_t *views;
	int r = cb_agent_arg_time(args, "drain_ns", -1, &drain_ns, err);

	if (r)
		return r;
	views = json_array();
	r = stop_all(a, cb_deadline_in((uint64_t)drain_ns + SETTLE_NS), views, err);
	if (json_object_set_new(reply, "views", views) && !r)
		r = cb_error_memory(err, "the reply");
	cb_agent_end_captures(a);
	return r;
}
