#include "harness/run/calibration.h"

#include "harness/base/log.h"
#include "harness/base/units.h"
#include "harness/run/trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ATTEMPTS 3

/* Cells with the same ceiling: what the generator does and where the kernel receives are alike. */
static bool alike(const struct cb_plan *p, size_t a, size_t b)
{
	const struct cb_trial_spec *x = &p->scenario->cells[a].spec,
				   *y = &p->scenario->cells[b].spec;
	const struct cb_layout *l = &p->layouts[a], *m = &p->layouts[b];

	return x->traffic.frame_size == y->traffic.frame_size &&
		x->traffic.flows == y->traffic.flows && x->link.queues == y->link.queues &&
		strcmp(x->traffic.sizes, y->traffic.sizes) == 0 &&
		strcmp(x->traffic.payload, y->traffic.payload) == 0 &&
		strcmp(x->traffic.frame, y->traffic.frame) == 0 &&
		strcmp(x->generator.transmitter, y->generator.transmitter) == 0 &&
		l->receive_mode == m->receive_mode && l->generator == m->generator &&
		l->receive == m->receive && l->n_generators == m->n_generators &&
		!memcmp(l->generators, m->generators,
			(size_t)l->n_generators * sizeof(l->generators[0]));
}

static json_t *line_of(const struct cb_plan *p, size_t first, json_t *cells, double ceiling_pps)
{
	const struct cb_trial_spec *spec = &p->scenario->cells[first].spec;
	const struct cb_layout *l = &p->layouts[first];

	return json_pack("{s:i, s:{s:I, s:s, s:i, s:i}, s:o, s:f}", "schema", CB_RECORD_SCHEMA,
		"params", "traffic.frame_size", (json_int_t)spec->traffic.frame_size,
		"generator.transmitter", spec->generator.transmitter, "generator_core",
		l->generator, "receive_core", l->receive, "cells", cells, "ceiling_pps",
		ceiling_pps);
}

/* On a host that is busy elsewhere the whole of a short attempt may pass without a frame. */
static int find_ceiling(struct cb_testbed *t, const struct cb_plan *plan, size_t cell, uint32_t key,
	double *ceiling_pps, struct cb_error *err)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		int r = cb_trial_calibrate(t, &plan->scenario->cells[cell].spec,
			&plan->layouts[cell], key + (uint32_t)i, ceiling_pps, err);

		if (r || *ceiling_pps > 0)
			return r ? cb_error_prepend(err, "calibration") : 0;
	}
	return cb_error_set(err, CB_ERR_HOST,
		"calibration: in %d attempts the generator got no frame out: its host is too busy",
		ATTEMPTS);
}

static int calibrate_group(struct cb_run_directory *d, struct cb_testbed *t,
	const struct cb_plan *plan, size_t first, json_t *cells, uint32_t key, struct cb_error *err)
{
	double ceiling = 0;
	char text[32];
	json_t *line;
	int64_t bytes;
	int r = find_ceiling(t, plan, first, key, &ceiling, err);

	if (r) {
		json_decref(cells);
		return r;
	}
	cb_debug("the generator's ceiling with receive work on core %d: %s",
		plan->layouts[first].receive,
		cb_unit_human(CB_UNIT_RATE, ceiling, text, sizeof(text)));
	line = line_of(plan, first, cells, ceiling);
	r = cb_lines_append(d->calibration_fd, "calibration.jsonl", line, &bytes, err);
	json_decref(line);
	d->journal.calibration_bytes = bytes;
	return r;
}

int cb_calibrate(struct cb_run_directory *d, struct cb_testbed *t, const struct cb_plan *plan,
	uint32_t key, struct cb_error *err)
{
	size_t n = plan->scenario->n_cells;
	bool *done;
	int r = 0;

	if (d->journal.calibrated)
		return 0;
	if (ftruncate(d->calibration_fd, 0))
		return cb_error_errno(
			err, CB_ERR_INTERNAL, errno, "calibration.jsonl can't be cut");
	done = calloc(n, sizeof(*done));
	if (!done)
		return cb_error_memory(err, "the calibration");
	for (size_t i = 0; !r && i < n; i++) {
		json_t *cells;

		if (done[i] || plan->left_out[i][0])
			continue;
		cells = json_array();
		for (size_t k = i; k < n; k++)
			if (!done[k] && !plan->left_out[k][0] && alike(plan, i, k)) {
				done[k] = true;
				json_array_append_new(cells, json_integer((json_int_t)k));
			}
		r = calibrate_group(d, t, plan, i, cells, key, err);
	}
	free(done);
	if (!r)
		r = cb_journal_append(&d->journal,
			json_pack("{s:s, s:I}", "event", "calibrated", "bytes",
				(json_int_t)d->journal.calibration_bytes),
			err);
	return r;
}
