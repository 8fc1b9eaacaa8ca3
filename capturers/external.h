/*
 * A whole program in the place of mechanism, wait and load (tcpdump, dumpcap, netsniff-ng, the
 * user's own): started on the interface, stopped as a capture process is, its own counts read from
 * what it prints. This process only watches over it, and takes it along when it dies.
 *
 * What a program can't tell stays unknown: which frames are ours (unique, duplicate, damaged,
 * foreign), and which are of the measurement window. What it tells is of the whole attempt,
 * warm-up included.
 */
#ifndef CB_CAPTURERS_EXTERNAL_H
#define CB_CAPTURERS_EXTERNAL_H

#include "capturers/capture.h"

#include <sys/types.h>

/* The shipped programs, for `list`: NULL past the end. */
const struct cb_member *cb_external_at(size_t i);

/* Is `text` a shipped program's name, or a description (external_program.h) that makes sense? Its
 * name goes to name[size]. CB_ERR_USAGE. */
int cb_external_check(const char *text, char *name, size_t size, struct cb_error *err);

/*
 * As cb_capture_run, with job->external: until *stop is set, the duration has passed or the program
 * ends by itself (an error). `ready` is told the process that does the work. cpu_ns of the record
 * is that of the program since it was ready, softirqs that interrupted it included;
 * context switches are counted from its start. CB_ERR_IMPOSSIBLE when it is not installed,
 * CB_ERR_HOST with its own words when it fails. Blocks.
 */
int cb_external_run(const struct cb_capture_job *job, const volatile sig_atomic_t *stop,
	int (*ready)(void *arg, pid_t worker), void *ready_arg, struct cb_view_record *record,
	struct cb_error *err);

#endif
