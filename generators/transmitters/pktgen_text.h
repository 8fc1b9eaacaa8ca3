/*
 * What /proc/net/pktgen's files say (net/core/pktgen.c: pktgen_if_show, pktgen_thread_show,
 * show_results), read by key, so that lines that other kernels add do no harm. Pure functions on
 * text.
 */
#ifndef CB_GENERATORS_TRANSMITTERS_PKTGEN_TEXT_H
#define CB_GENERATORS_TRANSMITTERS_PKTGEN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CB_PKTGEN_RESULT_TEXT 128

enum cb_pktgen_result {
	CB_PKTGEN_IDLE,     /* nothing was asked of it yet */
	CB_PKTGEN_DONE,     /* the last command was carried out */
	CB_PKTGEN_STARTING, /* it sends */
	CB_PKTGEN_FINISHED, /* it has sent: `totals` are there */
	CB_PKTGEN_FAILED,
};

/* A run's totals, from the two lines of its result. */
struct cb_pktgen_totals {
	uint64_t elapsed_us, busy_us, idle_us;
	uint64_t packets, bytes; /* bytes: of one, without FCS */
	uint64_t pps, mbit, bps, errors;
};

/* A device's file. */
struct cb_pktgen_device {
	uint64_t sofar, errors;
	uint64_t started_us, stopped_us; /* CLOCK_MONOTONIC; while it sends `stopped` is now */
	enum cb_pktgen_result result;
	char text[CB_PKTGEN_RESULT_TEXT]; /* the result's first line, without "Result: " */
	struct cb_pktgen_totals totals;   /* for CB_PKTGEN_FINISHED */
};

/* 0, or -EBADMSG when it is no device's file. */
int cb_pktgen_read_device(const char *text, struct cb_pktgen_device *d);

/* "OK: 4998442(c675534+d4322908) usec, 5000 (60byte,0frags)\n  1000pps ...": 0 or -EBADMSG. */
int cb_pktgen_read_totals(const char *text, struct cb_pktgen_totals *t);

/* The word behind the first "key:" (or "key " after "Params:"); false when there is none, or it
 * does not fit. */
bool cb_pktgen_field(const char *text, const char *key, char *word, size_t size);

/* How many frames of `bytes` (without FCS) a mix of sizes has sent ("imix_size_counts: 60,123
 * 590,45 "); false: it doesn't say. */
bool cb_pktgen_size_count(const char *text, uint64_t bytes, uint64_t *frames);

/* The devices of a thread's file: how many run, and how many there are in all. -EBADMSG. */
int cb_pktgen_read_thread(const char *text, unsigned *running, unsigned *devices);

#endif
