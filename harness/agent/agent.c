/* The agent's life: messages in, replies out, signals, the end. */
#include "harness/agent/agent.h"

#include "capturers/share.h"
#include "harness/agent/evidence.h"
#include "harness/agent/namespaces.h"
#include "harness/agent/remote.h"
#include "harness/agent/requests.h"
#include "harness/agent/state.h"
#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/log.h"
#include "harness/host/tuning.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#define CHILDREN_GRACE_NS (300 * CB_NS_PER_MS)

static const char *const namespaces_choices[] = {"present", "new", NULL};

const struct cb_option cb_agent_option_table[] = {
	{.name = "host",
		CB_OPTION_TEXT_AT(struct cb_agent_options, host),
		.fallback = "local",
		.help = "Name that the agent goes by in messages and log"},
	{.name = "namespaces",
		.type = CB_OPT_ENUM,
		.offset = offsetof(struct cb_agent_options, namespaces),
		.choices = namespaces_choices,
		.fallback = "present",
		.help = "Work in the caller's network namespace, or in one of its own"},
	{.name = "user-namespace-of",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct cb_agent_options, user_namespace_of),
		.min = 0,
		.max = 1 << 30,
		.fallback = "0",
		.metavar = "PID",
		.help = "Join the user namespace of this process first"},
	{.name = "remote",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct cb_agent_options, remote),
		.fallback = "no",
		.help = "On a host of its own: with a lock, a dead-man timer, and undo"},
	{.name = "control-address",
		CB_OPTION_TEXT_AT(struct cb_agent_options, control_address),
		.fallback = "",
		.metavar = "ADDRESS",
		.help = "Address of this host by which the controller has come"},
	CB_OPTION_END,
};

int cb_agent_init(struct cb_agent *a, const struct cb_agent_options *options, int in, int out,
	struct cb_error *err)
{
	*a = (struct cb_agent){.options = options,
		.in = in,
		.out = out,
		.wake = -1,
		.lock = -1,
		.softirq = {.cost_ns = NAN, .kernel_accounts = -1}};
	a->missing = json_array();
	return a->missing ? 0 : cb_error_memory(err, "the agent");
}

void cb_agent_end_captures(struct cb_agent *a)
{
	uint64_t deadline = cb_deadline_in(CHILDREN_GRACE_NS);

	for (size_t i = 0; i < a->n_captures; i++)
		if (a->captures[i].process.pid)
			cb_process_signal(&a->captures[i].process, SIGTERM);
	/* One moment of grace for all, not one each. */
	for (size_t i = 0; i < a->n_captures; i++) {
		uint64_t now = cb_now_ns();

		if (a->measuring && a->captures[i].worker)
			cb_agent_softirq_unwatch(a, a->captures[i].worker);
		cb_agent_child_finish(&a->captures[i], now < deadline ? deadline - now : 0);
	}
	cb_share_close(a->shared);
	a->shared = NULL;
	a->n_captures = 0;
	a->measuring = false;
	a->state &= ~(unsigned)CB_AGENT_CAPTURE;
}

void cb_agent_end_generator(struct cb_agent *a)
{
	cb_agent_child_finish(&a->generator, CHILDREN_GRACE_NS);
	a->state &= ~(unsigned)CB_AGENT_GENERATE;
}

void cb_agent_end_children(struct cb_agent *a)
{
	cb_agent_end_captures(a);
	cb_agent_end_generator(a);
}

void cb_agent_finish(struct cb_agent *a)
{
	cb_agent_end_children(a);
	cb_softirq_close(a->softirq.program);
	a->softirq.program = NULL;
	/* Before what was there earlier: the link as it was found. */
	cb_tuning_close(a->tuning);
	a->tuning = NULL;
	cb_agent_remote_finish(a);
	cb_wire_reader_finish(&a->reader);
	json_decref(a->missing);
	a->missing = NULL;
}

