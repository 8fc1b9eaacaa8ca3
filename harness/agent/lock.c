#include "harness/agent/lock.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define AGAIN_NS (50 * CB_NS_PER_MS)

/* All users of the host must agree on it. The first that is a directory with the sticky bit. */
static const char *const directories[] = {"/run/lock", "/tmp"};

static int open_lock(const char *path)
{
	/* Without O_CREAT first: with it the kernel refuses other users' files in a directory like
	 * this (fs.protected_regular). */
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (fd >= 0)
			fchmod(fd, 0666); /* whatever the umask */
	}
	return fd;
}

static int find_lock(int *fd, struct cb_error *err)
{
	char path[64];

	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++) {
		struct stat st;

		if (stat(directories[i], &st) || !S_ISDIR(st.st_mode))
			continue;
		snprintf(path, sizeof(path), "%s/capbench", directories[i]);
		*fd = open_lock(path);
		if (*fd >= 0)
			return 0;
	}
	return cb_error_errno(
		err, CB_ERR_HOST, errno, "the host's lock can't be opened in /run/lock or /tmp");
}

struct holder {
	char controller[200], since[40];
	pid_t pid;
	uint64_t start;
};

/* Whoever could write it could have written anything. */
static void read_holder(int fd, struct holder *h)
{
	char text[1024];
	ssize_t n = pread(fd, text, sizeof(text), 0);
	json_t *json = n > 0 ? cb_json_parse(text, (size_t)n, NULL) : NULL;
	int64_t pid = 0, start = 0;

	*h = (struct holder){.controller = "somebody", .since = "an unknown time"};
	cb_json_text(json, "controller", h->controller, sizeof(h->controller), NULL);
	cb_json_text(json, "since", h->since, sizeof(h->since), NULL);
	if (!cb_json_count(json, "pid", &pid, NULL) && pid > 1 && pid <= INT_MAX &&
		!cb_json_count(json, "start", &start, NULL))
		h->pid = (pid_t)pid;
	h->start = (uint64_t)start;
	for (char *p = h->controller; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = '?';
	json_decref(json);
}

static void write_holder(int fd, const char *controller)
{
	char since[32], *text;
	json_t *json;

	cb_time_utc_text(cb_real_ns(), since);
	json = json_pack("{s:s, s:s, s:i, s:I}", "controller", controller, "since", since, "pid",
		(int)getpid(), "start", (json_int_t)cb_process_start_time(getpid()));
	text = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
	if (text && ftruncate(fd, 0) == 0 && pwrite(fd, text, strlen(text), 0) < 0)
		ftruncate(fd, 0) == 0 ? (void)0 : (void)1; /* who has it is then not told */
	free(text);
	json_decref(json);
}

/* The file says whatever somebody wrote into it: only an agent is ended for its sake. */
static bool is_agent(pid_t pid)
{
	char path[40], name[32];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	return !cb_file_read_line(path, name, sizeof(name), NULL) &&
		strcmp(name, "capbench-agent") == 0;
}

/* What holds it is an agent that lives; one that has ended may have settings to put back yet. With
 * `end`: its controller has turned to us, so it waits for nobody, and is ended. */
static bool lives(const struct holder *h, bool end)
{
	int fd = h->pid > 1 ? pidfd_open(h->pid, 0) : -1;
	bool alive = fd >= 0 && cb_process_start_time(h->pid) == h->start && is_agent(h->pid);

	if (alive && end)
		pidfd_send_signal(fd, SIGKILL, NULL, 0);
	if (fd >= 0)
		close(fd);
	return alive;
}

int cb_host_lock(const char *controller, uint64_t deadline_ns, int *fd, struct cb_error *err)
{
	struct holder h = {.controller = ""};
	bool ours;
	int r = find_lock(fd, err);

	while (!r && flock(*fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			r = cb_error_errno(err, CB_ERR_HOST, errno, "the host's lock");
			break;
		}
		read_holder(*fd, &h);
		ours = strcmp(h.controller, controller) == 0;
		if ((lives(&h, ours) && !ours) || cb_now_ns() >= deadline_ns)
			r = cb_error_set(err, CB_ERR_HOST,
				"in use by %s, since %s: two measurements would disturb each "
				"other; wait for its end, or ask them",
				h.controller, h.since);
		else
			cb_sleep_until(cb_deadline_in(AGAIN_NS));
	}
	if (r && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	if (!r)
		write_holder(*fd, controller);
	return r;
}
