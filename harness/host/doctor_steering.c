/* How the frames of a port find their queue and their core. */
#include "harness/base/text.h"
#include "harness/host/cpus.h"
#include "harness/host/doctor_check.h"
#include "harness/net/ethtool.h"
#include "harness/net/rss.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define IRQS_SHOWN 8
#define KEY_SHOWN  64 /* bytes */

static void look_queues(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	static const char *const names[] = {"channels.combined", "channels.rx"};
	const char *name = cb_doctor_port(d, port);
	uint32_t n = 0, most = 0;
	size_t which = 0;

	while (which < 2 &&
		(cb_ethtool_read(name, cb_ethtool_find(names[which]), &n, &most, NULL) || !n))
		which++;
	if (which == 2) {
		CB_FINDING_READ(f, CB_FINDING_UNKNOWN, "the driver doesn't tell");
		return;
	}
	CB_FINDING_READ(f, n > 1 ? CB_FINDING_WARN : CB_FINDING_GOOD, "%u of %u", n, most);
	if (n < 2)
		return;
	CB_FINDING_TODO(f, "ethtool -L %s %s 1", name, names[which] + strlen("channels."));
	cb_finding_set(f, names[which], "1");
}

/* A key of which every two bytes are the same has the same hash for both directions. */
static void write_key_todo(const char *name, uint32_t bytes, struct cb_finding *f)
{
	struct cb_text key = {0};

	for (uint32_t i = 0; i < bytes; i++)
		cb_text_addf(&key, "%s%s", i ? ":" : "", i % 2 ? "5a" : "6d");
	CB_FINDING_TODO(f, "ethtool -X %s hkey %s", name, cb_text_get(&key));
	cb_text_finish(&key);
}

static void look_rss(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	const char *name = cb_doctor_port(d, port);
	struct cb_rss rss;

	if (cb_rss_read(name, &rss, NULL)) {
		CB_FINDING_READ(f, CB_FINDING_UNKNOWN, "the driver doesn't tell");
		return;
	}
	if (rss.queues < 2) {
		CB_FINDING_READ(f, CB_FINDING_GOOD, "all frames go to one queue");
		return;
	}
	CB_FINDING_READ(f, rss.symmetric ? CB_FINDING_NOTE : CB_FINDING_WARN,
		"flows go to %u queues, the two directions of a connection to %s", rss.queues,
		rss.symmetric ? "the same" : "different ones");
	if (!rss.symmetric && rss.key_bytes && rss.key_bytes <= KEY_SHOWN)
		write_key_todo(name, rss.key_bytes, f);
}

static void look_irqs(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	unsigned irqs[CB_INTERRUPTS_MAX];
	size_t n = 0, wide = 0;
	struct cb_text text = {0};
	char line[128];

	if (cb_interrupts_of(d->options->root, cb_doctor_port(d, port), irqs, &n, NULL)) {
		CB_FINDING_READ(f, CB_FINDING_NOTE, "no interrupts of its own");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct cb_cpus cpus;

		if (!cb_doctor_line(
			    d, line, sizeof(line), "/proc/irq/%u/smp_affinity_list", irqs[i]))
			continue;
		if (i < IRQS_SHOWN)
			cb_text_addf(&text, "%s%u on %s", i ? ", " : "", irqs[i], line);
		wide += cb_cpus_parse_list(line, &cpus) && cb_cpus_count(&cpus) > 1;
	}
	CB_FINDING_READ(f, wide ? CB_FINDING_WARN : CB_FINDING_GOOD, "%s%s", cb_text_get(&text),
		n > IRQS_SHOWN ? ", ..." : "");
	cb_text_finish(&text);
	if (!wide)
		return;
	CB_FINDING_TODO(
		f, "echo 0 > /proc/irq/%u/smp_affinity_list, and so on: one core each", irqs[0]);
	cb_finding_set(f, "irq_affinity", "0");
}

/* Masks of cores in a file of each queue of one direction ("rx", "tx"). */
struct masks {
	size_t queues, set;
	char shown[128]; /* one of those that are set */
};

