/* A port: link, queues, interrupts, offloads, what steers its frames. */
#include "harness/base/json.h"
#include "harness/base/text.h"
#include "harness/host/cpus.h"
#include "harness/host/doctor_check.h"
#include "harness/net/ethtool.h"
#include "harness/net/link.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IRQS_SHOWN 8

static bool number(const char *port, const char *name, uint32_t *value, uint32_t *most)
{
	return !cb_ethtool_read(port, cb_ethtool_find(name), value, most, NULL);
}

static void look_link(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	const char *name = cb_doctor_port(d, port);
	struct cb_link_info info;
	int64_t speed = -1, changes = -1;

	if (cb_link_info(name, &info, NULL))
		return;
	cb_doctor_number(d, &speed, "/sys/class/net/%s/speed", name);
	cb_doctor_number(d, &changes, "/sys/class/net/%s/carrier_changes", name);
	CB_FINDING_READ(f, info.running ? CB_FINDING_NOTE : CB_FINDING_BAD,
		"%s, %s%s%.0lld%s, MTU %u, carrier changed %lld times",
		*info.driver ? info.driver : "driver unknown", info.running ? "up" : "no carrier",
		speed > 0 ? ", " : "", (long long)(speed > 0 ? speed : 0),
		speed > 0 ? " Mbit/s" : "", info.mtu, (long long)changes);
	if (!info.running)
		CB_FINDING_TODO(f, "ip link set %s up; see the cable and the other end", name);
}

static void look_feature(const struct cb_doctor *d, size_t port, struct cb_finding *f,
	const char *feature, const char *setting, const char *ethtool,
	enum cb_finding_verdict verdict)
{
	const char *name = cb_doctor_port(d, port);
	bool on = false;

	if (cb_link_feature_read(name, feature, &on, NULL))
		return;
	CB_FINDING_READ(f, on ? verdict : CB_FINDING_GOOD, "%s", on ? "on" : "off");
	if (!on || verdict == CB_FINDING_NOTE)
		return;
	CB_FINDING_TODO(f, "ethtool -K %s %s off", name, ethtool);
	cb_finding_set(f, setting, "off");
}

#define FEATURE(function, feature, setting, ethtool, verdict)                              \
	static void function(const struct cb_doctor *d, size_t port, struct cb_finding *f) \
	{                                                                                  \
		look_feature(d, port, f, feature, setting, ethtool, verdict);              \
	}
FEATURE(look_gro, "rx-gro", "offload.gro", "gro", CB_FINDING_WARN)
FEATURE(look_gro_hw, "rx-gro-hw", "offload.rx-gro-hw", "rx-gro-hw", CB_FINDING_WARN)
FEATURE(look_lro, "rx-lro", "offload.lro", "lro", CB_FINDING_WARN)
FEATURE(look_gro_list, "rx-gro-list", "offload.rx-gro-list", "rx-gro-list", CB_FINDING_BAD)
FEATURE(look_udp_gro, "rx-udp-gro-forwarding", "offload.rx-udp-gro-forwarding",
	"rx-udp-gro-forwarding", CB_FINDING_BAD)
FEATURE(look_rxvlan, "rx-vlan-hw-parse", "offload.rxvlan", "rxvlan", CB_FINDING_WARN)
FEATURE(look_tso, "tx-tcp-segmentation", "offload.tso", "tso", CB_FINDING_NOTE)

