#include "harness/run/trial.h"

#include "harness/base/clock.h"
#include "harness/base/log.h"
#include "harness/base/units.h"
#include "harness/book/joined.h"
#include "harness/run/counters.h"
#include "harness/run/job.h"
#include "harness/run/validity.h"

#include <stdlib.h>

#define PREPARE_NS  (10 * CB_NS_PER_SEC)
#define COUNTERS_NS (5 * CB_NS_PER_SEC)
#define QUIET_NS    (2 * CB_NS_PER_SEC)
/* Beyond warm-up and duration: a generator on a busy host may be late with its record. */
#define GENERATE_MARGIN_NS (10 * CB_NS_PER_SEC)
#define CALIBRATION_NS     ((int64_t)(300 * CB_NS_PER_MS))
#define CALIBRATION_WARMUP ((int64_t)(50 * CB_NS_PER_MS))

/* What the phases of one attempt hand on. */
struct attempt {
	struct cb_testbed *t;
	const struct cb_trial_spec *spec;
	const struct cb_layout *layout;
	uint32_t key;
	bool measure; /* full evidence */
	pid_t generator_pid;
	int64_t net_rx_before;
	struct cb_link_readings readings;
	struct cb_trial_record *record; /* NULL while calibrating */
	struct cb_generator_record *generator;
};

static int call(struct cb_host *h, const char *request, json_t *args, json_t **reply, uint64_t ns,
	struct cb_error *err)
{
	return cb_host_call(h, request, args, reply, cb_deadline_in(ns), err);
}

static int prepare_capture(struct attempt *a, struct cb_error *err)
{
	json_t *jobs = json_array();

	for (int i = 0; jobs && i < a->layout->n_capture; i++)
		json_array_append_new(jobs, cb_job_capture(a->spec, a->layout, i, a->key));
	return call(a->t->sensor, "capture-prepare",
		json_pack("{s:s, s:o, s:o, s:b}", "interface", a->t->sensor_interface, "jobs", jobs,
			"traffic", cb_job_generate(a->spec, a->layout, a->t, a->key), "measure",
			a->measure),
		NULL, PREPARE_NS, err);
}

static int prepare_generator(struct attempt *a, struct cb_error *err)
{
	json_t *reply = NULL;
	int64_t pid = 0;
	int r = call(a->t->generator, "generate-prepare",
		json_pack("{s:s, s:o}", "interface", a->t->generator_interface, "options",
			cb_job_generate(a->spec, a->layout, a->t, a->key)),
		&reply, PREPARE_NS, err);

	if (!r)
		r = cb_json_count(reply, "pid", &pid, err);
	a->generator_pid = (pid_t)pid;
	json_decref(reply);
	return r;
}

static int set_queues(
	struct attempt *a, struct cb_host *h, const char *interface, struct cb_error *err)
{
	return call(h, "link-queues",
		json_pack("{s:s, s:I}", "interface", interface, "queues",
			(json_int_t)a->spec->link.queues),
		NULL, PREPARE_NS, err);
}

/* Both ends alike: the sender's TX queue says which RX queue a frame comes to. */
static int prepare_link(struct attempt *a, struct cb_error *err)
{
	int r = 0;

	if (a->t->queues > 1)
		r = set_queues(a, a->t->sensor, a->t->sensor_interface, err);
	if (!r && a->t->queues > 1)
		r = set_queues(a, a->t->generator, a->t->generator_interface, err);
	if (r)
		return r;
	return call(a->t->sensor, "receive", cb_job_receive(a->spec, a->layout, a->t), NULL,
		PREPARE_NS, err);
}

static int prepare(struct attempt *a, struct cb_error *err)
{
	int r = prepare_link(a, err);

	if (!r && a->record)
		r = prepare_capture(a, err);
	if (!r)
		r = prepare_generator(a, err);
	return r;
}

static int read_counters(
	struct cb_host *h, const char *interface, struct cb_counters *c, struct cb_error *err)
{
	json_t *reply = NULL;
	int r = call(h, "counters", json_pack("{s:s}", "interface", interface), &reply, COUNTERS_NS,
		err);

