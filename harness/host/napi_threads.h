/*
 * The kernel threads of threaded NAPI. Internal to harness/host.
 */
#ifndef CB_HARNESS_HOST_NAPI_THREADS_H
#define CB_HARNESS_HOST_NAPI_THREADS_H

#include "harness/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CB_NAPI_THREADS_MAX 256

/*
 * The threads that poll `interface`; *n is 0 when it is not threaded. The kernel is asked where it
 * can tell (netdev netlink, Linux 6.8); before that they are found by name, which the interfaces of
 * several namespaces may share: CB_ERR_IMPOSSIBLE then, as when the threads belong to a PID
 * namespace above the caller's.
 */
int cb_napi_threads(
	const char *interface, pid_t pids[CB_NAPI_THREADS_MAX], size_t *n, struct cb_error *err);

/* The way of older kernels; see above. */
int cb_napi_threads_by_name(
	const char *interface, pid_t pids[CB_NAPI_THREADS_MAX], size_t *n, struct cb_error *err);

/*
 * Pin all of them to `cpu`, or let them run anywhere (-1). Those that are so already are left
 * alone. CB_ERR_IMPOSSIBLE: no threads, or no right to.
 */
int cb_napi_threads_pin(const char *interface, int cpu, struct cb_error *err);

/* CB_ERR_IMPOSSIBLE: why none was found. In another PID namespace than the machine's first there
 * may be some that can't be seen. */
int cb_napi_threads_none(const char *interface, bool first_pid_namespace, struct cb_error *err);

/* Is `comm` what a NAPI thread of `interface` is called: "napi/IFACE-ID", cut to 15 characters by
 * kernels before 5.17? */
bool cb_napi_thread_is(const char *comm, const char *interface);

#endif
