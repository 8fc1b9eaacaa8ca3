/* What a link is set to by rtnetlink. */
#include "harness/net/link.h"
#include "harness/net/netlink.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

int cb_link_set_mtu(const char *name, uint32_t mtu, struct cb_error *err)
{
	struct cb_netlink n;
	struct nlmsghdr *nlh;
	int r = cb_netlink_open_link(&n, RTM_NEWLINK, name, &nlh, err);

	if (r)
		return r;
	mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	r = cb_netlink_talk(&n, nlh, NULL, NULL, name, err);
	cb_netlink_close(&n);
	return r;
}

static int set_flags(const char *name, unsigned flags, unsigned change, struct cb_error *err)
{
	struct cb_netlink n;
	struct nlmsghdr *nlh;
	struct ifinfomsg *m;
	int r = cb_netlink_open_link(&n, RTM_NEWLINK, name, &nlh, err);

	if (r)
		return r;
	m = mnl_nlmsg_get_payload(nlh);
	m->ifi_flags = flags;
	m->ifi_change = change;
	r = cb_netlink_talk(&n, nlh, NULL, NULL, name, err);
	cb_netlink_close(&n);
	return r;
}

int cb_link_set_promiscuous(const char *name, bool on, struct cb_error *err)
{
	return set_flags(name, on ? IFF_PROMISC : 0, IFF_PROMISC, err);
}

int cb_link_set_state(const char *name, bool up, bool arp, struct cb_error *err)
{
	return set_flags(name, (up ? IFF_UP : 0) | (arp ? 0 : IFF_NOARP), IFF_UP | IFF_NOARP, err);
}

int cb_link_down(const char *name, struct cb_error *err)
{
	return set_flags(name, 0, IFF_UP, err);
}
