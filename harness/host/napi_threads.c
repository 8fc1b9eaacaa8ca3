#include "harness/host/napi_threads.h"

#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/base/text.h"
#include "harness/host/cpus.h"
#include "harness/host/host.h"
#include "harness/net/link.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* The first PID namespace's inode is fixed (include/linux/proc_ns.h, PROC_PID_INIT_INO). */
#define FIRST_PID_NAMESPACE UINT32_C(0xEFFFFFFC)

#define COMM_CUT 15 /* TASK_COMM_LEN without its NUL */

static bool all_digits(const char *text)
{
	while (isdigit((unsigned char)*text))
		text++;
	return !*text;
}

bool cb_napi_thread_is(const char *comm, const char *interface)
{
	char prefix[64];
	size_t length = strlen(comm);

	snprintf(prefix, sizeof(prefix), "napi/%s-", interface);
	if (cb_text_starts_with(comm, prefix))
		return all_digits(comm + strlen(prefix)) &&
			(length > strlen(prefix) || length == COMM_CUT);
	return length == COMM_CUT && cb_text_starts_with(prefix, comm);
}

static bool read_comm(const char *pid, char *comm, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	return !cb_file_read_line(path, comm, size, NULL);
}

static unsigned receive_queues(const char *interface)
{
	char path[128];
	struct dirent *entry;
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/sys/class/net/%s/queues", interface);
	d = opendir(path);
	while (d && (entry = readdir(d)))
		n += cb_text_starts_with(entry->d_name, "rx-");
	if (d)
		closedir(d);
	return n;
}

int cb_napi_threads_by_name(
	const char *interface, pid_t pids[CB_NAPI_THREADS_MAX], size_t *n, struct cb_error *err)
{
	struct cb_link_info info;
	struct dirent *entry;
	char comm[64];
	DIR *d = opendir("/proc");
	int r = cb_link_info(interface, &info, err);

	*n = 0;
	while (!r && d && (entry = readdir(d)) && *n < CB_NAPI_THREADS_MAX)
		if (isdigit((unsigned char)entry->d_name[0]) &&
			read_comm(entry->d_name, comm, sizeof(comm)) &&
			cb_napi_thread_is(comm, interface))
			pids[(*n)++] = (pid_t)strtol(entry->d_name, NULL, 10);
	if (d)
		closedir(d);
	/* A veth has one NAPI a receive queue; more threads belong to a namesake. */
	if (!r && !strcmp(info.driver, "veth") && *n > receive_queues(interface))
		r = cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"more than one interface of this host is called %s and has NAPI threads; "
			"this "
			"kernel (before 6.8) can't tell them apart",
			interface);
	return r;
}

static int check_visible(pid_t pid, const char *interface, struct cb_error *err)
{
	char number[16], comm[64];

	snprintf(number, sizeof(number), "%d", (int)pid);
	if (read_comm(number, comm, sizeof(comm)) && cb_napi_thread_is(comm, interface))
		return 0;
	return cb_error_set(err, CB_ERR_IMPOSSIBLE,
		"the NAPI thread of %s (process %d) can't be seen in /proc; it belongs to a PID "
		"namespace "
		"above this one",
		interface, (int)pid);
}

static int take_threads(const char *interface, const struct cb_napi *napi, size_t n_napi,
	pid_t pids[CB_NAPI_THREADS_MAX], size_t *n, struct cb_error *err)
{
	int r = 0;

	for (size_t i = 0; i < n_napi && !r; i++) {
		if (!napi[i].thread)
			continue;
		r = check_visible(napi[i].thread, interface, err);
		pids[(*n)++] = napi[i].thread;
	}
	return r;
}

int cb_napi_threads(
	const char *interface, pid_t pids[CB_NAPI_THREADS_MAX], size_t *n, struct cb_error *err)
{
	struct cb_napi napi[CB_NAPI_THREADS_MAX];
	struct cb_error why = {0};
	size_t n_napi;
	int r = cb_link_napis(interface, napi, CB_NAPI_THREADS_MAX, &n_napi, &why);

	*n = 0;
	if (r == CB_ERR_IMPOSSIBLE)
		return cb_napi_threads_by_name(interface, pids, n, err);
	if (r) {
		if (err)
			*err = why;
		return r;
	}
	if (n_napi > CB_NAPI_THREADS_MAX)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%s has %zu NAPI instances; capbench knows up to %d", interface, n_napi,
			CB_NAPI_THREADS_MAX);
	return take_threads(interface, napi, n_napi, pids, n, err);
}

