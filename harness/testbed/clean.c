/* What killed runs left: state files of controllers that are gone, and their agents if they live.
 */
#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/base/process.h"
#include "harness/host/tuning.h"
#include "harness/testbed/state_file.h"
#include "harness/testbed/testbed.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#define STATE_MAX    65536 /* bytes of a state file */
#define END_GRACE_NS (2 * CB_NS_PER_SEC)

static void tell(void (*told)(const char *line), const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void tell(void (*told)(const char *line), const char *fmt, ...)
{
	char line[PATH_MAX + 128];
	va_list args;

	if (!told)
		return;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	told(line);
}

/* Opened first, then compared with the start time: it can't be of another process that got the id
 * in between. -1: the process is gone. */
static int open_process(const struct cb_process_id *id)
{
	struct pollfd fd = {.fd = pidfd_open(id->pid, 0), .events = POLLIN};

	if (fd.fd < 0)
		return -1;
	/* Readable: it has ended, even if nobody has reaped it yet. */
	if (cb_process_start_time(id->pid) == id->start_time && poll(&fd, 1, 0) == 0)
		return fd.fd;
	close(fd.fd);
	return -1;
}

static bool lives(const struct cb_process_id *id)
{
	int fd = open_process(id);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The directory of a controller's connections; they have ended with it. */
static bool is_ssh(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, ".ssh") == 0;
}

/* The controller, from the file's name; false: not a name of ours. */
static bool parse_name(const char *name, struct cb_process_id *controller)
{
	int pid, length = 0;
	unsigned long long start;
	unsigned serial;

	if (sscanf(name, "%d-%llu-%u%n", &pid, &start, &serial, &length) != 3 || !length)
		return false;
	*controller = (struct cb_process_id){pid, start};
	return strcmp(name + length, ".json") == 0 || strcmp(name + length, ".json.tmp") == 0 ||
		is_ssh(name);
}

/* The agents that the file names; one that can't be read names none. */
static size_t read_agents(const char *path, struct cb_process_id *agents, size_t max)
{
	char *text = NULL;
	size_t size = 0, n = 0, i;
	json_t *state = NULL, *item;

	if (cb_file_read(path, STATE_MAX, &text, &size, NULL) == 0)
		state = cb_json_parse(text, size, NULL);
	json_array_foreach(json_object_get(state, "agents"), i, item)
	{
		int64_t pid, start;

		if (n == max || cb_json_count(item, "pid", &pid, NULL) ||
			cb_json_count(item, "start", &start, NULL) || pid <= 1 || pid > INT_MAX ||
			start <= 0)
			continue;
		agents[n++] = (struct cb_process_id){(pid_t)pid, (uint64_t)start};
	}
	json_decref(state);
	free(text);
	return n;
}

/* SIGTERM, a while, SIGKILL. False: it was gone already, or doesn't end. */
static bool end_agent(const struct cb_process_id *id)
{
	static const int signals[] = {SIGTERM, SIGKILL};
	struct pollfd fd = {.fd = open_process(id), .events = POLLIN};
	bool ended = false;

	if (fd.fd < 0)
		return false;
	for (size_t i = 0; i < 2 && !ended; i++) {
		uint64_t deadline = cb_deadline_in(END_GRACE_NS);

		if (pidfd_send_signal(fd.fd, signals[i], NULL, 0))
			break;
		do
			ended = poll(&fd, 1, cb_deadline_poll_ms(deadline)) == 1;
		while (!ended && cb_now_ns() < deadline);
	}
	close(fd.fd);
	return ended;
}

static int clean_one(
	const char *path, const struct cb_process_id *controller, void (*told)(const char *line))
{
	struct cb_process_id agents[CB_STATE_AGENTS_MAX];
	size_t n = is_ssh(path) ? 0 : read_agents(path, agents, CB_STATE_AGENTS_MAX);
	int removed = 0;

	for (size_t i = 0; i < n; i++)
		if (end_agent(&agents[i])) {
			tell(told, "ended agent %d of controller %d, which is gone", agents[i].pid,
				controller->pid);
			removed++;
		}
	if (is_ssh(path) ? cb_state_remove_directory(path) : unlink(path)) {
		tell(told, "%s can't be removed: %s", path, strerror(errno));
	} else {
		tell(told, "removed %s", path);
		removed++;
	}
	return removed;
}

int cb_state_clean(const char *dir, void (*told)(const char *line), struct cb_error *err)
{
	DIR *files = opendir(dir);
	const struct dirent *entry;
	int removed = 0;

	if (!files)
		return errno == ENOENT ? 0 : cb_error_errno(err, CB_ERR_HOST, errno, "%s", dir);
	while ((entry = readdir(files))) {
		struct cb_process_id controller;
		char path[PATH_MAX];

		if (!parse_name(entry->d_name, &controller) || lives(&controller))
			continue;
		if (cb_file_join(path, sizeof(path), dir, entry->d_name, NULL) == 0)
			removed += clean_one(path, &controller, told);
	}
	closedir(files);
	return removed;
}

int cb_testbed_clean(void (*told)(const char *line), struct cb_error *err)
{
	char dir[PATH_MAX];
	int r = cb_state_directory(dir, err), n;

	if (!r)
		r = cb_state_clean(dir, told, err);
	if (r < 0)
		return r;
	/* After the agents whose settings they are have ended. */
	n = cb_tuning_recover(NULL, told, err);
	return n < 0 ? n : r + n;
}
