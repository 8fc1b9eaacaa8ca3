#include "harness/agent/undo.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/base/log.h"
#include "harness/base/process.h"
#include "harness/base/text.h"
#include "harness/host/host.h"
#include "harness/host/tuning.h"
#include "harness/net/link.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOTES_MAX    192
#define COMMANDS_MAX 16384 /* bytes of JSON */
#define WORDS_MAX    64
#define RECOVER_NS   (2 * CB_NS_PER_SEC)
#define OPEN_FILES   256 /* an agent has a few dozen */

/* A file of /sys or /proc and what was in it, or a feature and whether it was on. */
struct note {
	char interface[16];
	char name[96]; /* a path, or a feature */
	char value[160];
	bool is_file, is_set; /* is_set: written last, so what is read back is whole */
};

struct cb_undo {
	struct note notes[NOTES_MAX];
	unsigned n;
	char interface[16]; /* the one that was noted */
	char commands[COMMANDS_MAX];
	uint64_t command_ns;
	pid_t guardian;
	int fd; /* its end tells the guardian that the agent is gone */
};

/* Features that link-up and receive change, as the kernel names them. Backwards each comes after
 * those without which the kernel drops it (net/core/dev.c, netdev_fix_features). */
static const char *const features[] = {"tx-tcp-mangleid-segmentation", "tx-tcp-ecn-segmentation",
	"tx-tcp6-segmentation", "tx-tcp-segmentation", "tx-generic-segmentation", "rx-gro"};

/* ---- noting ---- */

static struct note *new_note(struct cb_undo *u, const char *interface, struct cb_error *err)
{
	struct note *note = &u->notes[u->n];

	if (u->n == NOTES_MAX) {
		cb_error_set(err, CB_ERR_INTERNAL, "too much to be put back on %s", interface);
		return NULL;
	}
	*note = (struct note){.is_set = false};
	snprintf(note->interface, sizeof(note->interface), "%s", interface);
	return note;
}

/* A file that isn't there has nothing to be put back. */
static int note_file(
	struct cb_undo *u, const char *interface, const char *path, struct cb_error *err)
{
	struct note *note = new_note(u, interface, err);

	if (!note)
		return CB_ERR_INTERNAL;
	if (!cb_text_copy(note->name, sizeof(note->name), path) ||
		cb_file_read_line(path, note->value, sizeof(note->value), NULL))
		return 0;
	note->is_file = note->is_set = true;
	u->n++;
	return 0;
}

static int note_queues(struct cb_undo *u, const char *interface, struct cb_error *err)
{
	char path[160];
	const struct dirent *entry;
	DIR *queues;
	int r = 0;

	snprintf(path, sizeof(path), "/sys/class/net/%s/queues", interface);
	queues = opendir(path);
	while (queues && !r && (entry = readdir(queues)))
		if (cb_text_starts_with(entry->d_name, "rx-")) {
			snprintf(path, sizeof(path), "/sys/class/net/%s/queues/%.32s/rps_cpus",
				interface, entry->d_name);
			r = note_file(u, interface, path, err);
		}
	if (queues)
		closedir(queues);
	return r;
}

static int note_feature(
	struct cb_undo *u, const char *interface, const char *feature, struct cb_error *err)
{
	struct note *note = new_note(u, interface, err);
	bool on = false;

	if (!note)
		return CB_ERR_INTERNAL;
	if (cb_link_feature_read(interface, feature, &on, NULL))
		return 0;
	snprintf(note->name, sizeof(note->name), "%s", feature);
	snprintf(note->value, sizeof(note->value), "%d", on);
	note->is_set = true;
	u->n++;
	return 0;
}

int cb_undo_note_interface(struct cb_undo *u, const char *interface, struct cb_error *err)
{
	static const char *const files[] = {"/sys/class/net/%s/flags",
		"/proc/sys/net/ipv6/conf/%s/addr_gen_mode", "/sys/class/net/%s/threaded"};
	char path[128];
	int r = 0;

	if (strcmp(u->interface, interface) == 0)
		return 0;
	for (size_t i = 0; !r && i < sizeof(files) / sizeof(*files); i++) {
		const char *at = strstr(files[i], "%s");

		snprintf(path, sizeof(path), "%.*s%s%s", (int)(at - files[i]), files[i], interface,
			at + 2);
		r = note_file(u, interface, path, err);
	}
	for (size_t i = 0; !r && i < sizeof(features) / sizeof(*features); i++)
		r = note_feature(u, interface, features[i], err);
	if (!r)
		r = note_queues(u, interface, err);
	if (!r)
		snprintf(u->interface, sizeof(u->interface), "%s", interface);
	return r;
}

int cb_undo_note_commands(
	struct cb_undo *u, const json_t *commands, uint64_t timeout_ns, struct cb_error *err)
{
	char *text = json_dumps(commands, JSON_COMPACT);
	bool fits = text && cb_text_copy(u->commands, sizeof(u->commands), text);

	if (fits)
		u->command_ns = timeout_ns;
	free(text);
	return fits ? 0 : cb_error_set(err, CB_ERR_USAGE, "post: more than %d bytes", COMMANDS_MAX);
}

/* ---- commands ---- */

