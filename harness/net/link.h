/*
 * Network devices by rtnetlink, ethtool netlink and (for what netlink lacks: private statistics)
 * the ethtool ioctl. All calls act in the caller's network namespace and return within a second.
 */
#ifndef CB_HARNESS_NET_LINK_H
#define CB_HARNESS_NET_LINK_H

#include "harness/base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A veth pair: `name` here, `peer` in the network namespace of process `peer_pid`. Both are down.
 */
struct cb_veth_spec {
	const char *name, *peer;
	pid_t peer_pid;
	uint8_t mac[6], peer_mac[6];
	uint32_t mtu; /* 0: the kernel's default */
};
int cb_link_create_veth(const struct cb_veth_spec *spec, struct cb_error *err);

/*
 * Ready for measuring: no IPv6 address generation (the caller turns IPv6 off in the namespace), no
 * ARP, up.
 */
int cb_link_up(const char *name, struct cb_error *err);
int cb_link_down(const char *name, struct cb_error *err);
/* Waits for operational state up (carrier on both ends). */
int cb_link_wait_running(const char *name, uint64_t deadline_ns, struct cb_error *err);

struct cb_link_info {
	unsigned ifindex;
	uint8_t mac[6];
	uint32_t mtu;
	bool up, running;
	char driver[32]; /* "veth"; "": unknown */
};
int cb_link_info(const char *name, struct cb_link_info *info, struct cb_error *err);

/* Counters of a device since it was made: stats64, plus the driver's own where it has them. */
struct cb_link_counters {
	int64_t rx_packets, tx_packets, rx_dropped, tx_dropped, rx_errors, tx_errors, rx_missed;
	int64_t nic_ring_dropped; /* veth with NAPI: sum of rx_queue_N_drops; CB_UNKNOWN where the
				     driver has none */
};
int cb_link_counters(const char *name, struct cb_link_counters *c, struct cb_error *err);

/*
 * Switch offload features by name ("rx-gro", "tx-tcp-segmentation", "tx-generic-segmentation", ...)
 * through ethtool netlink, and read them back: CB_ERR_IMPOSSIBLE when the kernel did not do it.
 */
int cb_link_feature(const char *name, const char *feature, bool on, struct cb_error *err);

#endif