	if (!r)
		r = cb_counters_read(c, reply, err);
	json_decref(reply);
	return r;
}

/* NET_RX time so far on the sensor's host, and the softirq time that fell on the generator. */
static int read_softirq(
	struct attempt *a, int64_t *net_rx_ns, int64_t *generator_ns, struct cb_error *err)
{
	json_t *reply = NULL, *list, *first;
	int r = call(a->t->sensor, "evidence", json_pack("{s:[i]}", "pids", (int)a->generator_pid),
		&reply, COUNTERS_NS, err);

	*net_rx_ns = *generator_ns = CB_UNKNOWN;
	if (!r && json_is_true(json_object_get(reply, "available"))) {
		r = cb_json_count(reply, "net_rx_ns", net_rx_ns, err);
		if (!r)
			r = cb_json_array(reply, "softirq_ns", &list, err);
		first = r ? NULL : json_array_get(list, 0);
		if (json_is_integer(first))
			*generator_ns = json_integer_value(first);
	}
	json_decref(reply);
	return r;
}

static int before(struct attempt *a, struct cb_error *err)
{
	int64_t ignored;
	int r = read_counters(
		a->t->generator, a->t->generator_interface, &a->readings.sender_before, err);

	if (!r)
		r = read_counters(
			a->t->sensor, a->t->sensor_interface, &a->readings.receiver_before, err);
	if (!r && a->measure)
		r = call(a->t->sensor, "watch", json_pack("{s:[i]}", "pids", (int)a->generator_pid),
			NULL, COUNTERS_NS, err);
	if (!r && a->measure)
		r = read_softirq(a, &a->net_rx_before, &ignored, err);
	return r;
}

static int generate(struct attempt *a, struct cb_error *err)
{
	uint64_t ns = (uint64_t)(a->spec->warmup_ns + a->spec->duration_ns) + GENERATE_MARGIN_NS;
	json_t *reply = NULL, *record;
	int r = call(a->t->generator, "generate-go",
		json_pack("{s:I}", "timeout_ns", (json_int_t)(ns - CB_NS_PER_SEC)), &reply, ns,
		err);

	if (!r)
		r = cb_json_object(reply, "generator", &record, err);
	if (!r)
		r = cb_generator_record_read(a->generator, record, err);
	cb_text_copy(a->generator->transmitter_why, sizeof(a->generator->transmitter_why),
		a->spec->generator.why);
	json_decref(reply);
	return r;
}

static int drain(struct attempt *a, struct cb_error *err)
{
	return call(a->t->sensor, "quiet",
		json_pack("{s:s, s:I}", "interface", a->t->sensor_interface, "timeout_ns",
			(json_int_t)QUIET_NS),
		NULL, QUIET_NS + CB_NS_PER_SEC, err);
}

static int take_views(struct cb_trial_record *record, const json_t *views, struct cb_error *err)
{
	json_t *view;
	size_t i;

	record->views = calloc(json_array_size(views) + 1, sizeof(*record->views));
	if (!record->views)
		return cb_error_memory(err, "views");
	json_array_foreach(views, i, view)
	{
		cb_view_record_init(&record->views[i]);
		record->n_views = i + 1;
		if (cb_view_record_read(&record->views[i], view, err))
			return cb_error_prepend(err, "view %zu", i);
	}
	if (cb_views_join_groups(record->views, &record->n_views))
		return cb_error_memory(err, "views");
	return 0;
}

static int stop(struct attempt *a, struct cb_error *err)
{
	json_t *reply = NULL, *views;
	int r = call(a->t->sensor, "capture-stop",
		json_pack("{s:I}", "drain_ns", (json_int_t)a->spec->drain_ns), &reply,
		(uint64_t)a->spec->drain_ns + PREPARE_NS, err);

	if (!r)
		r = cb_json_array(reply, "views", &views, err);
	if (!r)
		r = take_views(a->record, views, err);
	json_decref(reply);
	return r;
}

/* What the generator's process used by itself: softirqs that interrupted it are the receive path's.
 */
