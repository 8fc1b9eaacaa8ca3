/*
 * One small file per running test-bed on this machine, so that `clean` can find what a killed run
 * left: {"agents": [{"pid", "start"}]} in a file named after its controller,
 * PID-START.json. It lies in the state directory (harness/base/state_directory.h).
 */
#ifndef CB_HARNESS_TESTBED_STATE_FILE_H
#define CB_HARNESS_TESTBED_STATE_FILE_H

#include "harness/base/error.h"
#include "harness/base/state_directory.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CB_STATE_AGENTS_MAX 64

/* A process, told from a later one with the same id by the time it started. */
struct cb_process_id {
	pid_t pid;
	uint64_t start_time; /* as cb_process_start_time */
};

/* Write the file of this process, with its agents; its path is needed to remove it. `serial` tells
 * several test-beds of one controller apart. */
int cb_state_write(const struct cb_process_id *agents, size_t n, unsigned serial,
	char path[PATH_MAX], struct cb_error *err);

/* Remove a directory and the files in it (sockets of connections). */
int cb_state_remove_directory(const char *path);

/*
 * Remove the files below `dir` whose controllers are gone, and end their agents that still live.
 * How many things were removed. `told` as in cb_testbed_clean.
 */
int cb_state_clean(const char *dir, void (*told)(const char *line), struct cb_error *err);

#endif
