/* Softirq time of processes: the agent's use of harness/host/softirq. Not having it is no error. */
#ifndef CB_HARNESS_AGENT_EVIDENCE_H
#define CB_HARNESS_AGENT_EVIDENCE_H

#include "harness/base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cb_agent;
struct cb_view_record;

/* Have the program attached; false: it can't be had, a->softirq.why says why. Tried once. */
bool cb_agent_softirq_want(struct cb_agent *a);
/* Take it off the frames' path: for light evidence. */
void cb_agent_softirq_drop(struct cb_agent *a);

/* Count for `pid` from now on. Without the program nothing happens. */
void cb_agent_softirq_watch(struct cb_agent *a, pid_t pid);
void cb_agent_softirq_unwatch(struct cb_agent *a, pid_t pid);
/* ns since the watch, or CB_UNKNOWN. */
int64_t cb_agent_softirq_of(struct cb_agent *a, pid_t pid);

/*
 * Fill softirq_ns of a record and take it off cpu_ns, unless the kernel has done so. cpu_ns becomes
 * unknown where the two can't be told apart. The watch began when the process was ready and ends
 * when its record came, cpu_ns counts from ready to settled: no frames move in between the two.
 */
void cb_agent_softirq_settle(struct cb_agent *a, struct cb_view_record *record, int64_t softirq_ns);

#endif
