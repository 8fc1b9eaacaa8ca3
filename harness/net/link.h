/*
 * Network devices by rtnetlink, ethtool netlink and (for what netlink lacks: private statistics)
 * the ethtool ioctl. All calls act in the caller's network namespace and return within a second
 * unless they take a deadline. Errors carry the kernel's own words where it has any:
 * CB_ERR_IMPOSSIBLE for a missing privilege or feature, CB_ERR_USAGE for a device that is not
 * there, CB_ERR_HOST for other refusals.
 */
#ifndef CB_HARNESS_NET_LINK_H
#define CB_HARNESS_NET_LINK_H

#include "harness/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A veth pair: `name` here, `peer` in the network namespace of process `peer_pid`. Both are down.
 */
struct cb_veth_spec {
	const char *name, *peer;
	pid_t peer_pid; /* 0: the caller's namespace too */
	uint8_t mac[6], peer_mac[6];
	uint32_t mtu;    /* 0: the kernel's default */
	uint32_t queues; /* RX and TX queues that each end can have, all in use; 0: one in use */
};
int cb_link_create_veth(const struct cb_veth_spec *spec, struct cb_error *err);
/* Takes a veth's peer with it. */
int cb_link_delete(const char *name, struct cb_error *err);

/*
 * Ready for measuring: no IPv6 address generation (the caller turns IPv6 off in the namespace), no
 * ARP, up.
 */
int cb_link_up(const char *name, struct cb_error *err);
int cb_link_down(const char *name, struct cb_error *err);
/* Waits for operational state up (carrier on both ends). CB_ERR_HOST when the deadline passes. */
int cb_link_wait_running(const char *name, uint64_t deadline_ns, struct cb_error *err);

/*
 * Use so many RX and as many TX queues of a device. A veth end receives in the queue that the
 * sender's TX queue has the number of (veth_xmit, drivers/net/veth.c), so both ends are to have the
 * same. A queue that had an AF_XDP socket stays busy for some milliseconds: tried again until the
 * deadline. CB_ERR_IMPOSSIBLE when the device has fewer, or none that can be set.
 */
int cb_link_queues(const char *name, uint32_t queues, uint64_t deadline_ns, struct cb_error *err);

struct cb_link_info {
	unsigned ifindex;
	uint8_t mac[6];
	uint32_t mtu;
	bool up, running; /* running: up, with carrier */
	bool arp;
	bool promiscuous; /* asked for by a user, not by a tap */
	char driver[32];  /* "veth"; "": unknown */
};
int cb_link_info(const char *name, struct cb_link_info *info, struct cb_error *err);

/* `ip link set DEV mtu N`, `... promisc on|off`. None reads back. CB_ERR_HOST with the kernel's
 * reason when it can't be. */
int cb_link_set_mtu(const char *name, uint32_t mtu, struct cb_error *err);
int cb_link_set_promiscuous(const char *name, bool on, struct cb_error *err);
/* `ip link set DEV up|down arp on|off`, and no other flag. */
int cb_link_set_state(const char *name, bool up, bool arp, struct cb_error *err);

/*
 * Counters of a device since it was made: stats64, plus the driver's own where it has them.
 *
 * Where frames that a veth refuses show (seen on Linux 6.18; the sender bypasses its qdisc):
 *
 *   receiving end                 the sender gets   sender's     receiver's   softnet   ring
 *                                                   tx_dropped   rx_dropped   dropped   drops
 *   RPS, no NAPI                  ENOBUFS           yes          yes          yes       -
 *   NAPI in a thread              ENOBUFS           yes          no           no        no
 *   NAPI and RPS                  success           no           yes          yes       no
 *   NAPI, frames from XDP         success           yes          yes          no        no
 *   inline, with NAPI or without  nothing is refused: the sender is slowed
 *
 * With NAPI and RPS frames pass the ring and are lost behind it, in the backlog; ring drops are
 * frames that XDP or AF_XDP did not take.
 */
struct cb_link_counters {
	int64_t rx_packets, tx_packets, rx_dropped, tx_dropped, rx_errors, tx_errors, rx_missed;
	/* Sums over queues; CB_UNKNOWN where the driver has none: rx_queue_N_drops, and
	 * tx_queue_N_xdp_xmit_errors (of tx_dropped, frames that came from XDP). */
	int64_t nic_ring_dropped, xdp_refused;
};
int cb_link_counters(const char *name, struct cb_link_counters *c, struct cb_error *err);

/*
 * Switch offload features by name ("rx-gro", "tx-tcp-segmentation", "tx-generic-segmentation", ...)
 * through ethtool netlink, and read them back: CB_ERR_IMPOSSIBLE when the kernel did not do it.
 * Costs one question when nothing is to be changed.
 */
int cb_link_feature(const char *name, const char *feature, bool on, struct cb_error *err);
/* Is the feature active? A feature that this kernel does not know is not. */
int cb_link_feature_read(const char *name, const char *feature, bool *on, struct cb_error *err);
/*
 * All of TCP segmentation offload (`ethtool -K DEV tso`). A veth hands a frame to its peer's NAPI
 * only when its own TSO is wholly off (veth_skb_is_eligible_for_gro in drivers/net/veth.c);
 * otherwise the peer's per-CPU backlog gets it, whatever the peer is set to.
 */
int cb_link_tso(const char *name, bool on, struct cb_error *err);

/*
 * The NAPI instances of a device that is up (netdev netlink, Linux 6.8): at most `max` go to
 * list[], *n is how many there are. CB_ERR_IMPOSSIBLE where the kernel can't tell.
 */
struct cb_napi {
	uint32_t id;
	uint32_t irq; /* its interrupt, where the driver tells; 0: not told */
	pid_t thread; /* of threaded NAPI, in the initial PID namespace; 0: none */
};
int cb_link_napis(
	const char *name, struct cb_napi *list, size_t max, size_t *n, struct cb_error *err);

/*
 * Does the device take frames that an XDP program redirects to it? A veth does while its peer has
 * NAPI. CB_ERR_IMPOSSIBLE where the kernel can't tell (before Linux 6.3).
 */
int cb_link_takes_xdp(const char *name, bool *takes, struct cb_error *err);

#endif
