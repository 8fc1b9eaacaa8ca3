/* A root of one's own with some /sys, /proc and /dev, for what the machine lacks; and a directory
 * for undo files. */
#ifndef CB_TESTS_UNIT_HARNESS_HOST_FAKE_ROOT_H
#define CB_TESTS_UNIT_HARNESS_HOST_FAKE_ROOT_H

#include "harness/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness/base/check.h"
#include "tests/unit/harness/base/tree.h"

static char fake_root[64], fake_undo[80];

static inline void fake_path(char out[256], const char *path)
{
	snprintf(out, 256, "%s%s", fake_root, path);
}

/* A file with one line; its directories are made. */
static inline void fake_file(const char *path, const char *line)
{
	char whole[256], dir[256];
	FILE *f;

	fake_path(whole, path);
	snprintf(dir, sizeof(dir), "%s", whole);
	*strrchr(dir, '/') = '\0';
	assert_int_equal(cb_file_make_dirs(dir, NULL), 0);
	f = fopen(whole, "we");
	assert_non_null(f);
	fprintf(f, "%s\n", line);
	fclose(f);
}

/* The first line of a file. What is written over a longer line leaves the rest of it, as no file of
 * /sys would: so it is cut at the first newline or blank. */
static inline const char *fake_line(const char *path)
{
	static char line[256];
	char whole[256];

	fake_path(whole, path);
	if (cb_file_read_line(whole, line, sizeof(line), NULL))
		snprintf(line, sizeof(line), "(none)");
	return line;
}

static inline int fake_make(void **state)
{
	snprintf(fake_root, sizeof(fake_root), "/tmp/cb-root-XXXXXX");
	if (!mkdtemp(fake_root))
		return -1;
	snprintf(fake_undo, sizeof(fake_undo), "%s/undo", fake_root);
	return cb_file_make_dirs(fake_undo, NULL);
}

static inline int fake_remove(void **state)
{
	return tree_remove(fake_root);
}

#endif
