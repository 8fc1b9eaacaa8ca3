/* Settings of the CPUs: frequency governor, limit of C-states. */
#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/base/units.h"
#include "harness/host/tuning_kind.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- governor ---- */

static int governor_check(const char *rest, const char *value, char canonical[CB_TUNING_VALUE_MAX],
	struct cb_error *err)
{
	(void)rest;
	for (const char *c = value; *c; c++)
		if (!islower((unsigned char)*c) && *c != '_')
			value = "";
	if (!*value || strlen(value) > 15)
		return cb_error_set(err, CB_ERR_USAGE,
			"not the name of a governor, such as performance or powersave");
	cb_text_copy(canonical, CB_TUNING_VALUE_MAX, value);
	return 0;
}

static int governor_targets(const struct cb_tuning_site *site, const char *rest, const char *value,
	struct cb_tuning_targets *targets, struct cb_error *err)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	DIR *policies;
	int r = 0;

	(void)rest;
	cb_tuning_path(site, path, sizeof(path), "/sys/devices/system/cpu/cpufreq");
	policies = opendir(path);
	while (policies && !r && (entry = readdir(policies)))
		if (cb_text_starts_with(entry->d_name, "policy"))
			r = cb_tuning_add_target(targets, entry->d_name, value, err);
	if (policies)
		closedir(policies);
	if (!r && !targets->n)
		r = cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"the kernel doesn't control the CPUs' frequency here (in a virtual machine "
			"its host does; on hardware see the firmware's settings)");
	return r;
}

static int governor_read(const struct cb_tuning_site *site, const char *instance,
	char value[CB_TUNING_VALUE_MAX], struct cb_error *err)
{
	char path[PATH_MAX];

	cb_tuning_path(site, path, sizeof(path),
		"/sys/devices/system/cpu/cpufreq/%s/scaling_governor", instance);
	return cb_file_read_line(path, value, CB_TUNING_VALUE_MAX, err);
}

static int governor_write(const struct cb_tuning_site *site, const char *instance,
	const char *value, struct cb_error *err)
{
	char path[PATH_MAX], known[512] = "";
	struct cb_error why = {0};
	int r;

	cb_tuning_path(site, path, sizeof(path),
		"/sys/devices/system/cpu/cpufreq/%s/scaling_governor", instance);
	r = cb_tuning_write_file(path, value, &why);
	if (!r)
		return 0;
	cb_tuning_path(site, path, sizeof(path),
		"/sys/devices/system/cpu/cpufreq/%s/scaling_available_governors", instance);
	if (why.sys_errno == EINVAL && !cb_file_read_line(path, known, sizeof(known), NULL))
		return cb_error_set(
			err, CB_ERR_IMPOSSIBLE, "there is no %s here, only %.200s", value, known);
	if (err)
		*err = why;
	return r;
}

const struct cb_tuning_kind cb_tuning_governor = {
	.row = {"governor", "NAME", "How the CPUs' frequency is chosen: performance", false},
	.check = governor_check,
	.targets = governor_targets,
	.read = governor_read,
	.write = governor_write,
};

/* ---- C-states ---- */

/*
 * The limit is a request to the kernel's PM QoS, in force while a file is open
 * (Documentation/power/pm_qos_interface.rst): it ends with the process.
 */
static int latency_check(const char *rest, const char *value, char canonical[CB_TUNING_VALUE_MAX],
	struct cb_error *err)
{
	const char *why = "";
	int64_t ns = 0;

	(void)rest;
	if (cb_unit_parse(CB_UNIT_TIME, value, &ns, &why))
		return cb_error_set(err, CB_ERR_USAGE, "\"%.40s\": %s", value, why);
	if (ns < 0 || ns % (int64_t)CB_NS_PER_US || ns / (int64_t)CB_NS_PER_US > INT32_MAX / 2)
		return cb_error_set(err, CB_ERR_USAGE,
			"\"%.40s\" is not a whole number of microseconds, such as 0us or 2us",
			value);
	snprintf(canonical, CB_TUNING_VALUE_MAX, "%lldus", (long long)(ns / (int64_t)CB_NS_PER_US));
	return 0;
}

static int latency_targets(const struct cb_tuning_site *site, const char *rest, const char *value,
	struct cb_tuning_targets *targets, struct cb_error *err)
{
	char path[PATH_MAX];

	cb_tuning_path(site, path, sizeof(path), "/sys/devices/system/cpu/cpu0/cpuidle");
	if (access(path, F_OK))
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"the kernel has no C-states to choose from here (in a virtual machine its "
			"host does)");
	return cb_tuning_add_target(targets, rest, value, err);
}

/* The strictest limit of all who ask for one. */
static int latency_read(const struct cb_tuning_site *site, const char *instance,
	char value[CB_TUNING_VALUE_MAX], struct cb_error *err)
{
	char path[PATH_MAX];
	int32_t us = 0;
	int fd;
	ssize_t n;

	(void)instance;
	cb_tuning_path(site, path, sizeof(path), "/dev/cpu_dma_latency");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, errno, "%s (needs root)", path);
	n = read(fd, &us, sizeof(us));
	close(fd);
	if (n != sizeof(us))
		return cb_error_set(err, CB_ERR_HOST, "%s: cannot be read", path);
	snprintf(value, CB_TUNING_VALUE_MAX, "%dus", (int)us);
	return 0;
}

static int latency_write(const struct cb_tuning_site *site, const char *instance, const char *value,
	struct cb_error *err)
{
	int32_t us = (int32_t)strtol(value, NULL, 10);
	char path[PATH_MAX];
	int fd;

	(void)instance;
	cb_tuning_path(site, path, sizeof(path), "/dev/cpu_dma_latency");
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, errno, "%s (needs root)", path);
	if (write(fd, &us, sizeof(us)) != sizeof(us)) {
		int e = errno;

		close(fd);
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, e, "%s", path);
	}
	if (*site->latency_fd >= 0)
		close(*site->latency_fd);
	*site->latency_fd = fd;
	return 0;
}

const struct cb_tuning_kind cb_tuning_cstate_latency = {
	.row = {"cstate_latency", "TIME", "No C-state that takes longer to leave", false},
	.check = latency_check,
	.targets = latency_targets,
	.read = latency_read,
	.write = latency_write,
	.held = true,
};
