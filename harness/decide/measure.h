/*
 * Metrics as things to be compared: which way is worse, and what a difference of two values is: of
 * shares points, of everything else a ratio (kept as a difference of logarithms).
 */
#ifndef CB_HARNESS_DECIDE_MEASURE_H
#define CB_HARNESS_DECIDE_MEASURE_H

#include "harness/report/metric.h"

/* What it takes for two values to be compared. */
enum cb_measure_offer {
	CB_OFFER_ANY,   /* nothing: it is per frame */
	CB_OFFER_FIXED, /* the same offer, where a rate was asked for; at "max" there is none to
			   keep */
	CB_OFFER_SAME,  /* the same offer, always */
};

struct cb_measure {
	const struct cb_metric *metric;
	int worse;  /* +1: larger is worse, -1: smaller is */
	bool ratio; /* values are logarithms, shifts ratios */
	enum cb_measure_offer offer;
};

/* The metrics that a gate looks at when none are named: loss, throughput, CPU; NULL-terminated. */
extern const char *const cb_measure_defaults[];

/* CB_ERR_USAGE: there is no such metric, or neither end of it is worse. */
int cb_measure_find(struct cb_measure *m, const char *name, struct cb_error *err);

/* The trial's value on the scale that is compared; NaN: it has none. */
double cb_measure_value(const struct cb_measure *m, const struct cb_trial_record *r);

/* "-2.1 points", "+15.3 %", "-" for NaN; without the unit when `bare`. */
void cb_measure_print_shift(
	const struct cb_measure *m, double shift, bool bare, struct cb_text *out);
/* A size without sign: "0.1 points". */
void cb_measure_print_size(const struct cb_measure *m, double size, struct cb_text *out);
/* The shift as it stands in JSON: points of a share as a share, else the relative change. */
double cb_measure_shown(const struct cb_measure *m, double shift);
double cb_measure_unshown(const struct cb_measure *m, double shown);

#endif
