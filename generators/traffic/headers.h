/*
 * What a generated frame has in front of its stamp: members of the axis "frame". Only lengths and
 * rules are here; frame.h makes the bytes.
 */
#ifndef CB_GENERATORS_TRAFFIC_HEADERS_H
#define CB_GENERATORS_TRAFFIC_HEADERS_H

#include "harness/base/error.h"
#include "harness/base/member.h"

#include <stdbool.h>
#include <stdint.h>

#define CB_HEADERS_VLANS_MAX  2
#define CB_HEADERS_LABELS_MAX 8

enum cb_header_ip { CB_HEADER_IPV4, CB_HEADER_IPV6 };

/* Which piece of a datagram every frame is. */
enum cb_header_fragment {
	CB_FRAGMENT_NONE,
	CB_FRAGMENT_FIRST,
	CB_FRAGMENT_MIDDLE,
	CB_FRAGMENT_LAST,
};

enum cb_header_checksum {
	CB_CHECKSUM_AUTO, /* as IP asks for: none with IPv4, right with IPv6 */
	CB_CHECKSUM_NONE,
	CB_CHECKSUM_UDP,
	CB_CHECKSUM_BAD_UDP,
	CB_CHECKSUM_BAD_IP,
};

/* All zeros: Ethernet, IPv4, UDP without a checksum. */
struct cb_headers {
	unsigned n_vlans, n_labels;
	uint16_t vlans[CB_HEADERS_VLANS_MAX]; /* outermost first */
	uint32_t labels[CB_HEADERS_LABELS_MAX];
	enum cb_header_ip ip;
	enum cb_header_fragment fragment;
	enum cb_header_checksum checksum;
};

const struct cb_member *cb_headers_at(size_t i);
extern const struct cb_axis cb_headers_axis;

/* `text`: "udp", "udp:vlan=100/200,mpls=16/17,ip=6,fragment=first,checksum=bad-udp". CB_ERR_USAGE
 */
int cb_headers_make(struct cb_headers *h, const char *text, struct cb_error *err);

static inline bool cb_headers_are_plain(const struct cb_headers *h)
{
	return !h->n_vlans && !h->n_labels && !h->ip && !h->fragment && !h->checksum;
}

/* Whether there is a UDP header: a later fragment has none. */
static inline bool cb_headers_have_udp(const struct cb_headers *h)
{
	return h->fragment < CB_FRAGMENT_MIDDLE;
}

/* Whether UDP has a checksum, right or wrong. */
bool cb_headers_have_checksum(const struct cb_headers *h);

/* Whether fragments follow: then what IP carries is a multiple of 8 bytes. */
static inline bool cb_headers_go_on(const struct cb_headers *h)
{
	return h->fragment == CB_FRAGMENT_FIRST || h->fragment == CB_FRAGMENT_MIDDLE;
}

/* Bytes before the IP header, of the IP headers, and before the stamp. */
uint32_t cb_headers_ip_offset(const struct cb_headers *h);
uint32_t cb_headers_ip_length(const struct cb_headers *h);
uint32_t cb_headers_stamp_offset(const struct cb_headers *h);

/* The smallest frame, with FCS, that has room for the stamp behind these headers. */
uint32_t cb_headers_smallest(const struct cb_headers *h);

/* The same from a short form; 0 when it is wrong. For a registry (member.h). */
uint32_t cb_headers_smallest_of(const char *text);

#endif
