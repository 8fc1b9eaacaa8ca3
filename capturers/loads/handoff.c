/*
 * handoff: the capture thread copies each frame into a ring, and a worker thread takes it from
 * there to another load. So the capture thread is back at the tap at once, however slow that load
 * is on one frame; what it is too slow for on the whole is lost in this ring instead of the tap's
 * buffer.
 *
 * Such frames were received: the books don't know of them. The result does: received = handed_over
 * + handoff_dropped, and handed_over = processed + handoff_unread.
 */
#include "capturers/loads/handoff_ring.h"
#include "capturers/members.h"
#include "harness/base/clock.h"
#include "harness/base/process.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define WORKER_BATCH   64u
#define BATCH_SLOW_NS  (20 * CB_NS_PER_MS)
#define BATCH_QUICK_NS (5 * CB_NS_PER_MS)
#define FRAME_ROOM     INT64_C(2048)       /* of the ring's bytes for a slot, when not said */
#define FINISH_NS      (2 * CB_NS_PER_SEC) /* for what is in the ring at the end */
#define NAP_NS         (50 * CB_NS_PER_MS) /* a wake-up that got lost would cost no more */

struct handoff_options {
	int64_t slots, bytes, cpu;
	char behind[128];
};

struct handoff_state {
	struct handoff_options options;
	struct cb_handoff_ring *ring;
	const struct cb_load *load; /* the one behind */
	void *load_state, *load_options;
	bool load_open;
	int64_t handed_over, dropped, wakes; /* the capture thread's */
	int64_t processed;                   /* the worker's */
	uint64_t deadline_ns; /* once `stop`: the worker gives up what is left then */
	bool stop;
	/* The worker sleeps, or is about to: only then a wake-up costs the capture thread anything.
	 */
	bool asleep;
	bool can_wake;        /* lock and wake are there to be destroyed */
	bool running, pinned; /* the thread is there, and where it should be */
	struct cb_error pin_error;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
};

static const struct cb_option handoff_options[] = {
	{.name = "behind",
		CB_OPTION_MEMBER_AT(struct handoff_options, behind),
		.fallback = "discard",
		.axis = "load",
		.help = "what the worker does with a frame; in brackets when it has several "
			"options"},
	{.name = "slots",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct handoff_options, slots),
		.fallback = "4096",
		.min = 1,
		.max = INT64_C(1) << 24,
		.help = "frames that the ring holds at most"},
	{.name = "bytes",
		.type = CB_OPT_BYTES,
		.offset = offsetof(struct handoff_options, bytes),
		.fallback = "0",
		.max = INT64_C(64) << 30,
		.help = "room for their bytes, a power of two; 0: snaplen or 2048 a slot"},
	{.name = "cpu",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct handoff_options, cpu),
		.fallback = "-1",
		.min = -1,
		.max = CB_CPUS_MAX - 1,
		.help = "core of the worker; -1: where the scheduler likes"},
	CB_OPTION_END,
};

/* Either side sets its own flag and then looks at the other's, with a full fence between: at least
 * one of the two sees the other's. */
static void wake_worker(struct handoff_state *s)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&s->asleep, __ATOMIC_RELAXED))
		return;
	pthread_mutex_lock(&s->lock);
	if (s->asleep) {
		__atomic_store_n(&s->asleep, false, __ATOMIC_RELAXED);
		pthread_cond_signal(&s->wake);
		s->wakes++;
	}
	pthread_mutex_unlock(&s->lock);
}

static void sleep_until_woken(struct handoff_state *s)
{
	struct timespec until = cb_ns_timespec(cb_deadline_in(NAP_NS));
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	__atomic_store_n(&s->asleep, true, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!cb_handoff_ring_used(s->ring) && !__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
		while (s->asleep && !rc)
			rc = pthread_cond_timedwait(&s->wake, &s->lock, &until);
	}
	__atomic_store_n(&s->asleep, false, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&s->lock);
}

