/*
 * What can be read off one trial as a number: the y axis of a figure, a column of a table. One row
 * says everything about a metric: name, unit, how it is shown, how it is computed. A metric that a
 * trial cannot tell (a count was not available, a divisor is 0) is NaN, never 0.
 *
 * Several views (independent capture processes that each get a copy of the traffic) make one
 * number: shares and rates are means over the views, "per frame" values are sums over the views
 * divided by the sum of the frames they received. captured_share_min is the worst view.
 */
#ifndef CB_HARNESS_REPORT_METRIC_H
#define CB_HARNESS_REPORT_METRIC_H

#include "harness/base/text.h"
#include "harness/book/summary.h"
#include "harness/record/record.h"

#include <stdbool.h>
#include <stddef.h>

enum cb_metric_kind {
	CB_METRIC_SHARE, /* in [0, 1], shown in percent */
	CB_METRIC_RATE,  /* per second */
	CB_METRIC_TIME,  /* ns */
	CB_METRIC_RATIO, /* a number without unit, "per frame" */
	CB_METRIC_COUNT, /* a whole number */
};

struct cb_metric {
	const char *name;  /* as in `figures: y:` and summary.json */
	const char *label; /* for an axis or a table head, without the unit */
	const char *unit;  /* as shown (after `shown_as`): "%", "ns", ""; rates: "frames/s" */
	const char *help;  /* one sentence */
	enum cb_metric_kind kind;
	double (*value)(const struct cb_trial_record *r);
};

/* Every metric; ends with a NULL name. */
extern const struct cb_metric cb_metrics[];

/* Has a view counted frames, but can't tell which of them are of the measurement window? Share and
 * rate are those of the whole attempt then, warm-up included. */
bool cb_metric_whole_attempt(const struct cb_trial_record *r);

/* NULL when there is none of that name. */
const struct cb_metric *cb_metric_find(const char *name);

/* Append `value` as people read it, without unit: shares in percent (never rounded up to 100 or
 * down to 0 when they are not), NaN as "-". */
void cb_metric_print(const struct cb_metric *metric, double value, struct cb_text *out);

/* "median [min, max]", "median" alone when all three look the same or n < 2, "-" for n = 0. */
void cb_metric_print_summary(
	const struct cb_metric *metric, const struct cb_summary *s, struct cb_text *out);

#endif
