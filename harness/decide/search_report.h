/* What a search found, from its run directory alone: words, JSON, a figure of the trials. */
#ifndef CB_HARNESS_DECIDE_SEARCH_REPORT_H
#define CB_HARNESS_DECIDE_SEARCH_REPORT_H

#include "harness/base/member.h"
#include "harness/base/text.h"

#include <jansson.h>
#include <stdbool.h>

/*
 * Read `directory`, play the search over its trials.jsonl, and write report/search.json,
 * report/search.txt, and for each cell report/search-<cell>.dat, .gp and (with `pictures`) .svg,
 * .pdf, .png. `result` gets search.json's object (new reference) and `text` what a terminal shows.
 * CB_ERR_INCONCLUSIVE when a goal has no result: the report is written all the same.
 */
int cb_search_report(const char *directory, const struct cb_registry *registry, bool pictures,
	json_t **result, struct cb_text *text, struct cb_error *err);

#endif
