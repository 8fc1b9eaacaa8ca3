#include "harness/agent/undo.h"

#include "harness/base/clock.h"
#include "harness/base/json.h"
#include "harness/base/log.h"
#include "harness/base/process.h"
#include "harness/base/text.h"
#include "harness/base/undo_file.h"
#include "harness/host/port_state.h"
#include "harness/host/tuning.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMANDS_MAX 16384 /* bytes of JSON */
#define WORDS_MAX    64
#define RECOVER_NS   (2 * CB_NS_PER_SEC)
#define OPEN_FILES   256 /* an agent has a few dozen */

/* What the guardian must know beside the file. */
struct shared {
	char commands[COMMANDS_MAX];
	uint64_t command_ns;
};

struct cb_undo {
	struct cb_undo_file file; /* the agent's; its guardian knows the path */
	json_t *port;             /* the entry that is being changed, borrowed from the file */
	struct shared *shared;
	pid_t guardian;
	int fd; /* its end tells the guardian that the agent is gone */
};

static void log_line(const char *line)
{
	cb_info("%s", line);
}

/* ---- noting ---- */

/* Before the state is noted: what an agent before us could not put back, nor its guardian. */
static json_t *first_look(const char *interface, struct cb_error *err)
{
	struct cb_error why = {0};

	if (cb_tuning_recover(NULL, log_line, &why) < 0)
		cb_warn("%s", why.text);
	return cb_port_state_read(interface, err);
}

/* Not by name: another may have got that. */
static json_t *find_noted(const struct cb_undo *u, const char *interface)
{
	json_int_t ifindex = if_nametoindex(interface);
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(u->file.root, "entries"), i, entry)
	{
		if (json_integer_value(json_object_get(entry, "ifindex")) == ifindex)
			return entry;
	}
	return NULL;
}

int cb_undo_begin_change(struct cb_undo *u, const char *interface, struct cb_error *err)
{
	json_t *entry;
	int r;

	u->port = find_noted(u, interface);
	if (u->port) {
		cb_port_state_changing(u->port);
		return cb_undo_file_update(&u->file, err);
	}
	entry = first_look(interface, err);
	if (!entry)
		return CB_ERR_HOST;
	r = cb_undo_file_add(&u->file, json_incref(entry), err);
	if (!r)
		u->port = entry;
	json_decref(entry);
	return r;
}

void cb_undo_end_change(struct cb_undo *u)
{
	struct cb_error why = {0};

	cb_port_state_changed(u->port);
	/* Without it the port is put back whoever has changed it. */
	if (cb_undo_file_update(&u->file, &why))
		cb_warn("%s", why.text);
}

int cb_undo_note_commands(
	struct cb_undo *u, const json_t *commands, uint64_t timeout_ns, struct cb_error *err)
{
	char *text = json_dumps(commands, JSON_COMPACT);
	bool fits = text && cb_text_copy(u->shared->commands, COMMANDS_MAX, text);

	if (fits)
		u->shared->command_ns = timeout_ns;
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

static void debug_line(void *arg, const char *text)
{
	(void)arg;
	cb_debug("%s", text);
}

/* Of an agent that was killed there is nothing left in the file: recover() was before. */
static void put_back_ports(const char *path)
{
	json_t *entries = cb_undo_file_entries(path);
	bool all = true;

	for (size_t i = json_array_size(entries); i-- > 0;) {
		bool done = true;

		cb_port_state_put_back(json_array_get(entries, i), false, debug_line, NULL, &done);
		all &= done;
	}
	json_decref(entries);
	if (all)
		unlink(path);
	else
		cb_warn("not all of the port's settings were put back: see capbench clean");
}

static void put_back(const struct cb_undo *u)
{
	const char *text = u->shared->commands;
	struct cb_error why = {0};
	json_t *commands;

	put_back_ports(u->file.path);
	commands = *text ? cb_json_parse(text, strlen(text), NULL) : NULL;
	for (size_t i = 0; i < json_array_size(commands); i++)
		if (cb_command_run(json_array_get(commands, i), u->shared->command_ns, &why))
			cb_warn("post: %s", why.text);
	json_decref(commands);
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
static void guard(const struct cb_undo *u, int fd, int keep)
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

/* Fork the guardian; the pipe's other end is the agent's. */
static int start_guardian(struct cb_undo *u, int keep, struct cb_error *err)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, "pipe");
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		guard(u, ends[0], keep);
	}
	close(ends[0]);
	if (pid < 0) {
		close(ends[1]);
		return cb_error_errno(err, CB_ERR_HOST, errno, "fork");
	}
	u->guardian = pid;
	u->fd = ends[1];
	return 0;
}

int cb_undo_open(struct cb_undo **undo, int keep, struct cb_error *err)
{
	struct cb_undo *u = calloc(1, sizeof(*u));
	int r;

	*undo = NULL;
	if (!u)
		return cb_error_memory(err, "what is to be put back");
	u->fd = -1;
	u->shared = mmap(NULL, sizeof(*u->shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (u->shared == MAP_FAILED) {
		free(u);
		return cb_error_memory(err, "what is to be put back");
	}
	r = cb_undo_file_open(&u->file, NULL, err);
	if (!r)
		r = start_guardian(u, keep, err);
	if (r)
		cb_undo_close(u);
	else
		*undo = u;
	return r;
}

void cb_undo_close(struct cb_undo *u)
{
	if (!u)
		return;
	/* The end without it is that of an agent that was killed. */
	if (u->fd >= 0 && write(u->fd, "", 1) != 1)
		cb_debug("the guardian is gone");
	if (u->fd >= 0)
		close(u->fd);
	while (u->guardian && waitpid(u->guardian, NULL, 0) < 0 && errno == EINTR)
		;
	cb_undo_file_leave(&u->file); /* the guardian has removed it, or had a reason not to */
	munmap(u->shared, sizeof(*u->shared));
	free(u);
}
