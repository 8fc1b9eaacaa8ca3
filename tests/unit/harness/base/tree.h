/* Directories that tests make. */
#ifndef CB_TESTS_UNIT_HARNESS_BASE_TREE_H
#define CB_TESTS_UNIT_HARNESS_BASE_TREE_H

#include <ftw.h>
#include <stdio.h>

static inline int tree_drop(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	return remove(path);
}

/* Remove `dir` and what is in it; 0, or -1. */
static inline int tree_remove(const char *dir)
{
	return nftw(dir, tree_drop, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
