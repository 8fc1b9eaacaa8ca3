#include "harness/scenario/plan.h"

#include "harness/base/clock.h"
#include "harness/base/random.h"
#include "harness/scenario/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Measured on a two-core VM: namespaces are there, processes start, books are taken. */
#define TRIAL_EXTRA_NS (150 * INT64_C(1000000))
#define CALIBRATION_NS (600 * INT64_C(1000000))
#define CAPACITY_NS    (8 * INT64_C(1000000000)) /* the search for one */
#define SEED_BITS      53                        /* what every JSON reader keeps exactly */

/* Trials that differ in nothing of this share one calibration of the generator. */
struct calibration {
	int64_t frame_size, flows;
	const char *transmitter, *sizes, *payload;
	int generator, receive, receive_mode;
	const struct cb_layout *layout; /* of several threads */
};

static int compare_int(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_calibrations(const void *left, const void *right)
{
	const struct calibration *a = left, *b = right;
	int by = compare_int(a->frame_size, b->frame_size);

	if (!by)
		by = compare_int(a->flows, b->flows);
	if (!by)
		by = strcmp(a->sizes, b->sizes);
	if (!by)
		by = strcmp(a->payload, b->payload);
	if (!by)
		by = compare_int(a->generator, b->generator);
	if (!by)
		by = compare_int(a->receive, b->receive);
	if (!by)
		by = compare_int(a->receive_mode, b->receive_mode);
	if (!by)
		by = compare_int(a->layout->n_generators, b->layout->n_generators);
	if (!by)
		by = memcmp(a->layout->generators, b->layout->generators,
			(size_t)a->layout->n_generators * sizeof(a->layout->generators[0]));
	return by ? by : strcmp(a->transmitter, b->transmitter);
}

static int count_calibrations(const struct cb_plan *p, int64_t *count, struct cb_error *err)
{
	size_t n = 0;
	struct calibration *all = calloc(p->scenario->n_cells, sizeof(*all));

	if (!all)
		return cb_error_memory(err, "a plan");
	for (size_t i = 0; i < p->scenario->n_cells; i++) {
		const struct cb_trial_spec *spec = &p->scenario->cells[i].spec;
		const struct cb_layout *layout = &p->layouts[i];

		if (p->left_out[i][0])
			continue;
		all[n++] = (struct calibration){
			.frame_size = spec->traffic.frame_size,
			.flows = spec->traffic.flows,
			.sizes = spec->traffic.sizes,
			.payload = spec->traffic.payload,
			.transmitter = spec->generator.transmitter,
			.generator = layout->generator,
			.receive = layout->receive,
			.receive_mode = layout->receive_mode,
			.layout = layout,
		};
	}
	qsort(all, n, sizeof(*all), compare_calibrations);
	*count = 1;
	for (size_t i = 1; i < n; i++)
		*count += compare_calibrations(&all[i - 1], &all[i]) != 0;
	free(all);
	return 0;
}

static int estimate(struct cb_plan *p, struct cb_error *err)
{
	const struct cb_scenario *s = p->scenario;
	int64_t calibrations = 0;
	int rc = count_calibrations(p, &calibrations, err);

	if (rc)
		return rc;
	p->estimated_ns = calibrations * CALIBRATION_NS + (int64_t)s->n_capacities * CAPACITY_NS;
	/* at most 10^5 trials of 2^47 ns */
	for (size_t i = 0; i < s->n_cells; i++) {
		const struct cb_trial_spec *spec = &s->cells[i].spec;
		int64_t trial = spec->warmup_ns + spec->duration_ns + TRIAL_EXTRA_NS, all;

		if (p->left_out[i][0])
			continue;
		if (__builtin_mul_overflow(trial, s->repetitions, &all) ||
			__builtin_add_overflow(p->estimated_ns, all, &p->estimated_ns))
			p->estimated_ns = INT64_MAX;
	}
	return 0;
}

static void need_core(struct cb_plan *p, int core)
{
	if (core >= p->cores_needed)
		p->cores_needed = core + 1;
}

static int make_layouts(
	struct cb_plan *p, const struct cb_testbed_shape *shape, struct cb_error *err)
{
	const struct cb_scenario *s = p->scenario;

	p->cores_needed = 1;
	for (size_t i = 0; i < s->n_cells; i++) {
		const struct cb_cell *cell = &s->cells[i];
		struct cb_layout *layout = &p->layouts[i];
		struct cb_error why = {0};
		int rc;

		cb_text_copy(p->left_out[i], sizeof(p->left_out[i]), cell->why_not);
		rc = cb_layout_resolve(&cell->spec, shape, layout, &why);
		if (rc == CB_ERR_IMPOSSIBLE && s->leave_out) {
			snprintf(p->left_out[i], sizeof(p->left_out[i]), "%.255s", why.text);
			rc = 0;
		}
		if (p->left_out[i][0])
			continue;
		if (rc && err)
			*err = why;
		if (rc && cell->placement_line)
			cb_error_prepend(err, "%s:%d:%d", s->path, cell->placement_line,
				cell->placement_column);
		else if (rc)
			cb_error_prepend(err, "%s", s->path);
		if (rc)
			return rc;
		need_core(p, layout->receive);
		for (int g = 0; shape->shared && g < layout->n_generators; g++)
			need_core(p, layout->generators[g]);
		for (int c = 0; c < layout->n_capture; c++)
			need_core(p, layout->capture[c]);
	}
	return 0;
}

static uint64_t draw_seed(void)
{
	struct cb_random random = {.state = cb_real_ns() ^ cb_now_ns() << 20};
	uint64_t seed;

	do
		seed = cb_random_next(&random) >> (64 - SEED_BITS);
	while (!seed);
	return seed;
}

static int count_trials(struct cb_plan *p, struct cb_error *err)
{
	size_t cells = 0;

	for (size_t i = 0; i < p->scenario->n_cells; i++)
		cells += !p->left_out[i][0];
	p->n_trials = cells * (size_t)p->scenario->repetitions;
	if (!cells)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%s: nothing of it can be measured here: %s", p->scenario->path,
			p->left_out[0]);
	return 0;
}

int cb_plan_make(struct cb_plan **plan, const struct cb_scenario *s,
	const struct cb_testbed_shape *shape, uint64_t seed, struct cb_error *err)
{
	struct cb_plan *p = calloc(1, sizeof(*p));
	int rc;

	*plan = NULL;
	if (!p)
		return cb_error_memory(err, "a plan");
	p->scenario = s;
	p->seed = seed ? seed : s->seed ? s->seed : draw_seed();
	p->layouts = calloc(s->n_cells, sizeof(*p->layouts));
	p->left_out = calloc(s->n_cells, sizeof(*p->left_out));
	p->trials = calloc(s->n_cells * (size_t)s->repetitions, sizeof(*p->trials));
	if (!p->layouts || !p->left_out || !p->trials) {
		cb_plan_destroy(p);
		return cb_error_memory(err, "a plan");
	}
	rc = make_layouts(p, shape, err);
	if (!rc)
		rc = count_trials(p, err);
	if (!rc)
		rc = estimate(p, err);
	if (!rc)
		rc = cb_plan_order(p, err);
	if (rc) {
		cb_plan_destroy(p);
		return rc;
	}
	*plan = p;
	return 0;
}

void cb_plan_destroy(struct cb_plan *p)
{
	if (!p)
		return;
	free(p->layouts);
	free(p->left_out);
	free(p->trials);
	free(p);
}
