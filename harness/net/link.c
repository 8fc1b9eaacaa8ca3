#include "harness/net/link.h"

#include "harness/base/clock.h"
#include "harness/net/netlink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Newer than some C libraries' headers. */
#define ADDR_GEN_MODE_NONE 1

#define MTU_MIN 68 /* ETH_MIN_MTU; ETH_MAX_MTU (include/uapi/linux/if_ether.h) */
#define MTU_MAX 65535

static void put_end(
	struct nlmsghdr *nlh, const char *name, const uint8_t *mac, const struct cb_veth_spec *s)
{
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	if (s->mtu)
		mnl_attr_put_u32(nlh, IFLA_MTU, s->mtu);
	if (!s->queues)
		return;
	mnl_attr_put_u32(nlh, IFLA_NUM_RX_QUEUES, s->queues);
	mnl_attr_put_u32(nlh, IFLA_NUM_TX_QUEUES, s->queues);
}

static void put_veth(struct nlmsghdr *nlh, const struct cb_veth_spec *s)
{
	struct nlattr *info, *data, *peer;

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	put_end(nlh, s->name, s->mac, s);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	/* The peer is described by a whole message of its own, header included. */
	peer = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	put_end(nlh, s->peer, s->peer_mac, s);
	if (s->peer_pid)
		mnl_attr_put_u32(nlh, IFLA_NET_NS_PID, (uint32_t)s->peer_pid);
	mnl_attr_nest_end(nlh, peer);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

/* The kernel says no more than "Invalid argument". */
static int check_mtu(uint32_t mtu, struct cb_error *err)
{
	if (!mtu || (mtu >= MTU_MIN && mtu <= MTU_MAX))
		return 0;
	return cb_error_set(
		err, CB_ERR_USAGE, "MTU %u can't be; a veth takes %d to %d", mtu, MTU_MIN, MTU_MAX);
}

int cb_link_create_veth(const struct cb_veth_spec *spec, struct cb_error *err)
{
	struct cb_netlink n;
	struct nlmsghdr *nlh;
	char what[64];
	int r;

	if ((r = cb_netlink_check_name(spec->name, err)) ||
		(r = cb_netlink_check_name(spec->peer, err)) || (r = check_mtu(spec->mtu, err)) ||
		(r = cb_netlink_open(&n, NETLINK_ROUTE, 0, err)))
		return r;
	snprintf(what, sizeof(what), "veth pair %s, %s", spec->name, spec->peer);
	nlh = cb_netlink_request(&n, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	put_veth(nlh, spec);
	r = cb_netlink_talk(&n, nlh, NULL, NULL, what, err);
	cb_netlink_close(&n);
	return r;
}

int cb_link_delete(const char *name, struct cb_error *err)
{
	struct cb_netlink n;
	struct nlmsghdr *nlh;
	int r = cb_netlink_open_link(&n, RTM_DELLINK, name, &nlh, err);

	if (r)
		return r;
	r = cb_netlink_talk(&n, nlh, NULL, NULL, name, err);
	cb_netlink_close(&n);
	return r;
}

/* A kernel or device without IPv6 (ipv6.disable=1, an MTU below 1280) refuses the address family:
 * nothing to switch off then. */
static int no_ipv6_addresses(const char *name, struct cb_error *err)
{
	struct cb_error why = {0};
	struct nlattr *spec, *inet6;
	struct cb_netlink n;
	struct nlmsghdr *nlh;
	int r = cb_netlink_open_link(&n, RTM_NEWLINK, name, &nlh, err);

	if (r)
		return r;
	spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(nlh, AF_INET6);
	mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(nlh, inet6);
	mnl_attr_nest_end(nlh, spec);
	r = cb_netlink_talk(&n, nlh, NULL, NULL, name, &why);
	cb_netlink_close(&n);
	if (!r || why.sys_errno == EAFNOSUPPORT || why.sys_errno == EOPNOTSUPP)
		return 0;
	if (err)
		*err = why;
	return r;
}

int cb_link_up(const char *name, struct cb_error *err)
{
	int r = no_ipv6_addresses(name, err);

	return r ? r : cb_link_set_state(name, true, false, err);
}

/* Blocks until something about some link was said, or the deadline. The words are thrown away: the
 * caller asks anew. */
static void await_news(struct cb_netlink *n, uint64_t deadline_ns)
{
	char buffer[8192];
	struct pollfd p = {.fd = mnl_socket_get_fd(n->socket), .events = POLLIN};

	if (poll(&p, 1, cb_deadline_poll_ms(deadline_ns)) > 0)
		while (recv(p.fd, buffer, sizeof(buffer), MSG_DONTWAIT) > 0)
			;
}

int cb_link_wait_running(const char *name, uint64_t deadline_ns, struct cb_error *err)
{
	struct cb_link_info info;
	struct cb_netlink n;
	/* Listening begins before the first look, so that no change falls between. */
	int r = cb_netlink_open(&n, NETLINK_ROUTE, RTMGRP_LINK, err);

	if (r)
		return r;
	while (!(r = cb_link_info(name, &info, err)) && !info.running) {
		if (cb_now_ns() >= deadline_ns) {
			r = cb_error_set(err, CB_ERR_HOST,
				"%s is %s; bring up both ends of the link", name,
				info.up ? "up but has no carrier" : "down");
			break;
		}
		await_news(&n, deadline_ns);
	}
	cb_netlink_close(&n);
	return r;
}
