#include "harness/base/process.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILL_WAIT_NS (10 * CB_NS_PER_SEC)

/* Where a child failed before exec; goes through the error pipe with its errno. */
enum stage { STAGE_SESSION, STAGE_PARENT, STAGE_FDS, STAGE_PIN, STAGE_HOOK, STAGE_EXEC };

static const char *const stage_texts[] = {
	[STAGE_SESSION] = "cannot have a session of its own",
	[STAGE_PARENT] = "cannot be tied to its parent",
	[STAGE_FDS] = "cannot be given its files",
	[STAGE_PIN] = "cannot be pinned to its core",
	[STAGE_HOOK] = "cannot be set up",
	[STAGE_EXEC] = "cannot be executed",
};

struct failure {
	int stage, sys_errno;
};

/* Both ends of the three pipes: [0] read, [1] write; -1: none. */
struct pipes {
	int in[2], out[2], error[2];
};

static void close_fd(int *fd)
{
	/* 0 stands for "none" in a zeroed struct; pipes never get 0..2, see make_pipe */
	if (*fd > 0)
		close(*fd);
	*fd = -1;
}

/* A close-on-exec pipe whose ends are above stdio, also where the parent's stdio is closed. */
static int make_pipe(int ends[2])
{
	int low[2], saved;

	if (pipe2(low, O_CLOEXEC))
		return -errno;
	for (int i = 0; i < 2; i++)
		ends[i] = low[i] > 2 ? low[i] : fcntl(low[i], F_DUPFD_CLOEXEC, 3);
	saved = errno;
	for (int i = 0; i < 2; i++) {
		if (ends[i] != low[i])
			close(low[i]);
	}
	if (ends[0] >= 0 && ends[1] >= 0)
		return 0;
	close_fd(&ends[0]);
	close_fd(&ends[1]);
	return -saved;
}

static void close_pipes(struct pipes *pipes)
{
	for (int i = 0; i < 2; i++) {
		close_fd(&pipes->in[i]);
		close_fd(&pipes->out[i]);
		close_fd(&pipes->error[i]);
	}
}

static int make_pipes(struct pipes *pipes, const struct cb_process_spec *spec)
{
	int rc;

	*pipes = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
	rc = make_pipe(pipes->error);
	if (!rc && spec->pipe_stdin)
		rc = make_pipe(pipes->in);
	if (!rc && spec->pipe_stdout)
		rc = make_pipe(pipes->out);
	if (rc)
		close_pipes(pipes);
	return rc;
}

static int pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0 || cpu >= CPU_SETSIZE)
		return -EINVAL;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

/* In the child. The order matters: stderr may be given a descriptor that is open at 0..2 here. */
static int child_fds(const struct cb_process_spec *spec, const struct pipes *pipes)
{
	int fd = pipes->in[0];

	if (spec->stderr_fd > 0 && dup2(spec->stderr_fd, STDERR_FILENO) < 0)
		return -errno;
	if (pipes->out[1] >= 0 && dup2(pipes->out[1], STDOUT_FILENO) < 0)
		return -errno;
	if (fd < 0)
		fd = open("/dev/null", O_RDONLY);
	if (fd < 0 || (fd != STDIN_FILENO && dup2(fd, STDIN_FILENO) < 0))
		return -errno;
	/* Marked, not closed: the hook may unmark what it wants to hand over. */
	return close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC) ? -errno : 0;
}

