/*
 * What a host needs to run this very program: itself and the shared libraries that it was loaded
 * with, but for the C library's own, as one tar archive:
 *
 *   capbench  lib/<soname> ...  SHA256SUMS
 *
 * The program finds lib/ by $ORIGIN (CMakeLists.txt).
 */
#ifndef CB_HARNESS_TESTBED_BUNDLE_H
#define CB_HARNESS_TESTBED_BUNDLE_H

#include "harness/base/error.h"
#include "harness/testbed/sums.h"

#include <stdint.h>

struct cb_bundle {
	int fd;                 /* of the archive, in memory */
	char hash[CB_SUM_TEXT]; /* of names and contents: the build's name */
	char machine[65];       /* as uname -m */
	int64_t bytes;
};

/* CB_ERR_INTERNAL, CB_ERR_HOST when a file can't be read. To be finished in each case. */
int cb_bundle_make(struct cb_bundle *b, struct cb_error *err);
void cb_bundle_finish(struct cb_bundle *b);

#endif
