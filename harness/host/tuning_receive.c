/* How a port's frames reach a core: RPS, NAPI threads, interrupts. */
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/host/cpus.h"
#include "harness/host/interrupts.h"
#include "harness/host/napi_threads.h"
#include "harness/host/tuning_kind.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sorted list from a set, or "off" for none. */
static void print_cpus(const struct cb_cpus *set, char value[CB_TUNING_VALUE_MAX])
{
	char list[CB_CPUS_LIST];

	cb_cpus_print_list(set, list);
	snprintf(value, CB_TUNING_VALUE_MAX, "%.*s", CB_TUNING_VALUE_MAX - 1, *list ? list : "off");
}

/* "1,0" or "0-1" as one set. */
static bool parse_cpus(const char *value, struct cb_cpus *set)
{
	memset(set, 0, sizeof(*set));
	return strcmp(value, "off") == 0 || cb_cpus_parse_list(value, set);
}

static int check_online(const struct cb_tuning_site *site, const char *cores, struct cb_error *err)
{
	struct cb_cpus online, wanted;
	char path[PATH_MAX], line[1024];

	cb_tuning_path(site, path, sizeof(path), "/sys/devices/system/cpu/online");
	if (cb_file_read_line(path, line, sizeof(line), err))
		return CB_ERR_HOST;
	if (!cb_cpus_parse_list(line, &online) || !parse_cpus(cores, &wanted))
		return cb_error_set(err, CB_ERR_IMPOSSIBLE, "%s: \"%.60s\"", path, line);
	for (int cpu = 0; cpu < CB_HOST_CPUS_MAX; cpu++)
		if (cb_cpus_has(&wanted, cpu) && !cb_cpus_has(&online, cpu))
			return cb_error_set(err, CB_ERR_IMPOSSIBLE,
				"there is no core %d online here, only %.60s", cpu, line);
	return 0;
}

/* ---- RPS ---- */

static int rps_check(const char *rest, const char *value, char canonical[CB_TUNING_VALUE_MAX],
	struct cb_error *err)
{
	struct cb_cpus set;
	int r = cb_tuning_check_cores(value, true, canonical, err);

	(void)rest;
	if (!r && parse_cpus(canonical, &set))
		print_cpus(&set, canonical);
	return r;
}

static int rps_targets(const struct cb_tuning_site *site, const char *rest, const char *value,
	struct cb_tuning_targets *targets, struct cb_error *err)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	DIR *queues;
	int r = check_online(site, value, err);

	(void)rest;
	cb_tuning_path(site, path, sizeof(path), "/sys/class/net/%s/queues", site->interface);
	queues = r ? NULL : opendir(path);
	if (!r && !queues)
		return cb_error_errno(err, CB_ERR_HOST, errno, "%s", path);
	while (!r && (entry = readdir(queues)))
		if (cb_text_starts_with(entry->d_name, "rx-"))
			r = cb_tuning_add_target(targets, entry->d_name, value, err);
	if (queues)
		closedir(queues);
	return r;
}

static void rps_path(const struct cb_tuning_site *site, const char *instance, char path[PATH_MAX])
{
	cb_tuning_path(site, path, PATH_MAX, "/sys/class/net/%s/queues/%s/rps_cpus",
		site->interface, instance);
}

static int rps_read(const struct cb_tuning_site *site, const char *instance,
	char value[CB_TUNING_VALUE_MAX], struct cb_error *err)
{
	char path[PATH_MAX], line[1024];
	struct cb_cpus set;
	int r;

	rps_path(site, instance, path);
	r = cb_file_read_line(path, line, sizeof(line), err);
	if (!r && !cb_cpus_parse_mask(line, &set))
		r = cb_error_set(err, CB_ERR_IMPOSSIBLE, "%s: \"%.60s\"", path, line);
	if (!r)
		print_cpus(&set, value);
	return r;
}

static int rps_write(const struct cb_tuning_site *site, const char *instance, const char *value,
	struct cb_error *err)
{
	char path[PATH_MAX], mask[CB_CPUS_TEXT];
	struct cb_cpus set;

