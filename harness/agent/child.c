#include "harness/agent/child.h"

#include "harness/agent/state.h"
#include "harness/base/clock.h"
#include "harness/base/json.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPTIONS_MAX 48
#define FIXED_ARGS  6 /* program, verb, --control, --shared-tap=, --, interface */

/* The words of a child's command line; those of options are on the heap. */
struct words {
	const char *argv[FIXED_ARGS + OPTIONS_MAX + 1];
	char *options[OPTIONS_MAX];
	size_t n_options;
	char share[CB_SHARED_TEXT + 16];
};

static void words_finish(struct words *w)
{
	for (size_t i = 0; i < w->n_options; i++)
		free(w->options[i]);
}

/* What it shares with other processes. */
static int add_share(struct words *w, const struct cb_share_heir *heir, struct cb_error *err)
{
	static const char option[] = "--shared-tap=";

	if (!heir->shared)
		return 0;
	memcpy(w->share, option, sizeof(option));
	if (!cb_share_print(heir->shared, heir->index, w->share + sizeof(option) - 1,
		    sizeof(w->share) - sizeof(option) + 1))
		return cb_error_set(err, CB_ERR_INTERNAL, "too many descriptors for a shared tap");
	return 0;
}

/* "--name=value", when the table has such an option and it takes this value. */
static int add_option(struct words *w, const char *name, const json_t *value,
	const struct cb_option *table, void *scratch, struct cb_error *err)
{
	const char *text = json_string_value(value);
	int r;

	if (!text)
		return cb_error_set(
			err, CB_ERR_USAGE, "option %.40s: its value must be text", name);
	r = cb_option_set(table, name, text, scratch, err);
	if (r)
		return r;
	if (w->n_options == OPTIONS_MAX)
		return cb_error_set(err, CB_ERR_USAGE, "more than %d options", OPTIONS_MAX);
	if (asprintf(&w->options[w->n_options], "--%s=%s", name, text) < 0)
		return cb_error_memory(err, "an option");
	w->n_options++;
	return 0;
}

static int make_words(struct words *w, const char *verb, const char *interface,
	const json_t *values, const struct cb_option *table, void *scratch, struct cb_error *err)
{
	size_t n = 0;
	const char *name;
	json_t *value;

	if (!json_is_object(values))
		return cb_error_set(err, CB_ERR_USAGE, "options must be an object");
	json_object_foreach((json_t *)values, name, value)
	{
		int r = add_option(w, name, value, table, scratch, err);

		if (r)
			return r;
	}
	w->argv[n++] = "capbench";
	w->argv[n++] = verb;
	w->argv[n++] = "--control";
	if (w->share[0])
		w->argv[n++] = w->share;
	for (size_t i = 0; i < w->n_options; i++)
		w->argv[n++] = w->options[i];
	w->argv[n++] = "--";
	w->argv[n++] = interface;
	w->argv[n] = NULL;
	return 0;
}

struct execution {
	const char *const *argv;
	const struct cb_share_heir *share;
};

/* By /proc/self/exe, not by its path: a build that replaces the file must not change a run that is
 * under way. */
static int execute_self(void *arg)
{
	const struct execution *e = arg;

	if (e->share->shared && cb_share_inherit((void *)(uintptr_t)e->share))
		return -errno;
	execv("/proc/self/exe", (char *const *)(uintptr_t)e->argv);
	return -errno;
}

int cb_agent_child_start(struct cb_agent_child *c, const char *verb, const char *interface,
	const json_t *values, const struct cb_option *table, void *scratch, struct cb_error *err)
{
	struct words words = {.n_options = 0};
	struct execution execution = {words.argv, &c->share};
	struct cb_process_spec spec = {
		.argv = words.argv,
		.pipe_stdin = true,
		.pipe_stdout = true,
		.cpu = -1, /* it pins itself: --cpu */
		.parent_death_signal = SIGKILL,
		.before_exec = execute_self,
		.before_exec_arg = &execution,
	};
	int r = add_share(&words, &c->share, err);

	if (!r)
		r = make_words(&words, verb, interface, values, table, scratch, err);
	if (!r)
		r = cb_process_start(&c->process, &spec, err);
	words_finish(&words);
	return r;
}

static bool has_line(const struct cb_agent_child *c)
{
	return c->output.length && memchr(c->output.data, '\n', c->output.length);
}

