#include "harness/agent/abilities.h"

#include "harness/agent/evidence.h"
#include "harness/agent/remote.h"
#include "harness/agent/state.h"
#include "harness/base/file.h"
#include "harness/base/json.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The first user namespace's inode is fixed (include/linux/proc_ns.h, PROC_USER_INIT_INO). */
#define FIRST_USER_NAMESPACE UINT32_C(0xEFFFFFFD)

static bool in_first_user_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/user", &st) == 0 && st.st_ino == FIRST_USER_NAMESPACE;
}

bool cb_agent_has_capability(unsigned capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &header, data))
		return false;
	return data[capability / 32].effective >> (capability % 32) & 1;
}

static int need_own_sysfs(const struct cb_agent *a, struct cb_error *err)
{
	if (a->own_sysfs)
		return 0;
	return cb_error_set(
		err, CB_ERR_IMPOSSIBLE, "/sys can't be mounted for the network namespace");
}

/* Writing what is there already changes nothing and meets every obstacle. */
static int rewrite(const char *path, struct cb_error *err)
{
	char line[512];
	int r = cb_file_read_line(path, line, sizeof(line), err);

	return r ? r : cb_file_write_line(path, line, err);
}

/* `lo` has one receive queue in every namespace. Its store wants CAP_NET_ADMIN in the first user
 * namespace (net/core/net-sysfs.c, store_rps_map). */
static int probe_rps(struct cb_agent *a, struct cb_error *err)
{
	int r = need_own_sysfs(a, err);

	if (!r)
		r = rewrite("/sys/class/net/lo/queues/rx-0/rps_cpus", err);
	if (r && !in_first_user_namespace())
		r = cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"RPS can't be set in a user namespace; run as root");
	return r;
}

/* The thread must be pinned, too, and it belongs to the first user namespace's root. */
static int probe_threaded(struct cb_agent *a, struct cb_error *err)
{
	char line[16];
	int r = need_own_sysfs(a, err);

	if (r)
		return r;
	if (cb_file_read_line("/sys/class/net/lo/threaded", line, sizeof(line), NULL))
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"this kernel has no threaded NAPI (it came with Linux 5.12)");
	if (!in_first_user_namespace())
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"a NAPI thread can't be pinned from a user namespace; run as root");
	if (!cb_agent_has_capability(CAP_SYS_NICE) || !cb_agent_has_capability(CAP_NET_ADMIN))
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"a NAPI thread needs CAP_NET_ADMIN and CAP_SYS_NICE; run as root");
	return 0;
}

static int probe_large_buffers(struct cb_agent *a, struct cb_error *err)
{
	char limit[32] = "?";
	int size = 1 << 16, saved;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, "socket");
	saved = setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ? errno : 0;
	close(fd);
	if (!saved)
		return 0;
	cb_file_read_line("/proc/sys/net/core/rmem_max", limit, sizeof(limit), NULL);
	return cb_error_set(err, CB_ERR_IMPOSSIBLE,
		"SO_RCVBUF is limited to net.core.rmem_max = %s without CAP_NET_ADMIN in the first "
		"user "
		"namespace; run as root, or raise it",
		limit);
}

static const struct {
	const char *name;
	int (*probe)(struct cb_agent *a, struct cb_error *err);
	const char *consequence;
} abilities[] = {
	{"rps", probe_rps, "receive mode rps, and placements that need it, are not possible"},
	{"threaded", probe_threaded, "receive mode threaded is not possible"},
	{"large_buffers", probe_large_buffers,
		"recv captures with a smaller buffer than the one asked for"},
};

static int report_softirq(struct cb_agent *a, bool measure, json_t *can, json_t *reply)
{
	bool available = measure && cb_agent_softirq_want(a);

	if (measure && !available)
		cb_agent_miss(a,
			"cpu_ns is null, because a process's CPU time can't be told from the "
			"softirqs that interrupted it: %s",
			a->softirq.why);
	return json_object_set_new(
		       can, "softirq", measure ? json_boolean(available) : json_null()) |
		cb_json_set_real(reply, "softirq_cost_ns", a->softirq.cost_ns);
}

int cb_agent_abilities_report(struct cb_agent *a, bool measure, json_t *reply, struct cb_error *err)
{
	json_t *can = json_object();
	int r = 0;

	for (size_t i = 0; i < sizeof(abilities) / sizeof(*abilities); i++) {
		struct cb_error why = {0};
		bool available = abilities[i].probe(a, &why) == 0;

		if (!available)
			cb_agent_miss(a, "%s: %s", abilities[i].consequence, why.text);
		r |= json_object_set_new(can, abilities[i].name, json_boolean(available));
	}
	r |= report_softirq(a, measure, can, reply);
	r |= json_object_set_new(reply, "can", can);
	return r ? cb_error_memory(err, "the abilities") : 0;
}
