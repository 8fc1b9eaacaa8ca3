/*
 * What a process has changed outside of itself and must put back: a file that says so before each
 * change, so that `clean` can do it when the process was killed. This module keeps the books; what
 * an entry means is the business of whoever wrote it.
 *
 * A file PID-START-SERIAL.undo in the state directory belongs to the process of that name:
 * {"boot": text, "net": text, "entries": [{"kind": text, ...}]}. It is replaced as a whole, so
 * that it is never half written. One of another boot means nothing: what it speaks of is gone.
 */
#ifndef CB_HARNESS_BASE_UNDO_FILE_H
#define CB_HARNESS_BASE_UNDO_FILE_H

#include "harness/base/error.h"

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cb_undo_file {
	char path[PATH_MAX]; /* "": not open */
	json_t *root;        /* what is in it */
};

/* Begin one of this process in `dir` (NULL: the state directory). There is no file before the first
 * entry. To be closed by cb_undo_file_remove or cb_undo_file_leave. */
int cb_undo_file_open(struct cb_undo_file *f, const char *dir, struct cb_error *err);

/*
 * Add an entry (stolen); it is on the disk when this returns 0. CB_ERR_IMPOSSIBLE when it can't be
 * written: the change must not be made then.
 */
int cb_undo_file_add(struct cb_undo_file *f, json_t *entry, struct cb_error *err);

/* Entries were changed where they are (the caller kept a reference): as above. */
int cb_undo_file_update(struct cb_undo_file *f, struct cb_error *err);

/* Everything was put back: the file goes. Accepts a zeroed struct. */
void cb_undo_file_remove(struct cb_undo_file *f);
/* Not everything was: the file stays, for `clean`. */
void cb_undo_file_leave(struct cb_undo_file *f);

/* A file as it was found. */
struct cb_undo_found {
	char path[PATH_MAX];
	pid_t pid;
	bool alive;      /* its process runs */
	bool own;        /* it is of this process */
	char net[32];    /* the network namespace of its process: the inode, "" not known */
	json_t *entries; /* array, borrowed */
};

/*
 * Call `seen` for each file of this boot in `dir` (NULL: the state directory), of each process the
 * one begun last first. Those of an earlier boot, and what broken writes left, are removed. A
 * negative result of `seen` ends it and is returned.
 */
typedef int cb_undo_seen(const struct cb_undo_found *found, void *arg, struct cb_error *err);
int cb_undo_files(const char *dir, cb_undo_seen *seen, void *arg, struct cb_error *err);

/* The entries of a file of this process or of its parent; an empty array when there is none. A new
 * reference; NULL out of memory. */
json_t *cb_undo_file_entries(const char *path);

/* One at a time changes or puts back: the lock of `dir`, to be closed. CB_ERR_HOST when the
 * deadline passes. */
int cb_undo_lock(const char *dir, uint64_t deadline_ns, int *fd, struct cb_error *err);

/* The inode of the caller's network namespace; "" when it can't be told. */
void cb_undo_net(char net[32]);

#endif
