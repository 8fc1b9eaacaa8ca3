#include "generators/transmitters/pktgen_proc.h"

#include "harness/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAILED_OTHERWISE 255

void cb_pktgen_proc_init(struct cb_pktgen_proc *p)
{
	const char *root = getenv(CB_PKTGEN_ROOT); /* NOLINT(concurrency-mt-unsafe) */

	*p = (struct cb_pktgen_proc){0};
	if (!root || !*root || !cb_text_copy(p->root, sizeof(p->root), root))
		cb_text_copy(p->root, sizeof(p->root), "/proc/thread-self/net/pktgen");
}

static int open_file(const struct cb_pktgen_proc *p, const char *file, int flags)
{
	char path[sizeof(p->root) + CB_PKTGEN_FILE + 1];
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", p->root, file) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The whole command in one write: each write is a command of its own. */
static int write_command(int fd, const char *command)
{
	size_t n = strlen(command);
	ssize_t written = write(fd, command, n);

	if (written < 0)
		return -errno;
	return (size_t)written == n ? 0 : -EIO;
}

static int proc_write(void *arg, const char *file, const char *command)
{
	int fd = open_file(arg, file, O_WRONLY), r;

	if (fd < 0)
		return fd;
	r = write_command(fd, command);
	close(fd);
	return r;
}

static int proc_read(void *arg, const char *file, char *text, size_t size)
{
	int fd = open_file(arg, file, O_RDONLY);
	size_t n = 0;
	ssize_t got = 1;

	if (fd < 0)
		return fd;
	while (n < size - 1 && got > 0) {
		got = read(fd, text + n, size - 1 - n);
		n += got > 0 ? (size_t)got : 0;
	}
	text[n] = '\0';
	close(fd);
	if (got < 0)
		return -errno;
	return got ? -EFBIG : (int)n;
}

/*
 * In the child. ^C at the terminal goes to it, too, and is none of its business: with a signal
 * pending pktgen would stop before the parent knows why. Asynchronous-signal-safe calls only.
 */
static void write_start(int fd, pid_t parent)
{
	sigset_t none;

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(FAILED_OTHERWISE);
	if (write(fd, "start\n", 6) < 0)
		_exit(errno < FAILED_OTHERWISE ? errno : FAILED_OTHERWISE);
	_exit(0);
}

static int proc_start(void *arg)
{
	struct cb_pktgen_proc *p = arg;
	int fd = open_file(p, CB_PKTGEN_CONTROL, O_WRONLY);
	pid_t parent = getpid();

	if (fd < 0)
		return fd;
	p->writer_status = 0;
	p->writer = fork();
	if (p->writer == 0)
		write_start(fd, parent);
	close(fd);
	if (p->writer > 0)
		return 0;
	p->writer = 0;
	return -errno;
}

static int proc_starting(void *arg)
{
	struct cb_pktgen_proc *p = arg;
	int status, failure;

	if (!p->writer)
		return p->writer_status;
	if (waitpid(p->writer, &status, WNOHANG) != p->writer)
		return 1;
	p->writer = 0;
	failure = WIFEXITED(status) ? WEXITSTATUS(status) : FAILED_OTHERWISE;
	p->writer_status = failure == FAILED_OTHERWISE ? -EIO : -failure;
	return p->writer_status;
}

static void proc_end_start(void *arg)
{
	struct cb_pktgen_proc *p = arg;

	if (!p->writer)
		return;
	kill(p->writer, SIGKILL);
	while (waitpid(p->writer, NULL, 0) < 0 && errno == EINTR)
		;
	p->writer = 0;
}

const struct cb_pktgen_io cb_pktgen_proc_io = {
	.write = proc_write,
	.read = proc_read,
	.start = proc_start,
	.starting = proc_starting,
	.end_start = proc_end_start,
};

int cb_pktgen_proc_probe(const struct cb_pktgen_proc *p, struct cb_error *err)
{
	int fd = open_file(p, CB_PKTGEN_CONTROL, O_WRONLY);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (fd == -ENOENT || fd == -ENOTDIR)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"pktgen is not there (%s): load it with \"modprobe pktgen\"; it needs a "
			"kernel with CONFIG_NET_PKTGEN, such as Debian's linux-image-amd64",
			p->root);
	return cb_error_errno(err, CB_ERR_IMPOSSIBLE, fd,
		"pktgen's files (%s) can't be written; it takes orders from root only", p->root);
}
