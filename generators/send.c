#include "generators/send.h"

#include "generators/pacing/ahead.h"
#include "generators/sender.h"
#include "harness/base/clock.h"
#include "harness/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define SLEEP_ABOVE_NS (150 * CB_NS_PER_US) /* nearer than this it is not worth to sleep */
#define WAKE_BEFORE_NS (60 * CB_NS_PER_US)  /* what a wake-up may cost */
#define SLEEP_MAX_NS   (50 * CB_NS_PER_MS)  /* so that *stop is seen */
/* Two system calls, which cost the next frame its time: as seldom as a person may wait for ^C. */
#define SIGNALS_EVERY_NS (20 * CB_NS_PER_MS)
#define FLUSH_NS         (1 * CB_NS_PER_SEC)
#define TIMER_SLACK_NS   1UL

/* ---- signals ---- */

/*
 * A signal that ends sendmmsg's wait for buffer space in the middle of a batch looks like a
 * refused frame (the kernel reports the count of the messages before it and drops the errno,
 * net/socket.c __sys_sendmmsg), so signals stay out while frames are handed over.
 */
static void signals_block(struct cb_sender *s)
{
	static const int synchronous[] = {
		SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
	sigset_t all;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(synchronous) / sizeof(synchronous[0]); i++)
		sigdelset(&all, synchronous[i]);
	pthread_sigmask(SIG_SETMASK, &all, &s->outer_signals);
}

/* Pending signals are delivered; sleeps until `deadline_ns` if that has not passed. */
static void signals_let_in(struct cb_sender *s, uint64_t deadline_ns)
{
	sigset_t inner;

	pthread_sigmask(SIG_SETMASK, &s->outer_signals, &inner);
	if (!*s->stop)
		cb_sleep_until(deadline_ns);
	pthread_sigmask(SIG_SETMASK, &inner, NULL);
	s->signals_ns = cb_now_ns();
}

/* ---- waiting ---- */

static bool is_stopped(const struct cb_sender *s)
{
	const atomic_bool *abandoned = s->job->abandoned;

	return *s->stop || (abandoned && atomic_load_explicit(abandoned, memory_order_relaxed));
}

/* Until `due_ns`, a stop, or for SLEEP_MAX_NS; returns the time. */
static uint64_t wait_until(struct cb_sender *s, uint64_t due_ns)
{
	uint64_t now_ns = cb_now_ns(), wake_ns;

	if (due_ns > now_ns && due_ns - now_ns > SLEEP_ABOVE_NS) {
		wake_ns = due_ns - WAKE_BEFORE_NS;
		if (wake_ns - now_ns > SLEEP_MAX_NS)
			wake_ns = now_ns + SLEEP_MAX_NS;
		signals_let_in(s, wake_ns);
		return s->signals_ns;
	}
	while (now_ns < due_ns && !is_stopped(s))
		now_ns = cb_now_ns();
	return now_ns;
}

/* ---- what is due ---- */

/* At the maximum rate there are no slots: always a batch, and the clock decides on the phase. */
static struct cb_turn turn_max(const struct cb_sender *s, uint64_t now_ns, unsigned max)
{
	const struct cb_pace *pace = &s->job->pace;
	uint64_t elapsed_ns = now_ns - s->start_ns, limit = cb_pace_own(pace, pace->count);
	struct cb_turn turn = {.n = max, .due_ns = now_ns};

	if (elapsed_ns < pace->warmup_ns)
		return turn;
	turn.phase = CB_PHASE_WINDOW;
	if (pace->duration_ns && elapsed_ns - pace->warmup_ns >= pace->duration_ns)
		turn.over = true;
	if (pace->count && s->window_offered >= limit)
		turn.over = true;
	else if (pace->count && limit - s->window_offered < max)
		turn.n = (unsigned)(limit - s->window_offered);
	return turn;
}

static struct cb_turn next_turn(struct cb_sender *s, uint64_t now_ns)
{
	uint64_t left = CB_STAMP_SEQUENCES - s->offered;
	unsigned max = s->job->transmitter->batch;

	if (left < max)
		max = left ? (unsigned)left : 1;
	if (s->job->max)
		return turn_max(s, now_ns, max);
	if (s->due_ns)
		return cb_schedule_ahead(&s->schedule, now_ns,
			max < CB_AHEAD_SLOTS ? max : CB_AHEAD_SLOTS, s->due_ns);
	return cb_schedule_turn(&s->schedule, now_ns, max);
}

