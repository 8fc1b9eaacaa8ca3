/*
 * Child processes: started without a shell, held by a pidfd, ended within a
 * deadline, never left behind.
 */
#ifndef CB_HARNESS_BASE_PROCESS_H
#define CB_HARNESS_BASE_PROCESS_H

#include "harness/base/error.h"
#include "harness/base/json.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#define CB_CPUS_MAX 1024

/*
 * What the child gets. Zero-initialise and set `cpu`; defaults stand behind each field. Of the open
 * files it gets stdin, stdout and stderr, and those from which `before_exec` takes FD_CLOEXEC. No
 * signal is blocked in it; SIGINT, SIGTERM and SIGPIPE have their default actions.
 */
struct cb_process_spec {
	const char *const *argv; /* NULL-terminated; argv[0] is the program's path (not searched in
				    PATH unless `search_path`) */
	bool search_path;
	bool pipe_stdin, pipe_stdout; /* pipes to and from the child; else /dev/null and the
					 parent's stdout respectively */
	int stderr_fd;                /* > 0: becomes the child's stderr; 0: inherited */
	int cpu;                      /* the core it is pinned to before exec; -1: not pinned */
	int parent_death_signal;      /* 0: none */
	bool new_session;             /* away from the terminal's ^C */
	/* Runs in the child between fork and exec: async-signal-safe calls only; nonzero ends the
	 * child. */
	int (*before_exec)(void *arg);
	void *before_exec_arg;
};

struct cb_process {
	pid_t pid;               /* 0: none */
	int pidfd;               /* -1: none */
	int stdin_fd, stdout_fd; /* the parent's ends, -1: none; close-on-exec */
};

/*
 * Start a child. CB_ERR_HOST when fork or exec fails (exec's errno is reported through a pipe, so a
 * missing program is seen here). On error nothing is left.
 */
int cb_process_start(
	struct cb_process *p, const struct cb_process_spec *spec, struct cb_error *err);

/*
 * Wait for the end. 0 with the wait status and (may be NULL) resource usage; CB_ERR_HOST when the
 * deadline passes first (the child still runs then).
 */
int cb_process_wait(struct cb_process *p, uint64_t deadline_ns, int *status, struct rusage *usage,
	struct cb_error *err);

int cb_process_signal(const struct cb_process *p, int signal);

/* SIGTERM, up to `grace_ns` of waiting, SIGKILL, reap, close the pipes. Accepts a zeroed struct. */
void cb_process_finish(struct cb_process *p, uint64_t grace_ns);

/* /proc/self/exe resolved into out[size]. */
int cb_process_self_path(char *out, size_t size, struct cb_error *err);

/* Pin the calling thread to one core; CB_ERR_USAGE when the core does not exist or may not be used.
 */
int cb_process_pin(int cpu, struct cb_error *err);

/*
 * How long the calling thread has been ready to run while others had its core, in ns: the second
 * number of /proc/thread-self/schedstat (sched_info.run_delay in the kernel; exact, as switches
 * between threads happen). CB_UNKNOWN where the kernel does not tell.
 */
int64_t cb_process_run_delay_ns(void);

/* The time at which `pid` started, in clock ticks since boot (field 22 of /proc/PID/stat); 0: no
 * such process. */
uint64_t cb_process_start_time(pid_t pid);

#endif
