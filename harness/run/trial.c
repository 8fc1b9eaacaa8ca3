#include "harness/run/trial.h"

#include "harness/base/clock.h"
#include "harness/base/log.h"
#include "harness/base/text.h"
#include "harness/base/units.h"
#include "harness/run/attempt.h"

#include <stdlib.h>
#include <string.h>

#define ABORT_NS           (5 * CB_NS_PER_SEC)
#define CALIBRATION_NS     ((int64_t)(300 * CB_NS_PER_MS))
#define CALIBRATION_WARMUP ((int64_t)(50 * CB_NS_PER_MS))

struct phase {
	const char *name;
	cb_attempt_phase *run;
	bool calibration; /* a generator-only attempt has it too */
};

static const struct phase phases[] = {
	{"prepare", cb_attempt_prepare, true},
	{"before", cb_attempt_before, false},
	{"generate", cb_attempt_generate, true},
	{"drain", cb_attempt_drain, false},
	{"stop", cb_attempt_stop, false},
	{"after", cb_attempt_after, false},
};

/*
 * Whatever went wrong, nothing of the attempt goes on. An agent that turns out to be gone is the
 * cause of what another one said, whose link has lost its other end: CB_ERR_HOST and how it ended;
 * else 0.
 */
static int abandon(const struct cb_attempt *a, struct cb_error *gone)
{
	struct cb_host *hosts[2 * CB_TESTBED_HOSTS_MAX];
	sig_atomic_t stop_signal = cb_testbed_stop;
	int cause = 0;
	uint64_t deadline = cb_deadline_in(ABORT_NS);
	size_t n = 0;

	cb_testbed_stop = 0; /* the last words must get through */
	for (size_t i = 0; i < a->n_generators; i++)
		hosts[n++] = a->generators[i].end->host;
	for (size_t i = 0; i < a->n_sensors; i++)
		hosts[n++] = a->sensors[i].end->host;
	for (size_t i = 0; i < n; i++) {
		struct cb_error e = {0};

		if (cb_host_is_broken(hosts[i]))
			hosts[i] = NULL;
		else if (cb_host_send(hosts[i], "abort", NULL, &e) == CB_ERR_HOST) {
			hosts[i] = NULL;
			cause = CB_ERR_HOST;
			*gone = e;
		}
	}
	for (size_t i = 0; i < n; i++) {
		struct cb_error e = {0};

		if (hosts[i] && cb_host_collect(hosts[i], NULL, deadline, &e) == CB_ERR_HOST) {
			cause = CB_ERR_HOST;
			*gone = e;
		}
	}
	if (!cb_testbed_stop)
		cb_testbed_stop = stop_signal;
	return cause;
}

static int run_phases(struct cb_attempt *a, struct cb_error *err)
{
	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		uint64_t start = cb_now_ns();
		int r;

		if (!a->record && !phases[i].calibration)
			continue;
		r = phases[i].run(a, err);
		cb_debug("phase %s: %.1f ms", phases[i].name, (double)(cb_now_ns() - start) / 1e6);
		if (r) {
			struct cb_error gone = {0};

			if (abandon(a, &gone) && r != CB_ERR_HOST && r != CB_ERR_INTERRUPTED && err)
				*err = gone;
			return cb_error_prepend(err, "phase %s", phases[i].name);
		}
	}
	return 0;
}

static bool is_wanted(const struct cb_trial_spec *spec, const struct cb_testbed_end *sensor)
{
	return !*spec->sensor || strcmp(spec->sensor, "all") == 0 ||
		strcmp(spec->sensor, sensor->name) == 0;
}

bool cb_trial_can_run(const struct cb_testbed *t, const struct cb_trial_spec *spec)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_generators; i++)
		if (!t->generators[i].host)
			return false;
	for (size_t i = 0; i < t->n_sensors; i++) {
		const struct cb_testbed_end *wire = t->sensors[i].wire.at;

		if (is_wanted(spec, &t->sensors[i]) &&
			(!t->sensors[i].host || (wire && !wire->host)))
			return false;
		n += is_wanted(spec, &t->sensors[i]);
	}
	return n > 0;
}

static bool is_veth(const struct cb_testbed_end *end)
{
	return strcmp(end->driver, "veth") == 0;
}

static void add_sensor(struct cb_attempt *a, const struct cb_testbed_end *end)
{
	struct cb_attempt_sensor *s = &a->sensors[a->n_sensors++];
	const struct cb_testbed *t = a->t;

	*s = (struct cb_attempt_sensor){
		.end = end,
		.net_rx_before = CB_UNKNOWN,
		.generator_softirq_ns = CB_UNKNOWN,
		.readings = {.threaded = a->layout->receive_mode == CB_RECEIVE_CHOICE_THREADED ||
				a->spec->host_threaded,
			.veth = t->shape.inline_receive,
			.napi = a->spec->napi == CB_NAPI_ON,
			.remote = !t->shape.shared,
			.wired = end->wire.at,
			.veth_wire = strcmp(end->wire.driver, "veth") == 0,
			.veth_sender = t->n_generators > 0,
			.alone = t->n_generators == 0,
			.veth_receiver = is_veth(end)},
	};
	for (size_t i = 0; i < t->n_generators; i++)
		s->readings.veth_sender &= is_veth(&t->generators[i]);
}

/* The hosts that take part. */
static int gather(struct cb_attempt *a, struct cb_error *err)
{
	const struct cb_testbed *t = a->t;

	if (!cb_trial_can_run(t, a->spec))
		return cb_error_set(err, CB_ERR_HOST, "a host of this trial is gone");
	a->generators = calloc(t->n_generators, sizeof(*a->generators));
	a->sensors = calloc(t->n_sensors, sizeof(*a->sensors));
	if (!a->generators || !a->sensors)
		return cb_error_memory(err, "the trial");
	for (size_t i = 0; i < t->n_generators; i++) {
		a->generators[a->n_generators].end = &t->generators[i];
		cb_generator_record_init(&a->generators[a->n_generators++].record);
	}
	for (size_t i = 0; i < t->n_sensors; i++)
		if (is_wanted(a->spec, &t->sensors[i]))
			add_sensor(a, &t->sensors[i]);
	return 0;
}

static int carry_out(struct cb_attempt *a, struct cb_error *err)
{
	int r = gather(a, err);

	if (!r)
		r = run_phases(a, err);
	for (size_t i = 0; i < a->n_generators; i++)
		cb_generator_record_finish(&a->generators[i].record);
	free(a->generators);
	free(a->sensors);
	return r;
}

int cb_trial_run(struct cb_testbed *t, const struct cb_trial_spec *spec,
	const struct cb_layout *layout, uint32_t key, struct cb_trial_record *record,
	struct cb_error *err)
{
	struct cb_attempt a = {
		.t = t,
		.spec = spec,
		.layout = layout,
		.key = key,
		.measure = spec->evidence == 0,
		.record = record,
		.generator = &record->generator,
	};

	return carry_out(&a, err);
}

int cb_trial_calibrate(struct cb_testbed *t, const struct cb_trial_spec *spec,
	const struct cb_layout *layout, uint32_t key, double *ceiling_pps, struct cb_error *err)
{
	struct cb_trial_spec fastest = *spec;
	struct cb_generator_record generator;
	struct cb_attempt a = {
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
	r = carry_out(&a, err);
	*ceiling_pps = generator.offered_pps;
	cb_generator_record_finish(&generator);
	return r;
}
