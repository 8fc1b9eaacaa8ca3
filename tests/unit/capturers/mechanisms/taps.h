/*
 * The taps on real frames (loopback.h): what the tests of several mechanisms share. Skipped where a
 * namespace of its own can't be had, or where the mechanism can't run. Frames are sent in the
 * `ready` callback: the tap is up then, and its buffer fills while nobody reads.
 */
#ifndef CB_TESTS_CAPTURERS_TAPS_H
#define CB_TESTS_CAPTURERS_TAPS_H

#include "capturers/capture.h"
#include "harness/base/clock.h"
#include "harness/base/log.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/capturers/mechanisms/loopback.h"
#include "tests/unit/cmocka.h"

static bool have_namespace;
static volatile sig_atomic_t stop;
static struct cb_view_record record;
static struct cb_error err;

/* What `ready` sends. */
static struct traffic {
	uint64_t first;         /* sequence number */
	unsigned count, length; /* frames, bytes */
	unsigned foreign, damaged;
	bool bounce;    /* take the interface down and up, and send all again */
	bool keep_on;   /* don't stop when all is sent */
	bool take_down; /* leave the interface down */
} traffic;

static inline void send_all(uint64_t first)
{
	int fd = open_sender();

	for (unsigned i = 0; i < traffic.count; i++)
		send_frame(fd, traffic.length, KEY, first + i, false);
	for (unsigned i = 0; i < traffic.foreign; i++)
		send_frame(fd, traffic.length, KEY + 1, i, false);
	for (unsigned i = 0; i < traffic.damaged; i++)
		send_frame(fd, traffic.length, KEY, i, true);
	close(fd);
}

static inline int send_when_ready(void *arg)
{
	send_all(traffic.first);
	if (traffic.bounce) {
		set_loopback(false);
		set_loopback(true);
		send_all(traffic.first + traffic.count);
	}
	if (traffic.take_down)
		set_loopback(false);
	if (!traffic.keep_on)
		stop = SIGINT;
	return 0;
}

static inline struct cb_capture_job make_job(const char *mechanism)
{
	struct cb_capture_job job = {.interface = "lo"};

	cb_option_defaults(cb_capture_options, &job);
	assert_int_equal(cb_option_set(cb_capture_options, "mechanism", mechanism, &job, &err), 0);
	job.key = KEY;
	job.buffer = 4 << 20;
	job.snaplen = 128;
	traffic = (struct traffic){.count = 1000, .length = 60};
	return job;
}

static inline int run(const struct cb_capture_job *job)
{
	stop = 0;
	cb_view_record_finish(&record);
	cb_view_record_init(&record);
	err = (struct cb_error){0};
	return cb_capture_run(job, &stop, send_when_ready, NULL, &record, &err);
}

static inline void run_well(const struct cb_capture_job *job)
{
	if (run(job))
		fail_msg("%s", err.text);
}

/* The namespace, and a mechanism that can run. */
static inline void need(const char *mechanism)
{
	const struct cb_member *member;

	if (!have_namespace)
		skip();
	assert_int_equal(cb_member_parse(&cb_mechanism_axis, mechanism, &member, NULL, &err), 0);
	if (member->probe && member->probe(&err)) {
		print_message("skipped: %s\n", err.text);
		skip();
	}
}

/* A test once for each tap, under a name that says which. */
#define ON(test, tap)                                 \
	{                                             \
#test " " #tap, test, NULL, NULL, tap \
	}

static inline int run_taps(const struct CMUnitTest *tests, size_t n)
{
	int failed;

	cb_log_set_level(CB_LOG_ERROR);
	have_namespace = enter_namespace();
	if (have_namespace)
		set_loopback(true);
	else
		print_message("skipped: no network namespace to be had here\n");
	failed = _cmocka_run_group_tests("taps", tests, n, NULL, NULL);
	cb_view_record_finish(&record);
	return failed;
}

#endif
