#include "capturers/external.h"

#include "capturers/external_output.h"
#include "capturers/external_process.h"
#include "capturers/external_program.h"
#include "capturers/external_words.h"
#include "capturers/promiscuous.h"
#include "harness/base/clock.h"
#include "harness/base/log.h"
#include "harness/base/process.h"

#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_NS   (6 * CB_NS_PER_SEC) /* to be listening */
#define END_NS     (5 * CB_NS_PER_SEC) /* to end when it is told to */
#define LOOK_NS    (50 * CB_NS_PER_MS) /* a stop is seen by then */
#define IDLE_NS    (20 * CB_NS_PER_MS) /* who wants no CPU for so long has nothing to do */
#define IDLE_SHARE 10                  /* "no CPU": less than one part in so many */

struct external {
	const struct cb_capture_job *job;
	const volatile sig_atomic_t *stop;
	struct cb_external_choice choice;
	struct cb_external_words words;
	struct cb_external_output output;
	struct cb_process process;
	int promiscuous; /* holds the interface's promiscuous mode, -1: none */
	bool ended;      /* it has, or its output */
	pid_t leader;    /* of its session; 0: not started */
	clockid_t clock; /* its CPU time */
	uint64_t ready_ns, ready_cpu_ns;
	char last_words[520];
};

/* ---- what it prints ---- */

/* Look at what it prints, until the deadline at most, or once. */
static void listen_until(struct external *x, uint64_t deadline_ns)
{
	char bytes[4096];
	ssize_t n;

	if (x->ended) {
		cb_sleep_until(deadline_ns);
		return;
	}
	n = cb_external_process_read(&x->process, bytes, sizeof(bytes), deadline_ns);
	if (n > 0)
		cb_external_output_feed(&x->output, bytes, (size_t)n);
	if (n)
		return;
	x->ended = true;
	cb_external_output_end(&x->output);
}

/* ---- its course ---- */

/* Many programs say more than one line when they fail. */
static const char *last_words(struct external *x)
{
	if (!x->output.last[0])
		return "it said nothing";
	snprintf(x->last_words, sizeof(x->last_words), "%s%s%s", x->output.before,
		x->output.before[0] ? "; " : "", x->output.last);
	return x->last_words;
}

/* It ended, or closed its output, when nobody had asked it to. */
static int untimely_end(struct external *x, struct cb_error *err)
{
	int status = 0;

	if (!cb_process_wait(&x->process, cb_deadline_in(CB_NS_PER_SEC), &status, NULL, NULL) &&
		WIFSIGNALED(status))
		return cb_error_set(err, CB_ERR_HOST,
			"external program %s was ended by signal %d (%s): %s", x->choice.name,
			WTERMSIG(status), strsignal(WTERMSIG(status)), last_words(x));
	return cb_error_set(err, CB_ERR_HOST, "external program %s ended by itself, status %d: %s",
		x->choice.name, WIFEXITED(status) ? WEXITSTATUS(status) : -1, last_words(x));
}

static int wait_ready(struct external *x, struct cb_error *err)
{
	uint64_t deadline = cb_deadline_in(READY_NS);

	while (!x->output.is_ready && !x->ended && !*x->stop && cb_now_ns() < deadline)
		listen_until(x, cb_deadline_in(LOOK_NS));
	if (x->output.is_ready)
		return 0;
	if (x->ended)
		return untimely_end(x, err);
	if (*x->stop) {
		cb_error_set(err, CB_ERR_INTERRUPTED, "stopped before it began");
		if (err)
			err->sys_errno = *x->stop;
		return CB_ERR_INTERRUPTED;
	}
	return cb_error_set(err, CB_ERR_HOST,
		"external program %s printed nothing that matches \"%s\" within %d s: %s",
		x->choice.name, x->choice.program->ready, (int)(READY_NS / CB_NS_PER_SEC),
		last_words(x));
}

static uint64_t cpu_ns(const struct external *x)
{
	struct timespec ts = {0};

	return clock_gettime(x->clock, &ts) ? 0 : cb_timespec_ns(&ts);
}

static int watch(struct external *x, struct cb_error *err)
{
	uint64_t end =
		x->job->duration_ns ? x->ready_ns + (uint64_t)x->job->duration_ns : CB_FOREVER;

	while (!x->ended && !*x->stop && cb_now_ns() < end) {
		uint64_t look = cb_deadline_in(LOOK_NS);

		listen_until(x, look < end ? look : end);
	}
	return x->ended ? untimely_end(x, err) : 0;
}

