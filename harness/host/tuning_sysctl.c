/* Kernel parameters that matter to capture: a list, because a scenario from elsewhere is to change
 * nothing else. */
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/host/tuning_kind.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Bounds are the kernel's, or wider: it has the last word. */
static const struct {
	const char *name;
	int64_t min, max;
} known[] = {
	{"net.core.netdev_budget", 1, INT32_MAX},
	{"net.core.netdev_budget_usecs", 1, INT32_MAX},
	{"net.core.netdev_max_backlog", 0, INT32_MAX},
	{"net.core.netdev_tstamp_prequeue", 0, 1},
	{"net.core.dev_weight", 1, INT32_MAX},
	{"net.core.dev_weight_rx_bias", 1, INT32_MAX},
	{"net.core.gro_normal_batch", 1, INT32_MAX},
	{"net.core.skb_defer_max", 0, INT32_MAX},
	{"net.core.high_order_alloc_disable", 0, 1},
	{"net.core.rmem_max", 2304, INT32_MAX},
	{"net.core.rmem_default", 2304, INT32_MAX},
	{"net.core.wmem_max", 4608, INT32_MAX},
	{"net.core.wmem_default", 4608, INT32_MAX},
	{"net.core.rps_sock_flow_entries", 0, 1 << 29},
	{"net.core.busy_poll", 0, INT32_MAX},
	{"net.core.busy_read", 0, INT32_MAX},
	{"net.core.bpf_jit_enable", 0, 1},
	{"net.core.bpf_jit_harden", 0, 2},
	{"net.netfilter.nf_conntrack_max", 0, INT32_MAX},
	{"kernel.numa_balancing", 0, 3},
	{"kernel.timer_migration", 0, 1},
	{"kernel.watchdog", 0, 1},
	{"kernel.nmi_watchdog", 0, 1},
	{"kernel.sched_rt_runtime_us", -1, INT32_MAX},
	{"kernel.perf_event_paranoid", -1, 4},
	{"kernel.io_uring_disabled", 0, 2},
	{"vm.stat_interval", 1, 3600},
	{"vm.swappiness", 0, 200},
	{"vm.zone_reclaim_mode", 0, 7},
	{"vm.max_map_count", 0, INT32_MAX},
};
#define N_KNOWN (sizeof(known) / sizeof(*known))

static const char *sysctl_name(size_t i)
{
	return i < N_KNOWN ? known[i].name : NULL;
}

static int sysctl_check(const char *rest, const char *value, char canonical[CB_TUNING_VALUE_MAX],
	struct cb_error *err)
{
	for (size_t i = 0; i < N_KNOWN; i++)
		if (strcmp(known[i].name, rest) == 0)
			return cb_tuning_check_number(
				value, known[i].min, known[i].max, canonical, err);
	return cb_error_set(err, CB_ERR_USAGE, "%.60s is not among those that may be set", rest);
}

static void sysctl_path(const struct cb_tuning_site *site, const char *name, char path[PATH_MAX])
{
	size_t from = strlen(site->root ? site->root : "") + strlen("/proc/sys/");

	cb_tuning_path(site, path, PATH_MAX, "/proc/sys/%s", name);
	for (char *dot = path + from; *dot; dot++)
		if (*dot == '.')
			*dot = '/';
}

/* One reading or writing, perhaps in another network namespace. */
struct access {
	char path[PATH_MAX];
	const char *wanted; /* NULL: read */
	char *value;
	struct cb_error err;
	int result;
};

static void carry_out(struct access *a)
{
	a->result = a->wanted ? cb_tuning_write_file(a->path, a->wanted, &a->err)
			      : cb_file_read_line(a->path, a->value, CB_TUNING_VALUE_MAX, &a->err);
}

/* The thread may change its own namespace: it ends soon. */
static void *carry_out_elsewhere(void *arg)
{
	struct access *a = arg;
	const pid_t others[] = {1, getppid()};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others) && a->result; i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)others[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && !setns(fd, CLONE_NEWNET) && !access(a->path, W_OK))
			carry_out(a);
		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

/*
 * Most of net.core is the whole kernel's: the first network namespace has it, others don't, or have
 * a copy that can't be written (sysctl_core_net_init, net/core/sysctl_net_core.c). What is read is
 * what would be written.
 */
static int reach(const struct cb_tuning_site *site, const char *name, const char *wanted,
	char *value, struct cb_error *err)
{
	struct access a = {.wanted = wanted, .value = value, .result = CB_ERR_IMPOSSIBLE};
	pthread_t thread;
	bool here;

	sysctl_path(site, name, a.path);
	here = !access(a.path, W_OK);
	if (here)
		carry_out(&a);
	else if (!pthread_create(&thread, NULL, carry_out_elsewhere, &a))
		pthread_join(thread, NULL);
	if (!a.result)
		return 0;
	if (here || a.err.code)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE, "%s", a.err.text);
	if (access(a.path, F_OK))
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%s is not there: this kernel has none, or only the machine's first "
			"network "
			"namespace, for its root",
			a.path);
	return cb_error_set(err, CB_ERR_IMPOSSIBLE,
		"%s can't be written: needs root in the machine's first namespaces", a.path);
}

static int sysctl_read(const struct cb_tuning_site *site, const char *instance,
	char value[CB_TUNING_VALUE_MAX], struct cb_error *err)
{
	return reach(site, instance, NULL, value, err);
}

static int sysctl_write(const struct cb_tuning_site *site, const char *instance, const char *value,
	struct cb_error *err)
{
	return reach(site, instance, value, NULL, err);
}

const struct cb_tuning_kind cb_tuning_sysctl = {
	.row = {"sysctl.", "N", "Kernel parameters of a known list", false},
	.check = sysctl_check,
	.read = sysctl_read,
	.write = sysctl_write,
	.name = sysctl_name,
};