/* As the capture loop does: a batch is short enough for the end to be seen in time. */
static void process(
	struct handoff_state *s, const struct cb_frame *frames, unsigned n, unsigned *batch)
{
	uint64_t took, start = cb_now_ns();

	if (s->load->take)
		s->load->take(s->load_state, frames, n);
	cb_handoff_ring_release(s->ring, n);
	s->processed += n;
	took = cb_now_ns() - start;
	if (took > BATCH_SLOW_NS && *batch > 1)
		*batch /= 2;
	else if (took < BATCH_QUICK_NS && *batch < WORKER_BATCH)
		*batch *= 2;
}

static bool gives_up(const struct handoff_state *s, unsigned n)
{
	if (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE))
		return false;
	return !n || cb_now_ns() > s->deadline_ns;
}

/* The core that was asked for; without one, any that the process may use: the thread was born on
 * the capture thread's. */
static int choose_core(const struct handoff_state *s, struct cb_error *err)
{
	cpu_set_t all;

	if (s->options.cpu >= 0)
		return cb_process_pin((int)s->options.cpu, err);
	memset(&all, 0xff, sizeof(all));
	if (sched_setaffinity(0, sizeof(all), &all))
		return cb_error_errno(err, CB_ERR_HOST, errno, "letting the worker run anywhere");
	return 0;
}

static void *work(void *arg)
{
	struct cb_frame frames[WORKER_BATCH];
	struct handoff_state *s = arg;
	unsigned n, batch = 1;

	choose_core(s, &s->pin_error);
	pthread_mutex_lock(&s->lock);
	s->pinned = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	for (;;) {
		n = cb_handoff_ring_get(s->ring, frames, batch);
		if (gives_up(s, n))
			break;
		if (n)
			process(s, frames, n, &batch);
		else
			sleep_until_woken(s);
	}
	return NULL;
}

static int init_wake(struct handoff_state *s)
{
	pthread_condattr_t attributes;
	int rc = pthread_condattr_init(&attributes);

	if (rc)
		return rc;
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	rc = pthread_cond_init(&s->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	if (rc)
		return rc;
	rc = pthread_mutex_init(&s->lock, NULL);
	if (rc)
		pthread_cond_destroy(&s->wake);
	s->can_wake = !rc;
	return rc;
}

/* Signals are for the capture thread, whose wait they end. */
static int start_worker(struct handoff_state *s, struct cb_error *err)
{
	sigset_t all, before;
	int rc = init_wake(s);

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!rc)
		rc = pthread_create(&s->thread, NULL, work, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc)
		return cb_error_errno(err, CB_ERR_HOST, rc, "starting a worker thread");
	s->running = true;
	pthread_mutex_lock(&s->lock);
	while (!s->pinned)
		pthread_cond_wait(&s->wake, &s->lock);
	pthread_mutex_unlock(&s->lock);
	if (!s->pin_error.code)
		return 0;
	if (err)
		*err = s->pin_error;
	return cb_error_prepend(err, "load handoff: cpu");
}

static void stop_worker(struct handoff_state *s)
{
	if (!s->running)
		return;
	s->deadline_ns = cb_deadline_in(FINISH_NS);
	__atomic_store_n(&s->stop, true, __ATOMIC_RELEASE);
	wake_worker(s);
	pthread_join(s->thread, NULL);
	s->running = false;
}

static int handoff_check(const void *options, struct cb_error *err)
{
	const struct handoff_options *o = options;
	const struct cb_member *member;
	int rc = cb_member_parse(&cb_load_axis, o->behind, &member, NULL, err);

	if (rc)
		return rc;
	if (member == &cb_load_handoff.member || ((const struct cb_load *)member)->exact)
		return cb_error_set(err, CB_ERR_USAGE,
			"behind: load %s can't stand behind another, it is the capture thread's",
			member->name);
	return 0;
}

