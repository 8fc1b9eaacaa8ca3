/* SHA-256 of files, by the program with which hosts check what they got: sha256sum. */
#ifndef CB_HARNESS_TESTBED_SUMS_H
#define CB_HARNESS_TESTBED_SUMS_H

#include "harness/base/error.h"

#include <stddef.h>

#define CB_SUMS_MAX 128 /* files */
#define CB_SUM_TEXT 65  /* hex digits and the NUL */

/* Of the whole files behind `fds`, wherever these stand. Blocks for as long as reading takes, up to
 * a minute; ended by a signal that asks for a stop. */
int cb_sums(const int *fds, size_t n, char (*sums)[CB_SUM_TEXT], struct cb_error *err);

#endif
