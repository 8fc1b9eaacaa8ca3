/* The kernel and this process's rights: versions, budgets, limits, taps of others, filters. */
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/host/doctor_check.h"
#include "harness/host/kconfig.h"
#include "harness/host/procfs.h"

#include <ctype.h>
#include <dirent.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PROC_TEXT_MAX  (8u << 20)
#define SOCKETS_MAX    16
#define LARGE_BUFFER   (32 << 20)
#define MEMLOCK_NEEDED (64ull << 20)

static void look_kernel(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	char *config = cb_kconfig_read(), hz[16] = "?", preempt[8] = "";
	struct utsname u;
	bool is_preempt;

	(void)d;
	(void)port;
	if (uname(&u)) {
		free(config);
		return;
	}
	is_preempt =
		cb_proc_config(config ? config : "", "CONFIG_PREEMPT", preempt, sizeof(preempt)) &&
		strcmp(preempt, "y") == 0;
	cb_proc_config(config ? config : "", "CONFIG_HZ", hz, sizeof(hz));
	CB_FINDING_READ(f, CB_FINDING_NOTE, "Linux %.120s, HZ %s%s", u.release, hz,
		is_preempt ? ", preemptible" : "");
	free(config);
}

static bool has_capability(unsigned capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	return !syscall(SYS_capget, &header, data) &&
		data[capability / 32].effective >> (capability % 32) & 1;
}

static void look_rights(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	static const struct {
		const char *name;
		unsigned capability;
		bool needed;
	} rows[] = {{"CAP_NET_RAW", CAP_NET_RAW, true}, {"CAP_NET_ADMIN", CAP_NET_ADMIN, true},
		{"CAP_BPF", CAP_BPF, false}, {"CAP_PERFMON", CAP_PERFMON, false},
		{"CAP_IPC_LOCK", CAP_IPC_LOCK, false}, {"CAP_SYS_NICE", CAP_SYS_NICE, false}};
	struct cb_text lacks = {0};
	bool needed = false;

	(void)d;
	(void)port;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (has_capability(rows[i].capability))
			continue;
		cb_text_addf(&lacks, "%s%s", lacks.length ? ", " : "", rows[i].name);
		needed |= rows[i].needed;
	}
	CB_FINDING_READ(f,
		needed                 ? CB_FINDING_BAD
			: lacks.length ? CB_FINDING_WARN
				       : CB_FINDING_GOOD,
		"%s%s", lacks.length ? "lacks " : "all that is needed", cb_text_get(&lacks));
	if (lacks.length)
		CB_FINDING_TODO(f,
			"run as root (without, the built-in test-bed works in a user namespace, "
			"with "
			"less)");
	cb_text_finish(&lacks);
}

static void look_memlock(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	struct rlimit limit;
	char bytes[32] = "unlimited";
	bool low;

	(void)d;
	(void)port;
	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		return;
	/* Rings are locked memory, but not for who may lock any. */
	low = limit.rlim_cur < MEMLOCK_NEEDED && !has_capability(CAP_IPC_LOCK);
	if (limit.rlim_cur != RLIM_INFINITY)
		snprintf(bytes, sizeof(bytes), "%llu KiB",
			(unsigned long long)limit.rlim_cur / 1024);
	CB_FINDING_READ(f, low ? CB_FINDING_WARN : CB_FINDING_GOOD, "%s%s", bytes,
		has_capability(CAP_IPC_LOCK) ? ", and it doesn't count here" : "");
	if (low)
		CB_FINDING_TODO(f, "ulimit -l unlimited (as root), or run as root");
}

/* A parameter of /proc/sys as a row: good when it is in the bounds. */
static void look_sysctl(const struct cb_doctor *d, struct cb_finding *f, const char *name,
	int64_t min, int64_t max, int64_t better, enum cb_finding_verdict otherwise)
{
	char path[128], setting[80], value[32];
	int64_t now = 0;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	for (char *dot = path + strlen("/proc/sys/"); *dot; dot++)
		if (*dot == '.')
			*dot = '/';
	if (!cb_doctor_number(d, &now, "%s", path)) {
		CB_FINDING_READ(f, CB_FINDING_UNKNOWN,
			"%s is not told (in this network namespace, or by this kernel)", name);
		return;
	}
	CB_FINDING_READ(f, now < min || now > max ? otherwise : CB_FINDING_GOOD, "%s = %lld", name,
		(long long)now);
	if (now >= min && now <= max)
		return;
	CB_FINDING_TODO(f, "sysctl -w %s=%lld", name, (long long)better);
	snprintf(setting, sizeof(setting), "sysctl.%s", name);
	snprintf(value, sizeof(value), "%lld", (long long)better);
	cb_finding_set(f, setting, value);
}