static void take_generator_softirq(struct cb_generator_record *g, int64_t softirq_ns)
{
	g->softirq_ns = softirq_ns;
}

static int after(struct attempt *a, struct cb_error *err)
{
	struct cb_evidence_record *e = &a->record->evidence;
	int64_t net_rx = CB_UNKNOWN, generator = CB_UNKNOWN;
	int r = read_counters(
		a->t->generator, a->t->generator_interface, &a->readings.sender_after, err);

	if (!r)
		r = read_counters(
			a->t->sensor, a->t->sensor_interface, &a->readings.receiver_after, err);
	if (!r && a->measure)
		r = read_softirq(a, &net_rx, &generator, err);
	if (r)
		return r;
	cb_counters_evidence(&a->readings.receiver_before, &a->readings.receiver_after, e);
	e->receive_softirq_ns = cb_count_subtract(net_rx, a->net_rx_before);
	take_generator_softirq(a->generator, generator);
	cb_path_settle(&a->record->path, &a->readings);
	cb_trial_judge(a->record, &a->readings);
	return 0;
}

struct phase {
	const char *name;
	int (*run)(struct attempt *a, struct cb_error *err);
	bool calibration; /* a generator-only attempt has it too */
};

static const struct phase phases[] = {
	{"prepare", prepare, true},
	{"before", before, false},
	{"generate", generate, true},
	{"drain", drain, false},
	{"stop", stop, false},
	{"after", after, false},
};

/* Whatever went wrong, nothing of the attempt goes on. */
static void abandon(struct cb_testbed *t)
{
	struct cb_error ignored = {0};
	sig_atomic_t stop_signal = cb_testbed_stop;

	cb_testbed_stop = 0; /* the last words must get through */
	call(t->generator, "abort", NULL, NULL, COUNTERS_NS, &ignored);
	call(t->sensor, "abort", NULL, NULL, COUNTERS_NS, &ignored);
	if (!cb_testbed_stop)
		cb_testbed_stop = stop_signal;
}

static int run_phases(struct attempt *a, struct cb_error *err)
{
	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		uint64_t start = cb_now_ns();
		int r;

		if (!a->record && !phases[i].calibration)
			continue;
		r = phases[i].run(a, err);
		cb_debug("phase %s: %.1f ms", phases[i].name, (double)(cb_now_ns() - start) / 1e6);
		if (r) {
			abandon(a->t);
			return cb_error_prepend(err, "phase %s", phases[i].name);
		}
	}
	return 0;
}

int cb_trial_run(struct cb_testbed *t, const struct cb_trial_spec *spec,
	const struct cb_layout *layout, uint32_t key, struct cb_trial_record *record,
	struct cb_error *err)
{
	struct attempt a = {
		.t = t,
		.spec = spec,
		.layout = layout,
		.key = key,
		.measure = spec->evidence == 0,
		.net_rx_before = CB_UNKNOWN,
		.readings = {.threaded = layout->receive_mode == CB_RECEIVE_CHOICE_THREADED,
			.veth = t->shape.inline_receive,
			.napi = spec->napi == CB_NAPI_ON},
		.record = record,
		.generator = &record->generator,
	};

	return run_phases(&a, err);
}

int cb_trial_calibrate(struct cb_testbed *t, const struct cb_trial_spec *spec,
	const struct cb_layout *layout, uint32_t key, double *ceiling_pps, struct cb_error *err)
{
	struct cb_trial_spec fastest = *spec;
	struct cb_generator_record generator;
	struct attempt a = {
		.t = t,
		.spec = &fastest,
		.layout = layout,
		.key = key,
		.generator = &generator,
	};
	int r;

	fastest.traffic.rate = CB_RATE_MAX;
	cb_text_copy(fastest.traffic.arrival, sizeof(fastest.traffic.arrival), "constant");
	fastest.duration_ns = CALIBRATION_NS;
	fastest.warmup_ns = CALIBRATION_WARMUP;
	cb_generator_record_init(&generator);
	r = run_phases(&a, err);
	*ceiling_pps = generator.offered_pps;
	cb_generator_record_finish(&generator);
	return r;
}