/* A handler that ignores survives exec, and so does the mask: the child starts with neither. */
static void child_signals(void)
{
	sigset_t none;

	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int child_parent(const struct cb_process_spec *spec, pid_t parent)
{
	if (!spec->parent_death_signal)
		return 0;
	if (prctl(PR_SET_PDEATHSIG, spec->parent_death_signal))
		return -errno;
	/* it may have died before the call; 0: it is in another pid namespace */
	return getppid() == parent || getppid() == 0 ? 0 : -ESRCH;
}

/* Async-signal-safe calls only. Returns only on failure. */
static struct failure run_child(
	const struct cb_process_spec *spec, const struct pipes *pipes, pid_t parent)
{
	int rc;

	child_signals();
	if (spec->new_session && setsid() < 0)
		return (struct failure){STAGE_SESSION, errno};
	rc = child_parent(spec, parent);
	if (rc)
		return (struct failure){STAGE_PARENT, -rc};
	rc = child_fds(spec, pipes);
	if (rc)
		return (struct failure){STAGE_FDS, -rc};
	rc = spec->cpu >= 0 ? pin(spec->cpu) : 0;
	if (rc)
		return (struct failure){STAGE_PIN, -rc};
	rc = spec->before_exec ? spec->before_exec(spec->before_exec_arg) : 0;
	if (rc)
		return (struct failure){STAGE_HOOK, abs(rc)};
	if (spec->search_path)
		execvp(spec->argv[0], (char *const *)spec->argv);
	else
		execv(spec->argv[0], (char *const *)spec->argv);
	return (struct failure){STAGE_EXEC, errno};
}

/* Read the error pipe: its end without a byte means that exec closed it. */
static int await_exec(int fd, const char *program, struct cb_error *err)
{
	struct failure failure;
	ssize_t n;

	do
		n = read(fd, &failure, sizeof(failure));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	if (n != (ssize_t)sizeof(failure))
		return cb_error_errno(err, CB_ERR_HOST, n < 0 ? errno : EIO, "%s: start", program);
	return cb_error_errno(
		err, CB_ERR_HOST, failure.sys_errno, "%s %s", program, stage_texts[failure.stage]);
}

int cb_process_start(struct cb_process *p, const struct cb_process_spec *spec, struct cb_error *err)
{
	const char *program = spec->argv[0];
	pid_t parent = getpid();
	struct pipes pipes;
	int rc;

	*p = (struct cb_process){.pidfd = -1, .stdin_fd = -1, .stdout_fd = -1};
	rc = make_pipes(&pipes, spec);
	if (rc)
		return cb_error_errno(err, CB_ERR_HOST, rc, "%s: pipes", program);
	p->pid = fork();
	if (p->pid == 0) {
		struct failure failure = run_child(spec, &pipes, parent);
		ssize_t n = write(pipes.error[1], &failure, sizeof(failure));

		_exit(n == (ssize_t)sizeof(failure) ? 127 : 126);
	}
	if (p->pid < 0) {
		p->pid = 0;
		rc = cb_error_errno(err, CB_ERR_HOST, errno, "%s: fork", program);
		goto out;
	}
	close_fd(&pipes.error[1]);
	rc = await_exec(pipes.error[0], program, err);
	if (rc)
		goto out;
	p->pidfd = pidfd_open(p->pid, 0);
	if (p->pidfd < 0) {
		rc = cb_error_errno(err, CB_ERR_HOST, errno, "%s: pidfd_open", program);
		goto out;
	}
	p->stdin_fd = pipes.in[1];
	p->stdout_fd = pipes.out[0];
	pipes.in[1] = pipes.out[0] = -1;
out:
	close_pipes(&pipes);
	if (rc)
		cb_process_finish(p, 0);
	return rc;
}

/* Wait for the end without reaping: 0, -ETIMEDOUT or another negative errno. */
static int await_end(int pidfd, uint64_t deadline_ns)
{
	struct pollfd pfd = {.fd = pidfd, .events = POLLIN};

	for (;;) {
		int n = poll(&pfd, 1, cb_deadline_poll_ms(deadline_ns));

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (cb_now_ns() >= deadline_ns)
			return -ETIMEDOUT;
	}
}

/* The process has ended or is about to: takes its status and forgets it. 0 or a negative errno. */
static int reap(struct cb_process *p, int *status, struct rusage *usage)
{
	pid_t pid;

	do
		pid = wait4(p->pid, status, 0, usage);
	while (pid < 0 && errno == EINTR);
	if (pid < 0)
		return -errno;
	p->pid = 0;
	close_fd(&p->pidfd);
	return 0;
}

int cb_process_wait(struct cb_process *p, uint64_t deadline_ns, int *status, struct rusage *usage,
	struct cb_error *err)
{
	int unused, rc;

	if (p->pid <= 0)
		return cb_error_set(err, CB_ERR_INTERNAL, "no process to wait for");
	rc = await_end(p->pidfd, deadline_ns);
	if (rc == -ETIMEDOUT)
		return cb_error_errno(
			err, CB_ERR_HOST, ETIMEDOUT, "process %d has not ended in time", p->pid);
	if (!rc)
		rc = reap(p, status ? status : &unused, usage);
	if (rc)
		return cb_error_errno(err, CB_ERR_HOST, rc, "process %d: wait", p->pid);
	return 0;
}

int cb_process_signal(const struct cb_process *p, int signal)
{
	if (p->pid <= 0)
		return -ESRCH;
	return pidfd_send_signal(p->pidfd, signal, NULL, 0) ? -errno : 0;
}

void cb_process_finish(struct cb_process *p, uint64_t grace_ns)
{
	int status;

	close_fd(&p->stdin_fd);
	if (p->pid > 0 && p->pidfd >= 0) {
		cb_process_signal(p, SIGTERM);
		if (await_end(p->pidfd, cb_deadline_in(grace_ns))) {
			cb_process_signal(p, SIGKILL);
			/* stuck in the kernel: not worth hanging for */
			if (await_end(p->pidfd, cb_deadline_in(KILL_WAIT_NS)))
				cb_warn("process %d does not end, not even by SIGKILL", p->pid);
		}
		if (!await_end(p->pidfd, 0))
			reap(p, &status, NULL);
	} else if (p->pid > 0) {
		/* failed before exec, or without a pidfd */
		kill(p->pid, SIGKILL);
		reap(p, &status, NULL);
	}
	close_fd(&p->pidfd);
	close_fd(&p->stdout_fd);
	p->pid = 0;
}

int cb_process_self_path(char *out, size_t size, struct cb_error *err)
{
	ssize_t n = readlink("/proc/self/exe", out, size);

	if (n < 0)
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, "/proc/self/exe");
	if ((size_t)n >= size)
		return cb_error_errno(err, CB_ERR_INTERNAL, ENAMETOOLONG, "/proc/self/exe");
	out[n] = '\0';
	return 0;
}

int cb_process_pin(int cpu, struct cb_error *err)
{
	int rc = pin(cpu);

	if (rc)
		return cb_error_errno(err, CB_ERR_USAGE, rc,
			"core %d does not exist here or may not be used", cpu);
	return 0;
}

int64_t cb_process_run_delay_ns(void)
{
	char line[128];
	uint64_t ran, waited;

	if (cb_file_read_line("/proc/thread-self/schedstat", line, sizeof(line), NULL) ||
		sscanf(line, "%" SCNu64 " %" SCNu64, &ran, &waited) != 2)
		return CB_UNKNOWN;
	return (int64_t)waited;
}

uint64_t cb_process_start_time(pid_t pid)
{
	char path[64], line[1024];
	const char *rest;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (cb_file_read_line(path, line, sizeof(line), NULL))
		return 0;
	/* field 2 is the name in brackets and may hold anything; 3 follows the last bracket */
	rest = strrchr(line, ')');
	for (int field = 2; rest && field < 22; field++)
		rest = strchr(rest + 1, ' ');
	return rest ? strtoull(rest, NULL, 10) : 0;
}
