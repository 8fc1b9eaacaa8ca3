#include "harness/agent/namespaces.h"

#include "harness/agent/state.h"
#include "harness/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Join the user namespace of process `pid`, unless it is ours already. */
static int join_user_namespace(pid_t pid, struct cb_error *err)
{
	char path[64];
	struct stat own, other;
	int fd, r = 0;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &other) || stat("/proc/self/ns/user", &own))
		r = cb_error_errno(err, CB_ERR_HOST, errno, "%s", path);
	else if (own.st_ino != other.st_ino && setns(fd, CLONE_NEWUSER))
		r = cb_error_errno(err, CB_ERR_IMPOSSIBLE, errno,
			"the user namespace of process %d can't be joined", (int)pid);
	if (fd >= 0)
		close(fd);
	return r;
}

/* Become root of the user namespace just made. A group map needs setgroups denied first
 * (user_namespaces(7)). */
static int map_to_root(uid_t uid, gid_t gid, struct cb_error *err)
{
	char map[32];
	int r;

	cb_file_write_line("/proc/self/setgroups", "deny", NULL); /* absent before Linux 3.19 */
	snprintf(map, sizeof(map), "0 %u 1", uid);
	r = cb_file_write_line("/proc/self/uid_map", map, err);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return r ? r : cb_file_write_line("/proc/self/gid_map", map, err);
}

static int unshare_all(struct cb_error *err)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) == 0)
		return 0;
	if (errno == EPERM && unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) == 0)
		return map_to_root(uid, gid, err);
	return cb_error_errno(err, CB_ERR_IMPOSSIBLE, errno,
		"network namespaces can't be made: run as root, or allow user namespaces (sysctl "
		"user.max_user_namespaces, kernel.unprivileged_userns_clone, "
		"kernel.apparmor_restrict_unprivileged_userns)");
}

/*
 * A sysfs shows the network devices of the namespace in which it was mounted, so the caller's is of
 * no use. A container's /sys may be read-only, and then only another read-only one may be mounted
 * in a user namespace (fs/namespace.c, mount_too_revealing).
 */
static void mount_sysfs(struct cb_agent *a)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	/* Slaves: nothing goes back to the caller's mount namespace. */
	if (mount("", "/", "none", MS_SLAVE | MS_REC, NULL) == 0 &&
		(mount("sysfs", "/sys", "sysfs", flags, NULL) == 0 ||
			mount("sysfs", "/sys", "sysfs", flags | MS_RDONLY, NULL) == 0)) {
		a->own_sysfs = true;
		return;
	}
	cb_agent_miss(a,
		"/sys can't be mounted for the network namespace (%s): how the kernel receives "
		"can't be "
		"changed",
		strerror(errno));
}

/* Router solicitations and address detection would be foreign frames on the link. */
static void ipv6_off(struct cb_agent *a)
{
	static const char *const paths[] = {"/proc/sys/net/ipv6/conf/all/disable_ipv6",
		"/proc/sys/net/ipv6/conf/default/disable_ipv6"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		struct cb_error err = {0};

		if (access(paths[i], F_OK) == 0 && cb_file_write_line(paths[i], "1", &err)) {
			cb_agent_miss(a,
				"frames of IPv6 may be foreign on the link: it can't be turned "
				"off: %s",
				err.text);
			return;
		}
	}
}

int cb_agent_namespaces_enter(struct cb_agent *a, struct cb_error *err)
{
	int r = 0;

	a->own_sysfs = a->options->namespaces == CB_AGENT_NAMESPACES_PRESENT;
	if (a->own_sysfs)
		return 0;
	if (a->options->user_namespace_of)
		r = join_user_namespace((pid_t)a->options->user_namespace_of, err);
	if (!r)
		r = unshare_all(err);
	if (r)
		return r;
	mount_sysfs(a);
	ipv6_off(a);
	return 0;
}
