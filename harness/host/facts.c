#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/host/cpus.h"
#include "harness/host/host.h"
#include "harness/host/kconfig.h"
#include "harness/host/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PROC_TEXT_MAX (8u << 20)
#define LINE_MAX_SIZE 4096

/* Everything that is one line of a file and goes into the record as text. */
static const struct {
	const char *key, *path;
} lines[] = {
	{"clocksource", "/sys/devices/system/clocksource/clocksource0/current_clocksource"},
	{"governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"},
	{"smt_control", "/sys/devices/system/cpu/smt/control"},
	{"cpus_isolated", "/sys/devices/system/cpu/isolated"},
	{"boot_id", "/proc/sys/kernel/random/boot_id"},
};

/* What decides on receive buffers, budgets and backlogs: names below /proc/sys. */
static const char *const sysctls[] = {
	"net.core.rmem_max",
	"net.core.rmem_default",
	"net.core.wmem_max",
	"net.core.netdev_max_backlog",
	"net.core.netdev_budget",
	"net.core.netdev_budget_usecs",
	"net.core.dev_weight",
	"net.core.bpf_jit_enable",
	"net.core.busy_poll",
	"net.core.busy_read",
	"kernel.unprivileged_bpf_disabled",
	"kernel.perf_event_paranoid",
};
#define N_SYSCTLS (sizeof(sysctls) / sizeof(sysctls[0]))

/* The choices of which a kernel has one, as they are called in its configuration. */
static const struct {
	const char *option, *preempt;
} preemptions[] = {
	{"CONFIG_PREEMPT_RT", "rt"},
	{"CONFIG_PREEMPT_LAZY", "lazy"},
	{"CONFIG_PREEMPT", "full"},
	{"CONFIG_PREEMPT_VOLUNTARY", "voluntary"},
	{"CONFIG_PREEMPT_NONE", "none"},
};

/* Null when `text` is NULL or empty. */
static void set_text(json_t *object, const char *key, const char *text)
{
	if (text && *text)
		cb_json_set_text(object, key, text);
	else
		json_object_set_new(object, key, json_null());
}

static void set_line(json_t *object, const char *key, const char *path)
{
	char line[LINE_MAX_SIZE];

	set_text(object, key, cb_file_read_line(path, line, sizeof(line), NULL) ? NULL : line);
}

static void set_bool(json_t *object, const char *key, int value)
{
	json_object_set_new(object, key, value < 0 ? json_null() : json_boolean(value));
}

static json_t *kernel_facts(void)
{
	json_t *o = json_object();
	struct utsname u;

	if (uname(&u))
		return o;
	set_text(o, "release", u.release);
	set_text(o, "version", u.version);
	set_text(o, "machine", u.machine);
	return o;
}

static json_t *cpu_facts(void)
{
	struct cb_cpu_facts f = {.hypervisor = -1};
	struct cb_cpus online;
	json_t *o = json_object();
	char *text = NULL, smt[16];

	cb_proc_cpuinfo(
		cb_file_read("/proc/cpuinfo", PROC_TEXT_MAX, &text, NULL, NULL) ? "" : text, &f);
	free(text);
	set_text(o, "model", f.model);
	cb_json_set_count(o, "online",
		cb_cpus_online(&online, NULL) ? CB_UNKNOWN : (int64_t)cb_cpus_count(&online));
	cb_json_set_count(o, "cores", f.cores ? (int64_t)f.cores : CB_UNKNOWN);
	cb_json_set_real(o, "mhz", f.mhz);
	set_bool(o, "smt",
		cb_file_read_line("/sys/devices/system/cpu/smt/active", smt, sizeof(smt), NULL)
			? -1
			: !strcmp(smt, "1"));
	set_bool(o, "hypervisor", f.hypervisor);
	return o;
}

static int64_t read_sysctl(const char *name)
{
	char path[256], line[64], *end;
	int64_t value;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	for (char *dot = path + strlen("/proc/sys/"); *dot; dot++)
		if (*dot == '.')
			*dot = '/';
	if (cb_file_read_line(path, line, sizeof(line), NULL))
		return CB_UNKNOWN;
	errno = 0;
	value = strtoll(line, &end, 10);
	return errno || end == line || *end ? CB_UNKNOWN : value;
}

