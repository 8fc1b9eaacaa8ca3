/* What the host does while nothing is measured: checks of rates over the window, and of its clock.
 */
#include "harness/base/json.h"
#include "harness/base/units.h"
#include "harness/host/doctor_check.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* What is too much. Interrupts of a device that has nothing to receive: its timer or its driver. */
#define STORM_PER_SECOND     20000.0
#define STORM_IDLE           2000.0
#define FRAMES_PER_INTERRUPT 0.5
#define QUIET_FRAMES         1000.0
#define QUIET_SWITCHES       20000.0
#define STEAL_BAD            0.001

static double seconds(const struct cb_doctor *d)
{
	return d->after.time_ns ? (double)(d->after.time_ns - d->before.time_ns) / 1e9 : 0;
}

static uint64_t count_before(const struct cb_doctor *d, const char *name)
{
	for (size_t i = 0; i < d->before.n_interrupts; i++)
		if (strcmp(d->before.interrupts[i].name, name) == 0)
			return d->before.interrupts[i].count;
	return 0;
}

/* The line with a number that rises most. Lines with a name (LOC, RES) are the kernel's own. */
static const struct cb_interrupt *busiest(const struct cb_doctor *d, double *rate)
{
	const struct cb_interrupt *most = NULL;

	*rate = 0;
	for (size_t i = 0; i < d->after.n_interrupts; i++) {
		const struct cb_interrupt *line = &d->after.interrupts[i];
		double r;

		if (!isdigit((unsigned char)line->name[0]))
			continue;
		r = (double)(line->count - count_before(d, line->name)) / seconds(d);
		if (!most || r > *rate) {
			most = line;
			*rate = r;
		}
	}
	return most;
}

static double frames_per_second(const struct cb_doctor *d)
{
	double frames = 0;

	for (size_t i = 0; i < d->options->n_interfaces; i++)
		if (d->before.frames[i] != CB_UNKNOWN && d->after.frames[i] != CB_UNKNOWN)
			frames += (double)(d->after.frames[i] - d->before.frames[i]);
	return frames / seconds(d);
}

static void look_interrupts(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	const struct cb_interrupt *most;
	double rate, frames;
	bool storm;

	(void)port;
	if (seconds(d) <= 0)
		return;
	most = busiest(d, &rate);
	if (!most)
		return;
	frames = frames_per_second(d);
	storm = rate > STORM_PER_SECOND && frames < rate * FRAMES_PER_INTERRUPT;
	CB_FINDING_READ(f,
		storm                                        ? CB_FINDING_BAD
			: rate > STORM_IDLE && frames < rate ? CB_FINDING_WARN
							     : CB_FINDING_GOOD,
		"most: %.0f/s of interrupt %s (%s), while the ports received %.0f frames/s", rate,
		most->name, cb_interrupt_action(most), frames);
	if (f->verdict != CB_FINDING_GOOD)
		CB_FINDING_TODO(f,
			"see /proc/interrupts; try another driver or firmware for %s, or set its "
			"coalescing (ethtool -C)",
			cb_interrupt_action(most));
}

static void look_steal(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	int64_t stolen = 0;
	unsigned cpus = 0;
	double share;

	(void)port;
	if (seconds(d) <= 0)
		return;
	for (unsigned i = 0; i < d->after.counters.n_cpus; i++) {
		if (!d->after.counters.cpu[i].online)
			continue;
		cpus++;
		stolen += d->after.counters.cpu[i].steal_ns - d->before.counters.cpu[i].steal_ns;
	}
	share = cpus ? (double)stolen / 1e9 / seconds(d) / cpus : 0;
	CB_FINDING_READ(f, share > STEAL_BAD ? CB_FINDING_BAD : CB_FINDING_GOOD,
		"%.2f %% of the CPUs' time", 100 * share);
	if (share > STEAL_BAD)
		CB_FINDING_TODO(f,
			"measure on hardware, or have the virtual CPUs pinned to cores of their "
			"own");
}

static void look_quiet(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	uint64_t frames = 0;
	double per_second, switches;
	bool busy;

	(void)port;
	if (seconds(d) <= 0)
		return;
	for (unsigned i = 0; i < d->after.counters.n_cpus; i++)
		frames += (uint32_t)(d->after.counters.cpu[i].processed -
			d->before.counters.cpu[i].processed);
	per_second = (double)frames / seconds(d);
	switches = (double)(d->after.context_switches - d->before.context_switches) / seconds(d);
	busy = per_second > QUIET_FRAMES || switches > QUIET_SWITCHES;
	CB_FINDING_READ(f, busy ? CB_FINDING_WARN : CB_FINDING_GOOD,
		"%.0f frames/s in softirqs, %.0f context switches/s", per_second, switches);
	if (busy)
		CB_FINDING_TODO(f, "stop what else runs here (top, ss -s), or come back later");
}

static void look_load(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	double load = 0;
	char line[128];

	(void)port;
	if (!cb_doctor_line(d, line, sizeof(line), "/proc/loadavg") ||
		sscanf(line, "%lf", &load) != 1)
		return;
	CB_FINDING_READ(f, load > 0.5 ? CB_FINDING_WARN : CB_FINDING_GOOD,
		"%.2f processes on average in the last minute", load);
	if (load > 0.5)
		CB_FINDING_TODO(f, "see what runs (top), and stop it");
}

static void look_clock(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	static const char *const good[] = {"tsc", "kvm-clock", "arch_sys_counter"};
	char line[64];
	bool fast = false;

	(void)port;
	if (!cb_doctor_line(d, line, sizeof(line),
		    "/sys/devices/system/clocksource/clocksource0/current_clocksource"))
		return;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		fast |= strcmp(line, good[i]) == 0;
	CB_FINDING_READ(f, fast ? CB_FINDING_GOOD : CB_FINDING_BAD, "%s", line);
	if (!fast)
		CB_FINDING_TODO(f,
			"echo tsc > "
			"/sys/devices/system/clocksource/clocksource0/current_clocksource, or boot "
			"with clocksource=tsc tsc=reliable");
}

const struct cb_check cb_doctor_load_checks[] = {
	{"interrupts",
		"A driver that interrupts without need (a storm) takes the time that captures: the "
		"first thing to look at",
		false, look_interrupts},
	{"steal", "What the hypervisor takes for others shows as loss that is nobody's fault here",
		false, look_steal},
	{"quiet",
		"Other traffic and processes take cores, caches and buffers from what is measured",
		false, look_quiet},
	{"load", "A core that others use is not there for receiving", false, look_load},
	{"clocksource",
		"Every frame gets a time stamp: a clock that is read from a chip costs more than "
		"the "
		"frame",
		false, look_clock},
	{.name = NULL},
};
