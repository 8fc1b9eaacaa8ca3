/* What `run` shares with `report`: draw the report of a run directory and print its summary. */
#ifndef CB_HARNESS_CLI_REPORT_VERB_H
#define CB_HARNESS_CLI_REPORT_VERB_H

#include "harness/base/error.h"

#include <stdbool.h>

int cb_cli_report(const char *directory, bool pictures, bool json, struct cb_error *err);

#endif
