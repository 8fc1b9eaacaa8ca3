/* The test-bed of a file; for remote.c and remote_steps.c. */
#ifndef CB_HARNESS_TESTBED_REMOTE_H
#define CB_HARNESS_TESTBED_REMOTE_H

#include "harness/testbed/backend.h"
#include "harness/testbed/deploy.h"

#include <limits.h>
#include <stdbool.h>

struct cb_remote {
	const struct cb_testbed_options *options;
	struct cb_testbed_options own; /* what `options` points to, when the caller's is gone */
	char log_dir[PATH_MAX];
	char directory[PATH_MAX];            /* of the sockets */
	struct cb_bundle bundle;             /* fd 0: not made yet */
	char controller[160];                /* who we are, for locks */
	struct cb_ssh ssh[CB_BED_HOSTS_MAX]; /* by index of the file */
	size_t n;
};

/* Hosts that take the steps: all, or those that were lost. */
struct cb_remote_group {
	struct cb_remote *remote;
	struct cb_testbed *testbed;
	struct cb_ssh *ssh[CB_BED_HOSTS_MAX];
	struct cb_testbed_end *ends[CB_BED_HOSTS_MAX];
	const struct cb_bed_host *hosts[CB_BED_HOSTS_MAX];
	const struct cb_bed_port *ports[CB_BED_HOSTS_MAX]; /* NULL: it counts for others */
	bool sensor[CB_BED_HOSTS_MAX];
	size_t n;
};

/* From nothing to a link that is up, each step by all hosts of the group at once. CB_ERR_HOST or
 * CB_ERR_IMPOSSIBLE for the first host that can't; the others may have taken the step. */
int cb_remote_take_steps(struct cb_remote_group *g, struct cb_error *err);
/* The last of these, from the ports on. */
int cb_remote_find_link(struct cb_remote_group *g, struct cb_error *err);

#endif
