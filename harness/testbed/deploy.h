/* This build on hosts: there already, or copied. */
#ifndef CB_HARNESS_TESTBED_DEPLOY_H
#define CB_HARNESS_TESTBED_DEPLOY_H

#include "harness/testbed/bundle.h"
#include "harness/testbed/ssh.h"

#define CB_DEPLOY_COMMAND_MAX 2048

/*
 * See that each host has the build, whole, and copy it where it isn't. CB_ERR_HOST,
 * CB_ERR_IMPOSSIBLE (another architecture, an older C library) naming the host and what to do.
 */
int cb_deploy(struct cb_ssh *const *list, size_t n, const struct cb_bundle *bundle,
	uint64_t deadline_ns, struct cb_error *err);

/* The command that becomes the agent. */
void cb_deploy_agent_command(const struct cb_bed_host *host, const struct cb_bundle *bundle,
	char command[CB_DEPLOY_COMMAND_MAX]);

#endif
