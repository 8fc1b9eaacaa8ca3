/* placement and receive -> cores, on a test-bed of a given shape. */
#include "harness/scenario/placement.h"

#include <stdio.h>
#include <string.h>

struct resolver {
	const struct cb_trial_spec *spec;
	const struct cb_testbed_shape *shape;
	int cores; /* of the sensor, or of the one that has fewest */
	struct cb_placement placement;
	struct cb_layout *layout;
	struct cb_error *err;
};

/* Receive work that is done by whoever sends: it can't be put on a core of its own. */
static bool is_inline(const struct resolver *r)
{
	return r->shape->inline_receive && r->layout->receive_mode == CB_RECEIVE_CHOICE_SOFTIRQ;
}

/*
 * AUTO: steered when the placement says where and the test-bed can, as the kernel does it by itself
 * otherwise.
 */
static int resolve_mode(struct resolver *r)
{
	const struct cb_testbed_shape *shape = r->shape;
	bool placed = r->placement.kind == CB_PLACEMENT_LETTERS || r->placement.receive >= 0;
	int mode = r->spec->receive;

	if (mode == CB_RECEIVE_CHOICE_AUTO)
		mode = (shape->inline_receive || shape->rps_places) && shape->rps && placed
			? CB_RECEIVE_CHOICE_RPS
			: CB_RECEIVE_CHOICE_SOFTIRQ;
	if (mode == CB_RECEIVE_CHOICE_RPS && !shape->rps)
		return cb_error_set(r->err, CB_ERR_IMPOSSIBLE,
			"trial.receive: rps is not possible on this test-bed (it takes root): use "
			"receive: "
			"softirq");
	if (mode == CB_RECEIVE_CHOICE_THREADED && !shape->threaded)
		return cb_error_set(r->err, CB_ERR_IMPOSSIBLE,
			"trial.receive: threaded is not possible on this test-bed (it takes root): "
			"use receive: softirq");
	if (mode == CB_RECEIVE_CHOICE_RPS && !placed)
		return cb_error_set(r->err, CB_ERR_USAGE,
			"trial.receive: rps steers the receive work to a core, and placement %s "
			"names "
			"none: "
			"use receive: auto",
			r->spec->placement);
	if (mode == CB_RECEIVE_CHOICE_HOST && placed)
		return cb_error_set(r->err, CB_ERR_USAGE,
			"trial.placement: %s says where the kernel receives, but with receive: "
			"host "
			"that is for host.rps, host.napi_cores or host.irq_affinity to say: use "
			"{generator: [0], capture: [1]} or auto",
			r->spec->placement);
	r->layout->receive_mode = mode;
	return 0;
}

static void unpinned(struct cb_layout *layout)
{
	layout->generator = 0;
	layout->receive = -1;
	for (int i = 0; i < layout->n_capture; i++)
		layout->capture[i] = -1;
}

/* How many cores the letters name, and whether a capture process shares the receive core. */
static int count_letters(const struct cb_placement *p, bool *same)
{
	int last = 0;

	*same = false;
	for (int i = 0; i < p->n_capture; i++) {
		if (p->capture[i] > last)
			last = p->capture[i];
		if (!p->capture[i])
			*same = true;
	}
	return last + 1;
}

static int refuse_inline(const struct resolver *r)
{
	const char *placement = r->spec->placement;

	if (r->shape->rps)
		return cb_error_set(r->err, CB_ERR_USAGE,
			"trial.placement: %s: with receive: softirq the generator's core does the "
			"receive "
			"work on this test-bed: use receive: rps",
			placement);
	return cb_error_set(r->err, CB_ERR_IMPOSSIBLE,
		"trial.placement: %s needs receive work that can be put on a core (receive: rps, "
		"which "
		"takes "
		"root): run as root, or pick cells with --only placement=A:B",
		placement);
}

/*
 * The generator keeps core 0 where it shares the host; letters follow. When there are too few
 * cores, the receive path (A) moves to the generator's: it, not the capture process, is what the
 * placement compares.
 */
static int place_letters(struct resolver *r)
{
	const struct cb_placement *p = &r->placement;
	struct cb_layout *layout = r->layout;
	int cores = r->cores, base = r->shape->shared ? 1 : 0;
	bool same;
	int letters = count_letters(p, &same);

	if (cores > 1 && is_inline(r) && same)
		return refuse_inline(r);
	if (base + letters > cores || is_inline(r)) {
		if (cores > 1 && (letters > cores || same))
			return cb_error_set(r->err, CB_ERR_IMPOSSIBLE,
				"trial.placement: %s needs %d cores, and this test-bed has %d",
				r->spec->placement, same ? base + letters : letters, cores);
		base = 0;
	}
	layout->generator = 0;
	layout->receive = cores > 1 ? base : 0;
	for (int i = 0; i < layout->n_capture; i++)
		layout->capture[i] = cores > 1 ? base + p->capture[i % p->n_capture] : 0;
	return 0;
}

static int check_core(const struct resolver *r, const char *role, int core)
{
	if (core < r->cores)
		return 0;
	return cb_error_set(r->err, CB_ERR_IMPOSSIBLE,
		"trial.placement: %s: there is no core %d: this test-bed has %d, from 0", role,
		core, r->cores);
}