/* Let it read what is in its buffer: until it has seen all and wants no CPU, or the drain is
 * over. */
static void drain(struct external *x)
{
	uint64_t start_ns = cb_now_ns();
	uint64_t end = start_ns + (uint64_t)x->job->drain_ns;
	uint64_t visible = start_ns + x->choice.program->linger_ns;
	uint64_t before, now = start_ns, used = 0;

	while (!x->ended && now < end) {
		uint64_t look = now + IDLE_NS;

		before = cpu_ns(x);
		while (!x->ended && cb_now_ns() < look)
			listen_until(x, look);
		used = cpu_ns(x) - before;
		now = cb_now_ns();
		if (now >= visible && used < IDLE_NS / IDLE_SHARE &&
			!cb_external_process_is_runnable(x->leader))
			break;
	}
}

static int finish(struct external *x, int *status, struct rusage *usage, struct cb_error *err)
{
	uint64_t deadline = cb_deadline_in(END_NS);
	int rc = cb_process_signal(&x->process, x->choice.program->stop_signal);

	if (rc)
		return cb_error_errno(
			err, CB_ERR_HOST, rc, "external program %s: signal", x->choice.name);
	while (!x->ended && cb_now_ns() < deadline)
		listen_until(x, deadline);
	rc = cb_process_wait(&x->process, deadline, status, usage, NULL);
	if (rc)
		return cb_error_set(err, CB_ERR_HOST,
			"external program %s did not end within %d s of signal %d (%s)",
			x->choice.name, (int)(END_NS / CB_NS_PER_SEC),
			x->choice.program->stop_signal, strsignal(x->choice.program->stop_signal));
	return 0;
}

/* A program that knows no handler ends by the signal itself, or says so in its status. */
static int judge_end(struct external *x, int status, struct cb_error *err)
{
	int asked = x->choice.program->stop_signal;

	if (WIFSIGNALED(status) && WTERMSIG(status) == asked)
		return 0;
	if (WIFEXITED(status) && (!WEXITSTATUS(status) || WEXITSTATUS(status) == 128 + asked))
		return 0;
	if (WIFSIGNALED(status))
		return cb_error_set(err, CB_ERR_HOST,
			"external program %s was ended by signal %d (%s): %s", x->choice.name,
			WTERMSIG(status), strsignal(WTERMSIG(status)), last_words(x));
	return cb_error_set(err, CB_ERR_HOST, "external program %s ended with status %d: %s",
		x->choice.name, WEXITSTATUS(status), last_words(x));
}

/* ---- its record ---- */

static int64_t known_or(int64_t count, int64_t otherwise)
{
	return count != CB_UNKNOWN ? count : otherwise;
}

static void settle_counts(const struct external *x, struct cb_view_book *book)
{
	const int64_t *c = x->output.counts;
	int64_t stored = known_or(c[CB_EXTERNAL_STORED],
		cb_count_subtract(c[CB_EXTERNAL_MATCHED], c[CB_EXTERNAL_DROPPED]));

	for (size_t i = 0; i < CB_EXTERNAL_COUNTS; i++) {
		if (x->choice.program->counts[i] && c[i] == CB_UNKNOWN)
			cb_warn("external program %s printed no count that matches \"%s\"",
				x->choice.name, x->choice.program->counts[i]);
	}
	book->received = c[CB_EXTERNAL_RECEIVED];
	book->tap_dropped = c[CB_EXTERNAL_DROPPED];
	book->unread = known_or(c[CB_EXTERNAL_UNREAD], cb_count_subtract(stored, book->received));
	if (book->unread == CB_UNKNOWN || book->unread >= 0)
		return;
	cb_warn("external program %s: its counts contradict each other", x->choice.name);
	book->unread = CB_UNKNOWN;
}

static int64_t timeval_ns(const struct timeval *tv)
{
	return (int64_t)tv->tv_sec * (int64_t)CB_NS_PER_SEC +
		(int64_t)tv->tv_usec * (int64_t)CB_NS_PER_US;
}

