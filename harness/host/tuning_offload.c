/* Offloads of a port, by the names of ethtool's short list or the kernel's own. */
#include "harness/host/tuning_kind.h"
#include "harness/net/link.h"

#include <string.h>

#define PARTS_MAX 5

/* What ethtool's short names mean. Switching on takes the first alone: the others need what few
 * devices have. */
static const struct {
	const char *name, *parts[PARTS_MAX];
} groups[] = {
	{"gro", {"rx-gro"}},
	{"gso", {"tx-generic-segmentation"}},
	{"tso",
		{"tx-tcp-segmentation", "tx-tcp6-segmentation", "tx-tcp-ecn-segmentation",
			"tx-tcp-mangleid-segmentation"}},
	{"lro", {"rx-lro"}},
	{"rx", {"rx-checksum"}},
	{"tx",
		{"tx-checksum-ip-generic", "tx-checksum-ipv4", "tx-checksum-ipv6",
			"tx-checksum-sctp"}},
	{"sg", {"tx-scatter-gather", "tx-scatter-gather-fraglist"}},
	{"rxvlan", {"rx-vlan-hw-parse"}},
	{"txvlan", {"tx-vlan-hw-insert"}},
	{"rxhash", {"rx-hashing"}},
	{"ntuple", {"rx-ntuple-filter"}},
	/* The kernel's names of those that matter to capture (net/ethtool/common.c). */
	{"rx-gro", {"rx-gro"}},
	{"rx-gro-hw", {"rx-gro-hw"}},
	{"rx-gro-list", {"rx-gro-list"}},
	{"rx-udp-gro-forwarding", {"rx-udp-gro-forwarding"}},
	{"rx-lro", {"rx-lro"}},
	{"rx-checksum", {"rx-checksum"}},
	{"rx-hashing", {"rx-hashing"}},
	{"rx-ntuple-filter", {"rx-ntuple-filter"}},
	{"rx-vlan-hw-parse", {"rx-vlan-hw-parse"}},
	{"rx-vlan-filter", {"rx-vlan-filter"}},
	{"rx-vlan-stag-hw-parse", {"rx-vlan-stag-hw-parse"}},
	{"rx-fcs", {"rx-fcs"}},
	{"rx-all", {"rx-all"}},
	{"tx-generic-segmentation", {"tx-generic-segmentation"}},
	{"tx-tcp-segmentation", {"tx-tcp-segmentation"}},
	{"tx-tcp6-segmentation", {"tx-tcp6-segmentation"}},
	{"tx-tcp-ecn-segmentation", {"tx-tcp-ecn-segmentation"}},
	{"tx-tcp-mangleid-segmentation", {"tx-tcp-mangleid-segmentation"}},
	{"tx-udp-segmentation", {"tx-udp-segmentation"}},
	{"tx-checksum-ip-generic", {"tx-checksum-ip-generic"}},
	{"tx-checksum-ipv4", {"tx-checksum-ipv4"}},
	{"tx-scatter-gather", {"tx-scatter-gather"}},
	{"tx-nocache-copy", {"tx-nocache-copy"}},
	{"hw-tc-offload", {"hw-tc-offload"}},
	{"loopback", {"loopback"}},
};
#define N_GROUPS (sizeof(groups) / sizeof(*groups))

static const char *offload_name(size_t i)
{
	return i < N_GROUPS ? groups[i].name : NULL;
}

static int offload_targets(const struct cb_tuning_site *site, const char *rest, const char *value,
	struct cb_tuning_targets *targets, struct cb_error *err)
{
	bool on = strcmp(value, "on") == 0;
	int r = 0;

	(void)site;
	for (size_t i = 0; i < N_GROUPS; i++) {
		if (strcmp(groups[i].name, rest) != 0)
			continue;
		for (size_t k = 0; !r && k < (on ? 1 : PARTS_MAX) && groups[i].parts[k]; k++)
			r = cb_tuning_add_target(targets, groups[i].parts[k], value, err);
	}
	return r;
}

static int offload_read(const struct cb_tuning_site *site, const char *instance,
	char value[CB_TUNING_VALUE_MAX], struct cb_error *err)
{
	bool on = false;
	int r = cb_link_feature_read(site->interface, instance, &on, err);

	snprintf(value, CB_TUNING_VALUE_MAX, "%s", on ? "on" : "off");
	return r;
}

static int offload_write(const struct cb_tuning_site *site, const char *instance, const char *value,
	struct cb_error *err)
{
	return cb_link_feature(site->interface, instance, strcmp(value, "on") == 0, err);
}

const struct cb_tuning_kind cb_tuning_offload = {
	.row = {"offload.", "on|off",
		"What the device and the kernel do with frames on the way (ethtool -K)", true},
	.check = cb_tuning_check_switch,
	.targets = offload_targets,
	.read = offload_read,
	.write = offload_write,
	.name = offload_name,
};
