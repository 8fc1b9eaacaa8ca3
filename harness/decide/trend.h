/*
 * A series of runs of one scenario: a level of each curve for each run, and where it changed.
 * Advisory: a change in a series says when to look, not what was to blame.
 */
#ifndef CB_HARNESS_DECIDE_TREND_H
#define CB_HARNESS_DECIDE_TREND_H

#include "harness/book/changes.h"
#include "harness/decide/compare.h"

#define CB_TREND_RUNS_MAX 1000
#define CB_TREND_ALPHA    0.01

struct cb_trend_run {
	char directory[1024], started[32], scenario[64];
	bool found; /* in a folder that was named, not by its own name */
};

/* One metric of one curve of the last run. */
struct cb_trend_series {
	const struct cb_measure *measure;
	char *label;    /* of the curve; owned */
	double *levels; /* by run, in the metric's own unit: the mean of the points' medians (of
			   ratios the geometric mean); NaN where a point is missing. Owned */
	struct cb_change *changes; /* owned */
	size_t n_changes;
};

struct cb_trend {
	struct cb_trend_run *runs; /* by start */
	size_t n_runs;
	char title[256];
	struct cb_measure measures[CB_COMPARE_METRICS_MAX];
	size_t n_measures;
	struct cb_trend_series *series;
	size_t n;
	uint64_t seed; /* of the shuffles that a change's p comes from */
	json_t *notes;
};

/*
 * Read the runs. A directory without run.json stands for the run directories in it: those of the
 * newest run's scenario. Of `options` metrics, along and across are used. To be finished, also
 * after an error. CB_ERR_USAGE: no run there, or a metric that is not known; CB_ERR_INCONCLUSIVE:
 * fewer than two runs.
 */
int cb_trend_make(struct cb_trend *t, const char *const *directories, size_t n,
	const struct cb_compare_options *options, const struct cb_registry *registry,
	struct cb_error *err);
void cb_trend_finish(struct cb_trend *t);

json_t *cb_trend_json(const struct cb_trend *t);
void cb_trend_text(const struct cb_trend *t, struct cb_text *out);

/* trend.json and, for each metric, trend-METRIC.{dat,gp} with the pictures, of many curves
 * trend-METRIC-2 and so on; `directory` is made. Blocks for up to a minute a figure; a missing
 * gnuplot is a warning. */
int cb_trend_write(
	const struct cb_trend *t, const char *directory, bool pictures, struct cb_error *err);

/* The figures alone. */
int cb_trend_figures_write(
	const struct cb_trend *t, const char *directory, bool pictures, struct cb_error *err);

#endif
