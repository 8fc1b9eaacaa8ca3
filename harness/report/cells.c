#include "harness/report/cells.h"

#include "harness/report/param.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A buffer with more than this share of a window's frames is worth a mark (DESIGN 3). */
#define BUFFER_SHARE_MAX 0.01

bool cb_report_trial_enters(const struct cb_trial_record *r)
{
	return r->state != CB_TRIAL_INVALID;
}

/* The buffer takes in frames that the process may never get to at this rate: unless the warm-up
 * filled it before the window began, they read as captured capacity. */
static bool buffer_passes(const struct cb_trial_record *r)
{
	int64_t window = r->generator.book.window_offered;
	int64_t warmup = cb_count_subtract(r->generator.book.offered, window);

	for (size_t i = 0; i < r->n_views; i++) {
		int64_t buffer = r->views[i].buffer_frames;

		if (window == CB_UNKNOWN || buffer == CB_UNKNOWN)
			continue;
		if ((double)buffer > BUFFER_SHARE_MAX * (double)window &&
			(warmup == CB_UNKNOWN || warmup < buffer))
			return true;
	}
	return false;
}

static size_t cells_needed(const struct cb_report_data *d)
{
	size_t n = d->scenario ? d->scenario->n_cells : 0;

	for (size_t i = 0; i < d->n_trials; i++) {
		size_t cell = (size_t)d->trials[i].record.cell;

		if (cell >= n)
			n = cell + 1;
	}
	return n;
}

/* A cell's parameters are those that were measured; the scenario's where nothing was. */
static void start_cell(struct cb_report_cell *cell, size_t index, const struct cb_report_data *d)
{
	cell->index = index;
	cell->id = "";
	cell->ceiling_pps = NAN;
	cell->parts = UINT64_MAX;
	if (d->scenario && index < d->scenario->n_cells) {
		cell->parts = d->scenario->cells[index].parts;
		cell->id = d->scenario->cells[index].id;
		cell->params = d->scenario->cells[index].params;
	}
}

static void add_trial(struct cb_report_cell *cell, const struct cb_trial_record *r)
{
	cell->trials[cell->n_trials++] = r;
	cell->params = r->params;
	if (r->cell_id[0])
		cell->id = r->cell_id;
	cell->n += cb_report_trial_enters(r);
	cell->generator_limited += r->state == CB_TRIAL_GENERATOR_LIMITED;
	cell->invalid += r->state == CB_TRIAL_INVALID;
	if (cb_report_trial_enters(r) && buffer_passes(r))
		cell->buffer_passes = true;
	if (cb_report_trial_enters(r) && cb_metric_whole_attempt(r))
		cell->whole_attempt = true;
}

/* Gives each cell its part of one array, then fills the parts. */
static int gather(struct cb_report_cells *c, const struct cb_report_data *d)
{
	size_t *count = calloc(c->n + 1, sizeof(*count));
	size_t first = 0;

	c->trials = calloc(d->n_trials + 1, sizeof(*c->trials));
	if (!count || !c->trials) {
		free(count);
		return -1;
	}
	for (size_t i = 0; i < d->n_trials; i++)
		count[d->trials[i].record.cell] += d->trials[i].counts;
	for (size_t i = 0; i < c->n; i++) {
		c->cells[i].trials = c->trials + first;
		first += count[i];
	}
	for (size_t i = 0; i < d->n_trials; i++) {
		struct cb_report_cell *cell = &c->cells[d->trials[i].record.cell];

		if (d->trials[i].counts && cell->trials)
			add_trial(cell, &d->trials[i].record);
	}
	free(count);
	return 0;
}

static void calibrate(struct cb_report_cells *c, const struct cb_report_data *d)
{
	for (size_t i = 0; i < d->n_calibrations; i++) {
		const struct cb_calibration *k = &d->calibrations[i];

		for (size_t j = 0; j < k->n_cells; j++) {
			if (k->cells[j] < c->n)
				c->cells[k->cells[j]].ceiling_pps = k->ceiling_pps;
		}
	}
}

const char *cb_report_left_out(const json_t *run, size_t cell)
{
	json_t *entry, *index;
	size_t i, k;

	json_array_foreach(json_object_get(run, "left_out"), i, entry)
	{
		json_array_foreach(json_object_get(entry, "cells"), k, index)
		{
			if (json_is_integer(index) && (size_t)json_integer_value(index) == cell)
				return json_string_value(json_object_get(entry, "why"));
		}
	}
	return NULL;
}

/* Without a scenario an index may have neither plan nor trials: nothing to show. */
static void drop_empty(struct cb_report_cells *c, const struct cb_report_data *d)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		struct cb_report_cell *cell = &c->cells[i];
		size_t planned = d->scenario && i < d->scenario->n_cells
			? (size_t)d->scenario->repetitions
			: 0;

		if (cb_report_left_out(d->run, cell->index))
			planned = 0;

		cell->missing = planned > cell->n_trials ? planned - cell->n_trials : 0;
		if (cell->params)
			c->cells[n++] = *cell;
	}
	c->n = n;
}

static bool differs(const struct cb_report_cells *c, const char *path)
{
	const json_t *first = json_object_get(c->cells[0].params, path);

	for (size_t i = 1; i < c->n; i++) {
		const json_t *other = json_object_get(c->cells[i].params, path);

		if (first != other && !json_equal(first, other))
			return true;
	}
	return false;
}

static bool add_axis(struct cb_report_cells *c, const char *path)
{
	char(*more)[64] = reallocarray(c->axes, c->n_axes + 1, sizeof(*more));

	if (!more)
		return false;
	c->axes = more;
	if (cb_text_copy(c->axes[c->n_axes], sizeof(*c->axes), path))
		c->n_axes++;
	return true;
}

