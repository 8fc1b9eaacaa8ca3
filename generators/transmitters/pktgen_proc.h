/*
 * The files of the kernel's packet generator, /proc/net/pktgen, which belong to the network
 * namespace of the process: reading, writing, and the write that blocks. What is behind it can be
 * another one in tests.
 */
#ifndef CB_GENERATORS_TRANSMITTERS_PKTGEN_PROC_H
#define CB_GENERATORS_TRANSMITTERS_PKTGEN_PROC_H

#include "harness/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CB_PKTGEN_CONTROL "pgctrl"
#define CB_PKTGEN_TEXT    8192 /* more than a device's file can have */
#define CB_PKTGEN_FILE    48
#define CB_PKTGEN_ROOT    "CAPBENCH_PKTGEN" /* the environment: another folder, for tests */

struct cb_pktgen_io {
	/* One command into a file: 0 or -errno. */
	int (*write)(void *arg, const char *file, const char *command);
	/* The whole file, NUL-terminated, into text[size]: its length or -errno. */
	int (*read)(void *arg, const char *file, char *text, size_t size);
	/*
	 * Have "start" written by somebody else: the write returns only when all devices have
	 * finished, and a signal to the writer stops them (pktgen_run_all_threads,
	 * pktgen_wait_thread_run). 0 or -errno.
	 */
	int (*start)(void *arg);
	/* 1: the writer still waits; 0: it has ended, and start succeeded; -errno of its write. */
	int (*starting)(void *arg);
	/* The writer ends now. Harmless when there is none. */
	void (*end_start)(void *arg);
};

/* The real one; `arg` is a struct cb_pktgen_proc. */
struct cb_pktgen_proc {
	char root[200];
	pid_t writer; /* 0: none */
	int writer_status;
};
extern const struct cb_pktgen_io cb_pktgen_proc_io;

/* /proc/thread-self/net/pktgen, or what the environment says. */
void cb_pktgen_proc_init(struct cb_pktgen_proc *p);

/* 0, or CB_ERR_IMPOSSIBLE with what is missing and how to get it. */
int cb_pktgen_proc_probe(const struct cb_pktgen_proc *p, struct cb_error *err);

#endif