int cb_command_run(const json_t *words, uint64_t timeout_ns, struct cb_error *err)
{
	const char *argv[WORDS_MAX + 1] = {NULL};
	struct cb_process_spec spec = {.argv = argv, .search_path = true, .cpu = -1};
	struct cb_process p;
	int status = 0, r;

	if (!json_array_size(words) || json_array_size(words) > WORDS_MAX)
		return cb_error_set(err, CB_ERR_USAGE, "a command has 1 to %d words", WORDS_MAX);
	for (size_t i = 0; i < json_array_size(words); i++) {
		argv[i] = json_string_value(json_array_get(words, i));
		if (!argv[i])
			return cb_error_set(err, CB_ERR_USAGE, "a command is made of words");
	}
	spec.parent_death_signal = SIGKILL;
	r = cb_process_start(&p, &spec, err);
	if (r)
		return r;
	r = cb_process_wait(&p, cb_deadline_in(timeout_ns), &status, NULL, err);
	cb_process_finish(&p, 0);
	if (r)
		return cb_error_prepend(err, "%s", argv[0]);
	if (status)
		return cb_error_set(err, CB_ERR_HOST, "%s %s %d: see the host's agent.log", argv[0],
			WIFSIGNALED(status) ? "was killed by signal" : "ended with status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return 0;
}

/* ---- putting back ---- */

static void put_back_note(const struct note *note)
{
	struct cb_error why = {0};
	char now[sizeof(note->value)] = "";
	int r = 0;

	if (!note->is_set)
		return;
	if (!note->is_file)
		r = cb_link_feature(note->interface, note->name, note->value[0] == '1', &why);
	else if (!cb_file_read_line(note->name, now, sizeof(now), NULL) &&
		strcmp(now, note->value) != 0)
		r = cb_file_write_line(note->name, note->value, &why);
	if (r)
		cb_warn("not put back: %s %s %s: %s", note->interface, note->name, note->value,
			why.text);
}

static void put_back(struct cb_undo *u)
{
	const struct cb_receive plain = {.mode = CB_RECEIVE_SOFTIRQ, .cpu = -1};
	struct cb_link_info info;
	json_t *commands;
	struct cb_error why = {0};

	/* Threads go while there is a NAPI. An interface that is gone took its settings with it. */
	if (*u->interface && !cb_link_info(u->interface, &info, NULL)) {
		if (cb_receive_set(u->interface, &plain, &why))
			cb_debug("%s", why.text);
		for (unsigned i = u->n; i-- > 0;)
			put_back_note(&u->notes[i]);
	}
	commands = *u->commands ? cb_json_parse(u->commands, strlen(u->commands), NULL) : NULL;
	for (size_t i = 0; i < json_array_size(commands); i++)
		if (cb_command_run(json_array_get(commands, i), u->command_ns, &why))
			cb_warn("post: %s", why.text);
	json_decref(commands);
}

static void log_line(const char *line)
{
	cb_info("%s", line);
}

/* The agent was killed: settings that it noted as made (harness/host/tuning.h) are put back once it
 * counts as gone, which is when we have another parent. */
static void recover(pid_t agent)
{
	uint64_t deadline = cb_deadline_in(RECOVER_NS);
	struct cb_error err = {0};

	while (getppid() == agent && cb_now_ns() < deadline)
		cb_sleep_until(cb_deadline_in(CB_NS_PER_MS));
	if (cb_tuning_recover(NULL, log_line, &err) < 0)
		cb_warn("%s", err.text);
}

/* The guardian's life. Signals that end an agent don't end it. */
static void guard(struct cb_undo *u, int fd, int keep)
{
	static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};
	pid_t agent = getppid();
	ssize_t n;
	char byte;
	int null;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	/* The controller's pipes above all: it would wait for their end. */
	for (int i = 3; i < OPEN_FILES; i++)
		if (i != fd && i != keep)
			close(i);
	setsid();
	prctl(PR_SET_PDEATHSIG, 0);
	prctl(PR_SET_NAME, "capbench-undo");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* The messages are not for it; its log goes where the agent's went. */
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(STDERR_FILENO, STDOUT_FILENO);
	}
	while ((n = read(fd, &byte, 1)) < 0 && errno == EINTR)
		;
	if (n != 1)
		recover(agent);
	put_back(u);
	_exit(0);
}

int cb_undo_open(struct cb_undo **undo, int keep, struct cb_error *err)
{
	struct cb_undo *u =
		mmap(NULL, sizeof(*u), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ends[2];
	pid_t pid;

	if (u == MAP_FAILED)
		return cb_error_memory(err, "what is to be put back");
	if (pipe2(ends, O_CLOEXEC)) {
		munmap(u, sizeof(*u));
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, "pipe");
	}
	/* Not to *u itself, which is shared: the child would write its 0 there, too, and later. */
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		guard(u, ends[0], keep);
	}
	if (pid < 0)
		cb_error_errno(err, CB_ERR_HOST, errno, "fork");
	close(ends[0]);
	u->fd = ends[1];
	u->guardian = pid > 0 ? pid : 0;
	if (pid > 0) {
		*undo = u;
		return 0;
	}
	cb_undo_close(u);
	*undo = NULL;
	return CB_ERR_HOST;
}

void cb_undo_close(struct cb_undo *u)
{
	if (!u)
		return;
	/* The end without it is that of an agent that was killed. */
	if (write(u->fd, "", 1) != 1)
		cb_debug("the guardian is gone");
	close(u->fd);
	while (u->guardian && waitpid(u->guardian, NULL, 0) < 0 && errno == EINTR)
		;
	munmap(u, sizeof(*u));
}
