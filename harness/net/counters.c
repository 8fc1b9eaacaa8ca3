#include "harness/net/driver.h"
#include "harness/net/link.h"
#include "harness/net/netlink.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* One RTM_GETLINK answer, as far as it is wanted. */
struct link {
	struct cb_link_info *info;
	struct rtnl_link_stats64 *stats;
	bool seen_stats;
};

/* `running` is what IFF_RUNNING promises and more: the flag is also set while the operational state
 * of a new device is not known yet, so carrier (IFF_LOWER_UP) must be there too. */
#define LINK_RUNNING (IFF_UP | IFF_RUNNING | IFF_LOWER_UP)
#ifndef IFF_LOWER_UP
#define IFF_LOWER_UP 0x10000
#endif

static int on_kind(const struct nlattr *attr, void *arg)
{
	struct cb_link_info *info = arg;

	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
		snprintf(info->driver, sizeof(info->driver), "%.*s",
			(int)mnl_attr_get_payload_len(attr),
			(const char *)mnl_attr_get_payload(attr));
	return MNL_CB_OK;
}

static int on_attribute(const struct nlattr *attr, void *arg)
{
	struct link *l = arg;
	size_t size = mnl_attr_get_payload_len(attr);
	const void *payload = mnl_attr_get_payload(attr);

	switch (mnl_attr_get_type(attr)) {
	case IFLA_ADDRESS:
		if (l->info && size == sizeof(l->info->mac))
			memcpy(l->info->mac, payload, size);
		break;
	case IFLA_MTU:
		if (l->info && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			l->info->mtu = mnl_attr_get_u32(attr);
		break;
	case IFLA_LINKINFO:
		if (l->info)
			mnl_attr_parse_nested(attr, on_kind, l->info);
		break;
	case IFLA_STATS64:
		/* The struct grows with the kernel: take what both sides know. */
		if (l->stats) {
			memcpy(l->stats, payload,
				size < sizeof(*l->stats) ? size : sizeof(*l->stats));
			l->seen_stats = true;
		}
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static int on_link(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(nlh);
	struct link *l = arg;

	if (nlh->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(nlh) < sizeof(*m))
		return MNL_CB_OK;
	if (l->info) {
		l->info->ifindex = (unsigned)m->ifi_index;
		l->info->up = m->ifi_flags & IFF_UP;
		/* Of the user's flags alone: taps count elsewhere (dev_get_flags, net/core/dev.c).
		 */
		l->info->promiscuous = m->ifi_flags & IFF_PROMISC;
		l->info->arp = !(m->ifi_flags & IFF_NOARP);
		l->info->running = (m->ifi_flags & LINK_RUNNING) == LINK_RUNNING;
	}
	mnl_attr_parse(nlh, sizeof(*m), on_attribute, l);
	return MNL_CB_OK;
}

static int get_link(const char *name, struct link *l, struct cb_error *err)
{
	struct cb_netlink n;
	struct nlmsghdr *nlh;
	int r = cb_netlink_open_link(&n, RTM_GETLINK, name, &nlh, err);

	if (r)
		return r;
	if (!l->stats)
		mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	r = cb_netlink_talk(&n, nlh, on_link, l, name, err);
	cb_netlink_close(&n);
	return r;
}

int cb_link_info(const char *name, struct cb_link_info *info, struct cb_error *err)
{
	struct link l = {.info = info};
	int r;

	memset(info, 0, sizeof(*info));
	if ((r = get_link(name, &l, err)))
		return r;
	if (!info->driver[0])
		cb_driver_name(name, info->driver, sizeof(info->driver));
	return 0;
}

int cb_link_counters(const char *name, struct cb_link_counters *c, struct cb_error *err)
{
	struct rtnl_link_stats64 s = {0};
	struct link l = {.stats = &s};
	int r;

	memset(c, 0, sizeof(*c));
	if ((r = get_link(name, &l, err)))
		return r;
	if (!l.seen_stats)
		return cb_error_set(
			err, CB_ERR_IMPOSSIBLE, "%s: the kernel gives no 64-bit counters", name);
	*c = (struct cb_link_counters){
		.rx_packets = (int64_t)s.rx_packets,
		.tx_packets = (int64_t)s.tx_packets,
		.rx_dropped = (int64_t)s.rx_dropped,
		.tx_dropped = (int64_t)s.tx_dropped,
		.rx_errors = (int64_t)s.rx_errors,
		.tx_errors = (int64_t)s.tx_errors,
		.rx_missed = (int64_t)s.rx_missed_errors,
	};
	r = cb_driver_ring_drops(name, &c->nic_ring_dropped, err);
	return r ? r : cb_driver_xdp_refused(name, &c->xdp_refused, err);
}