static int place_cores(struct resolver *r)
{
	const struct cb_placement *p = &r->placement;
	struct cb_layout *layout = r->layout;
	int rc = 0;

	/* another host's cores are not known here */
	for (int i = 0; r->shape->shared && i < p->n_generators && !rc; i++)
		rc = check_core(r, "generator", p->generators[i]);
	if (!rc)
		rc = check_core(r, "receive", p->receive);
	for (int i = 0; i < p->n_capture && !rc; i++)
		rc = check_core(r, "capture", p->capture[i]);
	if (rc)
		return rc;
	layout->generator = p->generator;
	layout->receive = p->receive;
	for (int i = 0; i < layout->n_capture; i++)
		layout->capture[i] = p->n_capture ? p->capture[i % p->n_capture] : -1;
	if (!is_inline(r) || p->receive < 0 || p->receive == p->generator)
		return 0;
	return refuse_inline(r);
}

static bool is_taken(const struct cb_layout *layout, int core)
{
	bool taken = core == layout->receive;

	for (int i = 0; i < layout->n_capture; i++)
		taken |= core == layout->capture[i];
	for (int i = 0; i < layout->n_generators; i++)
		taken |= core == layout->generators[i];
	return taken;
}

/* A core for one more of the generator's threads: one that nobody has, or the generator's own. */
static int spare_core(const struct resolver *r)
{
	for (int core = 0; r->shape->shared && core < r->shape->cores; core++) {
		if (!is_taken(r->layout, core))
			return core;
	}
	return r->layout->generator;
}

static void place_threads(struct resolver *r)
{
	const struct cb_placement *p = &r->placement;
	struct cb_layout *layout = r->layout;

	layout->generators[layout->n_generators++] = layout->generator;
	while (layout->n_generators < r->spec->generator.threads &&
		layout->n_generators < CB_THREADS_MAX) {
		int core = p->n_generators > 1
			? p->generators[layout->n_generators % p->n_generators]
			: spare_core(r);

		layout->generators[layout->n_generators++] = core;
	}
}

static bool threads_share(const struct cb_layout *layout)
{
	bool share = false;

	for (int i = 0; i < layout->n_generators; i++)
		for (int k = 0; k < i; k++)
			share |= layout->generators[i] >= 0 &&
				layout->generators[i] == layout->generators[k];
	return share;
}

static void note(const struct resolver *r)
{
	struct cb_layout *layout = r->layout;
	bool on_generator = is_inline(r) ||
		(r->shape->shared && layout->receive >= 0 && layout->receive == layout->generator);
	const char *text = "";

	if (r->cores < 2)
		text = "one core does everything: placements can't be told apart";
	else if (on_generator && layout->receive_mode == CB_RECEIVE_CHOICE_THREADED)
		text = "the receive thread shares the generator's core: the link refuses frames "
		       "early, whatever the capture process does";
	else if (on_generator)
		text = "the receive path shares the generator's core: the generator is slowed "
		       "instead of frames being lost";
	else if (threads_share(layout))
		text = "threads of the generator share a core: together they make no more than one";
	snprintf(layout->note, sizeof(layout->note), "%s", text);
}

/* The sensors that the cell is for, and their cores. */
static int find_sensor(struct resolver *r)
{
	const struct cb_testbed_shape *shape = r->shape;
	struct cb_text known = {0};
	int rc;

	r->cores = shape->cores;
	if (!*r->spec->sensor || strcmp(r->spec->sensor, "all") == 0)
		return 0;
	for (size_t i = 0; i < shape->n_sensors; i++) {
		if (strcmp(shape->sensors[i].name, r->spec->sensor) == 0) {
			r->cores = shape->sensors[i].cores;
			cb_text_finish(&known);
			return 0;
		}
		cb_text_addf(&known, ", %s", shape->sensors[i].name);
	}
	rc = cb_error_set(r->err, CB_ERR_USAGE,
		"trial.sensor: %s is no sensor of this test-bed: it may be all%s", r->spec->sensor,
		cb_text_get(&known));
	cb_text_finish(&known);
	return rc;
}

int cb_layout_resolve(const struct cb_trial_spec *spec, const struct cb_testbed_shape *shape,
	struct cb_layout *layout, struct cb_error *err)
{
	struct resolver r = {.spec = spec, .shape = shape, .layout = layout, .err = err};
	int rc = cb_placement_parse(spec->placement, &r.placement, err);

	if (rc)
		return rc;
	*layout = (struct cb_layout){.n_capture = (int)spec->capture.processes};
	if (spec->capture.processes < 1 || spec->capture.processes > CB_PROCESSES_MAX)
		return cb_error_set(err, CB_ERR_USAGE,
			"trial.capture.processes: 1 to %d are possible", CB_PROCESSES_MAX);
	rc = find_sensor(&r);
	if (!rc)
		rc = resolve_mode(&r);
	if (rc)
		return rc;
	if (r.placement.kind == CB_PLACEMENT_AUTO)
		unpinned(layout);
	else if (r.placement.kind == CB_PLACEMENT_LETTERS)
		rc = place_letters(&r);
	else
		rc = place_cores(&r);
	if (rc)
		return rc;
	place_threads(&r);
	note(&r);
	return 0;
}