/* Fills what is still unknown. */
static void read_sysctls(int64_t values[N_SYSCTLS])
{
	for (size_t i = 0; i < N_SYSCTLS; i++)
		if (values[i] == CB_UNKNOWN)
			values[i] = read_sysctl(sysctls[i]);
}

/* The network namespaces of the first process and of our parent: one of them is the initial one, or
 * as near to it as we get. The thread may change its own: it ends soon. */
static void *read_sysctls_elsewhere(void *values)
{
	const pid_t others[] = {1, getppid()};
	char path[64];

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)others[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && !setns(fd, CLONE_NEWNET))
			read_sysctls(values);
		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

/* Backlogs and budgets are the whole kernel's, but shown in the initial network namespace only
 * (sysctl_core_net_init in net/core/sysctl_net_core.c); with the right to, they are read there. */
static json_t *sysctl_facts(void)
{
	int64_t values[N_SYSCTLS];
	json_t *o = json_object();
	pthread_t thread;

	for (size_t i = 0; i < N_SYSCTLS; i++)
		values[i] = CB_UNKNOWN;
	read_sysctls(values);
	if (!pthread_create(&thread, NULL, read_sysctls_elsewhere, values))
		pthread_join(thread, NULL);
	for (size_t i = 0; i < N_SYSCTLS; i++)
		cb_json_set_count(o, sysctls[i], values[i]);
	return o;
}

/* What each known hole of the CPU costs: file name -> the kernel's words. */
static json_t *vulnerability_facts(void)
{
	static const char *const dir = "/sys/devices/system/cpu/vulnerabilities";
	json_t *o = json_object();
	struct dirent *entry;
	char path[512];
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.' &&
			!cb_file_join(path, sizeof(path), dir, entry->d_name, NULL))
			set_line(o, entry->d_name, path);
	if (d)
		closedir(d);
	return o;
}

static json_t *config_facts(void)
{
	char *text = cb_kconfig_read(), value[64];
	const char *config = text ? text : "", *preempt = NULL;
	json_t *o = json_object();

	cb_json_set_count(o, "hz",
		cb_proc_config(config, "CONFIG_HZ", value, sizeof(value)) ? strtoll(value, NULL, 10)
									  : CB_UNKNOWN);
	for (size_t i = 0; i < sizeof(preemptions) / sizeof(preemptions[0]) && !preempt; i++)
		if (cb_proc_config(config, preemptions[i].option, value, sizeof(value)) &&
			!strcmp(value, "y"))
			preempt = preemptions[i].preempt;
	set_text(o, "preempt", preempt);
	set_bool(o, "preempt_dynamic",
		!text ? -1
		      : cb_proc_config(text, "CONFIG_PREEMPT_DYNAMIC", value, sizeof(value)) &&
				!strcmp(value, "y"));
	set_bool(o, "irq_time_accounting",
		!text ? -1
		      : cb_proc_config(text, "CONFIG_IRQ_TIME_ACCOUNTING", value, sizeof(value)) &&
				!strcmp(value, "y"));
	free(text);
	return o;
}

static void set_memory(json_t *o)
{
	char *text = NULL;
	int64_t bytes = CB_UNKNOWN;

	if (!cb_file_read("/proc/meminfo", PROC_TEXT_MAX, &text, NULL, NULL))
		bytes = cb_proc_meminfo(text);
	free(text);
	cb_json_set_count(o, "memory_bytes", bytes);
}

static void set_cmdline(json_t *o)
{
	char line[LINE_MAX_SIZE] = "", mitigations[256] = "";

	if (!cb_file_read_line("/proc/cmdline", line, sizeof(line), NULL))
		cb_proc_cmdline(line, "mitigations", mitigations, sizeof(mitigations));
	set_text(o, "cmdline", line);
	set_text(o, "mitigations", mitigations);
}

json_t *cb_host_facts(void)
{
	json_t *o = json_object();

	if (!o)
		return NULL;
	json_object_set_new(o, "kernel", kernel_facts());
	json_object_set_new(o, "cpu", cpu_facts());
	set_memory(o);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		set_line(o, lines[i].key, lines[i].path);
	set_cmdline(o);
	json_object_set_new(o, "vulnerabilities", vulnerability_facts());
	json_object_set_new(o, "sysctl", sysctl_facts());
	json_object_set_new(o, "config", config_facts());
	return o;
}
