#include "capturers/loop.h"

#include "harness/base/clock.h"
#include "harness/base/log.h"
#include "harness/base/process.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

#define WAIT_MAX_NS                                                                               \
	(50 * CB_NS_PER_MS)             /* a stop is seen by then, even when its signal came just \
					   before the wait */
#define ACCOUNT_NS (30 * CB_NS_PER_SEC) /* 2^32 frames take 288 s at 14.88 Mpps */
/* The first batch is a small one, as what the load costs is not known yet: of 256 frames that had
 * come before the process first ran, at 20 ms each, it would have come back after 5 s. A batch on
 * which the load works longer than SLOW is halved the next time, one quicker than QUICK doubled: so
 * the loop looks at the clock and at *stop in time whatever the load costs. */
#define BATCH_FIRST    8u
#define BATCH_SLOW_NS  (20 * CB_NS_PER_MS)
#define BATCH_QUICK_NS (5 * CB_NS_PER_MS)

/* What the process has used so far. */
struct usage {
	uint64_t cpu_ns;
	int64_t run_delay_ns;
	struct rusage rusage;
};

static void read_usage(struct usage *u)
{
	u->cpu_ns = cb_process_cpu_ns();
	u->run_delay_ns = cb_process_run_delay_ns();
	getrusage(RUSAGE_SELF, &u->rusage);
}

static int64_t timeval_ns(const struct timeval *tv)
{
	return (int64_t)tv->tv_sec * (int64_t)CB_NS_PER_SEC +
		(int64_t)tv->tv_usec * (int64_t)CB_NS_PER_US;
}

static void report_usage(
	const struct usage *from, const struct usage *to, struct cb_view_record *record)
{
	const struct rusage *a = &from->rusage, *b = &to->rusage;

	record->cpu_ns = (int64_t)(to->cpu_ns - from->cpu_ns);
	record->cpu_user_ns = timeval_ns(&b->ru_utime) - timeval_ns(&a->ru_utime);
	record->cpu_system_ns = timeval_ns(&b->ru_stime) - timeval_ns(&a->ru_stime);
	record->context_switches_voluntary = b->ru_nvcsw - a->ru_nvcsw;
	record->context_switches_involuntary = b->ru_nivcsw - a->ru_nivcsw;
	record->run_delay_ns = cb_count_subtract(to->run_delay_ns, from->run_delay_ns);
}

/* The interface may come back up: go on, and say it once. 0, or the error if it is another. */
static int note_error(struct cb_loop *l, int error, struct cb_error *err)
{
	if (error != -ENETDOWN)
		return cb_error_errno(
			err, CB_ERR_HOST, error, "receiving on interface \"%s\"", l->interface);
	if (!l->down)
		cb_warn("interface \"%s\" went down; waiting for it to come back", l->interface);
	l->down = true;
	return 0;
}

/* Read the clock; end the seconds that have passed, take over counters when it is time. */
static int tick(struct cb_loop *l, struct cb_error *err)
{
	int rc = 0;

	l->now_ns = cb_now_ns();
	while (!rc && l->now_ns >= l->second_ns) {
		rc = cb_series_add(&l->series, l->second_frames);
		l->second_frames = 0;
		l->second_ns += CB_NS_PER_SEC;
	}
	if (rc)
		return cb_error_memory(err, "the series of seconds");
	if (l->mechanism->account && l->now_ns >= l->account_ns) {
		l->account_ns = l->now_ns + ACCOUNT_NS;
		rc = l->mechanism->account(l->mechanism_state);
	}
	return rc ? cb_error_errno(err, CB_ERR_HOST, rc, "reading the tap's counters") : 0;
}

static void use(struct cb_loop *l, unsigned n)
{
	cb_tally_add(&l->tally, l->frames, n);
	if (l->load->take)
		l->load->take(l->load_state, l->frames, n);
	l->batches++;
	l->second_frames += n;
	l->since_wait += n;
}

static void adapt_batch(struct cb_loop *l, uint64_t took_ns)
{
	if (took_ns > BATCH_SLOW_NS && l->batch_max > 1)
		l->batch_max /= 2;
	else if (took_ns < BATCH_QUICK_NS && l->batch_max < CB_LOOP_BATCH)
		l->batch_max *= 2;
}

/* One batch, if there is one: its number of frames, 0, or an error code. */
static int take_batch(struct cb_loop *l, struct cb_error *err)
{
	uint64_t before = l->now_ns;
	int n = l->mechanism->receive(l->mechanism_state, l->frames, l->batch_max, &l->syscalls);
	int rc;

	if (l->blocked) {
		l->wakeups += n > 0;
		l->idle_wakeups += n <= 0;
		l->blocked = false;
	}
	if (n < 0)
		return note_error(l, n, err);
	if (!n)
		return 0;
	use(l, (unsigned)n);
	if (l->mechanism->release)
		l->mechanism->release(l->mechanism_state);
	rc = tick(l, err);
	if (rc)
		return rc;
	adapt_batch(l, l->now_ns - before);
	return n;
}

