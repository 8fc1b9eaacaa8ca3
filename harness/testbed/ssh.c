#include "harness/testbed/ssh.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/testbed/state_file.h"
#include "harness/testbed/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_NS    (10 * CB_NS_PER_MS)
#define END_NS     (1 * CB_NS_PER_SEC)
#define OUTPUT_MAX 65536
/*
 * What ends ssh when the controller is killed. Not SIGTERM: the handler of OpenSSH's client loop
 * sets a flag that is looked at before poll() (clientloop.c of 9.2), so one that comes in between
 * is lost and the connection stays for ever. What it would have cleaned up, its socket, goes with
 * the controller's directory (clean.c); what it started to get through, a proxy, sees the end of
 * its pipe.
 */
#define ORPHAN_SIGNAL SIGKILL

int cb_ssh_directory(char dir[PATH_MAX], unsigned serial, struct cb_error *err)
{
	char parent[PATH_MAX], name[64];
	int r = cb_state_directory(parent, err);

	/* As the state files: named after the controller. */
	snprintf(name, sizeof(name), "%d-%llu-%u.ssh", getpid(),
		(unsigned long long)cb_process_start_time(getpid()), serial);
	if (!r)
		r = cb_file_join(dir, PATH_MAX, parent, name, err);
	if (!r && mkdir(dir, 0700) && errno != EEXIST)
		r = cb_error_errno(err, CB_ERR_HOST, errno, "%s", dir);
	return r;
}

int cb_ssh_init(struct cb_ssh *s, const struct cb_bed_host *host, const char *dir, unsigned number,
	const char *log_dir, struct cb_error *err)
{
	char parent[PATH_MAX];
	int r = 0;

	*s = (struct cb_ssh){.host = host, .log_fd = -1};
	s->master.pidfd = s->master.stdin_fd = s->master.stdout_fd = -1;
	s->command = s->master;
	if (snprintf(s->socket, sizeof(s->socket), "%s/%u", dir, number) >= (int)sizeof(s->socket))
		return cb_error_set(err, CB_ERR_HOST, "%s is too long for a socket's path", dir);
	if (!log_dir) {
		snprintf(s->log_path, sizeof(s->log_path), "%s.log", s->socket);
	} else {
		r = cb_file_join(parent, sizeof(parent), log_dir, host->name, err);
		if (!r)
			r = cb_file_make_dirs(parent, err);
		if (!r)
			r = cb_file_join(s->log_path, sizeof(s->log_path), parent, "ssh.log", err);
	}
	if (r)
		return r;
	s->log_fd = open(s->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (s->log_fd < 0)
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, "%s", s->log_path);
	return 0;
}

void cb_ssh_finish(struct cb_ssh *s)
{
	cb_process_finish(&s->command, END_NS);
	cb_process_finish(&s->master, END_NS);
	if (s->log_fd >= 0)
		close(s->log_fd);
	s->log_fd = -1;
	if (*s->socket)
		unlink(s->socket);
	cb_text_finish(&s->output);
}

/* ---- words ---- */

struct words {
	const char **list;
	size_t n;
};

static void add(struct words *w, const char *word)
{
	if (w->n < CB_SSH_WORDS_MAX - 1)
		w->list[w->n++] = word;
	w->list[w->n] = NULL;
}

static void add_all(struct words *w, const char *const *words)
{
	for (; *words; words++)
		add(w, *words);
}

/*
 * What a configuration may say that would ask, forward, start something or disturb a measurement
 * (ServerAliveInterval sends in the middle of it), is overruled; all else is the user's.
 */
static const char *const common[] = {"ssh", "-T", "-x", "-a", "-o", "BatchMode=yes", "-o",
	"RemoteCommand=none", "-o", "PermitLocalCommand=no", "-o", "StrictHostKeyChecking=yes",
	"-o", "ClearAllForwardings=yes", NULL};

static void master_words(const struct cb_ssh *s, char name[160], const char **words)
{
	static const char *const own[] = {"-M", "-N", "-o", "ControlPersist=no", "-o",
		"ServerAliveInterval=0", "-o", "ConnectTimeout=10", NULL};
	struct words w = {.list = words};

	add_all(&w, common);
	add_all(&w, own);
	add(&w, "-S");
	add(&w, s->socket);
	if (*s->host->control) {
		snprintf(name, 160, "HostName=%s", s->host->control);
		add(&w, "-o");
		add(&w, name);
	}
	add(&w, "--");
	add(&w, s->host->ssh);
}

void cb_ssh_words(const struct cb_ssh *s, const char *command, const char *words[CB_SSH_WORDS_MAX])
{
	/* Without its master ssh would connect by itself: it can't by this. */
	static const char *const own[] = {
		"-o", "ControlMaster=no", "-o", "ProxyCommand=false", "-S", NULL};
	struct words w = {.list = words};

	add_all(&w, common);
	add_all(&w, own);
	add(&w, s->socket);
	add(&w, "--");
	add(&w, s->host->ssh);
	add(&w, command);
}

