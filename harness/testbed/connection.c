#include "harness/testbed/connection.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/log.h"
#include "harness/testbed/wait.h"
#include "harness/wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEND_NS       (5 * CB_NS_PER_SEC) /* an agent always reads its messages */
#define LAST_WORDS_NS (500 * CB_NS_PER_MS)
#define END_GRACE_NS  (2 * CB_NS_PER_SEC)
#define LOG_TAIL      400 /* bytes of the log in an error */

struct cb_host {
	char name[64];
	struct cb_process process;
	struct cb_wire_reader reader;
	int64_t last_id; /* of the request sent last */
	bool broken;     /* nothing more can be said */
	bool writing;    /* a request is half out */
	bool late;       /* it owes a reply whose time is over */
	char log_path[PATH_MAX];
	off_t log_start; /* where this agent's lines begin */
};

static int open_log(struct cb_host *h, const char *log_dir, int *fd, struct cb_error *err)
{
	char dir[PATH_MAX];
	int r = cb_file_join(dir, sizeof(dir), log_dir, h->name, err);

	if (!r)
		r = cb_file_make_dirs(dir, err);
	if (!r)
		r = cb_file_join(h->log_path, sizeof(h->log_path), dir, "agent.log", err);
	if (r)
		return r;
	*fd = open(h->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (*fd < 0)
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, "%s", h->log_path);
	h->log_start = lseek(*fd, 0, SEEK_END);
	return 0;
}

int cb_host_open(struct cb_host **host, const char *name, const struct cb_process_spec *program,
	const char *log_dir, struct cb_error *err)
{
	struct cb_host *h = calloc(1, sizeof(*h));
	struct cb_process_spec spec = *program;
	int log = 0, r = 0;

	if (!h)
		return cb_error_memory(err, "a host");
	snprintf(h->name, sizeof(h->name), "%s", name);
	if (log_dir)
		r = open_log(h, log_dir, &log, err);
	spec.pipe_stdin = spec.pipe_stdout = true;
	spec.stderr_fd = log;
	spec.cpu = -1;
	spec.parent_death_signal = SIGTERM;
	spec.new_session = true; /* ^C is for the controller, which then tells the agents */
	if (!r)
		r = cb_process_start(&h->process, &spec, err);
	if (log > 0)
		close(log);
	if (r) {
		free(h);
		return cb_error_prepend(err, "%s: agent", name);
	}
	/* A stuck agent must not hang the controller. */
	fcntl(h->process.stdin_fd, F_SETFL, O_NONBLOCK);
	if (program->new_session)
		cb_heartbeat_add(h);
	*host = h;
	return 0;
}

pid_t cb_host_pid(const struct cb_host *h)
{
	return h->process.pid;
}

const char *cb_host_name(const struct cb_host *h)
{
	return h->name;
}

bool cb_host_is_broken(const struct cb_host *h)
{
	return h->broken || h->late;
}

void cb_host_beat(struct cb_host *h)
{
	struct cb_text bytes = {0};
	json_t *alive = cb_wire_request(0, "alive", NULL);

	/* Less than PIPE_BUF: a pipe takes all of it or nothing (pipe(7)); one that is full means
	 * that the host has other things to read. */
	if (!h->broken && !h->writing && h->process.stdin_fd >= 0 && alive &&
		!cb_wire_pack(&bytes, alive, NULL) &&
		write(h->process.stdin_fd, bytes.data, bytes.length) < 0)
		cb_debug("%s: heartbeat: %s", h->name, strerror(errno));
	json_decref(alive);
	cb_text_finish(&bytes);
}

/* The last lines of the log, joined to one. */
static void log_tail(const struct cb_host *h, char tail[LOG_TAIL + 1])
{
	int fd = h->log_path[0] ? open(h->log_path, O_RDONLY | O_CLOEXEC) : -1;
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END), start = end - LOG_TAIL;
	ssize_t n = 0;
	char *from = tail;

	if (start < h->log_start)
		start = h->log_start;
	if (fd >= 0 && end > start)
		n = pread(fd, tail, LOG_TAIL, start);
	if (fd >= 0)
		close(fd);
	tail[n > 0 ? n : 0] = '\0';
	/* Not from the middle of a line. */
	if (start > h->log_start && strchr(tail, '\n'))
		from = strchr(tail, '\n') + 1;
	memmove(tail, from, strlen(from) + 1);
	for (char *p = tail; *p; p++)
		if (*p == '\n')
			*p = p[1] ? ';' : '\0';
}

/* The error for an agent that is gone: how it ended, and what it said last. */
static int agent_gone(struct cb_host *h, struct cb_error *err)
{
	char tail[LOG_TAIL + 1], how[80] = "closed its connection";
	const char *advice = "";
	int status;

	h->broken = true;
	if (h->process.pid &&
		!cb_process_wait(&h->process, cb_deadline_in(LAST_WORDS_NS), &status, NULL, NULL)) {
		if (WIFSIGNALED(status))
			snprintf(how, sizeof(how), "was killed by signal %d", WTERMSIG(status));
		else
			snprintf(how, sizeof(how), "ended with status %d", WEXITSTATUS(status));
	}
	log_tail(h, tail);
	if (tail[0])
		advice = "; its log ends: ";
	return cb_error_set(err, CB_ERR_HOST, "%s: the agent %s%s%s", h->name, how, advice, tail);
}

/* Wait for `events` on `fd`: as cb_testbed_wait. */
static int wait_for(int fd, short events, uint64_t deadline_ns, struct cb_error *err)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};

	return cb_testbed_wait(&poll_fd, 1, deadline_ns, err);
}

