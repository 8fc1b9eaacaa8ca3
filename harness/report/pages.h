/*
 * The pages of a report: all of them are made from one struct, so that they say the same. The same
 * data gives the same bytes: no page tells when it was made.
 */
#ifndef CB_HARNESS_REPORT_PAGES_H
#define CB_HARNESS_REPORT_PAGES_H

#include "harness/report/cells.h"
#include "harness/report/data.h"
#include "harness/report/graph.h"
#include "harness/report/loss.h"
#include "harness/report/verdict.h"

struct cb_report {
	const struct cb_registry *registry;
	char directory[4096]; /* where the report is written: <run>/report */
	struct cb_report_data data;
	struct cb_report_cells cells;
	struct cb_report_totals totals;
	struct cb_graph *graphs;
	size_t n_graphs;
	struct cb_verdict *verdicts;
	size_t n_verdicts;
	struct cb_loss *losses;
	size_t n_losses;
	json_t *summary; /* what summary.json holds */
};

/* summary.json's object: a new reference, NULL out of memory. See summary.c for its fields. */
json_t *cb_summary_json(const struct cb_report *r);

void cb_page_summary(const struct cb_report *r, struct cb_text *out);
void cb_page_csv(const struct cb_report *r, struct cb_text *out);
void cb_page_markdown(const struct cb_report *r, struct cb_text *out);
/* A part of it. */
void cb_markdown_claims(const struct cb_report *r, struct cb_text *out);
void cb_markdown_losses(const struct cb_report *r, struct cb_text *out);
void cb_page_html(const struct cb_report *r, struct cb_text *out);

/*
 * Sentences drawn from the data alone, arrays of strings, new references: what came out; and what
 * must be known before trusting it, worst first.
 */
json_t *cb_words_results(const struct cb_report *r);
json_t *cb_words_warnings(const struct cb_report *r);

/* "At 1 Mpps: A:B 60.3 % ..." for one figure; "" when it has no points. */
void cb_words_figure(const struct cb_graph *g, struct cb_text *out);

/* `capbench run ...` as it was given; "" when not known. */
void cb_words_command(const struct cb_report *r, struct cb_text *out);

#endif
