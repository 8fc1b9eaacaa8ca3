/* A port: link, rings, offloads, where it is. What steers its frames: doctor_steering.c. */
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

static void look_eee(const struct cb_doctor *d, size_t port, struct cb_finding *f)
{
	const char *name = cb_doctor_port(d, port);
	bool enabled = false, active = false;

	if (cb_ethtool_eee(name, &enabled, &active, NULL)) {
		CB_FINDING_READ(f, CB_FINDING_GOOD, "the driver has none");
		return;
	}
	CB_FINDING_READ(f, enabled ? CB_FINDING_WARN : CB_FINDING_GOOD, "%s%s",
		enabled ? "on" : "off",
		!enabled         ? ""
			: active ? ", and the other end takes part"
				 : ", but the other end does not take part");
	if (enabled)
		CB_FINDING_TODO(f, "ethtool --set-eee %s eee off", name);
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
	{"eee", "The link sleeps between frames: the first after a pause comes microseconds late",
		true, look_eee},
	{"rings", "Too small and bursts are lost in the card; too large and frames leave the cache",
		true, look_rings},
	{"coalescing", "N frames or m microseconds to an interrupt: hold it still, and report it",
		true, look_coalescing},
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
