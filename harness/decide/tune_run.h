/* Carries out a tuning, trial by trial, in a run directory; and tells what came of it, from that
 * alone. */
#ifndef CB_HARNESS_DECIDE_TUNE_RUN_H
#define CB_HARNESS_DECIDE_TUNE_RUN_H

#include "harness/base/member.h"
#include "harness/base/text.h"
#include "harness/decide/tune.h"
#include "harness/decide/tune_space.h"
#include "harness/run/stepwise.h"

/* Seconds of budget that one candidate is worth; how many candidates that allows. */
size_t cb_tune_candidates(int64_t budget_ns);

/* run.json's "request": what was asked for. cb_tune_read_request reads it back (CB_ERR_USAGE). */
json_t *cb_tune_request(const struct cb_tune_wish *wish, int64_t budget_ns);
int cb_tune_read_request(
	const json_t *run, struct cb_tune_wish *wish, struct cb_tune *tune, struct cb_error *err);

/* The cells that are measured, in the scenario's order: candidate -> cell. Returns how many. */
size_t cb_tune_cells(
	const struct cb_scenario *s, const json_t *run, size_t cells[CB_TUNE_CANDIDATES_MAX]);

/* One record as the strategy sees it; `cells` as above. */
struct cb_tune_trial cb_tune_trial_of(
	const struct cb_trial_record *r, const size_t *cells, size_t n_cells);

/* Try candidates until the budget is used, then compare (tune.h). A line a trial on stderr, with
 * the time left. Blocks. */
int cb_tune_run(const struct cb_scenario *s, const struct cb_stepwise_options *options,
	char directory[CB_RUN_PATH_MAX], struct cb_error *err);

/*
 * Write report/tune.json, tune.txt and default-vs-best.yaml: ranking with books, verdict, settings
 * in words. As cb_search_report.
 */
int cb_tune_report(const char *directory, const struct cb_registry *registry, bool pictures,
	json_t **result, struct cb_text *text, struct cb_error *err);

#endif
