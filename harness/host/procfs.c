#include "harness/host/procfs.h"

#include "harness/base/json.h"
#include "harness/base/text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* /proc/net/softnet_stat, counted from 0. CPU and backlog are there from Linux 5.10 on
 * (7d58e6555870). */
enum { PROCESSED = 0, DROPPED = 1, SQUEEZED = 2, RPS = 9, BACKLOG = 11, CPU = 12, COLUMNS = 16 };
/* The place of stolen time behind "cpuN" in /proc/stat (proc_stat(5)). */
enum { STEAL = 7 };

static const char *next_line(const char *text)
{
	const char *end = strchr(text, '\n');

	return end ? end + 1 : text + strlen(text);
}

/* Up to `max` numbers of one line; how many. */
static size_t numbers(const char *line, int base, uint64_t *out, size_t max)
{
	const char *end = next_line(line);
	size_t n = 0;

	while (n < max) {
		char *after;
		uint64_t value = strtoull(line, &after, base);

		if (after == line || after > end)
			break;
		out[n++] = value;
		line = after;
	}
	return n;
}

static int too_many_cpus(uint64_t cpu, struct cb_error *err)
{
	return cb_error_set(err, CB_ERR_IMPOSSIBLE,
		"this host has a CPU %llu; capbench knows CPUs 0 to %d", (unsigned long long)cpu,
		CB_HOST_CPUS_MAX - 1);
}

/* "intr" and the sum of all, then the interrupts of each line: the devices'. What the CPUs have of
 * their own is in the sum alone (proc_stat(5), fs/proc/stat.c). */
static int64_t device_interrupts(const char *line)
{
	const char *end = next_line(line);
	int64_t sum = 0;
	char *after;

	strtoull(line, &after, 10);
	for (line = after; line < end; line = after) {
		uint64_t value = strtoull(line, &after, 10);

		if (after == line || after > end)
			break;
		sum += (int64_t)value;
	}
	return sum;
}

int cb_proc_stat(
	const char *text, int64_t tick_ns, struct cb_host_counters *c, struct cb_error *err)
{
	uint64_t v[STEAL + 1];
	unsigned seen = 0;

	for (; cb_text_starts_with(text, "cpu"); text = next_line(text)) {
		char *rest;
		unsigned long cpu;

		if (!isdigit((unsigned char)text[3]))
			continue; /* "cpu": the sum of all */
		cpu = strtoul(text + 3, &rest, 10);
		if (cpu >= CB_HOST_CPUS_MAX)
			return too_many_cpus(cpu, err);
		if (numbers(rest, 10, v, STEAL + 1) <= STEAL)
			return cb_error_set(err, CB_ERR_IMPOSSIBLE,
				"/proc/stat does not tell the stolen time of CPU %lu", cpu);
		c->cpu[cpu].online = true;
		c->cpu[cpu].steal_ns = (int64_t)v[STEAL] * tick_ns;
		if (cpu >= c->n_cpus)
			c->n_cpus = (unsigned)cpu + 1;
		seen++;
	}
	if (!seen)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE, "/proc/stat names no CPU");
	c->interrupts =
		cb_text_starts_with(text, "intr ") ? device_interrupts(text + 5) : CB_UNKNOWN;
	return 0;
}

/* The first online CPU from `cpu` on. */
static uint64_t online_from(const struct cb_host_counters *c, uint64_t cpu)
{
	while (cpu < c->n_cpus && !c->cpu[cpu].online)
		cpu++;
	return cpu;
}

int cb_proc_softnet(const char *text, struct cb_host_counters *c, struct cb_error *err)
{
	uint64_t v[COLUMNS], cpu = 0;

	c->backlog_known = true;
	for (; *text; text = next_line(text)) {
		size_t n = numbers(text, 16, v, COLUMNS);

		if (n <= RPS)
			return cb_error_set(err, CB_ERR_IMPOSSIBLE,
				"/proc/net/softnet_stat has %zu columns; capbench needs %d", n,
				RPS + 1);
		/* There is a line for each online CPU, in order. */
		cpu = n > CPU ? v[CPU] : online_from(c, cpu);
		if (cpu >= CB_HOST_CPUS_MAX)
			return too_many_cpus(cpu, err);
		c->cpu[cpu].processed = (uint32_t)v[PROCESSED];
		c->cpu[cpu].dropped = (uint32_t)v[DROPPED];
		c->cpu[cpu].squeezed = (uint32_t)v[SQUEEZED];
		c->cpu[cpu].rps = (uint32_t)v[RPS];
		c->cpu[cpu].backlog = n > BACKLOG ? (uint32_t)v[BACKLOG] : 0;
		c->backlog_known = c->backlog_known && n > BACKLOG;
		if (cpu >= c->n_cpus)
			c->n_cpus = (unsigned)cpu + 1;
		cpu++;
	}
	return 0;
}