/* ---- the account ---- */

/* Close the seconds of the series that have passed. */
static int series_advance(struct cb_sender *s, uint64_t now_ns, struct cb_error *err)
{
	while (now_ns >= s->second_end_ns) {
		if (cb_series_add(s->series, s->second_frames))
			return cb_error_memory(err, "the series of offered frames");
		s->second_frames = 0;
		s->second_end_ns += CB_NS_PER_SEC;
	}
	return 0;
}

static void count_departure(
	struct cb_sender *s, const struct cb_turn *turn, unsigned used, uint64_t now_ns)
{
	const struct cb_departure batch = {
		.due_ns = turn->due_ns,
		.last_due_ns = used < 2
			? turn->due_ns
			: cb_schedule_due_ns(&s->schedule, s->schedule.next + used - 1),
		.begin_ns = now_ns,
		.end_ns = s->last_ns,
		.n = used,
	};

	cb_departures_add(&s->departures, &batch);
}

static void count_lateness(
	struct cb_sender *s, const struct cb_turn *turn, unsigned used, uint64_t now_ns)
{
	cb_histogram_add(&s->lateness, now_ns - turn->due_ns);
	count_departure(s, turn, used, now_ns);
}

/* Of each frame its own time is known. The one-second series follows them. */
static int count_times(struct cb_sender *s, unsigned used, struct cb_error *err)
{
	for (unsigned i = 0; i < used; i++) {
		uint64_t at_ns = s->times_ns[i], due_ns = s->due_ns[i];
		const struct cb_departure frame = {
			.due_ns = due_ns,
			.last_due_ns = due_ns,
			.begin_ns = at_ns,
			.end_ns = at_ns,
			.n = 1,
		};

		cb_histogram_add(&s->lateness, at_ns > due_ns ? at_ns - due_ns : 0);
		cb_departures_add(&s->departures, &frame);
		if (at_ns >= s->second_end_ns && series_advance(s, at_ns, err))
			return CB_ERR_INTERNAL;
		s->second_frames++;
	}
	return 0;
}

static int count_batch(struct cb_sender *s, const struct cb_turn *turn, unsigned used,
	uint64_t now_ns, struct cb_error *err)
{
	int r = 0;

	s->batches++;
	s->offered += used;
	if (turn->phase == CB_PHASE_WINDOW)
		s->window_offered += used;
	if (s->due_ns) {
		r = count_times(s, used, err);
	} else {
		s->second_frames += used;
		if (!s->job->max)
			count_lateness(s, turn, used, now_ns);
	}
	if (!s->job->max)
		cb_schedule_use(&s->schedule, used);
	return r;
}

static int send_failed(const struct cb_sender *s, int code, struct cb_error *err)
{
	const char *cure = "";

	if (code == -ENETDOWN || code == -ENXIO || code == -ENODEV)
		cure = " (the interface was taken down or removed while frames were sent)";
	else if (code == -EAGAIN)
		cure = " (the device takes no more frames: no carrier?)";
	return cb_error_errno(err, CB_ERR_HOST, code, "sending stopped after %llu frames%s",
		(unsigned long long)s->offered, cure);
}

static int hand_over(struct cb_sender *s, const struct cb_turn *turn, uint64_t now_ns)
{
	const struct cb_send_job *job = s->job;

	if (!s->due_ns)
		return job->transmitter->send(
			job->state, s->offered, turn->n, turn->phase, (uint32_t)now_ns, &s->counts);
	memcpy(s->times_ns, s->due_ns, turn->n * sizeof(*s->due_ns));
	return job->transmitter->send_timed(
		job->state, s->offered, turn->n, turn->phase, s->times_ns, &s->counts);
}

/* Hand one batch over; the time of its head is `now_ns`. */
static int send_batch(
	struct cb_sender *s, const struct cb_turn *turn, uint64_t now_ns, struct cb_error *err)
{
	int r = series_advance(s, now_ns, err);

