/* The evidence of a cell as the rules of loss.c want it. */
#include "harness/base/clock.h"
#include "harness/report/loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct cb_summary over_trials(
	const struct cb_report_cell *cell, double (*value)(const struct cb_trial_record *r))
{
	const struct cb_metric metric = {.value = value};

	return cb_report_cell_summary(cell, &metric);
}

static double median_of(
	const struct cb_report_cell *cell, double (*value)(const struct cb_trial_record *r))
{
	struct cb_summary s = over_trials(cell, value);

	return s.n ? s.median : NAN;
}

static double metric_median(const struct cb_report_cell *cell, const char *name)
{
	const struct cb_metric *m = cb_metric_find(name);

	return m ? median_of(cell, m->value) : NAN;
}

static double known(int64_t count)
{
	return count == CB_UNKNOWN ? NAN : (double)count;
}

/* NET_RX time over all cores, softirqs and NAPI threads, as a share of one. */
static double receive_share(const struct cb_trial_record *r)
{
	double ns = known(r->evidence.receive_softirq_ns);

	if (r->evidence.napi_thread_ns != CB_UNKNOWN)
		ns = (isnan(ns) ? 0 : ns) + known(r->evidence.napi_thread_ns);
	return ns / known(r->generator.elapsed_ns);
}

static double mean_pps(const struct cb_trial_record *r)
{
	return known(r->generator.book.offered) * (double)CB_NS_PER_SEC /
		known(r->generator.elapsed_ns);
}

/* Whether two cells have all parameters alike but those below one of two paths. */
static bool alike_but(const json_t *a, const json_t *b, const char *path, const char *other_path)
{
	const char *const paths[] = {path, other_path};
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)a, key, value)
	{
		bool passed = false;

		for (size_t i = 0; i < 2 && !passed; i++)
			passed = paths[i] && cb_text_starts_with(key, paths[i]);
		if (!passed && !json_equal(value, json_object_get(b, key)))
			return false;
	}
	return true;
}

static double best_pps(const struct cb_report_cell *cell, const struct cb_report_cells *cells)
{
	double best = NAN;

	for (size_t i = 0; i < cells->n; i++) {
		const struct cb_report_cell *other = &cells->cells[i];
		double pps;

		if (!alike_but(cell->params, other->params, "traffic.rate", "traffic.arrival"))
			continue;
		pps = metric_median(other, "captured_pps");
		best = isnan(best) || pps > best ? pps : best;
	}
	return best;
}

static int core_of(const json_t *value)
{
	return json_is_integer(value) ? (int)json_integer_value(value) : -1;
}

static void find_layout(
	struct cb_loss_numbers *n, const struct cb_report_cell *cell, const json_t *run)
{
	const json_t *layout, *index;
	size_t i, k;

	n->receive_core = n->capture_core = -1;
	json_array_foreach(json_object_get(run, "layouts"), i, layout)
	{
		json_array_foreach(json_object_get(layout, "cells"), k, index)
		{
			if (!json_is_integer(index) ||
				(size_t)json_integer_value(index) != cell->index)
				continue;
			n->receive_core = core_of(json_object_get(layout, "receive_core"));
			n->capture_core = core_of(
				json_array_get(json_object_get(layout, "capture_cores"), 0));
			n->pinned = json_object_get(layout, "capture_cores") != NULL;
		}
	}
}

void cb_loss_numbers_make(struct cb_loss_numbers *n, const struct cb_report_cell *cell,
	const struct cb_report_cells *cells, const json_t *run)
{
	const struct cb_metric *share = cb_metric_find("captured_share");
	struct cb_summary s = cb_report_cell_summary(cell, share);
	const char *arrival =
		json_string_value(json_object_get(cell->params, "traffic.arrival.name"));

	*n = (struct cb_loss_numbers){
		.lost = s.n ? 1 - s.median : NAN,
		.spread = s.n > 1 ? s.max - s.min : NAN,
		.path = metric_median(cell, "path_dropped_share"),
		.tap = metric_median(cell, "tap_dropped_share"),
		.cpu_share = metric_median(cell, "cpu_share"),
		.receive_share = median_of(cell, receive_share),
		.frames_per_wakeup = metric_median(cell, "frames_per_wakeup"),
		.interrupts_per_frame = metric_median(cell, "interrupts_per_frame"),
		.interrupts_per_second = metric_median(cell, "interrupts_per_second"),
		.squeezed = metric_median(cell, "softnet_squeezed"),
		.steal = metric_median(cell, "steal_share"),
		.mean_pps = median_of(cell, mean_pps),
		.best_pps = best_pps(cell, cells),
		.bursts = arrival && !strcmp(arrival, "bursts"),
		.trials = cell->n,
		.generator_limited = cell->generator_limited,
	};
	find_layout(n, cell, run);
}