/* Every online CPU for cpu < 0. */
static int wanted_affinity(int cpu, cpu_set_t *set, struct cb_error *err)
{
	struct cb_cpus online;
	int r = cb_cpus_online(&online, err);

	CPU_ZERO(set);
	if (r)
		return r;
	for (int i = 0; i < CB_HOST_CPUS_MAX; i++)
		if (cpu < 0 ? cb_cpus_has(&online, i) : i == cpu)
			CPU_SET(i, set);
	return 0;
}

/* An unpinned thread may run on CPUs that are not online now: what is online must be in. */
static bool affinity_is(pid_t pid, int cpu, const cpu_set_t *want)
{
	cpu_set_t now, both;

	if (sched_getaffinity(pid, sizeof(now), &now))
		return false;
	CPU_AND(&both, &now, want);
	return CPU_EQUAL(&both, want) && (cpu < 0 || CPU_COUNT(&now) == 1);
}

static int pin_thread(const char *interface, pid_t pid, int cpu, struct cb_error *err)
{
	cpu_set_t set;
	int r;

	if ((r = wanted_affinity(cpu, &set, err)))
		return r;
	if (affinity_is(pid, cpu, &set))
		return 0;
	if (sched_setaffinity(pid, sizeof(set), &set))
		return cb_error_errno(err, errno == EPERM ? CB_ERR_IMPOSSIBLE : CB_ERR_HOST, errno,
			"the NAPI thread of %s can't be pinned%s", interface,
			errno == EPERM
				? " without real root (CAP_SYS_NICE outside of user namespaces)"
				: "");
	if (!affinity_is(pid, cpu, &set))
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"the NAPI thread of %s did not stay on CPU %d", interface, cpu);
	return 0;
}

/* To a reader in another PID namespace the kernel tells no thread, or the number 0, for a NAPI that
 * has one (seen on Linux 6.18): it is no word about whether there is a thread. */
int cb_napi_threads_none(const char *interface, bool first_pid_namespace, struct cb_error *err)
{
	if (first_pid_namespace)
		return cb_error_set(
			err, CB_ERR_IMPOSSIBLE, "the kernel made no NAPI thread for %s", interface);
	return cb_error_set(err, CB_ERR_IMPOSSIBLE,
		"NAPI threads of %s can't be seen from this PID namespace: if there are any, they "
		"belong to the first one of this machine; run capbench there (not below unshare "
		"--pid; a container with --pid=host), or use receive: softirq or rps",
		interface);
}

static bool in_first_pid_namespace(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) && st.st_ino == FIRST_PID_NAMESPACE;
}

int cb_napi_threads_pin(const char *interface, int cpu, struct cb_error *err)
{
	pid_t pids[CB_NAPI_THREADS_MAX];
	size_t n;
	int r = cb_napi_threads(interface, pids, &n, err);

	if (!r && !n)
		return cb_napi_threads_none(interface, in_first_pid_namespace(), err);
	for (size_t i = 0; i < n && !r; i++)
		r = pin_thread(interface, pids[i], cpu, err);
	return r;
}

/* The CPU clock of any process can be read by its number: ~pid in the upper bits, 2
 * (CPUCLOCK_SCHED) in the lower three (include/linux/posix-timers_types.h). It is the sum of
 * exec runtimes in ns; /proc/PID/stat has ticks, and /proc/PID/schedstat depends on the kernel's
 * configuration. */
static int64_t cpu_clock(pid_t pid)
{
	struct timespec ts;

	if (clock_gettime((clockid_t)(~(unsigned)pid << 3 | 2), &ts))
		return CB_UNKNOWN;
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t cb_receive_thread_ns(const char *interface)
{
	pid_t pids[CB_NAPI_THREADS_MAX];
	int64_t sum = CB_UNKNOWN;
	size_t n;

	if (cb_napi_threads(interface, pids, &n, NULL))
		return CB_UNKNOWN;
	for (size_t i = 0; i < n; i++) {
		int64_t ns = cpu_clock(pids[i]);

		if (ns == CB_UNKNOWN)
			return CB_UNKNOWN;
		sum = (sum == CB_UNKNOWN ? 0 : sum) + ns;
	}
	return sum;
}
