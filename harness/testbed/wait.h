/* Waiting of a controller: for descriptors, for a signal that asks for a stop, and meanwhile for
 * the time to let idle hosts hear that it is still there. */
#ifndef CB_HARNESS_TESTBED_WAIT_H
#define CB_HARNESS_TESTBED_WAIT_H

#include "harness/base/error.h"

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#define CB_HEARTBEAT_NS INT64_C(5000000000)
#define CB_DEAD_MAN_NS  INT64_C(60000000000) /* silence after which an agent gives up */

/*
 * Wait until one of `fds` is ready (revents set), or for the deadline: 0, CB_ERR_HOST (err is not
 * filled), CB_ERR_INTERRUPTED. The signals that ask for a stop are let in by ppoll only, so that
 * none slips in between look and sleep.
 */
int cb_testbed_wait(struct pollfd *fds, size_t n, uint64_t deadline_ns, struct cb_error *err);

/* Do nothing for so long. CB_ERR_INTERRUPTED: a signal asks for a stop. */
int cb_testbed_rest(uint64_t ns, struct cb_error *err);

/* Who is to be called every CB_HEARTBEAT_NS while cb_testbed_wait waits (cb_host_open does). */
struct cb_host;
void cb_heartbeat_add(struct cb_host *h);
void cb_heartbeat_remove(const struct cb_host *h);

#endif