	rps_path(site, instance, path);
	if (!parse_cpus(value, &set))
		return cb_error_set(err, CB_ERR_USAGE, "\"%.60s\" is no list of cores", value);
	cb_cpus_print_mask(&set, mask);
	return cb_tuning_write_file(path, mask, err);
}

const struct cb_tuning_kind cb_tuning_rps = {
	.row = {"rps", "CORES|off", "Cores to which the kernel spreads received frames", true},
	.check = rps_check,
	.targets = rps_targets,
	.read = rps_read,
	.write = rps_write,
};

/* ---- threaded NAPI ---- */

static void threaded_path(const struct cb_tuning_site *site, char path[PATH_MAX])
{
	cb_tuning_path(site, path, PATH_MAX, "/sys/class/net/%s/threaded", site->interface);
}

static int threaded_read(const struct cb_tuning_site *site, const char *instance,
	char value[CB_TUNING_VALUE_MAX], struct cb_error *err)
{
	char path[PATH_MAX], line[16];
	struct cb_error why = {0};

	(void)instance;
	threaded_path(site, path);
	if (cb_file_read_line(path, line, sizeof(line), &why))
		return cb_error_set(err, CB_ERR_IMPOSSIBLE, "%s%s", why.text,
			why.sys_errno == ENOENT ? " (threaded NAPI came with Linux 5.12)" : "");
	snprintf(value, CB_TUNING_VALUE_MAX, "%s",
		strcmp(line, "0") == 0           ? "off"
			: strcmp(line, "1") == 0 ? "on"
						 : line);
	return 0;
}

static int threaded_write(const struct cb_tuning_site *site, const char *instance,
	const char *value, struct cb_error *err)
{
	char path[PATH_MAX];
	struct cb_error why = {0};
	int r;

	(void)instance;
	threaded_path(site, path);
	r = cb_tuning_write_file(path, strcmp(value, "on") == 0 ? "1" : "0", &why);
	if (r && why.sys_errno == EOPNOTSUPP)
		r = cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%s has no NAPI that could have a thread (a veth gets one by offload.gro: "
			"on)",
			site->interface);
	else if (r && err)
		*err = why;
	return r;
}

const struct cb_tuning_kind cb_tuning_threaded = {
	.row = {"threaded", "on|off", "A kernel thread for each NAPI, instead of softirqs", true},
	.check = cb_tuning_check_switch,
	.read = threaded_read,
	.write = threaded_write,
};

/* ---- the threads' cores ---- */

static int napi_cores_check(const char *rest, const char *value,
	char canonical[CB_TUNING_VALUE_MAX], struct cb_error *err)
{
	(void)rest;
	return cb_tuning_check_cores(value, false, canonical, err);
}

static int compare_pids(const void *a, const void *b)
{
	pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;

	return (left > right) - (left < right);
}

static int napi_cores_targets(const struct cb_tuning_site *site, const char *rest,
	const char *value, struct cb_tuning_targets *targets, struct cb_error *err)
{
	pid_t pids[CB_NAPI_THREADS_MAX];
	size_t n = 0;
	int r = check_online(site, value, err);

	(void)rest;
	if (!r)
		r = cb_napi_threads(site->interface, pids, &n, err);
	if (!r && !n)
		r = cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%s has no NAPI threads that can be seen: set threaded: on, and run in the "
			"machine's first PID namespace",
			site->interface);
	qsort(pids, n, sizeof(*pids), compare_pids);
	for (size_t i = 0; !r && i < n; i++) {
		char instance[CB_TUNING_INSTANCE_MAX], core[16];

		snprintf(instance, sizeof(instance), "%d", (int)pids[i]);
		snprintf(core, sizeof(core), "%d", cb_tuning_core_of(value, i));
		r = cb_tuning_add_target(targets, instance, core, err);
	}
	return r;
}

