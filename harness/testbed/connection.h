/*
 * The controller's end of a connection to an agent: a child process that speaks harness/wire on its
 * stdin and stdout. testbed.h has the calls that are of use outside of this folder.
 */
#ifndef CB_HARNESS_TESTBED_CONNECTION_H
#define CB_HARNESS_TESTBED_CONNECTION_H

#include "harness/base/error.h"
#include "harness/base/process.h"
#include "harness/testbed/testbed.h"

#include <stdint.h>
#include <sys/types.h>

/*
 * Start the agent of the host `name`. `program` says what is executed (argv, search_path,
 * before_exec; new_session: it is a host whose agent has a dead-man timer); the rest is set here.
 * The agent's log goes to log_dir/NAME/agent.log, appended (log_dir NULL: to our stderr).
 * CB_ERR_HOST when it can't be started. To be closed by cb_host_close.
 */
int cb_host_open(struct cb_host **h, const char *name, const struct cb_process_spec *program,
	const char *log_dir, struct cb_error *err);

/* Let the agent hear that we are still there. Doesn't wait; nothing comes back. */
void cb_host_beat(struct cb_host *h);

pid_t cb_host_pid(const struct cb_host *h);

/* Say bye, close the connection. Doesn't wait; for several hosts to end at once. Accepts NULL. */
void cb_host_dismiss(struct cb_host *h);
/* Wait for the agent's end, or bring it about, and free. Accepts NULL. */
void cb_host_close(struct cb_host *h);

#endif