/* The value behind "name<blanks>:" when the line has that name, else NULL. */
static const char *field(const char *line, const char *name)
{
	const char *end = next_line(line), *colon = strchr(line, ':');
	size_t length = strlen(name);

	if (!colon || colon >= end || !cb_text_starts_with(line, name) ||
		line + length + strspn(line + length, " \t") != colon)
		return NULL;
	return colon + 1 + strspn(colon + 1, " \t");
}

static void copy_line(char *out, size_t size, const char *from)
{
	snprintf(out, size, "%.*s", (int)strcspn(from, "\n"), from);
}

static bool has_word(const char *line, const char *word)
{
	size_t length = strlen(word);

	for (;;) {
		size_t n;

		line += strspn(line, " \t");
		n = strcspn(line, " \t\n");
		if (!n)
			return false;
		if (n == length && !memcmp(line, word, n))
			return true;
		line += n;
	}
}

/* Cores are told apart by package and core: their different pairs are counted. */
struct cores {
	long package;
	unsigned n;
	struct {
		long package, core;
	} seen[CB_HOST_CPUS_MAX];
};

static void add_core(struct cores *c, long core)
{
	for (unsigned i = 0; i < c->n; i++)
		if (c->seen[i].package == c->package && c->seen[i].core == core)
			return;
	if (c->n == CB_HOST_CPUS_MAX)
		return;
	c->seen[c->n].package = c->package;
	c->seen[c->n++].core = core;
}

void cb_proc_cpuinfo(const char *text, struct cb_cpu_facts *facts)
{
	struct cores cores = {0};
	const char *value;

	*facts = (struct cb_cpu_facts){.mhz = NAN, .hypervisor = -1};
	for (; *text; text = next_line(text)) {
		if ((value = field(text, "physical id")))
			cores.package = strtol(value, NULL, 10);
		else if ((value = field(text, "core id")))
			add_core(&cores, strtol(value, NULL, 10));
		else if (!facts->model[0] && (value = field(text, "model name")))
			copy_line(facts->model, sizeof(facts->model), value);
		else if (isnan(facts->mhz) && (value = field(text, "cpu MHz")))
			facts->mhz = strtod(value, NULL);
		else if (facts->hypervisor < 0 && (value = field(text, "flags")))
			facts->hypervisor = has_word(value, "hypervisor");
	}
	facts->cores = cores.n;
}

int64_t cb_proc_meminfo(const char *text)
{
	const char *value;

	for (; *text; text = next_line(text))
		if ((value = field(text, "MemTotal")))
			return strtoll(value, NULL, 10) * 1024;
	return CB_UNKNOWN;
}

bool cb_proc_config(const char *text, const char *option, char *out, size_t size)
{
	size_t length = strlen(option);

	for (; *text; text = next_line(text)) {
		if (cb_text_starts_with(text, option) && text[length] == '=') {
			copy_line(out, size, text + length + 1);
			return true;
		}
		if (cb_text_starts_with(text, "# ") && cb_text_starts_with(text + 2, option) &&
			cb_text_starts_with(text + 2 + length, " is not set"))
			return cb_text_copy(out, size, "n");
	}
	return false;
}

bool cb_proc_cmdline(const char *text, const char *name, char *out, size_t size)
{
	size_t length = strlen(name), n;
	bool found = false;

	for (text += strspn(text, " \n"); *text; text += strspn(text, " \n")) {
		n = strcspn(text, " \n");
		if (n > length && !memcmp(text, name, length) && text[length] == '=') {
			snprintf(out, size, "%.*s", (int)(n - length - 1), text + length + 1);
			found = true;
		}
		text += n;
	}
	return found;
}
