/* What of the hosts' facts differed between before the first trial and after the last. */
#ifndef CB_HARNESS_REPORT_CHANGES_H
#define CB_HARNESS_REPORT_CHANGES_H

#include "harness/report/data.h"

/*
 * [{"host", "fact" (a dotted name), "before", "after"}], values as texts, "not available" for what
 * is not told; hosts and facts in their order. What is never the same twice is left out. A new
 * reference; NULL out of memory.
 */
json_t *cb_host_changes(const struct cb_report_data *d);

#endif
