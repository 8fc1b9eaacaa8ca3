#include "harness/testbed/sums.h"

#include "harness/base/clock.h"
#include "harness/base/process.h"
#include "harness/base/text.h"
#include "harness/testbed/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SUMS_NS (60 * CB_NS_PER_SEC)

struct files {
	const int *fds;
	size_t n;
};

/* In the child: they are to be open there, too. */
static int keep_open(void *arg)
{
	const struct files *files = arg;

	for (size_t i = 0; i < files->n; i++)
		if (fcntl(files->fds[i], F_SETFD, 0))
			return -errno;
	return 0;
}

static int read_all(
	struct cb_process *p, struct cb_text *output, uint64_t deadline_ns, struct cb_error *err)
{
	struct pollfd fd = {.fd = p->stdout_fd, .events = POLLIN};
	char bytes[4096];
	ssize_t n;

	do {
		int r = cb_testbed_wait(&fd, 1, deadline_ns, err);

		if (r == CB_ERR_HOST)
			return cb_error_set(err, r, "it takes too long");
		if (r)
			return r;
		n = read(fd.fd, bytes, sizeof(bytes));
		if (n > 0)
			cb_text_add_n(output, bytes, (size_t)n);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? cb_error_errno(err, CB_ERR_HOST, errno, "its output") : 0;
}

/* A line each: the sum, two spaces, the name. */
static int take_lines(const char *line, size_t n, char (*sums)[CB_SUM_TEXT], struct cb_error *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *end = strchr(line, '\n');

		if (!end || strspn(line, "0123456789abcdef") != CB_SUM_TEXT - 1)
			return cb_error_set(err, CB_ERR_HOST, "it prints no sums");
		snprintf(sums[i], CB_SUM_TEXT, "%.64s", line);
		line = end + 1;
	}
	return 0;
}

static int run(const struct cb_process_spec *spec, size_t n, char (*sums)[CB_SUM_TEXT],
	struct cb_error *err)
{
	uint64_t deadline = cb_deadline_in(SUMS_NS);
	struct cb_text output = {0};
	struct cb_process p;
	int status = 0, r = cb_process_start(&p, spec, err);

	if (r)
		return r;
	r = read_all(&p, &output, deadline, err);
	if (!r)
		r = cb_process_wait(&p, deadline, &status, NULL, err);
	cb_process_finish(&p, 0);
	if (!r && status)
		r = cb_error_set(err, CB_ERR_HOST, "it failed");
	if (!r)
		r = take_lines(cb_text_get(&output), n, sums, err);
	cb_text_finish(&output);
	return r;
}

int cb_sums(const int *fds, size_t n, char (*sums)[CB_SUM_TEXT], struct cb_error *err)
{
	struct files files = {fds, n};
	char paths[CB_SUMS_MAX][32];
	const char *argv[CB_SUMS_MAX + 2] = {"sha256sum"};
	const struct cb_process_spec spec = {.argv = argv,
		.search_path = true,
		.pipe_stdout = true,
		.cpu = -1,
		.parent_death_signal = SIGKILL,
		.new_session = true,
		.before_exec = keep_open,
		.before_exec_arg = &files};
	int r;

	if (n > CB_SUMS_MAX)
		return cb_error_set(err, CB_ERR_INTERNAL, "%zu files are too many", n);
	/* Opened there anew, so from the beginning. */
	for (size_t i = 0; i < n; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/proc/self/fd/%d", fds[i]);
		argv[i + 1] = paths[i];
	}
	r = run(&spec, n, sums, err);
	return r ? cb_error_prepend(err, "sha256sum") : 0;
}