static int write_all(struct cb_host *h, const struct cb_text *bytes, struct cb_error *err)
{
	uint64_t deadline = cb_deadline_in(SEND_NS);
	size_t done = 0;

	while (done < bytes->length) {
		ssize_t n = write(h->process.stdin_fd, bytes->data + done, bytes->length - done);

		if (n > 0)
			done += (size_t)n;
		else if (errno == EPIPE)
			return agent_gone(h, err);
		else if (errno == EAGAIN) {
			int r = wait_for(h->process.stdin_fd, POLLOUT, deadline, err);

			if (r == CB_ERR_HOST)
				cb_error_set(err, r, "%s: the agent does not read its messages",
					h->name);
			if (r) {
				h->broken = true; /* half a message is out */
				return r;
			}
		} else if (errno != EINTR)
			return cb_error_errno(err, CB_ERR_HOST, errno, "%s", h->name);
	}
	return 0;
}

int cb_host_send(struct cb_host *h, const char *request, json_t *args, struct cb_error *err)
{
	struct cb_text bytes = {0};
	json_t *message;
	int r;

	if (h->broken) {
		json_decref(args);
		return cb_error_set(
			err, CB_ERR_HOST, "%s: the connection to the agent is broken", h->name);
	}
	message = cb_wire_request(++h->last_id, request, args);
	r = message ? cb_wire_pack(&bytes, message, err) : cb_error_memory(err, "a request");
	h->writing = true;
	if (r)
		cb_error_prepend(err, "%s", h->name);
	else
		r = write_all(h, &bytes, err);
	h->writing = false;
	json_decref(message);
	cb_text_finish(&bytes);
	return r;
}

/* Nothing that comes from this agent can be trusted any more. */
static int break_off(struct cb_host *h, struct cb_error *err)
{
	h->broken = true;
	return cb_error_prepend(err, "%s", h->name);
}

static int read_some(struct cb_host *h, uint64_t deadline_ns, struct cb_error *err)
{
	char bytes[65536];
	ssize_t n;
	int r = wait_for(h->process.stdout_fd, POLLIN, deadline_ns, err);

	if (r == CB_ERR_HOST) {
		h->late = true;
		return cb_error_set(err, r, "%s: the agent has not answered in time", h->name);
	}
	if (r)
		return r;
	n = read(h->process.stdout_fd, bytes, sizeof(bytes));
	if (n < 0 && errno == EINTR)
		return 0;
	if (n <= 0)
		return agent_gone(h, err);
	r = cb_wire_feed(&h->reader, bytes, (size_t)n, err);
	return r ? break_off(h, err) : 0;
}

static int next_message(
	struct cb_host *h, json_t **message, uint64_t deadline_ns, struct cb_error *err)
{
	for (;;) {
		int r = cb_wire_next(&h->reader, message, err);

		if (r < 0)
			return break_off(h, err);
		if (r > 0)
			return 0;
		r = read_some(h, deadline_ns, err);
		if (r)
			return r;
	}
}

int cb_host_collect(struct cb_host *h, json_t **reply, uint64_t deadline_ns, struct cb_error *err)
{
	json_t *message;
	int64_t id = 0;
	int r;

	if (h->broken)
		return cb_error_set(
			err, CB_ERR_HOST, "%s: the connection to the agent is broken", h->name);
	do {
		struct cb_error failure = {0};

		r = next_message(h, &message, deadline_ns, err);
		if (r)
			return r;
		r = cb_wire_open_reply(message, &id, &failure);
		if (!r && id == h->last_id && reply)
			*reply = json_incref(message);
		json_decref(message);
		if (r && err)
			*err = failure;
		/* A lower id is a late reply to a request that was given up. */
	} while (id > 0 && id < h->last_id);
	if (id != h->last_id) {
		if (!r)
			cb_error_set(err, CB_ERR_HOST, "a reply to nothing");
		return break_off(h, err);
	}
	return r ? cb_error_prepend(err, "%s", h->name) : 0;
}

int cb_host_call(struct cb_host *h, const char *request, json_t *args, json_t **reply,
	uint64_t deadline_ns, struct cb_error *err)
{
	int r = cb_host_send(h, request, args, err);

	return r ? r : cb_host_collect(h, reply, deadline_ns, err);
}

void cb_host_dismiss(struct cb_host *h)
{
	struct cb_text bytes = {0};
	json_t *bye;

	if (!h || h->process.stdin_fd < 0)
		return;
	/* One write, and no waiting: an agent that is busy sees the end of its stdin, which is the
	 * same to it. */
	bye = cb_wire_request(++h->last_id, "bye", NULL);
	if (!h->broken && bye && !cb_wire_pack(&bytes, bye, NULL) &&
		write(h->process.stdin_fd, bytes.data, bytes.length) < 0)
		cb_debug("%s: bye: %s", h->name, strerror(errno));
	json_decref(bye);
	cb_text_finish(&bytes);
	close(h->process.stdin_fd);
	h->process.stdin_fd = -1;
}

void cb_host_close(struct cb_host *h)
{
	if (!h)
		return;
	cb_heartbeat_remove(h);
	cb_host_dismiss(h);
	if (h->process.pid)
		cb_process_wait(&h->process, cb_deadline_in(END_GRACE_NS), NULL, NULL, NULL);
	cb_process_finish(&h->process, END_GRACE_NS);
	cb_wire_reader_finish(&h->reader);
	free(h);
}
