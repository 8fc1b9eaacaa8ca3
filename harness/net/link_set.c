/* What a link is set to by rtnetlink, apart from up and down. */
#include "harness/net/link.h"
#include "harness/net/netlink.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

int cb_link_set_mtu(const char *name, uint32_t mtu, struct cb_error *err)
{
	struct cb_netlink n;
	struct nlmsghdr *nlh;
	int r;

	if ((r = cb_netlink_check_name(name, err)) ||
		(r = cb_netlink_open(&n, NETLINK_ROUTE, 0, err)))
		return r;
	nlh = cb_netlink_request(&n, RTM_NEWLINK, 0);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	r = cb_netlink_talk(&n, nlh, NULL, NULL, name, err);
	cb_netlink_close(&n);
	return r;
}

int cb_link_set_promiscuous(const char *name, bool on, struct cb_error *err)
{
	struct cb_netlink n;
	struct nlmsghdr *nlh;
	struct ifinfomsg *m;
	int r;

	if ((r = cb_netlink_check_name(name, err)) ||
		(r = cb_netlink_open(&n, NETLINK_ROUTE, 0, err)))
		return r;
	nlh = cb_netlink_request(&n, RTM_NEWLINK, 0);
	m = mnl_nlmsg_put_extra_header(nlh, sizeof(*m));
	m->ifi_flags = on ? IFF_PROMISC : 0;
	m->ifi_change = IFF_PROMISC;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	r = cb_netlink_talk(&n, nlh, NULL, NULL, name, err);
	cb_netlink_close(&n);
	return r;
}
