/*
 * Why frames were lost: rules over the evidence of a cell, each of which names its numbers and the
 * change that should help. Where another cell differs in that change alone, what it gained.
 */
#ifndef CB_HARNESS_REPORT_LOSS_H
#define CB_HARNESS_REPORT_LOSS_H

#include "harness/report/graph.h"

/* Cells that lost a smaller share are not explained. */
#define CB_LOSS_SHARE_MIN 0.001

/* What the rules look at: medians over the trials of a cell; NaN: not known. */
struct cb_loss_numbers {
	double lost;          /* share of what was offered in the window */
	double path, tap;     /* shares dropped before the tap, and by it */
	double cpu_share;     /* of a core, that each capture process used */
	double receive_share; /* of a core, that the receive path used, softirqs and NAPI threads */
	double frames_per_wakeup;
	double interrupts_per_frame, interrupts_per_second; /* of devices */
	double squeezed; /* times that the softirq's budget was used up */
	double steal;
	double spread;   /* of the share, between the repetitions */
	double mean_pps; /* over the whole attempt, pauses included */
	double best_pps; /* the most that a cell like it but for rate and arrival captured */
	int receive_core, capture_core; /* -1: not pinned, or not known */
	bool pinned;                    /* that the layout of the cell is known at all */
	bool bursts;                    /* the rate holds inside bursts only */
	size_t trials, generator_limited;
};

struct cb_loss {
	const struct cb_report_cell *cell;
	const char *cause; /* "capture process saturated"; borrowed */
	char numbers[256]; /* what shows it */
	const char *cure;  /* the change that should help; borrowed */
	const struct cb_report_cell
		*other; /* differs in the change alone; NULL: none was measured */
	double gain;    /* of the share there, NaN */
};

void cb_loss_numbers_make(struct cb_loss_numbers *n, const struct cb_report_cell *cell,
	const struct cb_report_cells *cells, const json_t *run);

/*
 * Every cause that the rules find for the cells that lost frames, by cell, the heaviest first. The
 * list is the caller's to free. CB_ERR_INTERNAL out of memory.
 */
int cb_losses_make(struct cb_loss **losses, size_t *n, const struct cb_report_cells *cells,
	const json_t *run, struct cb_error *err);

/* The median captured share of a cell; NaN: not known. */
double cb_loss_share(const struct cb_report_cell *cell);

/* What names a cell: the figure that shows it, else all that tells it from the others. */
struct cb_loss_names {
	const struct cb_report_cells *cells;
	const struct cb_registry *registry;
	const struct cb_graph *graphs;
	size_t n_graphs;
};

/* An array of objects for summary.json, an object a cause of a cell; NULL out of memory. */
json_t *cb_losses_json(const struct cb_loss *losses, size_t n, const struct cb_loss_names *names);

/* The same by cause: how many cells, how much, what helps and what that gained where it was
 * measured; what the most cells have first. NULL out of memory. */
json_t *cb_loss_causes_json(
	const struct cb_loss *losses, size_t n, const struct cb_loss_names *names);

/* The cells that lost frames and have no cause: an array of objects, those that lost most first.
 * NULL out of memory. */
json_t *cb_losses_unexplained_json(
	const struct cb_loss *losses, size_t n, const struct cb_loss_names *names);

/* The sentence of it, from summary.json; nothing where there are no such cells. */
void cb_losses_unexplained_print(const json_t *summary, struct cb_text *out);

#endif
