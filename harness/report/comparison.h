/*
 * The trials that a claim is about, as samples: two arms point by point, or curves. A value is a
 * share as it is, and anything else as its logarithm, so that a shift of it is a ratio.
 */
#ifndef CB_HARNESS_REPORT_COMPARISON_H
#define CB_HARNESS_REPORT_COMPARISON_H

#include "harness/book/correlation.h"
#include "harness/report/cells.h"

/* A median share of this and more is all there is to capture: it can't tell who could do more. */
#define CB_CEILING_SHARE 0.999

/* What is compared of which cells. */
struct cb_comparison_input {
	const struct cb_report_cells *cells;
	const struct cb_claim *claim;
	const struct cb_expectation *expectation;
	const struct cb_metric *metric;
	bool spread;       /* how far the repetitions are from their cell's median, instead */
	bool keep_ceiling; /* points where both sides have all are compared, too */
};

struct cb_comparison {
	struct cb_stratum *strata;
	size_t n;
	size_t at_ceiling;  /* points left out because both sides captured everything */
	size_t candidates;  /* the most cells that the best one of was taken at a point; 1: none */
	size_t trials;      /* values on both sides */
	size_t repetitions; /* the most on one side of one point */
	double *values;     /* what strata point into; owned */
};

/*
 * Arm `a` against arm `b` of the expectation, at every point that both have. CB_ERR_INTERNAL out of
 * memory. To be finished, also after an error.
 */
int cb_comparison_make(struct cb_comparison *c, const struct cb_comparison_input *in, size_t a,
	size_t b, struct cb_error *err);
void cb_comparison_finish(struct cb_comparison *c);

/* The cells of one curve, in the order of the parameter `along` where there is one. */
struct cb_curves {
	struct cb_pairs *curves; /* x: the parameter's place on its scale, or the other metric */
	size_t n, at_ceiling;
	struct cb_comparison ends; /* a: where the curve ends, b: where it begins */
	double *values;
};

/* `with` NULL: along the expectation's parameter; else along that metric, trial by trial. */
int cb_curves_make(struct cb_curves *c, const struct cb_comparison_input *in,
	const struct cb_metric *with, struct cb_error *err);
void cb_curves_finish(struct cb_curves *c);

/* Whether a cell is one of those that `arm` (CB_ARM_ALL: the expectation) is about. */
#define CB_ARM_ALL SIZE_MAX
bool cb_comparison_belongs(
	const struct cb_comparison_input *in, size_t arm, const struct cb_report_cell *cell);

#endif