static void read_masks(const struct cb_doctor *d, const char *port, const char *direction,
	const char *file, struct masks *m)
{
	char path[PATH_MAX], line[256];
	const struct dirent *entry;
	DIR *dir;

	*m = (struct masks){.queues = 0};
	snprintf(path, sizeof(path), "%s/sys/class/net/%s/queues",
		d->options->root ? d->options->root : "", port);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		struct cb_cpus cpus;

		if (!cb_text_starts_with(entry->d_name, direction) ||
			!cb_doctor_line(d, line, sizeof(line), "/sys/class/net/%s/queues/%s/%s",
				port, entry->d_name, file))
			continue;
		m->queues++;
		if (!cb_cpus_parse_mask(line, &cpus) || !cb_cpus_count(&cpus))
			continue;
		m->set++;
		snprintf(m->shown, sizeof(m->shown), " (%.20s: mask %.60s)", entry->d_name, line);
	}
	if (dir)
		closedir(dir);
}

static void look_rps(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	const char *name = cb_doctor_port(d, port);
	struct masks m;

	read_masks(d, name, "rx-", "rps_cpus", &m);
	if (!m.queues)
		return;
	CB_FINDING_READ(f, m.set ? CB_FINDING_WARN : CB_FINDING_GOOD, "%zu of %zu queues%s", m.set,
		m.queues, m.shown);
	if (!m.set)
		return;
	CB_FINDING_TODO(f, "echo 0 > /sys/class/net/%s/queues/rx-0/rps_cpus, and so on", name);
	cb_finding_set(f, "rps", "off");
}

/* A device with one queue has the file, too, but it can't be read (net-sysfs.c,
 * xps_cpus_show). */
static void look_xps(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	struct masks m;

	read_masks(d, cb_doctor_port(d, port), "tx-", "xps_cpus", &m);
	if (!m.queues)
		CB_FINDING_READ(f, CB_FINDING_GOOD, "one queue, or none that can be chosen");
	else if (!m.set)
		CB_FINDING_READ(f, CB_FINDING_NOTE,
			"off: the hash of a flow chooses among %zu queues", m.queues);
	else
		CB_FINDING_READ(f, CB_FINDING_NOTE,
			"%zu of %zu queues are the sending core's own%s", m.set, m.queues, m.shown);
}

static void look_napi(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	const char *name = cb_doctor_port(d, port);
	int64_t threaded = 0, defer = 0, flush = 0;

	if (!cb_doctor_number(d, &threaded, "/sys/class/net/%s/threaded", name))
		return;
	cb_doctor_number(d, &defer, "/sys/class/net/%s/napi_defer_hard_irqs", name);
	cb_doctor_number(d, &flush, "/sys/class/net/%s/gro_flush_timeout", name);
	CB_FINDING_READ(f, defer || flush ? CB_FINDING_WARN : CB_FINDING_NOTE,
		"%s, napi_defer_hard_irqs %lld, gro_flush_timeout %lld ns",
		threaded ? "in threads" : "in softirqs", (long long)defer, (long long)flush);
	if (defer || flush)
		CB_FINDING_TODO(f,
			"echo 0 > /sys/class/net/%s/napi_defer_hard_irqs; echo 0 > "
			"/sys/class/net/%s/gro_flush_timeout",
			name, name);
}

const struct cb_check cb_doctor_steering_checks[] = {
	{"queues", "Frames of one flow go to one queue: figures per core want one, or know of each",
		true, look_queues},
	{"rss",
		"A process for each queue sees only one half of a connection, unless the hash is "
		"symmetric",
		true, look_rss},
	{"irq affinity",
		"Interrupts that may go to any core meet the capture process sooner or "
		"later",
		true, look_irqs},
	{"rps", "Frames go to other cores' backlogs behind the placement's back", true, look_rps},
	{"xps",
		"Of a sender: frames of one flow that is sent on several cores leave by several "
		"queues, and overtake each other",
		true, look_xps},
	{"napi", "Who polls the card, and how long interrupts are held off", true, look_napi},
	{.name = NULL},
};
