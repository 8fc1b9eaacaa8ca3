/* The figure of a search: its trials in the order they were made, and what they narrowed down to.
 */
#ifndef CB_HARNESS_DECIDE_SEARCH_FIGURE_H
#define CB_HARNESS_DECIDE_SEARCH_FIGURE_H

#include "harness/base/text.h"
#include "harness/decide/search_job.h"

/* <id>.dat and <id>.gp of one job; `results` one a goal. */
void cb_search_figure_data(
	const struct cb_search_job *job, const struct cb_search_trials *t, struct cb_text *out);
void cb_search_figure_script(const struct cb_search_job *job, const struct cb_search_trials *t,
	const struct cb_search_result *results, const char *id, struct cb_text *out);

#endif
