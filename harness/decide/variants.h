/*
 * Two variants measured in one run, turn and turn about, and compared at once; what is suspected is
 * measured again, with fresh trials, before it is called a change.
 */
#ifndef CB_HARNESS_DECIDE_VARIANTS_H
#define CB_HARNESS_DECIDE_VARIANTS_H

#include "harness/decide/compare.h"
#include "harness/run/run.h"

#define CB_VARIANTS_FRESH 10 /* trials of each cell, at least, when it is measured again */

/*
 * Run `s`, which has variants, then compare into `c` (to be finished, also after an error). The
 * fresh trials are a run of their own, <directory>/confirm, with the cells of the suspected curves
 * only; a resumed run goes on with it. Errors of the run, or of the comparison; the verdict is in
 * c->outcome.
 */
int cb_variants_run(const struct cb_scenario *s, const struct cb_run_options *run,
	const struct cb_compare_options *compare, const struct cb_registry *registry,
	struct cb_run_outcome *outcome, struct cb_compare *c, struct cb_error *err);

#endif