#define SYSCTL(function, name, min, max, better, otherwise)                                \
	static void function(const struct cb_doctor *d, size_t port, struct cb_finding *f) \
	{                                                                                  \
		(void)port;                                                                \
		look_sysctl(d, f, name, min, max, better, otherwise);                      \
	}
SYSCTL(look_jit, "net.core.bpf_jit_enable", 1, 2, 1, CB_FINDING_BAD)
SYSCTL(look_jit_harden, "net.core.bpf_jit_harden", 0, 1, 0, CB_FINDING_WARN)
SYSCTL(look_busy_poll, "net.core.busy_poll", 0, 0, 0, CB_FINDING_WARN)
SYSCTL(look_rfs, "net.core.rps_sock_flow_entries", 0, 0, 0, CB_FINDING_WARN)
SYSCTL(look_budget, "net.core.netdev_budget", 300, 4096, 300, CB_FINDING_WARN)
SYSCTL(look_backlog, "net.core.netdev_max_backlog", 1000, 1000000, 1000, CB_FINDING_WARN)
SYSCTL(look_nmi_watchdog, "kernel.nmi_watchdog", 0, 0, 0, CB_FINDING_NOTE)
SYSCTL(look_numa_balancing, "kernel.numa_balancing", 0, 0, 0, CB_FINDING_WARN)

static void look_rmem(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	bool forces = has_capability(CAP_NET_ADMIN);

	(void)port;
	look_sysctl(d, f, "net.core.rmem_max", LARGE_BUFFER, INT64_MAX, LARGE_BUFFER,
		forces ? CB_FINDING_NOTE : CB_FINDING_WARN);
	if (f->verdict == CB_FINDING_NOTE) {
		/* CAP_NET_ADMIN goes past it (SO_RCVBUFFORCE): nothing to be mended. */
		f->todo[0] = f->setting[0] = '\0';
	}
}

static void look_io_uring(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	int64_t disabled = 0;

	(void)port;
	if (!cb_doctor_number(d, &disabled, "/proc/sys/kernel/io_uring_disabled"))
		return;
	CB_FINDING_READ(f, disabled ? CB_FINDING_WARN : CB_FINDING_GOOD,
		"kernel.io_uring_disabled = %lld", (long long)disabled);
	if (!disabled)
		return;
	CB_FINDING_TODO(f, "sysctl -w kernel.io_uring_disabled=0");
	cb_finding_set(f, "sysctl.kernel.io_uring_disabled", "0");
}

/* ---- who else is there ---- */

static bool is_number(const char *name)
{
	return isdigit((unsigned char)*name) && strspn(name, "0123456789") == strlen(name);
}

static void look_irqbalance(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	char path[PATH_MAX], comm[64], found[16] = "";
	const struct dirent *entry;
	DIR *dir;

	(void)port;
	snprintf(path, sizeof(path), "%s/proc", d->options->root ? d->options->root : "");
	dir = opendir(path);
	while (dir && !*found && (entry = readdir(dir)))
		if (is_number(entry->d_name) &&
			cb_doctor_line(d, comm, sizeof(comm), "/proc/%s/comm", entry->d_name) &&
			strcmp(comm, "irqbalance") == 0)
			cb_text_copy(found, sizeof(found), entry->d_name);
	if (dir)
		closedir(dir);
	CB_FINDING_READ(f, *found ? CB_FINDING_WARN : CB_FINDING_GOOD,
		*found ? "irqbalance runs (process %s)" : "irqbalance isn't seen%s", found);
	if (*found)
		CB_FINDING_TODO(f, "systemctl stop irqbalance");
}

