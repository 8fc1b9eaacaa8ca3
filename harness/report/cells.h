/*
 * Trials gathered into cells: which of them a statistic is made of, and what a reader must be told
 * about a cell before trusting it.
 *
 * Only the last attempt of a trial counts. Valid and generator-limited trials enter the statistics,
 * invalid ones do not: they are counted apart and listed with their reasons.
 */
#ifndef CB_HARNESS_REPORT_CELLS_H
#define CB_HARNESS_REPORT_CELLS_H

#include "harness/report/data.h"
#include "harness/report/metric.h"

struct cb_report_cell {
	size_t index;
	const char *id;                        /* borrowed; "" when not known */
	const json_t *params;                  /* borrowed; never NULL */
	uint64_t parts;                        /* of the scenario; all where it is not known */
	const struct cb_trial_record **trials; /* last attempts, in the plan's order; borrowed */
	size_t n_trials;
	size_t n; /* of them, those in the statistics */
	size_t generator_limited, invalid;
	size_t missing;     /* planned repetitions without a trial */
	bool buffer_passes; /* the tap's buffer can pass for captured capacity, see cells.c */
	bool whole_attempt; /* frames are counted over the whole attempt, see metric.h */
	double ceiling_pps; /* of the generator in this layout; NaN: not calibrated */
};

struct cb_report_cells {
	struct cb_report_cell *cells; /* by index; those without plan and trials are left out */
	size_t n;
	char (*axes)[64]; /* parameters that tell the cells apart */
	size_t n_axes;
	const struct cb_trial_record **trials; /* what the cells' lists point into; owned */
};

/* `d` must outlive the cells. CB_ERR_INTERNAL: out of memory. */
int cb_report_cells_make(
	struct cb_report_cells *c, const struct cb_report_data *d, struct cb_error *err);
void cb_report_cells_finish(struct cb_report_cells *c);

/* run.json's word on why a cell was left out of the plan; NULL: it was not. Borrowed. */
const char *cb_report_left_out(const json_t *run, size_t cell);

/* NULL when there is none with that index. */
const struct cb_report_cell *cb_report_cell_at(const struct cb_report_cells *c, size_t index);

/* What a reader must know of a cell before trusting it, told the same way on every page. */
struct cb_cell_mark {
	const char *name; /* in summary.json's "marked" */
	const char *sign; /* behind a number in a table */
	const char *text; /* what the sign means */
	bool (*applies)(const struct cb_report_cell *cell);
};
extern const struct cb_cell_mark cb_cell_marks[]; /* ends with a NULL sign */

/* What tells the cell from most others: the values that less than three quarters of the cells have.
 */
void cb_report_cell_print_rare(const struct cb_report_cells *c, const struct cb_report_cell *cell,
	const struct cb_registry *registry, struct cb_text *out);

bool cb_report_trial_enters(const struct cb_trial_record *r);

/* Over the trials that enter the cell's statistics. */
struct cb_summary cb_report_cell_summary(
	const struct cb_report_cell *cell, const struct cb_metric *metric);

/* "A:B, tpacket2, 500 kpps": the values of the axes. */
void cb_report_cell_print(const struct cb_report_cells *c, const struct cb_report_cell *cell,
	const struct cb_registry *registry, struct cb_text *out);

/* Books of a whole run: last attempts only. */
struct cb_report_totals {
	int64_t trials, valid, invalid, generator_limited;
	int64_t planned;     /* CB_UNKNOWN: not known */
	int64_t missing;     /* planned trials that have no attempt; CB_UNKNOWN: not known */
	int64_t earlier;     /* attempts that a later one replaced */
	int64_t unaccounted; /* sum of absolute values over all views where it is known */
	int64_t unaccounted_unknown; /* trials with a view where it is not, or without a view */
	int64_t unaccounted_trials;  /* trials with a view where it is not 0 */
};
void cb_report_totals_make(struct cb_report_totals *t, const struct cb_report_data *d);

#endif
