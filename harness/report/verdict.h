/*
 * What became of the scenario's claims here. A verdict rests on exact permutation tests over whole
 * curves, two for each claim: that it holds, and that it does not. Each of the two families is
 * corrected for its number by Holm's method, so that with 99.5 % confidence no claim is called
 * reproduced, and none not reproduced, by chance. What neither shows is undecided.
 *
 * The level is stricter than the usual 5 % (as Benjamin et al. 2018 ask for new findings), since a
 * verdict must come out again when the run is repeated: what just reaches 5 % does so again every
 * second time, what just reaches 0.5 % is below 5 % again three times of four,
 * Phi((2.58 - 1.64) / sqrt(2)). Five repetitions at one point can still decide a single claim: 1 of
 * 252 splits.
 */
#ifndef CB_HARNESS_REPORT_VERDICT_H
#define CB_HARNESS_REPORT_VERDICT_H

#include "harness/book/interval.h"
#include "harness/report/cells.h"

#define CB_VERDICT_ALPHA 0.005

enum cb_verdict_kind {
	CB_VERDICT_REPRODUCED,
	CB_VERDICT_NOT_REPRODUCED,
	CB_VERDICT_UNDECIDED,
	CB_VERDICT_NEEDS, /* something that this test-bed does not have */
};
extern const char *const cb_verdict_names[]; /* "reproduced", ... */

/* What a number of an effect means. */
enum cb_effect_unit {
	CB_EFFECT_NONE,
	CB_EFFECT_POINTS,      /* difference of shares */
	CB_EFFECT_RATIO,       /* difference of logarithms */
	CB_EFFECT_CORRELATION, /* Spearman's coefficient; has no interval */
};

/* What one expectation came to: of several comparisons the one that supports it least. */
struct cb_finding {
	const struct cb_expectation *expectation;
	const struct cb_metric *metric; /* what was compared in the end */
	double p_holds, p_fails;        /* NaN: not tested */
	bool large_enough;              /* the effect is what was claimed, not just there */
	enum cb_effect_unit unit;
	struct cb_interval effect;
	size_t a, b;   /* the arms that it is about; CB_ARM_ALL: a curve */
	size_t trials; /* that it rests on */
	size_t points; /* of the curve, or curves */
	size_t repetitions;
	bool at_ceiling; /* nothing left to compare: all sides captured everything */
	bool by_cost;    /* so the cost was compared instead */
};

struct cb_verdict {
	const struct cb_claim *claim;
	enum cb_verdict_kind kind;
	struct cb_finding finding; /* the expectation that supports it least */
	double p;                  /* corrected, of the family that decided; NaN */
	char why[512];             /* what it needs, or what would decide it; "" */
};

/* `run`: run.json. The list is the caller's to free. CB_ERR_INTERNAL out of memory. */
int cb_verdicts_make(struct cb_verdict **verdicts, size_t *n, const struct cb_scenario *s,
	const struct cb_report_cells *cells, const json_t *run, struct cb_error *err);

/* "A:B more than A:A by 37.6 points [30.1, 41.0]", or what else was found; "" nothing. */
void cb_verdict_effect(
	const struct cb_verdict *v, const struct cb_registry *registry, struct cb_text *out);

/* What the evidence says about the two sides: wake-ups, CPU time, where frames were lost. */
void cb_verdict_evidence(
	const struct cb_verdict *v, const struct cb_report_cells *cells, struct cb_text *out);

/* "reproduced (on an analogue)" */
void cb_verdict_print(const struct cb_verdict *v, struct cb_text *out);

/* An array of objects for summary.json; NULL out of memory. */
json_t *cb_verdicts_json(const struct cb_verdict *verdicts, size_t n,
	const struct cb_report_cells *cells, const struct cb_registry *registry);

/* Fill `finding` for one expectation. */
int cb_finding_make(struct cb_finding *finding, const struct cb_claim *claim,
	const struct cb_expectation *e, const struct cb_report_cells *cells, struct cb_error *err);

#endif