/* The processes that have one of these sockets open, as far as we may see. */
static void name_holders(const unsigned long *inodes, size_t n, struct cb_text *out)
{
	const struct dirent *process, *entry;
	DIR *all = opendir("/proc");

	while (all && (process = readdir(all))) {
		char path[300], target[64], comm[64] = "?";
		bool holds = false;
		DIR *fds;

		if (!is_number(process->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/fd", process->d_name);
		fds = opendir(path);
		while (fds && !holds && (entry = readdir(fds))) {
			ssize_t length =
				readlinkat(dirfd(fds), entry->d_name, target, sizeof(target) - 1);
			unsigned long inode;

			if (length <= 0)
				continue;
			target[length] = '\0';
			if (sscanf(target, "socket:[%lu]", &inode) != 1)
				continue;
			for (size_t i = 0; i < n; i++)
				holds |= inodes[i] == inode;
		}
		if (fds)
			closedir(fds);
		snprintf(path, sizeof(path), "/proc/%s/comm", process->d_name);
		if (holds && !cb_file_read_line(path, comm, sizeof(comm), NULL))
			cb_text_addf(
				out, "%s%s (%s)", out->length ? ", " : "", comm, process->d_name);
	}
	if (all)
		closedir(all);
}

/* /proc/net/packet: "sk RefCnt Type Proto Iface R Rmem User Inode"; Proto 0003 is ETH_P_ALL. */
static size_t read_taps(const char *text, unsigned long *inodes, size_t max)
{
	size_t n = 0;

	for (const char *line = strchr(text, '\n'); line; line = strchr(line + 1, '\n')) {
		unsigned long inode;
		unsigned protocol;

		if (sscanf(line + 1, "%*s %*s %*s %x %*s %*s %*s %*s %lu", &protocol, &inode) !=
				2 ||
			protocol != 3)
			continue;
		if (n < max)
			inodes[n] = inode;
		n++;
	}
	return n;
}

static void look_taps(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	unsigned long inodes[SOCKETS_MAX];
	char path[PATH_MAX], *text = NULL;
	struct cb_text names = {0};
	size_t n;

	(void)port;
	snprintf(
		path, sizeof(path), "%s/proc/net/packet", d->options->root ? d->options->root : "");
	if (cb_file_read(path, PROC_TEXT_MAX, &text, NULL, NULL))
		return;
	n = read_taps(text, inodes, SOCKETS_MAX);
	free(text);
	if (n)
		name_holders(inodes, n < SOCKETS_MAX ? n : SOCKETS_MAX, &names);
	CB_FINDING_READ(f, n ? CB_FINDING_WARN : CB_FINDING_GOOD, "%zu%s%.180s", n,
		names.length ? ": " : "", cb_text_get(&names));
	if (n)
		CB_FINDING_TODO(f, "end them; ss -0 -p shows their filters");
	cb_text_finish(&names);
}

static void look_netfilter(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	static const char *const paths[] = {
		"/sys/module/nf_conntrack", "/sys/module/nf_tables", "/sys/module/ip_tables"};
	int64_t tracked = 0;
	bool conntrack =
		cb_doctor_number(d, &tracked, "/proc/sys/net/netfilter/nf_conntrack_count");
	struct cb_text there = {0};

	(void)port;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (cb_doctor_there(d, paths[i]))
			cb_text_addf(&there, "%s%s", there.length ? ", " : "",
				paths[i] + strlen("/sys/module/"));
	CB_FINDING_READ(f,
		conntrack && tracked   ? CB_FINDING_WARN
			: there.length ? CB_FINDING_NOTE
				       : CB_FINDING_GOOD,
		"%s%s%s", there.length ? "loaded: " : "nothing loaded", cb_text_get(&there),
		conntrack && tracked ? "; connections are tracked" : "");
	if (f->verdict == CB_FINDING_WARN)
		CB_FINDING_TODO(f,
			"leave the measured port out: nft add rule ... notrack, or unload "
			"nf_conntrack");
	cb_text_finish(&there);
}

const struct cb_check cb_doctor_kernel_checks[] = {
	{"rights", "Taps, settings and programs in the kernel's path need them", false,
		look_rights},
	{"kernel",
		"What a mechanism does differs by version: tpacket3's time-out counts in 1/HZ "
		"before 6.18",
		false, look_kernel},
	{"locked memory", "Rings and AF_XDP's memory can't be had beyond this limit", false,
		look_memlock},
	{"receive buffers", "Larger SO_RCVBUFs than this can't be had without CAP_NET_ADMIN", false,
		look_rmem},
	{"bpf jit", "An interpreted program costs several times as much for each frame", false,
		look_jit},
	{"bpf hardening", "Blinded constants make each program on the frames' path slower", false,
		look_jit_harden},
	{"io_uring", "The mechanism io-uring can't run without", false, look_io_uring},
	{"busy polling", "Every poll() spins on the device, also those of capture arms that sleep",
		false, look_busy_poll},
	{"rfs", "Frames follow the sockets of other processes from core to core", false, look_rfs},
	{"budget",
		"A softirq that ends early leaves frames in the ring, one that doesn't starves "
		"who captures",
		false, look_budget},
	{"backlog", "Frames wait there behind RPS; the rest is lost without a trace in the tap",
		false, look_backlog},
	{"nmi watchdog", "It takes one counter of each CPU, and a periodic interrupt", false,
		look_nmi_watchdog},
	{"numa balancing", "Pages are unmapped to see who uses them: buffers fault while they fill",
		false, look_numa_balancing},
	{"irqbalance",
		"It moves interrupts between cores while a trial runs, and undoes affinities",
		false, look_irqbalance},
	{"taps", "Each socket that takes all frames costs a clone of every frame", false,
		look_taps},
	{"netfilter", "Rules and connection tracking cost more per frame than the tap", false,
		look_netfilter},
	{.name = NULL},
};
