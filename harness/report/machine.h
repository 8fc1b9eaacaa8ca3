/* The hosts of a run in one line, for captions. */
#ifndef CB_HARNESS_REPORT_MACHINE_H
#define CB_HARNESS_REPORT_MACHINE_H

#include "harness/report/data.h"

/* "Xeon E5-2680 v4, 2 CPUs, virtual (kvm), Linux 6.1.0"; several hosts that are not the same
 * machine are joined by " and "; "machine not known" without facts. */
void cb_machine_print(const struct cb_report_data *d, struct cb_text *out);

#endif