static int open_behind(struct handoff_state *s, const struct cb_tap *tap, struct cb_error *err)
{
	const struct cb_member *member;
	int rc = cb_member_parse(&cb_load_axis, s->options.behind, &member, NULL, err);

	if (rc)
		return cb_error_prepend(err, "load handoff: behind");
	s->load = (const struct cb_load *)member;
	s->load_options = calloc(1, member->options_size + 1);
	s->load_state = calloc(1, s->load->state_size + 1);
	if (!s->load_options || !s->load_state)
		return cb_error_memory(err, "the load behind");
	rc = cb_member_parse(&cb_load_axis, s->options.behind, &member, s->load_options, err);
	if (!rc && member->probe)
		rc = member->probe(err);
	if (!rc && s->load->open)
		rc = s->load->open(s->load_state, tap, s->load_options, err);
	s->load_open = !rc;
	return rc;
}

static void handoff_close(void *state)
{
	struct handoff_state *s = state;

	stop_worker(s);
	if (s->can_wake) {
		pthread_cond_destroy(&s->wake);
		pthread_mutex_destroy(&s->lock);
	}
	if (s->load_open && s->load->close)
		s->load->close(s->load_state);
	free(s->load_state);
	free(s->load_options);
	cb_handoff_ring_destroy(s->ring);
}

static int handoff_open(
	void *state, const struct cb_tap *tap, const void *options, struct cb_error *err)
{
	struct handoff_state *s = state;
	int64_t room = tap->snaplen < FRAME_ROOM ? tap->snaplen : FRAME_ROOM, bytes;
	int rc;

	s->options = *(const struct handoff_options *)options;
	bytes = s->options.bytes ? s->options.bytes : s->options.slots * room;
	rc = open_behind(s, tap, err);
	if (!rc) {
		s->ring = cb_handoff_ring_create((uint64_t)s->options.slots, (uint64_t)bytes);
		rc = s->ring ? 0 : cb_error_memory(err, "the ring of load handoff");
	}
	if (!rc)
		rc = start_worker(s, err);
	if (rc)
		handoff_close(s);
	return rc;
}

static void handoff_take(void *state, const struct cb_frame *frames, unsigned n)
{
	struct handoff_state *s = state;
	unsigned done = 0, put = 0;

	while (done < n) {
		unsigned more = cb_handoff_ring_put(s->ring, frames + done, n - done);

		put += more;
		done += more + (done + more < n);
	}
	s->handed_over += put;
	s->dropped += n - put;
	if (put)
		wake_worker(s);
}

static int handoff_report(void *state, json_t *result, struct cb_error *err)
{
	struct handoff_state *s = state;
	json_t *behind = json_object();
	int rc;

	stop_worker(s);
	rc = behind && s->load->report ? s->load->report(s->load_state, behind, err) : 0;
	if (rc) {
		json_decref(behind);
		return rc;
	}
	if (cb_json_set_text(result, "behind", s->options.behind) ||
		json_object_set_new(result, "handed_over", json_integer(s->handed_over)) ||
		json_object_set_new(result, "handoff_dropped", json_integer(s->dropped)) ||
		json_object_set_new(result, "processed", json_integer(s->processed)) ||
		json_object_set_new(result, "handoff_unread",
			json_integer((json_int_t)cb_handoff_ring_used(s->ring))) ||
		json_object_set_new(result, "worker_wakes", json_integer(s->wakes)) ||
		json_object_set_new(result, "behind_result", behind))
		return cb_error_memory(err, "the result of load handoff");
	return 0;
}

const struct cb_load cb_load_handoff = {
	.member = {.name = "handoff",
		.help = "Hands each frame to a worker thread, which has another load.",
		.paper = "the multi-threaded monitors (VERMONT, Time Machine)",
		.options = handoff_options,
		.options_size = sizeof(struct handoff_options),
		.check = handoff_check},
	.state_size = sizeof(struct handoff_state),
	.open = handoff_open,
	.take = handoff_take,
	.report = handoff_report,
	.close = handoff_close,
};
