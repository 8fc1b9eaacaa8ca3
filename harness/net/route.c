#include "harness/net/route.h"

#include "harness/net/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static size_t size_of(bool ipv6)
{
	return ipv6 ? 16 : 4;
}

/* ---- routes ---- */

struct found {
	struct cb_route route;
	bool has_gateway;
	uint32_t ifindex;
	uint8_t type;
};

static void copy_address(uint8_t *to, bool *has, const struct nlattr *attr)
{
	uint16_t n = mnl_attr_get_payload_len(attr);

	if (n != 4 && n != 16)
		return;
	memcpy(to, mnl_attr_get_payload(attr), n);
	*has = true;
}

static int on_route(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(nlh);
	struct found *f = arg;
	const struct nlattr *attr;

	f->type = m->rtm_type;
	mnl_attr_for_each(attr, nlh, sizeof(*m))
	{
		switch (mnl_attr_get_type(attr)) {
		case RTA_GATEWAY:
			copy_address(f->route.next, &f->has_gateway, attr);
			break;
		case RTA_PREFSRC:
			copy_address(f->route.source, &f->route.has_source, attr);
			break;
		case RTA_OIF:
			f->ifindex = mnl_attr_get_u32(attr);
			break;
		default:
			break;
		}
	}
	return MNL_CB_OK;
}

static int ask_route(struct cb_netlink *n, bool ipv6, const uint8_t *destination, unsigned through,
	struct found *f, struct cb_error *err)
{
	struct nlmsghdr *nlh = cb_netlink_request(n, RTM_GETROUTE, 0);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(nlh, sizeof(*m));

	*f = (struct found){0};
	m->rtm_family = ipv6 ? AF_INET6 : AF_INET;
	m->rtm_dst_len = (uint8_t)(size_of(ipv6) * 8);
	mnl_attr_put(nlh, RTA_DST, size_of(ipv6), destination);
	if (through)
		mnl_attr_put_u32(nlh, RTA_OIF, through);
	return cb_netlink_talk(n, nlh, on_route, f, "a route", err);
}

static int judge_route(const char *interface, unsigned ifindex, const char *to,
	const struct found *f, int r, struct cb_error *err)
{
	if (r || f->ifindex != ifindex ||
		(f->type != RTN_UNICAST && f->type != RTN_LOCAL && f->type != RTN_UNSPEC))
		return cb_error_set(err, CB_ERR_HOST,
			"no route to %s through %s: add one (ip route), or give --mac", to,
			interface);
	if (f->type == RTN_LOCAL)
		return cb_error_set(err, CB_ERR_HOST,
			"%s is an address of this host: what is sent to it would not come back "
			"through %s; play from another host, or from another network namespace",
			to, interface);
	return 0;
}

/* Without the interface first: with one the kernel takes whatever has no route for being on its
 * link (ip_route_output_key_hash_rcu, net/ipv4/route.c). */
int cb_route_find(const char *interface, unsigned ifindex, bool ipv6, const uint8_t *destination,
	struct cb_route *route, struct cb_error *err)
{
	char to[INET6_ADDRSTRLEN] = "";
	struct cb_netlink n;
	struct found f;
	int r = cb_netlink_open(&n, NETLINK_ROUTE, 0, err);

	if (r)
		return r;
	inet_ntop(ipv6 ? AF_INET6 : AF_INET, destination, to, sizeof(to));
	r = ask_route(&n, ipv6, destination, 0, &f, err);
	if (!r && f.type != RTN_LOCAL && f.ifindex != ifindex)
		r = ask_route(&n, ipv6, destination, ifindex, &f, err);
	else if (!r && f.type == RTN_LOCAL)
		f.ifindex = ifindex;
	/* a link-local address has a route on every link */
	if (r && ipv6 && destination[0] == 0xfe)
		r = ask_route(&n, ipv6, destination, ifindex, &f, err);
	cb_netlink_close(&n);
	r = judge_route(interface, ifindex, to, &f, r, err);
	if (r)
		return r;
	*route = f.route;
	if (!f.has_gateway)
		memcpy(route->next, destination, size_of(ipv6));
	return 0;
}

/* ---- neighbours ---- */

#define FRESH (NUD_PERMANENT | NUD_REACHABLE)
#define STALE (NUD_STALE | NUD_DELAY | NUD_PROBE)