/* Nothing was there: wait, until `until_ns` at most. */
static int wait_for_frames(struct cb_loop *l, uint64_t until_ns, struct cb_error *err)
{
	uint64_t before = l->now_ns;
	int64_t blocks = l->waited.blocks;
	struct cb_wait_call call = {.now_ns = before,
		.deadline_ns = until_ns < before + WAIT_MAX_NS ? until_ns : before + WAIT_MAX_NS,
		.frames = l->since_wait};
	int rc = l->wait->wait(l->wait_state, &call, &l->waited);

	l->since_wait = 0;
	l->blocked = l->waited.blocks > blocks;
	rc = rc < 0 ? note_error(l, rc, err) : 0;
	if (!rc)
		rc = tick(l, err);
	l->blocked_ns += (int64_t)(l->now_ns - before);
	return rc;
}

static int capture(struct cb_loop *l, struct cb_error *err)
{
	uint64_t end = l->duration_ns ? l->now_ns + l->duration_ns : CB_FOREVER;
	int n = 0;

	while (n >= 0 && !*l->stop && l->now_ns < end) {
		n = take_batch(l, err);
		if (!n)
			n = wait_for_frames(l, end, err);
	}
	return n < 0 ? n : 0;
}

/*
 * After the stop: frames that the kernel has may still have to become visible (linger), and those
 * that are visible to be read, within drain_ns. *drained: nothing was left.
 */
static int drain(struct cb_loop *l, bool *drained, struct cb_error *err)
{
	uint64_t visible = l->now_ns + l->linger_ns, end = l->now_ns + l->drain_ns;
	int n = 0;

	*drained = false;
	while (n >= 0 && l->now_ns < end) {
		n = take_batch(l, err);
		if (!n && l->now_ns >= visible) {
			*drained = true;
			break;
		}
		if (!n)
			n = wait_for_frames(l, visible < end ? visible : end, err);
	}
	return n < 0 ? n : 0;
}

/* Tap off. What came in since the last look is read too, unless the drain ended with frames left:
 * then all of it is unread. */
static int take_down(struct cb_loop *l, bool drained, struct cb_error *err)
{
	int n = l->mechanism->detach(l->mechanism_state, err);

	while (!n && drained) {
		n = take_batch(l, err);
		if (n <= 0)
			return n;
		n = 0;
	}
	return n;
}

static int settle(struct cb_loop *l, struct cb_view_record *record, struct cb_error *err)
{
	struct cb_tap_counters c = {CB_UNKNOWN, CB_UNKNOWN, CB_UNKNOWN, CB_UNKNOWN};
	int64_t sum;
	int rc = l->mechanism->settle(l->mechanism_state, &c, err);

	if (rc)
		return rc;
	record->book.tap_dropped = c.dropped;
	record->book.unread = c.unread;
	if (c.buffer_frames != CB_UNKNOWN)
		record->buffer_frames = c.buffer_frames;
	sum = cb_count_add(l->tally.received, cb_count_add(c.dropped, c.unread));
	if (c.matched != CB_UNKNOWN && sum != CB_UNKNOWN && sum != c.matched)
		cb_warn("the kernel counted %" PRId64 " frames at the tap, but %" PRId64
			" were received, dropped or left unread",
			c.matched, sum);
	return 0;
}

static void report(struct cb_loop *l, struct cb_view_record *record)
{
	cb_tally_report(&l->tally, record);
	record->syscalls = cb_count_add(l->syscalls, l->waited.syscalls);
	record->wait_syscalls = l->waited.syscalls;
	record->wait_polls = l->waited.polls;
	record->wait_sleeps = l->waited.sleeps;
	record->wait_yields = l->waited.yields;
	record->wakeups = l->wakeups;
	record->idle_wakeups = l->idle_wakeups;
	record->blocked_ns = l->blocked_ns;
	record->batches = l->batches;
	cb_series_finish(&record->series);
	record->series = l->series;
	l->series = (struct cb_series){0};
	if (l->tally.unnoted)
		cb_warn("sequence numbers too far apart to be noted one by one: %" PRId64
			" frames, so unique and duplicate frames are not known",
			l->tally.unnoted);
}

int cb_loop_run(struct cb_loop *l, struct cb_view_record *record, struct cb_error *err)
{
	struct usage from, to;
	bool drained = false;
	uint64_t start;
	int rc;

	read_usage(&from);
	start = l->now_ns = cb_now_ns();
	l->batch_max = BATCH_FIRST;
	l->second_ns = start + CB_NS_PER_SEC;
	l->account_ns = start + ACCOUNT_NS;
	rc = capture(l, err);
	if (!rc)
		rc = drain(l, &drained, err);
	if (!rc)
		rc = take_down(l, drained, err);
	record->elapsed_ns = (int64_t)(cb_now_ns() - start);
	if (!rc)
		rc = settle(l, record, err);
	read_usage(&to);
	/* what came in the last, unfinished second */
	if (!rc && l->second_frames && cb_series_add(&l->series, l->second_frames))
		rc = cb_error_memory(err, "the series of seconds");
	if (!rc) {
		report_usage(&from, &to, record);
		report(l, record);
	}
	cb_series_finish(&l->series);
	return rc;
}