static bool covered(const struct cb_report_cells *c, const char *path)
{
	const char *dot = strrchr(path, '.');

	/* "capture.load.level" says nothing that "capture.load" does not. */
	for (size_t i = 0; dot && i < c->n_axes; i++) {
		if (strlen(c->axes[i]) == (size_t)(dot - path) &&
			strncmp(c->axes[i], path, (size_t)(dot - path)) == 0)
			return true;
	}
	return false;
}

static bool find_axes(struct cb_report_cells *c, const struct cb_report_data *d)
{
	const char *path;
	json_t *value;

	for (size_t i = 0; d->scenario && i < d->scenario->n_axes; i++) {
		if (!add_axis(c, d->scenario->axes[i]))
			return false;
	}
	if (d->scenario || c->n == 0)
		return true;
	json_object_foreach((json_t *)c->cells[0].params, path, value)
	{
		if (differs(c, path) && !covered(c, path) && !add_axis(c, path))
			return false;
	}
	return true;
}

int cb_report_cells_make(
	struct cb_report_cells *c, const struct cb_report_data *d, struct cb_error *err)
{
	memset(c, 0, sizeof(*c));
	c->n = cells_needed(d);
	c->cells = calloc(c->n + 1, sizeof(*c->cells));
	if (!c->cells)
		goto out;
	for (size_t i = 0; i < c->n; i++)
		start_cell(&c->cells[i], i, d);
	if (gather(c, d))
		goto out;
	calibrate(c, d);
	drop_empty(c, d);
	if (find_axes(c, d))
		return 0;
out:
	cb_report_cells_finish(c);
	return cb_error_memory(err, "the report's cells");
}

void cb_report_cells_finish(struct cb_report_cells *c)
{
	free(c->cells);
	free(c->axes);
	free(c->trials);
	memset(c, 0, sizeof(*c));
}

const struct cb_report_cell *cb_report_cell_at(const struct cb_report_cells *c, size_t index)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->cells[i].index == index)
			return &c->cells[i];
	}
	return NULL;
}

struct cb_summary cb_report_cell_summary(
	const struct cb_report_cell *cell, const struct cb_metric *metric)
{
	struct cb_summary none = {.median = NAN, .min = NAN, .max = NAN}, s;
	double *values = calloc(cell->n_trials + 1, sizeof(*values));
	size_t n = 0;

	if (!values)
		return none;
	for (size_t i = 0; i < cell->n_trials; i++) {
		if (cb_report_trial_enters(cell->trials[i]))
			values[n++] = metric->value(cell->trials[i]);
	}
	s = n ? cb_summarise(values, n) : none;
	free(values);
	return s;
}

/* Whether so many cells have this value that it need not be told. */
static bool common(const struct cb_report_cells *c, const char *path, const json_t *value)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += json_equal(json_object_get(c->cells[i].params, path), value);
	return 4 * n >= 3 * c->n;
}

static void print_axes(const struct cb_report_cells *c, const struct cb_report_cell *cell,
	const struct cb_registry *registry, bool all, struct cb_text *out)
{
	size_t printed = 0;

	for (size_t i = 0; i < c->n_axes; i++) {
		const json_t *value = json_object_get(cell->params, c->axes[i]);

		if (!value || (!all && common(c, c->axes[i], value)) ||
			cb_param_is_told(c->axes[i], (const char(*)[64])c->axes, c->n_axes))
			continue;
		cb_text_add(out, printed++ ? ", " : "");
		cb_param_print_of(c->axes[i], cell->params, registry, out);
	}
	if (printed == 0)
		cb_text_add(out, all ? "the only cell" : "the usual cell");
}

void cb_report_cell_print(const struct cb_report_cells *c, const struct cb_report_cell *cell,
	const struct cb_registry *registry, struct cb_text *out)
{
	print_axes(c, cell, registry, true, out);
}

void cb_report_cell_print_rare(const struct cb_report_cells *c, const struct cb_report_cell *cell,
	const struct cb_registry *registry, struct cb_text *out)
{
	print_axes(c, cell, registry, false, out);
}

static void add_unaccounted(struct cb_report_totals *t, const struct cb_trial_record *r)
{
	bool unknown = r->n_views == 0, off = false;

	for (size_t i = 0; i < r->n_views; i++) {
		int64_t n = r->views[i].book.unaccounted;

		unknown |= n == CB_UNKNOWN;
		off |= n != CB_UNKNOWN && n != 0;
		if (n != CB_UNKNOWN)
			t->unaccounted = cb_count_add(t->unaccounted, n < 0 ? -n : n);
	}
	t->unaccounted_unknown += unknown;
	t->unaccounted_trials += off;
}

void cb_report_totals_make(struct cb_report_totals *t, const struct cb_report_data *d)
{
	memset(t, 0, sizeof(*t));
	for (size_t i = 0; i < d->n_trials; i++) {
		const struct cb_trial_record *r = &d->trials[i].record;

		t->earlier += !d->trials[i].counts;
		if (!d->trials[i].counts)
			continue;
		t->trials++;
		t->valid += r->state == CB_TRIAL_VALID;
		t->invalid += r->state == CB_TRIAL_INVALID;
		t->generator_limited += r->state == CB_TRIAL_GENERATOR_LIMITED;
		add_unaccounted(t, r);
	}
	t->planned = cb_report_data_planned(d, "trials");
	if (t->planned == CB_UNKNOWN && d->scenario)
		t->planned = (int64_t)d->scenario->n_cells * d->scenario->repetitions;
	t->missing = t->planned == CB_UNKNOWN ? CB_UNKNOWN
		: t->planned > t->trials      ? t->planned - t->trials
					      : 0;
}
