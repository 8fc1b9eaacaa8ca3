/*
 * For tests: a network namespace of one's own (as root, or through a user namespace), with a /sys
 * that shows it, and a child that holds a second one. All of it ends with the test's process.
 */
#ifndef CB_TESTS_NETNS_H
#define CB_TESTS_NETNS_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static inline int netns_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t r = fd < 0 ? -1 : write(fd, text, strlen(text));
	int e = errno;

	if (fd >= 0)
		close(fd);
	return r < 0 ? -e : 0;
}

/* Root of the machine, not only of a user namespace? */
static inline bool netns_real_root(void)
{
	unsigned long inside = 1, outside = 1, n = 0;
	FILE *f = fopen("/proc/self/uid_map", "re");
	bool whole = f && fscanf(f, "%lu %lu %lu", &inside, &outside, &n) == 3 && !inside &&
		!outside && n == 4294967295UL;

	if (f)
		fclose(f);
	return whole && geteuid() == 0;
}

static inline int netns_enter_user(void)
{
	char uids[32], gids[32];

	snprintf(uids, sizeof(uids), "0 %u 1", (unsigned)geteuid());
	snprintf(gids, sizeof(gids), "0 %u 1", (unsigned)getegid());
	if (unshare(CLONE_NEWUSER) < 0)
		return -errno;
	netns_write("/proc/self/setgroups", "deny");
	netns_write("/proc/self/gid_map", gids);
	return netns_write("/proc/self/uid_map", uids);
}

/* 0, or -errno when this machine does not allow it. */
static inline int netns_enter(void)
{
	int r = geteuid() ? netns_enter_user() : 0;

	if (r)
		return r;
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("sysfs", "/sys", "sysfs", 0, NULL) < 0)
		return -errno;
	return 0;
}

/* A child in a network namespace of its own (below the caller's user namespace); it waits to be
 * killed, and dies with its parent. -errno when it can't be had. */
static inline pid_t netns_child(void)
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) < 0)
			_exit(1);
		if (write(ready[1], "1", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (pid > 0 && read(ready[0], &byte, 1) != 1) {
		waitpid(pid, NULL, 0);
		pid = -EPERM;
	}
	close(ready[0]);
	return pid;
}

static inline void netns_end_child(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

#endif
