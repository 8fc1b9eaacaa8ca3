/* What tells test-beds apart; for the files of this folder. */
#ifndef CB_HARNESS_TESTBED_BACKEND_H
#define CB_HARNESS_TESTBED_BACKEND_H

#include "harness/testbed/testbed.h"

struct cb_testbed_backend {
	/* Fill `t` (zeroed but for `missing`). On an error the caller closes. */
	int (*open)(struct cb_testbed *t, const struct cb_testbed_options *options,
		struct cb_error *err);
	int (*mend)(struct cb_testbed *t, struct cb_error *err); /* NULL: it can't */
	void (*close)(struct cb_testbed *t);                     /* all but the hosts of the ends */
};

extern const struct cb_testbed_backend cb_testbed_local, cb_testbed_remote, cb_testbed_here;

/* Add sentences that are not there yet. */
int cb_testbed_add_missing(struct cb_testbed *t, const json_t *more, struct cb_error *err);

#endif