	if (r)
		return r;
	if (s->offered >= CB_STAMP_SEQUENCES)
		return cb_error_set(err, CB_ERR_INTERNAL, "all 2^48 sequence numbers are used up");
	r = hand_over(s, turn, now_ns);
	s->last_ns = cb_now_ns();
	if (r == -ENODATA) {
		/* what is not there was not asked for */
		s->schedule.end_slot = s->schedule.next;
		s->over = true;
		return 0;
	}
	if (r < 0)
		return r == -EINTR ? 0 : send_failed(s, r, err);
	return r ? count_batch(s, turn, (unsigned)r, now_ns, err) : 0;
}

/* ---- the loop ---- */

static int send_all(struct cb_sender *s, struct cb_error *err)
{
	uint64_t now_ns = s->start_ns;
	struct cb_turn turn;
	int r;

	while (!is_stopped(s) && !s->over) {
		turn = next_turn(s, now_ns);
		if (turn.over)
			break;
		if (turn.n == 0) {
			now_ns = wait_until(s, turn.due_ns);
			continue;
		}
		r = send_batch(s, &turn, now_ns, err);
		if (r)
			return r;
		now_ns = s->due_ns ? cb_now_ns() : s->last_ns; /* counting took time */
		if (now_ns - s->signals_ns > SIGNALS_EVERY_NS)
			signals_let_in(s, 0);
	}
	return 0;
}

static void flush(struct cb_sender *s)
{
	const struct cb_send_job *job = s->job;

	if (job->transmitter->flush &&
		job->transmitter->flush(job->state, cb_deadline_in(FLUSH_NS), &s->counts))
		cb_warn("the link still holds frames a second after the last was handed over");
}

static int64_t context_switches(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_THREAD, &usage))
		return 0;
	return usage.ru_nvcsw + usage.ru_nivcsw;
}

static uint64_t cpu_time_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return cb_timespec_ns(&ts);
}

/* Room for the times of a batch, for a transmitter that keeps the time where there is any. */
static int prepare_times(struct cb_sender *s, struct cb_error *err)
{
	unsigned batch = s->job->transmitter->batch;

	if (!s->job->transmitter->send_timed || s->job->max)
		return 0;
	s->due_ns = calloc(2ul * batch, sizeof(*s->due_ns));
	if (!s->due_ns)
		return cb_error_memory(err, "the times of a batch");
	s->times_ns = s->due_ns + batch;
	return 0;
}

static void start(struct cb_sender *s)
{
	const struct cb_send_job *job = s->job;

	signals_block(s);
	s->start_ns = s->last_ns = job->start_ns ? job->start_ns : cb_now_ns();
	s->signals_ns = cb_now_ns();
	s->second_end_ns = s->start_ns + CB_NS_PER_SEC;
	if (!job->max)
		cb_schedule_init(&s->schedule, &job->pace, s->start_ns);
	while (job->start_ns && wait_until(s, job->start_ns) < job->start_ns && !is_stopped(s))
		;
}

int cb_send_lane(const struct cb_send_job *job, const volatile sig_atomic_t *stop,
	struct cb_sender *s, struct cb_generator_record *record, struct cb_error *err)
{
	int slack_ns = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
	int64_t switches = context_switches();
	uint64_t cpu_ns = cpu_time_ns(), end_ns;
	int r;

	*s = (struct cb_sender){.job = job, .stop = stop, .series = &record->series};
	r = prepare_times(s, err);
	if (r)
		return r;
	prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0);
	start(s);
	record->started_ns = (int64_t)cb_now_ns();
	r = send_all(s, err);
	end_ns = cb_now_ns();
	record->cpu_ns = (int64_t)(cpu_time_ns() - cpu_ns);
	record->context_switches = context_switches() - switches;
	flush(s);
	pthread_sigmask(SIG_SETMASK, &s->outer_signals, NULL);
	if (slack_ns > 0)
		prctl(PR_SET_TIMERSLACK, (unsigned long)slack_ns, 0, 0, 0);
	cb_sender_settle(s, cb_sender_intended(s, end_ns), record);
	if (s->offered && cb_series_add(s->series, s->second_frames) && !r)
		r = cb_error_memory(err, "the series of offered frames");
	free(s->due_ns);
	s->due_ns = NULL;
	return r;
}

int cb_send_run(const struct cb_send_job *job, const volatile sig_atomic_t *stop,
	struct cb_generator_record *record, struct cb_error *err)
{
	struct cb_sender sender;

	return cb_send_lane(job, stop, &sender, record, err);
}