static int napi_cores_read(const struct cb_tuning_site *site, const char *instance,
	char value[CB_TUNING_VALUE_MAX], struct cb_error *err)
{
	pid_t pid = (pid_t)strtol(instance, NULL, 10);
	struct cb_cpus set = {0};
	cpu_set_t now;

	(void)site;
	if (sched_getaffinity(pid, sizeof(now), &now))
		return cb_error_errno(err, CB_ERR_HOST, errno, "NAPI thread %s", instance);
	for (int cpu = 0; cpu < CB_HOST_CPUS_MAX; cpu++)
		if (CPU_ISSET(cpu, &now))
			cb_cpus_add(&set, cpu);
	print_cpus(&set, value);
	return 0;
}

static int napi_cores_write(const struct cb_tuning_site *site, const char *instance,
	const char *value, struct cb_error *err)
{
	pid_t pid = (pid_t)strtol(instance, NULL, 10);
	struct cb_cpus set;
	cpu_set_t wanted;

	(void)site;
	CPU_ZERO(&wanted);
	if (!parse_cpus(value, &set))
		return cb_error_set(err, CB_ERR_USAGE, "\"%.60s\" is no list of cores", value);
	for (int cpu = 0; cpu < CB_HOST_CPUS_MAX; cpu++)
		if (cb_cpus_has(&set, cpu))
			CPU_SET(cpu, &wanted);
	if (!sched_setaffinity(pid, sizeof(wanted), &wanted))
		return 0;
	return cb_error_errno(err, CB_ERR_IMPOSSIBLE, errno,
		"NAPI thread %s can't be pinned (needs CAP_SYS_NICE outside of user namespaces)",
		instance);
}

const struct cb_tuning_kind cb_tuning_napi_cores = {
	.row = {"napi_cores", "CORES", "Cores of the NAPI threads, in turn (threaded: on)", true},
	.check = napi_cores_check,
	.targets = napi_cores_targets,
	.read = napi_cores_read,
	.write = napi_cores_write,
};

/* ---- interrupts ---- */

static int irq_targets(const struct cb_tuning_site *site, const char *rest, const char *value,
	struct cb_tuning_targets *targets, struct cb_error *err)
{
	unsigned irqs[CB_INTERRUPTS_MAX];
	size_t n = 0;
	int r = check_online(site, value, err);

	(void)rest;
	if (!r)
		r = cb_interrupts_of(site->root, site->interface, irqs, &n, err);
	for (size_t i = 0; !r && i < n; i++) {
		char instance[CB_TUNING_INSTANCE_MAX], core[16];

		snprintf(instance, sizeof(instance), "%u", irqs[i]);
		snprintf(core, sizeof(core), "%d", cb_tuning_core_of(value, i));
		r = cb_tuning_add_target(targets, instance, core, err);
	}
	return r;
}

static void irq_path(const struct cb_tuning_site *site, const char *instance, char path[PATH_MAX])
{
	cb_tuning_path(site, path, PATH_MAX, "/proc/irq/%s/smp_affinity_list", instance);
}

static int irq_read(const struct cb_tuning_site *site, const char *instance,
	char value[CB_TUNING_VALUE_MAX], struct cb_error *err)
{
	char path[PATH_MAX], line[1024];
	struct cb_cpus set;
	int r;

	irq_path(site, instance, path);
	r = cb_file_read_line(path, line, sizeof(line), err);
	if (!r && !cb_cpus_parse_list(line, &set))
		r = cb_error_set(err, CB_ERR_IMPOSSIBLE, "%s: \"%.60s\"", path, line);
	if (!r)
		print_cpus(&set, value);
	return r;
}

static int irq_write(const struct cb_tuning_site *site, const char *instance, const char *value,
	struct cb_error *err)
{
	char path[PATH_MAX];
	struct cb_error why = {0};
	int r;

	irq_path(site, instance, path);
	r = cb_tuning_write_file(path, value, &why);
	if (r && why.sys_errno == EIO)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"interrupt %s can't be moved: the kernel manages its cores itself",
			instance);
	if (r && err)
		*err = why;
	return r;
}

const struct cb_tuning_kind cb_tuning_irq_affinity = {
	.row = {"irq_affinity", "CORES", "Cores of the port's interrupts, in turn", true},
	.check = napi_cores_check,
	.targets = irq_targets,
	.read = irq_read,
	.write = irq_write,
};
