/* What `doctor` found, for people: a table of findings, and the `host:` block that mends. */
#ifndef CB_HARNESS_CLI_DOCTOR_PRINT_H
#define CB_HARNESS_CLI_DOCTOR_PRINT_H

#include "harness/base/text.h"

#include <jansson.h>
#include <stdbool.h>

/* `hosts`: array of {"host", "role", "interfaces", "findings"} (harness/host/doctor.h). `all`: with
 * the reason of those that are well, too. As wide as the terminal, in colours on one that has them.
 */
void cb_doctor_print(const json_t *hosts, bool all);

/* YAML: the settings that findings propose. `testbed`: one block a host, to be moved below it. */
void cb_doctor_fix(const json_t *hosts, bool testbed, struct cb_text *out);

#endif