/* User and system time can't be split at the moment when it was ready. */
static void settle_usage(
	const struct external *x, const struct rusage *usage, struct cb_view_record *record)
{
	record->cpu_ns = timeval_ns(&usage->ru_utime) + timeval_ns(&usage->ru_stime) -
		(int64_t)x->ready_cpu_ns;
	record->context_switches_voluntary = usage->ru_nvcsw;
	record->context_switches_involuntary = usage->ru_nivcsw;
}

static int run(struct external *x, int (*ready)(void *arg, pid_t worker), void *ready_arg,
	struct cb_view_record *record, struct cb_error *err)
{
	struct rusage usage = {0};
	int status = 0, rc;

	rc = wait_ready(x, err);
	if (rc)
		return rc;
	x->ready_ns = cb_now_ns();
	x->ready_cpu_ns = cpu_ns(x);
	if (ready && ready(ready_arg, x->process.pid)) {
		cb_error_set(err, CB_ERR_INTERRUPTED, "stopped before it began");
		if (err)
			err->sys_errno = *x->stop;
		return CB_ERR_INTERRUPTED;
	}
	rc = watch(x, err);
	if (rc)
		return rc;
	drain(x);
	record->elapsed_ns = (int64_t)(cb_now_ns() - x->ready_ns);
	rc = finish(x, &status, &usage, err);
	if (!rc)
		rc = judge_end(x, status, err);
	if (rc)
		return rc;
	settle_counts(x, &record->book);
	settle_usage(x, &usage, record);
	return 0;
}

static int check_interface(const char *interface, struct cb_error *err)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), rc;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	rc = fd < 0 ? -1 : ioctl(fd, SIOCGIFFLAGS, &request);
	if (fd >= 0)
		close(fd);
	if (rc)
		return cb_error_set(err, CB_ERR_USAGE,
			"there is no interface \"%s\" here (ip link shows those there are)",
			interface);
	if (!(request.ifr_flags & IFF_UP))
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"interface \"%s\" is down: bring it up first (ip link set %s up)",
			interface, interface);
	return 0;
}

static int launch(struct external *x, struct cb_view_record *record, struct cb_error *err)
{
	const struct cb_external_program *program = x->choice.program;
	const struct cb_capture_job *job = x->job;
	int rc = program->member.probe ? program->member.probe(err) : 0;

	if (!rc)
		rc = check_interface(job->interface, err);
	if (!rc)
		rc = cb_external_output_init(&x->output, program, err);
	if (!rc)
		rc = cb_external_words_make(&x->words, program, job, err);
	if (!rc && job->promiscuous)
		rc = cb_promiscuous_hold(job->interface, &x->promiscuous, err);
	if (rc)
		return rc;
	cb_external_process_version(program, record->version, sizeof(record->version));
	rc = cb_external_process_start(
		&x->process, (const char *const *)x->words.argv, (int)job->cpu, err);
	x->leader = x->process.pid;
	if (!rc && clock_getcpuclockid(x->process.pid, &x->clock))
		rc = cb_error_set(
			err, CB_ERR_INTERNAL, "external program %s: its CPU time", x->choice.name);
	return rc;
}

int cb_external_check(const char *text, char *name, size_t size, struct cb_error *err)
{
	struct cb_external_choice choice;
	int rc = cb_external_choice_read(&choice, text, err);

	if (!rc)
		cb_text_copy(name, size, choice.name);
	cb_external_choice_finish(&choice);
	return rc;
}

int cb_external_run(const struct cb_capture_job *job, const volatile sig_atomic_t *stop,
	int (*ready)(void *arg, pid_t worker), void *ready_arg, struct cb_view_record *record,
	struct cb_error *err)
{
	struct external x = {.job = job, .stop = stop, .promiscuous = -1};
	int rc = cb_external_choice_read(&x.choice, job->external, err);

	if (rc)
		return rc;
	snprintf(record->mechanism, sizeof(record->mechanism), "external:%s", x.choice.name);
	record->cpu = job->cpu;
	rc = launch(&x, record, err);
	if (!rc)
		rc = run(&x, ready, ready_arg, record, err);
	/* with whatever it has started; it has a session of its own */
	if (x.leader)
		kill(-x.leader, SIGKILL);
	cb_process_finish(&x.process, CB_NS_PER_SEC);
	if (x.promiscuous >= 0)
		close(x.promiscuous);
	cb_external_words_finish(&x.words);
	cb_external_output_finish(&x.output);
	cb_external_choice_finish(&x.choice);
	return rc;
}
