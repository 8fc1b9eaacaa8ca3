/* The CPUs: frequency, C-states, threads, isolation, the hypervisor, mitigations. */
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/host/cpus.h"
#include "harness/host/doctor_check.h"
#include "harness/host/procfs.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEEP_US       10 /* an exit that shows in a buffer of a fast link */
#define PROC_TEXT_MAX (8u << 20)

static bool is_virtual(const struct cb_doctor *d)
{
	struct cb_cpu_facts facts = {.hypervisor = -1};
	char path[PATH_MAX], *text = NULL;

	snprintf(path, sizeof(path), "%s/proc/cpuinfo", d->options->root ? d->options->root : "");
	if (!cb_file_read(path, PROC_TEXT_MAX, &text, NULL, NULL))
		cb_proc_cpuinfo(text, &facts);
	free(text);
	return facts.hypervisor == 1;
}

/* Counts policies, and those with another governor; the last such goes to `other`. */
static size_t count_governors(const struct cb_doctor *d, size_t *others, char other[64])
{
	char path[PATH_MAX], line[64];
	const struct dirent *entry;
	size_t n = 0;
	DIR *dir;

	*others = 0;
	snprintf(path, sizeof(path), "%s/sys/devices/system/cpu/cpufreq",
		d->options->root ? d->options->root : "");
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (!cb_text_starts_with(entry->d_name, "policy") ||
			!cb_doctor_line(d, line, sizeof(line),
				"/sys/devices/system/cpu/cpufreq/%s/scaling_governor",
				entry->d_name))
			continue;
		n++;
		if (strcmp(line, "performance") == 0)
			continue;
		++*others;
		snprintf(other, 64, "%s", line);
	}
	if (dir)
		closedir(dir);
	return n;
}

static void look_governor(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	char other[64] = "";
	size_t others, n = count_governors(d, &others, other);

	(void)port;
	if (!n) {
		CB_FINDING_READ(f, CB_FINDING_UNKNOWN, "no frequency control here%s",
			is_virtual(d) ? " (a virtual machine)" : "");
		CB_FINDING_TODO(f, "%s",
			is_virtual(d) ? "see to it on the machine's host"
				      : "see the firmware's settings");
		return;
	}
	CB_FINDING_READ(f, others ? CB_FINDING_WARN : CB_FINDING_GOOD, "%s on %zu of %zu",
		others ? other : "performance", others ? others : n, n);
	if (!others)
		return;
	CB_FINDING_TODO(f, "cpupower frequency-set -g performance");
	cb_finding_set(f, "governor", "performance");
}

static void look_turbo(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	static const struct {
		const char *path;
		int64_t on;
	} places[] = {{"/sys/devices/system/cpu/intel_pstate/no_turbo", 0},
		{"/sys/devices/system/cpu/cpufreq/boost", 1}};
	int64_t value = 0;

	(void)port;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (!cb_doctor_number(d, &value, "%s", places[i].path))
			continue;
		CB_FINDING_READ(f, value == places[i].on ? CB_FINDING_WARN : CB_FINDING_GOOD, "%s",
			value == places[i].on ? "on" : "off");
		if (value == places[i].on)
			CB_FINDING_TODO(f, "echo %d > %s", places[i].on ? 0 : 1, places[i].path);
		return;
	}
}

/* The slowest state that may be entered. */
static bool deepest(const struct cb_doctor *d, int64_t *us, char name[64])
{
	bool found = false;
	int64_t latency = 0, disabled = 0;

	*us = 0;
	for (int i = 0; cb_doctor_number(
		     d, &latency, "/sys/devices/system/cpu/cpu0/cpuidle/state%d/latency", i);
		i++) {
		found = true;
		if ((cb_doctor_number(d, &disabled,
			     "/sys/devices/system/cpu/cpu0/cpuidle/state%d/disable", i) &&
			    disabled) ||
			latency < *us)
			continue;
		*us = latency;
		if (!cb_doctor_line(
			    d, name, 64, "/sys/devices/system/cpu/cpu0/cpuidle/state%d/name", i))
			snprintf(name, 64, "state%d", i);
	}
	return found;
}

static void look_cstates(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	char name[64] = "";
	int64_t us;

	(void)port;
	if (!deepest(d, &us, name)) {
		CB_FINDING_READ(f, CB_FINDING_UNKNOWN, "no C-states to choose from here%s",
			is_virtual(d) ? " (a virtual machine)" : "");
		return;
	}
	CB_FINDING_READ(f, us > DEEP_US ? CB_FINDING_WARN : CB_FINDING_GOOD,
		"down to %s, which takes %lld us to leave", name, (long long)us);
	if (us <= DEEP_US)
		return;
	CB_FINDING_TODO(f, "cpupower idle-set -D %d", DEEP_US);
	cb_finding_set(f, "cstate_latency", "2us");
}

static void look_smt(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	char siblings[64] = "";
	int64_t active = 0;

	(void)port;
	if (!cb_doctor_number(d, &active, "/sys/devices/system/cpu/smt/active"))
		return;
	cb_doctor_line(d, siblings, sizeof(siblings),
		"/sys/devices/system/cpu/cpu0/topology/thread_siblings_list");
	CB_FINDING_READ(f, active ? CB_FINDING_WARN : CB_FINDING_GOOD, "%s%s%s",
		active ? "on" : "off", active && *siblings ? "; core 0's threads are CPUs " : "",
		active ? siblings : "");
	if (active)
		CB_FINDING_TODO(f,
			"give generator, receive work and capture CPUs that are no siblings, or: "
			"echo off > /sys/devices/system/cpu/smt/control");
}

