/* The phases before a frame is sent. */
#include "harness/base/clock.h"
#include "harness/run/attempt.h"
#include "harness/run/job.h"

#include <stdlib.h>

#define PREPARE_NS  (10 * CB_NS_PER_SEC)
#define COUNTERS_NS (5 * CB_NS_PER_SEC)

static json_t *receive_args(const struct cb_attempt *a, size_t i)
{
	return cb_job_receive(a->spec, a->layout, a->sensors[i].end);
}

/* Of several sensors on a link only one can be who the frames are for; all take them, being
 * promiscuous. */
static json_t *generate_options(const struct cb_attempt *a, size_t i)
{
	const struct cb_generate_part part = {
		.end = a->generators[i].end,
		.destination_mac = a->sensors[0].end->mac,
		.number = i,
		.of = a->n_generators,
	};

	return cb_job_generate(a->spec, a->layout, &part, a->key);
}

static json_t *capture_args(const struct cb_attempt *a, size_t i)
{
	json_t *jobs = json_array();

	for (int k = 0; jobs && k < a->layout->n_capture; k++)
		json_array_append_new(
			jobs, cb_job_capture(a->spec, a->layout, a->sensors[i].end, k, a->key));
	return json_pack("{s:s, s:o, s:o*, s:b}", "interface", a->sensors[i].end->interface, "jobs",
		jobs, "traffic", a->n_generators ? generate_options(a, 0) : NULL, "measure",
		a->measure);
}

static json_t *generate_args(const struct cb_attempt *a, size_t i)
{
	return json_pack("{s:s, s:o}", "interface", a->generators[i].end->interface, "options",
		generate_options(a, i));
}

static int prepare_generators(struct cb_attempt *a, struct cb_error *err)
{
	json_t *replies[CB_TESTBED_HOSTS_MAX] = {NULL};
	int r = cb_attempt_ask_generators(
		a, "generate-prepare", generate_args, replies, PREPARE_NS, err);
	int failed = r;

	for (size_t i = 0; !failed && i < a->n_generators; i++) {
		int64_t pid = 0;

		if (!r)
			r = cb_json_count(replies[i], "pid", &pid, err);
		a->generators[i].pid = (pid_t)pid;
		json_decref(replies[i]);
	}
	return r;
}

/* For the start: where there are several, their clocks against ours. */
static int read_clocks(struct cb_attempt *a, struct cb_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && a->n_generators > 1 && i < a->n_generators; i++)
		r = cb_host_clock(a->generators[i].end->host, &a->generators[i].clock, err);
	return r;
}

static json_t *sensor_queues(const struct cb_attempt *a, size_t i)
{
	return json_pack("{s:s, s:I}", "interface", a->sensors[i].end->interface, "queues",
		(json_int_t)a->spec->link.queues);
}

static json_t *generator_queues(const struct cb_attempt *a, size_t i)
{
	return json_pack("{s:s, s:I}", "interface", a->generators[i].end->interface, "queues",
		(json_int_t)a->spec->link.queues);
}

/* Both ends alike: the sender's TX queue says which RX queue a frame comes to. */
static int prepare_link(struct cb_attempt *a, struct cb_error *err)
{
	int r = 0;

	if (a->t->queues > 1)
		r = cb_attempt_ask_sensors(a, "link-queues", sensor_queues, NULL, PREPARE_NS, err);
	if (!r && a->t->queues > 1)
		r = cb_attempt_ask_generators(
			a, "link-queues", generator_queues, NULL, PREPARE_NS, err);
	/* As the host is set: by `host:` before the first trial, or by itself. */
	if (r || a->layout->receive_mode == CB_RECEIVE_CHOICE_HOST)
		return r;
	return cb_attempt_ask_sensors(a, "receive", receive_args, NULL, PREPARE_NS, err);
}

int cb_attempt_prepare(struct cb_attempt *a, struct cb_error *err)
{
	int r = prepare_link(a, err);

	if (!r && a->record)
		r = cb_attempt_ask_sensors(
			a, "capture-prepare", capture_args, NULL, PREPARE_NS, err);
	if (!r)
		r = prepare_generators(a, err);
	return r ? r : read_clocks(a, err);
}

int cb_attempt_before(struct cb_attempt *a, struct cb_error *err)
{
	int64_t net_rx_ns[CB_TESTBED_HOSTS_MAX];
	int r = cb_attempt_read_counters(a, false, err);

	if (!r && a->measure)
		r = cb_attempt_ask_sensors(a, "watch", cb_attempt_watched, NULL, COUNTERS_NS, err);
	if (!r && a->measure)
		r = cb_attempt_read_softirq(a, net_rx_ns, err);
	for (size_t i = 0; i < a->n_sensors; i++)
		a->sensors[i].net_rx_before = !r && a->measure ? net_rx_ns[i] : CB_UNKNOWN;
	return r;
}
