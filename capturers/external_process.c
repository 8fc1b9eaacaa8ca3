#include "capturers/external_process.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VERSION_NS (2 * CB_NS_PER_SEC) /* to print a version */

/* In the child: counts and complaints come by one pipe. */
static int join_outputs(void *arg)
{
	return dup2(STDOUT_FILENO, STDERR_FILENO) < 0 ? -errno : 0;
}

int cb_external_process_start(
	struct cb_process *p, const char *const *argv, int cpu, struct cb_error *err)
{
	const struct cb_process_spec spec = {.argv = argv,
		.search_path = true,
		.pipe_stdout = true,
		.cpu = cpu,
		.parent_death_signal = SIGKILL,
		.new_session = true, /* ^C is for this process, which stops it in order */
		.before_exec = join_outputs};
	struct cb_error why = {0};
	int rc = cb_process_start(p, &spec, &why);

	if (rc && (why.sys_errno == ENOENT || why.sys_errno == EACCES))
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"external program %s can't be started: %s", argv[0],
			strerror(why.sys_errno));
	if (rc)
		return cb_error_set(err, rc, "%s", why.text);
	if (fcntl(p->stdout_fd, F_SETFL, O_NONBLOCK))
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, "%s: its output", argv[0]);
	return 0;
}

/* Its pipe may outlive it, in the hands of what it has started. */
ssize_t cb_external_process_read(
	const struct cb_process *p, char *bytes, size_t size, uint64_t deadline_ns)
{
	struct pollfd entries[] = {
		{.fd = p->stdout_fd, .events = POLLIN}, {.fd = p->pidfd, .events = POLLIN}};
	ssize_t n;

	if (poll(entries, 2, cb_deadline_poll_ms(deadline_ns)) <= 0)
		return -EAGAIN;
	n = read(p->stdout_fd, bytes, size);
	if (n >= 0)
		return n;
	return entries[1].revents ? 0 : -EAGAIN;
}

/* The name in brackets may hold anything; the state follows the last bracket. */
static bool is_runnable_thread(pid_t pid, const char *tid)
{
	char path[64], line[1024];
	const char *name_end;

	snprintf(path, sizeof(path), "/proc/%d/task/%.20s/stat", pid, tid);
	if (cb_file_read_line(path, line, sizeof(line), NULL))
		return false;
	name_end = strrchr(line, ')');
	return name_end && !strncmp(name_end, ") R", 3);
}

bool cb_external_process_is_runnable(pid_t pid)
{
	struct dirent *entry;
	bool runnable = false;
	char path[64];
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	threads = opendir(path);
	if (!threads)
		return false;
	while (!runnable && (entry = readdir(threads)))
		runnable = entry->d_name[0] != '.' && is_runnable_thread(pid, entry->d_name);
	closedir(threads);
	return runnable;
}

void cb_external_process_version(const struct cb_external_program *program, char *out, size_t size)
{
	uint64_t deadline = cb_deadline_in(VERSION_NS);
	struct cb_process p = {.pid = 0};
	char text[1024] = "";
	size_t n = 0, used = 0;
	unsigned lines = 0;
	ssize_t got;

	if (!program->version || cb_external_process_start(&p, program->version, -1, NULL))
		return;
	while (n < sizeof(text) - 1 && cb_now_ns() < deadline) {
		got = cb_external_process_read(&p, text + n, sizeof(text) - 1 - n, deadline);
		if (!got)
			break;
		n += got > 0 ? (size_t)got : 0;
	}
	cb_process_finish(&p, VERSION_NS);
	for (char *line = text; *line && lines < program->version_lines && used < size; lines++) {
		size_t length = strcspn(line, "\n");

		used += (size_t)snprintf(out + used, size - used, "%s%.*s", lines ? ", " : "",
			(int)length - (length && line[length - 1] == '.'), line);
		line += length + (line[length] == '\n');
	}
}
