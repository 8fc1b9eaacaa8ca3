/* What the phases of one attempt hand on. Internal to trial.c, prepare.c, window.c and settle.c. */
#ifndef CB_HARNESS_RUN_ATTEMPT_H
#define CB_HARNESS_RUN_ATTEMPT_H

#include "harness/record/record.h"
#include "harness/run/validity.h"
#include "harness/scenario/plan.h"
#include "harness/testbed/testbed.h"

#include <stdint.h>

/* A generator's part in it. */
struct cb_attempt_generator {
	const struct cb_testbed_end *end;
	pid_t pid;
	struct cb_counters before, after;
	uint64_t asked_before_ns, asked_after_ns; /* our time at these readings */
	struct cb_clock_offset clock;             /* only where there are several */
	struct cb_generator_record record;
};

/* A sensor's. */
struct cb_attempt_sensor {
	const struct cb_testbed_end *end;
	struct cb_link_readings readings; /* its senders are all generators together */
	int64_t net_rx_before, generator_softirq_ns;
	uint64_t asked_before_ns, asked_after_ns;
	struct cb_path_book path;
	struct cb_evidence_record evidence;
	size_t first_view, n_views; /* its own among the record's */
};

struct cb_attempt {
	struct cb_testbed *t;
	const struct cb_trial_spec *spec;
	const struct cb_layout *layout;
	uint32_t key;
	bool measure; /* full evidence */
	struct cb_attempt_generator *generators;
	size_t n_generators;
	struct cb_attempt_sensor *sensors;
	size_t n_sensors;
	struct cb_trial_record *record; /* NULL while calibrating */
	struct cb_generator_record *generator;
};

typedef int cb_attempt_phase(struct cb_attempt *a, struct cb_error *err);
cb_attempt_phase cb_attempt_prepare, cb_attempt_before, cb_attempt_generate, cb_attempt_drain,
	cb_attempt_stop, cb_attempt_after;

/* Ask the hosts of all sensors, or of all generators; args(a, i) is what the i-th is told. Replies
 * in the hosts' order; the caller releases them. */
typedef json_t *cb_attempt_args(const struct cb_attempt *a, size_t i);
int cb_attempt_ask_sensors(const struct cb_attempt *a, const char *request, cb_attempt_args *args,
	json_t **replies, uint64_t ns, struct cb_error *err);
int cb_attempt_ask_generators(const struct cb_attempt *a, const char *request,
	cb_attempt_args *args, json_t **replies, uint64_t ns, struct cb_error *err);

/* What the sensor's agent is to watch: where the generator is its neighbour, that one's process. */
cb_attempt_args cb_attempt_watched;
/* Both ends' counters, into the readings' `before` or `after`. */
int cb_attempt_read_counters(struct cb_attempt *a, bool after, struct cb_error *err);
/* NET_RX time so far on each sensor, and the softirq time that fell on the generator where it
 * shares the sensor's machine. */
int cb_attempt_read_softirq(struct cb_attempt *a, int64_t *net_rx_ns, struct cb_error *err);

#endif
