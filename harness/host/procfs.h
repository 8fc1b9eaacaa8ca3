/*
 * What the texts in /proc say: pure functions on text. Internal to harness/host.
 */
#ifndef CB_HARNESS_HOST_PROCFS_H
#define CB_HARNESS_HOST_PROCFS_H

#include "harness/base/error.h"
#include "harness/host/host.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* /proc/stat: marks the CPUs that are online and fills their stolen time. `tick_ns` is the length
 * of a USER_HZ tick. CB_ERR_IMPOSSIBLE for a CPU beyond CB_HOST_CPUS_MAX. */
int cb_proc_stat(
	const char *text, int64_t tick_ns, struct cb_host_counters *c, struct cb_error *err);

/* /proc/net/softnet_stat, after cb_proc_stat: kernels before 5.10 do not say which line is which
 * CPU, nor the backlog (c->backlog_known). */
int cb_proc_softnet(const char *text, struct cb_host_counters *c, struct cb_error *err);

/* /proc/cpuinfo */
struct cb_cpu_facts {
	char model[128]; /* "": not told */
	double mhz;      /* of the first CPU; NaN: not told */
	unsigned cores;  /* physical; 0: not told */
	int hypervisor;  /* 1 runs under one, 0 not, -1 not told */
};
void cb_proc_cpuinfo(const char *text, struct cb_cpu_facts *facts);

/* /proc/meminfo: MemTotal in bytes, or CB_UNKNOWN. */
int64_t cb_proc_meminfo(const char *text);

/* The kernel's configuration: the value of `option` ("CONFIG_HZ") into out[size], "n" when it says
 * that the option is not set; false when it does not speak of it. */
bool cb_proc_config(const char *text, const char *option, char *out, size_t size);

/* The value of parameter `name` in the boot command line; the last one counts. */
bool cb_proc_cmdline(const char *text, const char *name, char *out, size_t size);

#endif
