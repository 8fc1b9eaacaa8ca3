#include "harness/net/stamp_place.h"

#include "harness/net/bytes.h"
#include "harness/net/stamp.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

enum {
	TYPE_AT = 12,
	VLAN_TAG = 4,
	MPLS_LABEL = 4,
	IPV4_LEAST = 20,
	IPV6_HEADER = 40,
	IPV6_FRAGMENT = 8,
	UDP_HEADER = 8,
};

/* What is left to look at. */
struct place {
	const uint8_t *frame;
	uint32_t at, n; /* at <= n */
};

static bool has(const struct place *p, uint32_t bytes)
{
	return p->n - p->at >= bytes;
}

/* Of what is behind the IP header; 0: nothing that has a stamp. */
static uint32_t behind_ip(struct place *p, uint8_t protocol, bool later_fragment)
{
	if (!later_fragment) {
		if (protocol != IPPROTO_UDP || !has(p, UDP_HEADER))
			return 0;
		p->at += UDP_HEADER;
	}
	return has(p, CB_STAMP_SIZE) ? p->at : 0;
}

static uint32_t in_ipv4(struct place *p)
{
	const uint8_t *ip = p->frame + p->at;
	uint32_t header;

	if (!has(p, IPV4_LEAST) || ip[0] >> 4 != 4)
		return 0;
	header = (ip[0] & 0xfU) * 4;
	if (header < IPV4_LEAST || !has(p, header))
		return 0;
	p->at += header;
	return behind_ip(p, ip[9], cb_get16(ip + 6) & 0x1fff);
}

static uint32_t in_ipv6(struct place *p)
{
	const uint8_t *ip = p->frame + p->at, *fragment;

	if (!has(p, IPV6_HEADER) || ip[0] >> 4 != 6)
		return 0;
	p->at += IPV6_HEADER;
	if (ip[6] != IPPROTO_FRAGMENT)
		return behind_ip(p, ip[6], false);
	fragment = p->frame + p->at;
	if (!has(p, IPV6_FRAGMENT))
		return 0;
	p->at += IPV6_FRAGMENT;
	return behind_ip(p, fragment[0], cb_get16(fragment + 2) & 0xfff8);
}

/* RFC 3032 does not say what is behind the labels; the version tells (RFC 4928). */
static uint32_t in_mpls(struct place *p)
{
	bool bottom = false;

	while (!bottom && has(p, MPLS_LABEL)) {
		bottom = p->frame[p->at + 2] & 1;
		p->at += MPLS_LABEL;
	}
	if (!bottom || !has(p, 1))
		return 0;
	return p->frame[p->at] >> 4 == 6 ? in_ipv6(p) : in_ipv4(p);
}

uint32_t cb_stamp_place(const uint8_t *frame, uint32_t n)
{
	struct place p = {.frame = frame, .at = ETH_HLEN, .n = n};
	uint32_t type;

	if (n < ETH_HLEN)
		return 0;
	type = cb_get16(frame + TYPE_AT);
	while ((type == ETH_P_8021Q || type == ETH_P_8021AD) && has(&p, VLAN_TAG)) {
		type = cb_get16(frame + p.at + 2);
		p.at += VLAN_TAG;
	}
	if (type == ETH_P_IP)
		return in_ipv4(&p);
	if (type == ETH_P_IPV6)
		return in_ipv6(&p);
	return type == ETH_P_MPLS_UC || type == ETH_P_MPLS_MC ? in_mpls(&p) : 0;
}
