/*
 * A program as a child process whose stdout and stderr come by one pipe. It is in a session of its
 * own, and dies with this process.
 */
#ifndef CB_CAPTURERS_EXTERNAL_PROCESS_H
#define CB_CAPTURERS_EXTERNAL_PROCESS_H

#include "capturers/external_program.h"
#include "harness/base/process.h"

#include <sys/types.h>

/* `cpu`: the core it runs on, -1: any. CB_ERR_IMPOSSIBLE when there is no such program. */
int cb_external_process_start(
	struct cb_process *p, const char *const *argv, int cpu, struct cb_error *err);

/* Up to `size` bytes of what it prints: how many, 0 when it or its output has ended, -EAGAIN when
 * there were none by the deadline. */
ssize_t cb_external_process_read(
	const struct cb_process *p, char *bytes, size_t size, uint64_t deadline_ns);

/* Whether one of its threads runs or waits for a core (state R, /proc/PID/task): one that gets no
 * core uses no CPU time either, and is not idle. */
bool cb_external_process_is_runnable(pid_t pid);

/* The first lines of what the program's version command prints, joined; "" when it can't be told.
 * May take 2 s. */
void cb_external_process_version(const struct cb_external_program *program, char *out, size_t size);

#endif
