/*
 * Files that survive crashes: whole-file replace by rename, append with
 * fsync, directories.
 */
#ifndef CB_HARNESS_BASE_FILE_H
#define CB_HARNESS_BASE_FILE_H

#include "harness/base/error.h"

#include <stddef.h>
#include <stdint.h>

/* The whole file, NUL-terminated, to free(); `size` without the NUL (may be NULL). CB_ERR_USAGE
 * when it cannot be opened or read, or is larger than `max` bytes. */
int cb_file_read(const char *path, size_t max, char **data, size_t *size, struct cb_error *err);

/* Write path.tmp, fsync, rename over path, fsync the directory. */
int cb_file_replace(const char *path, const void *data, size_t size, struct cb_error *err);

/* Write everything, across EINTR and short writes. CB_ERR_INTERNAL; disk full says so. */
int cb_file_write_all(
	int fd, const void *data, size_t size, const char *name, struct cb_error *err);

/* mkdir -p. An existing directory is fine. */
int cb_file_make_dirs(const char *path, struct cb_error *err);

/* "dir/name" into out[size]; CB_ERR_INTERNAL when it does not fit. */
int cb_file_join(char *out, size_t size, const char *dir, const char *name, struct cb_error *err);

/* Small reads and writes in /proc and /sys: one line without its newline (CB_ERR_HOST); one write
 * (CB_ERR_IMPOSSIBLE). Either leaves errno in err->sys_errno. */
int cb_file_read_line(const char *path, char *out, size_t size, struct cb_error *err);
int cb_file_write_line(const char *path, const char *text, struct cb_error *err);

#endif
