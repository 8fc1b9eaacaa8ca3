/*
 * One measurement at a time on a host: a lock that the kernel takes off when its holder ends, so
 * that none is ever left over. Its file tells who has it, and since when.
 */
#ifndef CB_HARNESS_AGENT_LOCK_H
#define CB_HARNESS_AGENT_LOCK_H

#include "harness/base/error.h"

#include <stdint.h>

/*
 * Take the lock for `controller`, a text that names it. What is left of another agent of the same
 * controller (stuck, its connection lost) is ended first. *fd holds it: to be closed. CB_ERR_HOST
 * says who has it.
 */
int cb_host_lock(const char *controller, uint64_t deadline_ns, int *fd, struct cb_error *err);

#endif
