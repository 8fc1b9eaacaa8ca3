/*
 * The cells of two sides, matched by their parameters, as curves: the cells that differ in nothing
 * but the parameter on the x axis are the points of one curve. Pure.
 */
#ifndef CB_HARNESS_DECIDE_MATCH_H
#define CB_HARNESS_DECIDE_MATCH_H

#include "harness/report/cells.h"

#define CB_MATCH_ACROSS_MAX 64

/* What is asked for. All borrowed. */
struct cb_match_input {
	const struct cb_report_cells *base, *cand; /* may be the same */
	const char *base_variant, *cand_variant;   /* only cells of this `variant`; NULL: all */
	const char *across[CB_MATCH_ACROSS_MAX];   /* parameters that differ on purpose, with what
						      stands below them: passed over */
	size_t n_across;
	const char *along;                  /* parameter of the x axis; NULL: chosen */
	const struct cb_scenario *scenario; /* names an x axis; NULL: none */
	const struct cb_registry *registry;
};

struct cb_match_point {
	const struct cb_report_cell *base, *cand; /* borrowed */
	const json_t *x;                          /* borrowed; NULL: nothing varies along */
};

struct cb_match_curve {
	char *label; /* what tells it from the others: "tpacket3, A:B"; "" it is the only one */
	struct cb_match_point *points; /* by x; owned */
	size_t n;
};

struct cb_match {
	char along[64]; /* "": nothing varies */
	struct cb_match_curve *curves;
	size_t n;
	size_t base_only, cand_only; /* cells that the other side does not have */
	char (*axes)[64];            /* parameters that tell the curves apart */
	size_t n_axes;
};

/* To be finished, also after an error. CB_ERR_USAGE: `along` is no parameter of the cells. */
int cb_match_make(struct cb_match *m, const struct cb_match_input *in, struct cb_error *err);
void cb_match_finish(struct cb_match *m);

/* The first parameters that are the same all over each side, and differ between them: what may keep
 * cells from matching. "traffic.rate, capture.wait"; "" none. */
void cb_match_differences(const struct cb_match_input *in, struct cb_text *out);

#endif
