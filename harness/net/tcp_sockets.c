#include "harness/net/tcp_sockets.h"

#include "harness/net/netlink.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

/* All but those in which nothing is awaited any more. */
#define STATES (~(1u << TCP_TIME_WAIT | 1u << TCP_CLOSE))

struct listing {
	bool ipv6; /* the address in question; sockets of IPv6 may be of IPv4, too */
	const uint8_t *local;
	cb_tcp_socket_seen *seen;
	void *arg;
	bool enough;
};

/* An IPv4 address as a socket of IPv6 has it (RFC 4291, 2.5.5.2): behind this many bytes. */
#define MAPPED 12

static bool is_mapped(const uint8_t *address)
{
	static const uint8_t prefix[MAPPED] = {[10] = 0xff, [11] = 0xff};

	return !memcmp(address, prefix, sizeof(prefix));
}

static bool is_only_ipv6(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct inet_diag_msg))
	{
		if (mnl_attr_get_type(attr) == INET_DIAG_SKV6ONLY &&
			mnl_attr_validate(attr, MNL_TYPE_U8) >= 0)
			return mnl_attr_get_u8(attr);
	}
	return false;
}

static bool is_for(
	const struct listing *l, const struct nlmsghdr *nlh, const struct inet_diag_msg *m)
{
	static const uint8_t any[16];
	const uint8_t *address = (const uint8_t *)m->id.idiag_src;
	size_t n = l->ipv6 ? 16 : 4;

	if (!l->ipv6 && m->idiag_family == AF_INET6) {
		if (!is_mapped(address))
			return !memcmp(address, any, sizeof(any)) && !is_only_ipv6(nlh);
		address += MAPPED;
	}
	return !memcmp(address, any, n) || !memcmp(address, l->local, n);
}

static int on_socket(const struct nlmsghdr *nlh, void *arg)
{
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(nlh);
	struct listing *l = arg;
	struct cb_tcp_socket s = {0};
	const uint8_t *remote = (const uint8_t *)m->id.idiag_dst;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*m) || l->enough || !is_for(l, nlh, m))
		return MNL_CB_OK;
	s.listens = m->idiag_state == TCP_LISTEN;
	s.port = ntohs(m->id.idiag_sport);
	s.remote_port = ntohs(m->id.idiag_dport);
	if (!l->ipv6 && m->idiag_family == AF_INET6)
		remote += MAPPED;
	memcpy(s.remote, remote, l->ipv6 ? 16 : 4);
	l->enough = !l->seen(l->arg, &s);
	return MNL_CB_OK;
}

static int list(uint8_t family, struct listing *l, struct cb_error *err)
{
	struct inet_diag_req_v2 *request;
	struct cb_netlink n;
	struct nlmsghdr *nlh;
	int r = cb_netlink_open(&n, NETLINK_SOCK_DIAG, 0, err);

	if (r)
		return r;
	nlh = cb_netlink_request(&n, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
	request = mnl_nlmsg_put_extra_header(nlh, sizeof(*request));
	request->sdiag_family = family;
	request->sdiag_protocol = IPPROTO_TCP;
	request->idiag_states = STATES;
	r = cb_netlink_talk(&n, nlh, on_socket, l, "the TCP sockets of this host", err);
	cb_netlink_close(&n);
	return r;
}

int cb_tcp_sockets(
	bool ipv6, const uint8_t *local, cb_tcp_socket_seen *seen, void *arg, struct cb_error *err)
{
	struct listing l = {.ipv6 = ipv6, .local = local, .seen = seen, .arg = arg};
	int r = ipv6 ? 0 : list(AF_INET, &l, err);

	/* those of IPv6 take IPv4, too, unless they say otherwise */
	return r ? r : list(AF_INET6, &l, err);
}