void cb_agent_miss(struct cb_agent *a, const char *fmt, ...)
{
	char sentence[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	cb_info("%s", sentence);
	json_array_append_new(a->missing, json_string(sentence));
}

void cb_agent_send(struct cb_agent *a, json_t *message)
{
	struct cb_text bytes = {0};
	struct cb_error err = {0};
	int r = message ? cb_wire_pack(&bytes, message, &err) : cb_error_memory(&err, "a reply");

	if (!r)
		r = cb_file_write_all(
			a->out, bytes.data, bytes.length, "the controller's pipe", &err);
	if (r) {
		/* A controller that went first is no error. */
		cb_log(a->ending ? CB_LOG_DEBUG : CB_LOG_ERROR, "%s", err.text);
		a->ending = true;
	}
	cb_text_finish(&bytes);
	json_decref(message);
}

/* A request that came while another one waits: abort is noted, anything else refused. */
static void answer_busy(struct cb_agent *a, const json_t *message)
{
	struct cb_error err = {0};
	const char *name;
	int64_t id;

	if (cb_wire_open_request(message, &id, &name, &err)) {
		cb_error_log("%s", err.text);
		a->ending = true;
		return;
	}
	if (strcmp(name, "alive") == 0)
		return;
	if (strcmp(name, "abort") == 0 && !a->aborted) {
		a->aborted = true;
		a->abort_id = id;
		return;
	}
	cb_error_set(&err, CB_ERR_HOST, "%.40s: %s is still being carried out", name, a->busy);
	cb_agent_send(a, cb_wire_failure(id, &err));
}

/* Whole messages among what was read. Negative: no messages, the connection is not usable. */
static int take_messages(struct cb_agent *a, struct cb_error *err)
{
	json_t *message;
	int r;

	while (!a->ending && (r = cb_wire_next(&a->reader, &message, err)) != 0) {
		if (r < 0)
			return r;
		if (a->busy)
			answer_busy(a, message);
		else
			r = cb_agent_serve(a, message, err);
		json_decref(message);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_messages(struct cb_agent *a, struct cb_error *err)
{
	char bytes[16384];
	ssize_t n = read(a->in, bytes, sizeof(bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0)
		cb_warn("the controller's messages can't be read: %s", strerror(errno));
	if (n <= 0) {
		a->ending = true;
		return 0;
	}
	a->heard_ns = cb_now_ns();
	return cb_wire_feed(&a->reader, bytes, (size_t)n, err);
}

static int check_wanted(const struct cb_agent *a, struct cb_error *err)
{
	if (a->ending)
		return cb_error_set(err, CB_ERR_INTERRUPTED, "the agent ends");
	if (a->aborted)
		return cb_error_set(err, CB_ERR_INTERRUPTED, "aborted by the controller");
	return 0;
}

/* What the controller has sent, if it has. */
static int hear(struct cb_agent *a, bool readable, struct cb_error *err)
{
	int r = readable ? read_messages(a, err) : 0;

	/* Not only when there is something new: a message may have come in one read with the
	 * request that waits here. */
	if (!r)
		r = take_messages(a, err);
	if (r < 0)
		a->ending = true;
	return r < 0 ? r : check_wanted(a, err);
}

int cb_agent_wait(struct cb_agent *a, struct pollfd *fds, size_t n, uint64_t deadline_ns,
	struct cb_error *err)
{
	struct pollfd all[CB_AGENT_CAPTURES_MAX + 2] = {
		{.fd = a->in, .events = POLLIN}, {.fd = a->wake, .events = POLLIN}};
	uint64_t dead_ns = cb_agent_dead_at(a);
	int ready, r;

	if (n > CB_AGENT_CAPTURES_MAX)
		return cb_error_set(err, CB_ERR_INTERNAL, "%zu descriptors to wait for", n);
	r = hear(a, false, err);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++)
		all[i + 2] = fds[i];
	ready = poll(
		all, n + 2, cb_deadline_poll_ms(deadline_ns < dead_ns ? deadline_ns : dead_ns));
	if (ready < 0 && errno != EINTR)
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, "poll");
	if (ready == 0 && cb_now_ns() >= dead_ns)
		cb_agent_hear_nothing(a);
	else if (ready == 0 && cb_now_ns() >= deadline_ns)
		return cb_error_set(err, CB_ERR_HOST, "the time is up");
	for (size_t i = 0; i < n; i++) {
		fds[i].revents = 0;
		if (ready > 0)
			fds[i].revents = all[i + 2].revents;
	}
	if (ready > 0 && all[1].revents)
		a->ending = true;
	return hear(a, ready > 0 && all[0].revents, err);
}

static int wake_fd = -1;

static void on_signal(int number)
{
	uint64_t one = 1;
	int saved = errno;

	(void)number;
	if (write(wake_fd, &one, sizeof(one)) < 0)
		errno = saved; /* the counter is full: it is readable already */
}

/*
 * Handlers, not a signal mask: a mask would be inherited by the children. SIGPIPE is ignored, so
 * that a vanished controller is an error of write().
 */
static int catch_signals(struct cb_agent *a, struct cb_error *err)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	a->wake = wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd < 0)
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, "eventfd");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sigaction(numbers[i], &act, NULL);
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

/* Messages move to descriptors of their own, so that nothing printed by mistake gets among them. */
static int take_stdio(int *in, int *out, struct cb_error *err)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	*in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	*out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (*in < 0 || *out < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
		dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return cb_error_errno(
			err, CB_ERR_INTERNAL, errno, "the agent needs stdin, stdout and stderr");
	close(null);
	return 0;
}

int cb_agent_main_loop(const struct cb_agent_options *options, struct cb_error *err)
{
	static struct cb_agent a; /* large for a stack */
	char name[96];
	int in = -1, out = -1, r;

	snprintf(name, sizeof(name), "agent %s", options->host);
	cb_log_set_name(name);
	r = take_stdio(&in, &out, err);
	if (!r)
		r = cb_agent_init(&a, options, in, out, err);
	if (r)
		return r;
	r = catch_signals(&a, err);
	/* After the namespaces: a change of credentials clears the parent-death signal
	 * (kernel/cred.c, commit_creds). A parent that died before is the end of stdin. */
	if (!r && cb_agent_namespaces_enter(&a, &a.setup))
		cb_error_log("%s", a.setup.text); /* told in reply to hello */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	prctl(PR_SET_NAME, "capbench-agent"); /* it was started as /proc/self/exe */
	while (!r && !a.ending)
		r = cb_agent_wait(&a, NULL, 0, CB_FOREVER, err);
	if (r == CB_ERR_INTERRUPTED)
		r = 0;
	cb_agent_finish(&a);
	close(a.wake);
	close(in);
	close(out);
	return r;
}
