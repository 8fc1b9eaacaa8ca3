#include "harness/base/clock.h"
#include "harness/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/harness/base/check.h"

#define SOON (10 * CB_NS_PER_SEC)

static struct cb_process_spec shell(const char *const argv[4])
{
	return (struct cb_process_spec){.argv = argv, .cpu = -1};
}

#define SHELL(script) shell((const char *const[4]){"/bin/sh", "-c", script, NULL})

/* Runs to the end: the exit status, what it wrote is in out[size]. */
static int run(struct cb_process_spec spec, char *out, size_t size)
{
	struct cb_error err = {0};
	struct cb_process p;
	size_t used = 0;
	int status = -1;
	ssize_t n;

	spec.pipe_stdout = true;
	if (cb_process_start(&p, &spec, &err))
		fail_msg("%s", err.text);
	while ((n = read(p.stdout_fd, out + used, size - 1 - used)) > 0)
		used += (size_t)n;
	out[used] = '\0';
	assert_int_equal(cb_process_wait(&p, cb_deadline_in(SOON), &status, NULL, NULL), 0);
	cb_process_finish(&p, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void no_child_is_left(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void a_child_runs_and_tells_its_status(void **state)
{
	struct cb_process_spec spec =
		SHELL("i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done; exit 7");
	struct rusage usage = {0};
	struct cb_process p;
	int status = 0;

	assert_int_equal(cb_process_start(&p, &spec, NULL), 0);
	assert_true(p.pid > 0 && p.pidfd > 2);
	assert_true(fcntl(p.pidfd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(p.stdin_fd, -1);
	assert_int_equal(p.stdout_fd, -1);
	assert_int_equal(cb_process_wait(&p, cb_deadline_in(SOON), &status, &usage, NULL), 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	assert_true(usage.ru_maxrss > 0);
	assert_int_equal(p.pid, 0);
	assert_int_equal(cb_process_signal(&p, SIGTERM), -ESRCH);
	assert_int_equal(
		cb_process_wait(&p, cb_deadline_in(SOON), &status, NULL, NULL), CB_ERR_INTERNAL);
	cb_process_finish(&p, 0);
	no_child_is_left();
}

static void a_missing_program_is_seen_at_start(void **state)
{
	const char *const argv[] = {"/nonexistent/capbench", NULL};
	struct cb_process_spec spec = {.argv = argv, .cpu = -1, .pipe_stdin = true};
	struct cb_error err = {0};
	struct cb_process p;

	assert_int_equal(cb_process_start(&p, &spec, &err), CB_ERR_HOST);
	assert_int_equal(err.sys_errno, ENOENT);
	assert_string_equal(
		err.text, "/nonexistent/capbench cannot be executed: No such file or directory");
	assert_int_equal(p.pid, 0);
	assert_int_equal(p.stdin_fd, -1);
	no_child_is_left();
}

static void path_is_searched_only_when_asked(void **state)
{
	const char *const argv[] = {"sh", "-c", "echo found", NULL};
	struct cb_process_spec spec = {.argv = argv, .cpu = -1};
	struct cb_process p;
	char out[64];

	assert_int_equal(cb_process_start(&p, &spec, NULL), CB_ERR_HOST);
	spec.search_path = true;
	assert_int_equal(run(spec, out, sizeof(out)), 0);
	assert_string_equal(out, "found\n");
}

static void a_wait_has_a_deadline(void **state)
{
	struct cb_process_spec spec = SHELL("exec sleep 30");
	struct cb_error err = {0};
	struct cb_process p;
	pid_t pid;

	assert_int_equal(cb_process_start(&p, &spec, NULL), 0);
	pid = p.pid;
	assert_int_equal(cb_process_wait(&p, cb_deadline_in(20 * CB_NS_PER_MS), NULL, NULL, &err),
		CB_ERR_HOST);
	assert_int_equal(err.sys_errno, ETIMEDOUT);
	assert_int_equal(cb_process_wait(&p, 0, NULL, NULL, &err), CB_ERR_HOST);
	assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(cb_process_signal(&p, 0), 0);
	cb_process_finish(&p, SOON);
	assert_int_equal(p.pid, 0);
	assert_int_equal(kill(pid, 0), -1);
	no_child_is_left();
}

static void a_child_that_ignores_sigterm_is_killed(void **state)
{
	struct cb_process_spec spec =
		SHELL("trap '' TERM; echo ready; for i in $(seq 500); do sleep 0.02; done");
	uint64_t start, end;
	struct cb_process p;
	char byte;

	spec.pipe_stdout = true;
	assert_int_equal(cb_process_start(&p, &spec, NULL), 0);
	assert_int_equal(read(p.stdout_fd, &byte, 1), 1);
	start = cb_now_ns();
	cb_process_finish(&p, 50 * CB_NS_PER_MS);
	end = cb_now_ns();
	assert_true(end - start >= 50 * CB_NS_PER_MS && end - start < SOON);
	assert_int_equal(p.stdout_fd, -1);
	no_child_is_left();
}

static void pipes_go_both_ways(void **state)
{
	struct cb_process_spec spec = SHELL("read a; echo \"got $a\"; cat >&2");
	struct cb_process p;
	int status = -1;
	char out[64];

	spec.pipe_stdin = spec.pipe_stdout = true;
	assert_int_equal(cb_process_start(&p, &spec, NULL), 0);
	assert_true(fcntl(p.stdin_fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(p.stdout_fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(p.stdin_fd, "it\n", 3), 3);
	assert_int_equal(read(p.stdout_fd, out, sizeof(out)), 7);
	assert_memory_equal(out, "got it\n", 7);
	/* the end of its input ends cat: no copy of the pipe is open elsewhere */
	close(p.stdin_fd);
	p.stdin_fd = -1;
	assert_int_equal(cb_process_wait(&p, cb_deadline_in(SOON), &status, NULL, NULL), 0);
	assert_int_equal(status, 0);
	cb_process_finish(&p, 0);
}

static void stdin_is_empty_and_stderr_as_asked(void **state)
{
	struct cb_process_spec spec = SHELL("cat; echo oops >&2; echo fine");
	char out[64], errors[64];
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	spec.stderr_fd = ends[1];
	assert_int_equal(run(spec, out, sizeof(out)), 0);
	assert_string_equal(out, "fine\n");
	close(ends[1]);
	assert_int_equal(read(ends[0], errors, sizeof(errors)), 5);
	assert_memory_equal(errors, "oops\n", 5);
	close(ends[0]);
}

static int hand_over_77(void *arg)
{
	return fcntl(77, F_SETFD, 0) ? -errno : 0;
}

static void open_files_are_handed_over_only_on_purpose(void **state)
{
	struct cb_process_spec spec =
		SHELL("for fd in 77 78; do [ -e /proc/self/fd/$fd ] && echo $fd; done; :");
	char out[64];

	/* neither is close-on-exec */
	assert_int_equal(dup2(STDOUT_FILENO, 77), 77);
	assert_int_equal(dup2(STDOUT_FILENO, 78), 78);
	assert_int_equal(run(spec, out, sizeof(out)), 0);
	assert_string_equal(out, "");
	spec.before_exec = hand_over_77;
	assert_int_equal(run(spec, out, sizeof(out)), 0);
	assert_string_equal(out, "77\n");
	close(77);
	close(78);
}

static int refuse(void *arg)
{
	return *(int *)arg;
}

static void a_hook_may_stop_the_start(void **state)
{
	struct cb_process_spec spec = SHELL("true");
	struct cb_error err = {0};
	struct cb_process p;
	int result = -EPERM;

	spec.before_exec = refuse;
	spec.before_exec_arg = &result;
	assert_int_equal(cb_process_start(&p, &spec, &err), CB_ERR_HOST);
	assert_string_equal(err.text, "/bin/sh cannot be set up: Operation not permitted");
	no_child_is_left();
}

static int first_core(void)
{
	cpu_set_t set;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	for (int i = 0; i < CPU_SETSIZE; i++) {
		if (CPU_ISSET(i, &set))
			return i;
	}
	return -1;
}

static void a_child_is_pinned(void **state)
{
	struct cb_process_spec spec = SHELL("grep Cpus_allowed_list: /proc/self/status");
	struct cb_error err = {0};
	char out[64], expected[64];
	struct cb_process p;

	spec.cpu = first_core();
	snprintf(expected, sizeof(expected), "Cpus_allowed_list:\t%d\n", spec.cpu);
	assert_int_equal(run(spec, out, sizeof(out)), 0);
	assert_string_equal(out, expected);
	spec.cpu = CB_CPUS_MAX - 1;
	assert_int_equal(cb_process_start(&p, &spec, &err), CB_ERR_HOST);
	assert_says(err.text, "cannot be pinned to its core");
}

static void a_child_starts_with_default_signals(void **state)
{
	struct cb_process_spec spec = SHELL("grep -E 'Sig(Blk|Ign)' /proc/self/status");
	sigset_t term, before;
	char out[128];

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &before);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(run(spec, out, sizeof(out)), 0);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_string_equal(out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

static void a_session_of_its_own(void **state)
{
	/* field 6 of stat is the session */
	struct cb_process_spec spec = SHELL("set -- $(cat /proc/$$/stat); [ $6 = $$ ] && echo own");
	char out[64];

	assert_int_equal(run(spec, out, sizeof(out)), 1);
	assert_string_equal(out, "");
	spec.new_session = true;
	assert_int_equal(run(spec, out, sizeof(out)), 0);
	assert_string_equal(out, "own\n");
}

/* In a process of its own: start a child, tell its pid, end when told to. */
static void parent_that_dies(int told)
{
	struct cb_process_spec spec = SHELL("exec sleep 30");
	struct cb_process p;
	char byte;

	spec.parent_death_signal = SIGKILL;
	if (cb_process_start(&p, &spec, NULL) ||
		write(told, &p.pid, sizeof(p.pid)) != (ssize_t)sizeof(p.pid))
		_exit(1);
	_exit(read(told, &byte, 1) == 1 ? 0 : 1);
}

static void a_child_ends_with_its_parent(void **state)
{
	struct pollfd pfd = {.events = POLLIN};
	pid_t parent, child = 0;
	int ends[2], status;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	parent = fork();
	if (!parent)
		parent_that_dies(ends[1]);
	assert_int_equal(read(ends[0], &child, sizeof(child)), sizeof(child));
	pfd.fd = pidfd_open(child, 0);
	assert_true(pfd.fd >= 0);
	assert_int_equal(poll(&pfd, 1, 0), 0);
	assert_int_equal(write(ends[0], "x", 1), 1);
	assert_int_equal(poll(&pfd, 1, 10000), 1);
	assert_int_equal(waitpid(parent, &status, 0), parent);
	assert_int_equal(status, 0);
	close(pfd.fd);
	close(ends[0]);
	close(ends[1]);
}

static void finishing_nothing_closes_nothing(void **state)
{
	struct cb_process p = {0};

	cb_process_finish(&p, SOON);
	cb_process_finish(&p, SOON);
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_runs_and_tells_its_status),
		cmocka_unit_test(a_missing_program_is_seen_at_start),
		cmocka_unit_test(path_is_searched_only_when_asked),
		cmocka_unit_test(a_wait_has_a_deadline),
		cmocka_unit_test(a_child_that_ignores_sigterm_is_killed),
		cmocka_unit_test(pipes_go_both_ways),
		cmocka_unit_test(stdin_is_empty_and_stderr_as_asked),
		cmocka_unit_test(open_files_are_handed_over_only_on_purpose),
		cmocka_unit_test(a_hook_may_stop_the_start),
		cmocka_unit_test(a_child_is_pinned),
		cmocka_unit_test(a_child_starts_with_default_signals),
		cmocka_unit_test(a_session_of_its_own),
		cmocka_unit_test(a_child_ends_with_its_parent),
		cmocka_unit_test(finishing_nothing_closes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
