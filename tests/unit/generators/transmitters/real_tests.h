/*
 * What must hold of every transmitter that hands frames to the link itself and hears of each that
 * the link refuses.
 */
#ifndef CB_TESTS_REAL_TESTS_H
#define CB_TESTS_REAL_TESTS_H

#include <pthread.h>

#include "tests/unit/generators/transmitters/real_link.h"

#define REFUSED_FRAMES 3000

/* job.count frames arrive, each once and as it was made, and all counters say so. */
static inline void assert_all_arrive(
	const struct cb_generate_job *job, struct cb_generator_record *r)
{
	struct cb_link_counters before = counters("v0"), after;
	struct witness *w = witness_open(job);
	struct cb_error err = {0};

	if (run(job, r, &err))
		fail_msg("%s", err.text);
	witness_read(w);
	after = counters("v0");
	assert_true(r->book.window_offered == job->count);
	assert_true(r->book.refused == 0);
	assert_true(after.tx_packets - before.tx_packets == r->book.offered);
	assert_true(w->own == r->book.offered);
	assert_true(w->own - w->warmup == r->book.window_offered);
	assert_true(w->twice == 0 && w->wrong == 0 && w->foreign == 0);
	for (int64_t i = 0; i < r->book.offered; i++)
		assert_int_equal(w->seen[i], 1);
	assert_true(witness_close(w) == 0);
}

/* A veth whose peer is down drops every frame in its xmit function and says so. */
static inline void assert_refused_is_counted(const char *transmitter, const char *rate)
{
	struct cb_generate_job job = job_of(transmitter);
	struct cb_link_counters before, after;
	struct cb_generator_record r;
	struct cb_error err = {0};

	assert_int_equal(cb_link_down("v1", NULL), 0);
	before = counters("v0");
	set_rate(&job, rate);
	job.count = REFUSED_FRAMES;
	job.catch_up_ns = INT64_C(10000000000);
	if (run(&job, &r, &err))
		fail_msg("%s", err.text);
	after = counters("v0");
	assert_true(r.book.offered == REFUSED_FRAMES);
	assert_true(r.book.refused == REFUSED_FRAMES);
	assert_true(after.tx_dropped - before.tx_dropped == REFUSED_FRAMES);
	assert_true(after.tx_packets == before.tx_packets);
}

static inline void *flap(void *arg)
{
	while (!stop) {
		cb_link_down("v1", NULL);
		cb_sleep_until(cb_deadline_in(CB_NS_PER_MS));
		cb_link_up("v1", NULL);
		cb_sleep_until(cb_deadline_in(2 * CB_NS_PER_MS));
	}
	return NULL;
}

/* The peer goes down and up all the time. */
static inline void run_on_a_flapping_link(const char *transmitter, struct cb_generator_record *r)
{
	struct cb_generate_job job = job_of(transmitter);
	struct cb_error err = {0};
	pthread_t thread;
	int code;

	stop = 0;
	cb_generator_record_init(r);
	assert_int_equal(pthread_create(&thread, NULL, flap, NULL), 0);
	set_rate(&job, "max");
	job.duration_ns = 100000000;
	code = cb_generate_run(&job, &stop, NULL, NULL, r, &err);
	stop = 1;
	pthread_join(thread, NULL);
	cb_generator_record_finish(r);
	if (code)
		fail_msg("%s", err.text);
}

/* `sent`, `dropped`: by the link's counters. */
typedef void (*flapping_check)(int64_t sent, int64_t dropped, const struct cb_generator_book *book);

static inline void each_is_counted(
	int64_t sent, int64_t dropped, const struct cb_generator_book *book)
{
	assert_true(dropped == book->refused);
	assert_true(sent == book->offered - book->refused);
}

/* Some frames pass, some are refused. On a host that keeps one of the two threads from running it
 * may be all or none: then it is tried again. `check` must hold each time. */
static inline void assert_flapping(const char *transmitter, flapping_check check)
{
	struct cb_link_counters before, after;
	struct cb_generator_record r;
	bool both = false;

	for (int i = 0; i < 20 && !both; i++) {
		before = counters("v0");
		run_on_a_flapping_link(transmitter, &r);
		after = counters("v0");
		check((int64_t)(after.tx_packets - before.tx_packets),
			(int64_t)(after.tx_dropped - before.tx_dropped), &r.book);
		both = r.book.refused > 0 && r.book.refused < r.book.offered;
	}
	assert_true(both);
}

static inline void *take_down(void *arg)
{
	cb_sleep_until(cb_deadline_in(50 * CB_NS_PER_MS));
	cb_link_down("v0", NULL);
	return NULL;
}

/* Called when all is set up and frames are about to leave. */
static inline int start_take_down(void *arg)
{
	return pthread_create(arg, NULL, take_down, NULL);
}

/* The run ends when the interface does; what was not taken any more is not offered. */
static inline void assert_end_of_the_link_is_an_error(const char *transmitter, const char *rate)
{
	struct cb_generate_job job = job_of(transmitter);
	struct cb_link_counters before = counters("v0"), after;
	struct cb_generator_record r;
	struct cb_error err = {0};
	pthread_t thread;

	set_rate(&job, rate);
	job.duration_ns = INT64_C(20000000000);
	stop = 0;
	cb_generator_record_init(&r);
	assert_int_equal(
		cb_generate_run(&job, &stop, start_take_down, &thread, &r, &err), CB_ERR_HOST);
	cb_generator_record_finish(&r);
	pthread_join(thread, NULL);
	after = counters("v0");
	assert_int_equal(err.sys_errno, ENETDOWN);
	assert_non_null(strstr(err.text, "v0"));
	assert_true(r.book.offered > 0);
	assert_true(after.tx_packets - before.tx_packets == r.book.offered - r.book.refused);
	assert_true(
		r.book.intended == CB_UNKNOWN || r.book.intended == r.book.offered + r.unoffered);
}

#endif