static void look_caches(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	char line[2][64], size[2][32] = {"", ""};

	(void)port;
	for (int i = 0; i < 2; i++) {
		if (!cb_doctor_line(d, line[i], sizeof(line[i]),
			    "/sys/devices/system/cpu/cpu0/cache/index%d/shared_cpu_list", i + 2))
			snprintf(line[i], sizeof(line[i]), "-");
		cb_doctor_line(d, size[i], sizeof(size[i]),
			"/sys/devices/system/cpu/cpu0/cache/index%d/size", i + 2);
	}
	if (strcmp(line[0], "-") == 0)
		return;
	CB_FINDING_READ(f, CB_FINDING_NOTE, "CPU 0 shares its L2 (%s) with %s, its L3 (%s) with %s",
		size[0], line[0], *size[1] ? size[1] : "none", line[1]);
}

static void look_isolation(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	char isolated[128] = "", nohz[128] = "";

	(void)port;
	if (!cb_doctor_line(d, isolated, sizeof(isolated), "/sys/devices/system/cpu/isolated"))
		return;
	cb_doctor_line(d, nohz, sizeof(nohz), "/sys/devices/system/cpu/nohz_full");
	CB_FINDING_READ(f, *isolated ? CB_FINDING_GOOD : CB_FINDING_NOTE,
		"isolated: %s; without ticks: %s", *isolated ? isolated : "none",
		*nohz && strcmp(nohz, "(null)") != 0 ? nohz : "none");
	if (!*isolated)
		CB_FINDING_TODO(f,
			"for the last percents boot with isolcpus= nohz_full= rcu_nocbs= for the "
			"cores that receive and capture");
}

/* A quota of a container: the process stops for the rest of a period. */
static void look_quota(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	static const char *const stats[] = {
		"/sys/fs/cgroup/cpu.stat", "/sys/fs/cgroup/cpu/cpu.stat"};
	char path[PATH_MAX], *text = NULL, *at;
	long long n;

	(void)port;
	for (size_t i = 0; i < 2 && !text; i++) {
		snprintf(path, sizeof(path), "%s%s", d->options->root ? d->options->root : "",
			stats[i]);
		cb_file_read(path, PROC_TEXT_MAX, &text, NULL, NULL);
	}
	at = text ? strstr(text, "nr_throttled ") : NULL;
	n = at ? strtoll(at + strlen("nr_throttled "), NULL, 10) : 0;
	if (text)
		CB_FINDING_READ(f, n ? CB_FINDING_BAD : CB_FINDING_GOOD,
			n ? "throttled %lld times" : "never throttled", n);
	if (n)
		CB_FINDING_TODO(f, "run outside of the container's CPU quota (cpu.max)");
	free(text);
}

static void look_virtual(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	bool virtual = is_virtual(d);

	(void)port;
	CB_FINDING_READ(f, virtual ? CB_FINDING_WARN : CB_FINDING_GOOD, "%s",
		virtual ? "runs under a hypervisor" : "no hypervisor seen");
	if (virtual)
		CB_FINDING_TODO(f,
			"compare arms of one run with each other, not rates with those of other "
			"machines");
}

static void look_mitigations(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	char path[PATH_MAX], line[256];
	const struct dirent *entry;
	size_t mitigated = 0, vulnerable = 0;
	DIR *dir;

	(void)port;
	snprintf(path, sizeof(path), "%s/sys/devices/system/cpu/vulnerabilities",
		d->options->root ? d->options->root : "");
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
			!cb_doctor_line(d, line, sizeof(line),
				"/sys/devices/system/cpu/vulnerabilities/%s", entry->d_name))
			continue;
		mitigated += cb_text_starts_with(line, "Mitigation");
		vulnerable += cb_text_starts_with(line, "Vulnerable");
	}
	closedir(dir);
	CB_FINDING_READ(f, CB_FINDING_NOTE, "%zu holes mitigated, %zu open", mitigated, vulnerable);
}

const struct cb_check cb_doctor_cpu_checks[] = {
	{"governor", "A core that starts slow loses the first frames of each burst", false,
		look_governor},
	{"turbo", "The clock follows heat and the neighbours' work, and so do rates", false,
		look_turbo},
	{"c-states", "A core that sleeps deeply wakes late: buffers overflow meanwhile", false,
		look_cstates},
	{"smt", "Two threads of a core share its units: pinned to siblings, roles slow each other",
		false, look_smt},
	{"caches", "A frame that changes cores stays in a cache that both share", false,
		look_caches},
	{"isolation", "What the scheduler moves onto a core interrupts who captures there", false,
		look_isolation},
	{"quota", "A process that is out of quota stands still while frames arrive", false,
		look_quota},
	{"virtual machine", "Interrupts, clocks and memory cost more, and not the same each time",
		false, look_virtual},
	{"mitigations", "Each system call and indirect call costs more: record it with figures",
		false, look_mitigations},
	{.name = NULL},
};