static void look_queues(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	static const char *const names[] = {"channels.combined", "channels.rx"};
	const char *name = cb_doctor_port(d, port);
	uint32_t n = 0, most = 0;
	size_t which = 0;

	while (which < 2 && (!number(name, names[which], &n, &most) || !n))
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

static void look_rings(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	uint32_t rx = 0, most = 0;

	if (!number(cb_doctor_port(d, port), "ring.rx", &rx, &most)) {
		CB_FINDING_READ(f, CB_FINDING_UNKNOWN, "the driver has none to choose from");
		return;
	}
	CB_FINDING_READ(
		f, rx < 256 ? CB_FINDING_WARN : CB_FINDING_NOTE, "%u of %u descriptors", rx, most);
	if (rx < 256 && most >= 256) {
		CB_FINDING_TODO(f, "ethtool -G %s rx %u", cb_doctor_port(d, port),
			most < 1024 ? most : 1024);
		snprintf(f->setting, sizeof(f->setting), "ring.rx");
		snprintf(f->value, sizeof(f->value), "%u", most < 1024 ? most : 1024);
	}
}

static void look_coalescing(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	const char *name = cb_doctor_port(d, port);
	uint32_t adaptive = 0, usecs = 0, frames = 0;
	bool has_adaptive = number(name, "coalesce.adaptive-rx", &adaptive, NULL),
	     has_usecs = number(name, "coalesce.rx-usecs", &usecs, NULL);

	if (!has_adaptive && !has_usecs) {
		CB_FINDING_READ(f, CB_FINDING_UNKNOWN, "the driver has nothing to set");
		return;
	}
	number(name, "coalesce.rx-frames", &frames, NULL);
	CB_FINDING_READ(f, adaptive ? CB_FINDING_WARN : CB_FINDING_NOTE,
		"%san interrupt after %u us or %u frames", adaptive ? "adaptive, now " : "", usecs,
		frames);
	if (!adaptive)
		return;
	CB_FINDING_TODO(f, "ethtool -C %s adaptive-rx off rx-usecs 50", name);
	cb_finding_set(f, "coalesce.adaptive-rx", "off");
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

static void look_rps(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	char path[PATH_MAX], line[256], shown[128] = "";
	const struct dirent *entry;
	size_t queues = 0, steered = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/sys/class/net/%s/queues",
		d->options->root ? d->options->root : "", cb_doctor_port(d, port));
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		struct cb_cpus cpus;

		if (!cb_text_starts_with(entry->d_name, "rx-") ||
			!cb_doctor_line(d, line, sizeof(line),
				"/sys/class/net/%s/queues/%s/rps_cpus", cb_doctor_port(d, port),
				entry->d_name))
			continue;
		queues++;
		if (!cb_cpus_parse_mask(line, &cpus) || !cb_cpus_count(&cpus))
			continue;
		steered++;
		snprintf(shown, sizeof(shown), " (%.20s: mask %.60s)", entry->d_name, line);
	}
	if (dir)
		closedir(dir);
	if (!queues)
		return;
	CB_FINDING_READ(f, steered ? CB_FINDING_WARN : CB_FINDING_GOOD, "%zu of %zu queues%s",
		steered, queues, shown);
	if (!steered)
		return;
	CB_FINDING_TODO(f, "echo 0 > /sys/class/net/%s/queues/rx-0/rps_cpus, and so on",
		cb_doctor_port(d, port));
	cb_finding_set(f, "rps", "off");
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

static void look_pause(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	const char *name = cb_doctor_port(d, port);
	bool rx = false, tx = false;

	if (cb_ethtool_pause(name, &rx, &tx, NULL)) {
		CB_FINDING_READ(f, CB_FINDING_GOOD, "the driver has none");
		return;
	}
	CB_FINDING_READ(f, rx || tx ? CB_FINDING_WARN : CB_FINDING_GOOD, "heeded: %s, sent: %s",
		rx ? "yes" : "no", tx ? "yes" : "no");
	if (rx || tx)
		CB_FINDING_TODO(f, "ethtool -A %s autoneg off rx off tx off", name);
}

static void look_numa(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	char local[128] = "", online[64] = "";
	int64_t node = -1;

	cb_doctor_line(d, online, sizeof(online), "/sys/devices/system/node/online");
	if (!cb_doctor_number(
		    d, &node, "/sys/class/net/%s/device/numa_node", cb_doctor_port(d, port)) ||
		node < 0) {
		CB_FINDING_READ(f, CB_FINDING_NOTE, "one node, or the device is of none");
		return;
	}
	cb_doctor_line(d, local, sizeof(local), "/sys/class/net/%s/device/local_cpulist",
		cb_doctor_port(d, port));
	CB_FINDING_READ(f, CB_FINDING_NOTE, "node %lld of %s: its cores are %s", (long long)node,
		online, local);
	if (strcmp(online, "0") != 0)
		CB_FINDING_TODO(f, "receive and capture on these cores (placement, cores)");
}

static void look_bus(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	const char *name = cb_doctor_port(d, port);
	char speed[64], best[64] = "";
	int64_t width = 0, widest = 0;
	bool slow;

	if (!cb_doctor_line(
		    d, speed, sizeof(speed), "/sys/class/net/%s/device/current_link_speed", name) ||
		!cb_doctor_number(d, &width, "/sys/class/net/%s/device/current_link_width", name)) {
		CB_FINDING_READ(f, CB_FINDING_NOTE, "not on PCI Express");
		return;
	}
	cb_doctor_line(d, best, sizeof(best), "/sys/class/net/%s/device/max_link_speed", name);
	cb_doctor_number(d, &widest, "/sys/class/net/%s/device/max_link_width", name);
	slow = width < widest || (*best && strcmp(speed, best) != 0);
	CB_FINDING_READ(f, slow ? CB_FINDING_WARN : CB_FINDING_GOOD, "%s x%lld, at most %s x%lld",
		speed, (long long)width, best, (long long)widest);
	if (slow)
		CB_FINDING_TODO(f, "put the card into a slot with more lanes (lspci -vv, LnkSta)");
}

static void look_promiscuous(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	struct cb_link_info info;

	if (cb_link_info(cb_doctor_port(d, port), &info, NULL))
		return;
	CB_FINDING_READ(f, CB_FINDING_NOTE, "%s (captures ask for it themselves)",
		info.promiscuous ? "on" : "off");
}

const struct cb_check cb_doctor_port_checks[] = {
	{"link",
		"A link that comes and goes, or is slower than thought, loses frames before any "
		"counter",
		true, look_link},
	{"pause frames",
		"The capturing end slows the sender down instead of losing: nothing is "
		"measured",
		true, look_pause},
	{"queues", "Frames of one flow go to one queue: figures per core want one, or know of each",
		true, look_queues},
	{"rings", "Too small and bursts are lost in the card; too large and frames leave the cache",
		true, look_rings},
	{"coalescing", "N frames or m microseconds to an interrupt: hold it still, and report it",
		true, look_coalescing},
	{"irq affinity",
		"Interrupts that may go to any core meet the capture process sooner or "
		"later",
		true, look_irqs},
	{"rps", "Frames go to other cores' backlogs behind the placement's back", true, look_rps},
	{"napi", "Who polls the card, and how long interrupts are held off", true, look_napi},
	{"gro",
		"Segments of a TCP stream are merged before the tap: counts and sizes are not the "
		"wire's",
		true, look_gro},
	{"gro in hardware",
		"Segments of a TCP stream are merged by the card: counts and sizes are not the "
		"wire's",
		true, look_gro_hw},
	{"lro", "Segments of a TCP stream are merged by the card, and can't be told apart again",
		true, look_lro},
	{"gro lists", "Frames arrive as lists: one tap event for many", true, look_gro_list},
	{"udp gro", "UDP frames are merged before the tap", true, look_udp_gro},
	{"vlan offload", "The tag is taken out of the frame and told beside it", true, look_rxvlan},
	{"tso", "Of a sender: one large frame at the tap is many on the wire", true, look_tso},
	{"promiscuous", "Frames for other stations are taken, too", true, look_promiscuous},
	{"numa", "Memory of another node costs a hop for each frame", true, look_numa},
	{"bus", "A narrow slot is the bottleneck that no counter shows", true, look_bus},
	{.name = NULL},
};
