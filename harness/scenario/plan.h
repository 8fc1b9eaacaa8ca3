/*
 * A plan: the ordered list of trials that a scenario makes on a test-bed of a given shape, with
 * each cell's layout on the cores. Pure: it touches no host.
 */
#ifndef CB_HARNESS_SCENARIO_PLAN_H
#define CB_HARNESS_SCENARIO_PLAN_H

#include "harness/scenario/scenario.h"

#define CB_PROCESSES_MAX 64

#define CB_TESTBED_HOSTS_MAX 64
#define CB_TESTBED_NAME_MAX  64
#define CB_CORES_UNKNOWN     1024 /* a host that nobody has asked yet */

struct cb_sensor_shape {
	char name[CB_TESTBED_NAME_MAX];
	int cores;
};

/* What a plan needs to know of the test-bed. */
struct cb_testbed_shape {
	const char *kind; /* "local", "ssh"; NULL: local */
	/* Of the host that captures (and, when `shared`, generates); of several the fewest. */
	int cores;
	bool shared;         /* generator and sensor are one machine: the generator keeps core 0 */
	bool inline_receive; /* veth: without RPS or threads the sender's core does the receive work
			      */
	bool rps;            /* receive work can be steered to a core */
	bool rps_places;     /* and by nothing else is it put there */
	bool threaded;       /* threaded NAPI can be had */
	/* Names that `sensor` may be; none: there is one, and it has no name. */
	struct cb_sensor_shape sensors[CB_TESTBED_HOSTS_MAX];
	size_t n_sensors;
	char generators[CB_TESTBED_HOSTS_MAX][CB_TESTBED_NAME_MAX];
	size_t n_generators;
};

/*
 * Cores of each role; -1: not pinned. On a test-bed that names cores for its hosts they are indices
 * of that list, the host's own.
 */
struct cb_layout {
	int receive_mode; /* enum cb_receive_choice, never AUTO */
	int generator;    /* generators[0] */
	int receive;
	int generators[CB_THREADS_MAX]; /* of the generator's threads */
	int n_generators;
	int capture[CB_PROCESSES_MAX];
	int n_capture;
	char note[256]; /* what such a host can't show with this cell ("" nothing) */
};

/*
 * Cores for one cell. Letters: A is where the kernel receives; after the colon, where the capture
 * processes run ("A:A", "A:B", "A:B,C": processes take them in turn). CB_ERR_USAGE when the
 * combination makes no sense, CB_ERR_IMPOSSIBLE when the test-bed lacks cores or a way to steer the
 * receive work; both with what would be possible.
 */
int cb_layout_resolve(const struct cb_trial_spec *spec, const struct cb_testbed_shape *shape,
	struct cb_layout *layout, struct cb_error *err);

struct cb_planned_trial {
	size_t cell;
	int64_t repetition; /* from 0 */
};

struct cb_plan {
	const struct cb_scenario *scenario; /* borrowed */
	struct cb_layout *layouts;          /* by cell */
	char (*left_out)[256];              /* by cell: why it is not measured; "" it is */
	struct cb_planned_trial *trials;
	size_t n_trials;
	uint64_t seed;        /* the one that was used */
	int64_t estimated_ns; /* all trials, with set-up, drain and calibrations */
	int cores_needed;
};

/*
 * Cells whose why_not is set are left out, and those whose layout is impossible where the scenario
 * leaves out what is. CB_ERR_IMPOSSIBLE when none is left. `seed` 0: the scenario's, or else drawn
 * from the clock.
 */
int cb_plan_make(struct cb_plan **plan, const struct cb_scenario *s,
	const struct cb_testbed_shape *shape, uint64_t seed, struct cb_error *err);
void cb_plan_destroy(struct cb_plan *p);

#endif