static int read_output(struct cb_agent_child *c, struct cb_error *err)
{
	char bytes[65536];
	ssize_t n = read(c->process.stdout_fd, bytes, sizeof(bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0)
		return cb_error_errno(
			err, CB_ERR_INTERNAL, errno, "%s: its output can't be read", c->name);
	c->ended = n == 0;
	cb_text_add_n(&c->output, bytes, (size_t)n);
	if (c->output.failed)
		return cb_error_memory(err, c->name);
	if (c->output.length > CB_WIRE_MESSAGE_MAX)
		return cb_error_set(err, CB_ERR_INTERNAL, "%s printed more than %u bytes", c->name,
			CB_WIRE_MESSAGE_MAX);
	return 0;
}

int cb_agent_children_speak(struct cb_agent *a, struct cb_agent_child *children, size_t n,
	uint64_t deadline_ns, struct cb_error *err)
{
	struct pollfd fds[CB_AGENT_CAPTURES_MAX];
	struct cb_agent_child *silent[CB_AGENT_CAPTURES_MAX];

	for (;;) {
		size_t n_silent = 0;
		int r;

		for (size_t i = 0; i < n && i < CB_AGENT_CAPTURES_MAX; i++) {
			if (children[i].ended || has_line(&children[i]))
				continue;
			fds[n_silent] = (struct pollfd){
				.fd = children[i].process.stdout_fd, .events = POLLIN};
			silent[n_silent++] = &children[i];
		}
		if (!n_silent)
			return 0;
		r = cb_agent_wait(a, fds, n_silent, deadline_ns, err);
		if (r == CB_ERR_HOST)
			return cb_error_set(
				err, CB_ERR_HOST, "%s does not answer", silent[0]->name);
		for (size_t i = 0; !r && i < n_silent; i++)
			if (fds[i].revents)
				r = read_output(silent[i], err);
		if (r)
			return r;
	}
}

/* The words for an end without a line. */
static int untimely_end(struct cb_agent_child *c, struct cb_error *err)
{
	int status = 0;

	if (cb_process_wait(&c->process, cb_deadline_in(CB_NS_PER_SEC), &status, NULL, NULL))
		return cb_error_set(
			err, CB_ERR_INTERNAL, "%s closed its output without an answer", c->name);
	if (WIFSIGNALED(status))
		return cb_error_set(err, CB_ERR_INTERNAL, "%s was killed by signal %d (%s)",
			c->name, WTERMSIG(status), strsignal(WTERMSIG(status)));
	return cb_error_set(err, CB_ERR_INTERNAL, "%s ended without an answer, with status %d",
		c->name, WEXITSTATUS(status));
}

/* {"error": TEXT, "code": CODE} as an error; 0 when it is not one. */
static int own_error(const struct cb_agent_child *c, const json_t *line, struct cb_error *err)
{
	const char *text = json_string_value(json_object_get(line, "error"));
	json_int_t code = json_integer_value(json_object_get(line, "code"));

	if (!text)
		return 0;
	if (code > CB_ERR_INTERNAL || code < CB_ERR_INTERRUPTED)
		code = CB_ERR_INTERNAL;
	return cb_error_set(err, (int)code, "%s: %s", c->name, text);
}

int cb_agent_child_take(struct cb_agent_child *c, json_t **line, struct cb_error *err)
{
	char *end;
	json_t *json;
	size_t size;
	int r;

	if (!has_line(c))
		return untimely_end(c, err);
	end = memchr(c->output.data, '\n', c->output.length);
	size = (size_t)(end - c->output.data);
	json = cb_json_parse(c->output.data, size, err);
	/* What is behind the line moves to the front: a child says little. */
	memmove(c->output.data, end + 1, c->output.length - size - 1);
	c->output.length -= size + 1;
	c->output.data[c->output.length] = '\0';
	if (!json)
		return cb_error_prepend(err, "%s", c->name);
	r = own_error(c, json, err);
	if (!r && !json_is_object(json))
		r = cb_error_set(err, CB_ERR_INTERNAL, "%s: its line is not an object", c->name);
	if (r) {
		json_decref(json);
		return r;
	}
	*line = json;
	return 0;
}

int cb_agent_child_ready(struct cb_agent_child *c, struct cb_error *err)
{
	json_t *line = NULL;
	json_int_t worker;
	bool ready = false;
	int r = cb_agent_child_take(c, &line, err);

	if (r)
		return r;
	r = cb_json_bool(line, "ready", &ready, err);
	if (!r && !ready)
		r = cb_error_set(err, CB_ERR_INTERNAL, "it is not ready");
	worker = json_integer_value(json_object_get(line, "pid"));
	c->worker = worker > 0 && worker <= INT_MAX ? (pid_t)worker : c->process.pid;
	json_decref(line);
	return r ? cb_error_prepend(err, "%s", c->name) : 0;
}

int cb_agent_child_reap(struct cb_agent_child *c, uint64_t deadline_ns, struct cb_error *err)
{
	int status = 0;
	int r = cb_process_wait(&c->process, deadline_ns, &status, NULL, err);

	if (r)
		return cb_error_prepend(err, "%s", c->name);
	if (WIFSIGNALED(status))
		return cb_error_set(err, CB_ERR_INTERNAL,
			"%s was killed by signal %d (%s) after its record", c->name,
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status))
		return cb_error_set(err, CB_ERR_INTERNAL,
			"%s ended with status %d after its record", c->name, WEXITSTATUS(status));
	return 0;
}

void cb_agent_child_finish(struct cb_agent_child *c, uint64_t grace_ns)
{
	cb_process_finish(&c->process, grace_ns);
	cb_text_finish(&c->output);
	memset(c, 0, sizeof(*c));
}
