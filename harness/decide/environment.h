/*
 * Where two runs were measured, side by side: hosts, test-bed and program, as the runs recorded
 * them. What differs and may move a result stops a gate, unless it differs on purpose. Pure.
 */
#ifndef CB_HARNESS_DECIDE_ENVIRONMENT_H
#define CB_HARNESS_DECIDE_ENVIRONMENT_H

#include "harness/report/data.h"

#define CB_ENVIRONMENT_ACCEPTED_MAX 64

/* Facts that differ on purpose: "kernel.release", or all below "kernel". Borrowed. */
struct cb_environment_accepted {
	const char *facts[CB_ENVIRONMENT_ACCEPTED_MAX];
	size_t n;
};

/*
 * [{"fact": "kernel.release", "hosts": ["sensor"], "base": ..., "cand": ..., "stops": true}] of
 * what differs; base and cand are as recorded, null where nothing was. A new reference, NULL out of
 * memory.
 */
json_t *cb_environment_compare(const struct cb_report_data *base, const struct cb_report_data *cand,
	const struct cb_environment_accepted *accepted);

/* How many of them stop a gate. */
size_t cb_environment_stops(const json_t *differences);

/* A run without facts about any host says nothing of where it was measured. */
bool cb_environment_known(const struct cb_report_data *d);

#endif
