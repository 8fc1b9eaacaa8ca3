/*
 * From a run directory to figures and pages. Reads results only and never talks to a host: a report
 * can be redrawn on any machine, years later.
 */
#ifndef CB_HARNESS_REPORT_REPORT_H
#define CB_HARNESS_REPORT_REPORT_H

#include "harness/base/error.h"
#include "harness/base/member.h"

#include <stdbool.h>

struct cb_report_options {
	bool pictures; /* run gnuplot; without it the .dat and .gp files are written all the same */
};

/*
 * Read <directory>/{run.json,scenario.resolved.yaml,trials.jsonl,calibration.jsonl,hosts/} and
 * write <directory>/report/: report.html, report.md, summary.json, trials.csv, and for each figure
 * .dat, .gp, .svg, .pdf, .png. Missing or damaged files are told in the report; a missing gnuplot
 * is a warning, not an error. Blocks for up to a minute a figure (gnuplot).
 *
 * `summary` (may be NULL) gets summary.json's object (new reference; NULL when nothing could be
 * written). CB_ERR_USAGE: `directory` is no run directory. CB_ERR_INCONCLUSIVE: the report is
 * written, and `summary` set, but no trial was finished. `options` NULL: with pictures.
 */
int cb_report_write(const char *directory, const struct cb_registry *registry,
	const struct cb_report_options *options, json_t **summary, struct cb_error *err);

/* The same summary as text for a terminal of `columns` columns. */
void cb_report_print(const json_t *summary, int columns, struct cb_text *out);

#endif