/* ---- connecting ---- */

int cb_ssh_begin(struct cb_ssh *s, struct cb_error *err)
{
	const char *words[CB_SSH_WORDS_MAX];
	char name[160];
	struct cb_process_spec spec = {.argv = words,
		.search_path = true,
		.cpu = -1,
		.stderr_fd = s->log_fd,
		.pipe_stdout = true,
		.new_session = true,
		.parent_death_signal = ORPHAN_SIGNAL};

	cb_process_finish(&s->master, END_NS);
	unlink(s->socket);
	s->log_start = lseek(s->log_fd, 0, SEEK_END);
	master_words(s, name, words);
	if (cb_process_start(&s->master, &spec, err))
		return cb_error_prepend(err, "%s", s->host->name);
	return 0;
}

static bool lives(const struct cb_ssh *s)
{
	struct pollfd fd = {.fd = s->master.pidfd, .events = POLLIN};

	return s->master.pid > 0 && poll(&fd, 1, 0) == 0;
}

bool cb_ssh_is_connected(const struct cb_ssh *s)
{
	return lives(s) && access(s->socket, F_OK) == 0;
}

/* The master makes its socket when it is let in, and ends when it is not. 1: connected. */
static int look_at(struct cb_ssh *s, struct cb_error *err)
{
	if (!lives(s))
		return cb_ssh_failed(s, err);
	return access(s->socket, F_OK) == 0;
}

int cb_ssh_connect(struct cb_ssh *const *list, size_t n, uint64_t deadline_ns, struct cb_error *err)
{
	size_t connected = 0;
	int r = 0;

	for (size_t i = 0; !r && i < n; i++)
		if (!lives(list[i]))
			r = cb_ssh_begin(list[i], err);
	while (!r && connected < n) {
		uint64_t look = cb_deadline_in(LOOK_NS);

		r = look_at(list[connected], err);
		if (r > 0) {
			connected++;
			r = 0;
		} else if (!r && cb_now_ns() >= deadline_ns) {
			r = cb_error_set(err, CB_ERR_HOST, "%s: ssh does not get through in time",
				list[connected]->host->name);
		} else if (!r) {
			r = cb_testbed_wait(NULL, 0, look, err);
			r = r == CB_ERR_HOST ? 0 : r;
		}
	}
	return r;
}

/* ---- commands ---- */

/* In the child: its stdin is a file of its own, so that all have read it from the beginning. */
static int take_stdin(void *arg)
{
	const char *path = arg;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
		return -errno;
	return 0;
}

static int start_command(struct cb_ssh *s, const char *command, int in_fd, struct cb_error *err)
{
	const char *words[CB_SSH_WORDS_MAX];
	char path[64];
	struct cb_process_spec spec = {.argv = words,
		.search_path = true,
		.cpu = -1,
		.stderr_fd = s->log_fd,
		.pipe_stdout = true,
		.new_session = true,
		.parent_death_signal = ORPHAN_SIGNAL};

	snprintf(path, sizeof(path), "/proc/self/fd/%d", in_fd);
	if (in_fd >= 0) {
		spec.before_exec = take_stdin;
		spec.before_exec_arg = path;
	}
	cb_text_clear(&s->output);
	s->log_start = lseek(s->log_fd, 0, SEEK_END);
	cb_ssh_words(s, command, words);
	if (cb_process_start(&s->command, &spec, err))
		return cb_error_prepend(err, "%s", s->host->name);
	return 0;
}

static int read_output(struct cb_ssh *s, uint64_t deadline_ns, struct cb_error *err)
{
	struct pollfd fd = {.fd = s->command.stdout_fd, .events = POLLIN};
	char bytes[4096];

	for (;;) {
		int r = cb_testbed_wait(&fd, 1, deadline_ns, err);
		ssize_t n;

		if (r == CB_ERR_HOST)
			return cb_error_set(err, r, "%s: ssh takes too long", s->host->name);
		if (r)
			return r;
		n = read(fd.fd, bytes, sizeof(bytes));
		if (n == 0)
			return 0;
		if (n > 0 && s->output.length + (size_t)n <= OUTPUT_MAX)
			cb_text_add_n(&s->output, bytes, (size_t)n);
		else if (n < 0 && errno != EINTR)
			return cb_error_errno(err, CB_ERR_HOST, errno, "%s", s->host->name);
	}
}

int cb_ssh_run(struct cb_ssh *const *list, const char *const *commands, size_t n, int in_fd,
	uint64_t deadline_ns, struct cb_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < n; i++)
		r = start_command(list[i], commands[i], in_fd, err);
	for (size_t i = 0; !r && i < n; i++) {
		r = read_output(list[i], deadline_ns, err);
		if (!r)
			r = cb_process_wait(
				&list[i]->command, deadline_ns, &list[i]->status, NULL, err);
	}
	for (size_t i = 0; i < n; i++)
		cb_process_finish(&list[i]->command, r ? 0 : END_NS);
	return r;
}
