/*
 * Two runs, or two variants of one run, compared: cells matched by their parameters, each curve
 * judged (judge.h), with what the numbers can't be trusted for. Reads results only.
 *
 * Trials that the sides made again to confirm what was found (`again`) are judged by themselves: a
 * change is confirmed when it is found in the same curve and metric in both.
 */
#ifndef CB_HARNESS_DECIDE_COMPARE_H
#define CB_HARNESS_DECIDE_COMPARE_H

#include "harness/decide/environment.h"
#include "harness/decide/judge.h"
#include "harness/decide/match.h"
#include "harness/decide/measure.h"
#include "harness/decide/outcome.h"

#define CB_COMPARE_METRICS_MAX 16
#define CB_COMPARE_ALPHA       0.05
/* Effects below these are no change, whatever a test says. */
#define CB_COMPARE_FLOOR_POINTS 0.001 /* of a share: 0.1 points */
#define CB_COMPARE_FLOOR_RATIO  0.01  /* of everything else: 1 % */
/* Sides that were not offered the same by more than this are not compared by what was captured. */
#define CB_COMPARE_OFFERED_MAX 0.01

/* All borrowed. */
struct cb_compare_options {
	const char *along; /* NULL: chosen */
	const char *across[CB_MATCH_ACROSS_MAX];
	size_t n_across;
	const char *metrics[CB_COMPARE_METRICS_MAX]; /* none: cb_measure_defaults */
	size_t n_metrics;
	struct cb_environment_accepted accepted;
	bool improvements;  /* look for what is better instead of worse */
	double floor_share; /* points of a share; 0: the default */
	double floor_ratio; /* 0: the default */
	const json_t
		*noise; /* metric -> A/A noise of this test-bed (calibrate.h); NULL: not known */
	struct cb_judge_rules rules;
};

/* A run that was read. */
struct cb_compare_run {
	struct cb_report_data data;
	struct cb_report_cells cells;
	bool there;
};

/* One metric of one curve. */
struct cb_compared {
	const struct cb_match_curve *curve; /* borrowed */
	const struct cb_measure *measure;
	struct cb_stratum *strata; /* by point; values on the measure's scale; owned */
	double *values;            /* what strata point into; owned */
	struct cb_judged judged;
	double noise;    /* that is known of the test-bed; NaN */
	json_t *reasons; /* why it can't be told; strings; owned */
	json_t *notes;   /* what should be known; strings; owned */
	enum cb_outcome outcome;
	struct cb_compared *again; /* the same from fresh trials; NULL: there are none; owned */
};

enum { CB_COMPARE_BASE, CB_COMPARE_CAND };

struct cb_compare {
	struct cb_compare_options options;
	const struct cb_registry *registry;
	struct cb_measure measures[CB_COMPARE_METRICS_MAX];
	size_t n_measures;
	struct cb_compare_run runs[2], fresh[2]; /* of one run with variants only the first is there
						  */
	const char *labels[2];   /* "base" and "cand", or the variants' names; borrowed */
	const char *variants[2]; /* NULL: all cells of the run */
	struct cb_match match, match_fresh;
	struct cb_compared *list; /* by metric, then curve */
	size_t n;
	json_t *environment; /* what differs, environment.h */
	json_t *reasons;     /* why nothing can be told; strings */
	json_t *notes;       /* strings */
	enum cb_outcome outcome;
};

/* Where the trials are. NULL directories: there are none. */
struct cb_compare_source {
	const char *base, *cand;             /* cand NULL: the variants of base */
	const char *fresh_base, *fresh_cand; /* cand NULL: the variants of fresh_base */
};

/*
 * Read and compare. To be finished, also after an error. CB_ERR_USAGE: a directory is no run, or
 * has no variants, or a metric or parameter is not known. Whatever is wrong with the measurements
 * is no error but a reason, and the outcome CB_OUTCOME_UNCLEAR.
 */
int cb_compare_make(struct cb_compare *c, const struct cb_compare_source *source,
	const struct cb_compare_options *options, const struct cb_registry *registry,
	struct cb_error *err);
void cb_compare_finish(struct cb_compare *c);

/* The run of a side: that of the base where both are variants of it. */
const struct cb_compare_run *cb_compare_side(const struct cb_compare *c, int side);

/* One document with everything; a new reference, NULL out of memory. */
json_t *cb_compare_json(const struct cb_compare *c);

#endif