struct neighbour {
	unsigned ifindex;
	size_t size;
	const uint8_t *address;
	enum cb_neighbour_known known;
	uint8_t mac[6];
};

static int on_neighbour(const struct nlmsghdr *nlh, void *arg)
{
	const struct ndmsg *m = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr, *address = NULL, *mac = NULL;
	struct neighbour *n = arg;

	if (m->ndm_ifindex != (int)n->ifindex || !(m->ndm_state & (FRESH | STALE)))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*m))
	{
		if (mnl_attr_get_type(attr) == NDA_DST)
			address = attr;
		if (mnl_attr_get_type(attr) == NDA_LLADDR)
			mac = attr;
	}
	if (!address || mnl_attr_get_payload_len(address) != n->size || !mac ||
		mnl_attr_get_payload_len(mac) != sizeof(n->mac) ||
		memcmp(mnl_attr_get_payload(address), n->address, n->size) != 0)
		return MNL_CB_OK;
	memcpy(n->mac, mnl_attr_get_payload(mac), sizeof(n->mac));
	n->known = m->ndm_state & FRESH ? CB_NEIGHBOUR_FRESH : CB_NEIGHBOUR_STALE;
	return MNL_CB_OK;
}

int cb_neighbour_find(unsigned ifindex, bool ipv6, const uint8_t *address,
	enum cb_neighbour_known *known, uint8_t mac[6], struct cb_error *err)
{
	struct neighbour neighbour = {
		.ifindex = ifindex, .size = size_of(ipv6), .address = address};
	struct cb_netlink n;
	struct nlmsghdr *nlh;
	struct ndmsg *m;
	int r = cb_netlink_open(&n, NETLINK_ROUTE, 0, err);

	*known = CB_NEIGHBOUR_UNKNOWN;
	if (r)
		return r;
	nlh = cb_netlink_request(&n, RTM_GETNEIGH, NLM_F_DUMP);
	m = mnl_nlmsg_put_extra_header(nlh, sizeof(*m));
	m->ndm_family = ipv6 ? AF_INET6 : AF_INET;
	r = cb_netlink_talk(&n, nlh, on_neighbour, &neighbour, "the neighbours", err);
	cb_netlink_close(&n);
	if (!r)
		*known = neighbour.known;
	memcpy(mac, neighbour.mac, sizeof(neighbour.mac));
	return r;
}

/* ---- own addresses ---- */

static const uint8_t *bytes_of(const struct sockaddr *a, bool ipv6)
{
	if (!a || a->sa_family != (ipv6 ? AF_INET6 : AF_INET))
		return NULL;
	return ipv6 ? (const uint8_t *)&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr
		    : (const uint8_t *)&((const struct sockaddr_in *)(const void *)a)->sin_addr;
}

static int list_addresses(struct ifaddrs **list, struct cb_error *err)
{
	if (!getifaddrs(list))
		return 0;
	return cb_error_errno(err, CB_ERR_HOST, errno, "the addresses of this host");
}

int cb_address_is_own(bool ipv6, const uint8_t *address, bool *own, struct cb_error *err)
{
	struct ifaddrs *list;
	int r = list_addresses(&list, err);

	*own = false;
	if (r)
		return r;
	for (const struct ifaddrs *a = list; a; a = a->ifa_next) {
		const uint8_t *bytes = bytes_of(a->ifa_addr, ipv6);

		*own |= bytes && !memcmp(bytes, address, size_of(ipv6));
	}
	freeifaddrs(list);
	return 0;
}

int cb_address_of(
	const char *interface, bool ipv6, bool *found, uint8_t *address, struct cb_error *err)
{
	struct ifaddrs *list;
	bool local = true; /* what was found is link-local */
	int r = list_addresses(&list, err);

	*found = false;
	if (r)
		return r;
	for (const struct ifaddrs *a = list; a; a = a->ifa_next) {
		const uint8_t *bytes = bytes_of(a->ifa_addr, ipv6);

		if (!bytes || strcmp(a->ifa_name, interface) != 0 || (*found && !local))
			continue;
		local = ipv6 && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
		memcpy(address, bytes, size_of(ipv6));
		*found = true;
	}
	freeifaddrs(list);
	return 0;
}
