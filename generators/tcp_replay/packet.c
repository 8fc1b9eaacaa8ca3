#include "generators/tcp_replay/packet.h"

#include "harness/net/bytes.h"

#include <endian.h>
#include <string.h>

#define ETHERTYPE_IPV4  0x0800u
#define ETHERTYPE_IPV6  0x86ddu
#define ETHERTYPE_VLAN  0x8100u
#define ETHERTYPE_QINQ  0x88a8u
#define ETHERTYPE_QINQ1 0x9100u /* before 802.1ad */
#define PROTOCOL_TCP    6u
#define MORE_OR_OFFSET  0x3fffu /* of IPv4's fragments: all but "don't" */
#define EXTENSIONS_MAX  8

/* IPv6 extension headers that are passed over (RFC 8200, section 4). */
enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, DESTINATION = 60 };

/* What is left of the frame. */
struct rest {
	const uint8_t *at;
	uint32_t n;
};

static bool skip(struct rest *r, uint32_t n)
{
	if (r->n < n)
		return false;
	r->at += n;
	r->n -= n;
	return true;
}

/* ---- the link ---- */

static bool is_vlan(uint16_t type)
{
	return type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ || type == ETHERTYPE_QINQ1;
}

/* Behind the tags; their number is not limited, but only the outermost are kept. */
static bool skip_vlans(struct cb_packet *p, struct rest *r, uint16_t *type)
{
	while (is_vlan(*type)) {
		const uint8_t *tag = r->at;

		if (!skip(r, 4))
			return false;
		if (p->n_vlans < CB_PACKET_VLANS_MAX)
			p->vlans[p->n_vlans++] =
				(struct cb_vlan){.protocol = *type, .tag = cb_get16(tag)};
		*type = cb_get16(tag + 2);
	}
	return true;
}

/* LINKTYPE_LINUX_SLL: type at 14 of 16 bytes; LINKTYPE_LINUX_SLL2: at 0 of 20. */
static bool skip_link(struct cb_packet *p, enum cb_pcap_link link, struct rest *r, uint16_t *type)
{
	const uint8_t *head = r->at;

	switch (link) {
	case CB_PCAP_ETHERNET:
		if (!skip(r, 14))
			return false;
		memcpy(p->source_mac, head + 6, 6);
		*type = cb_get16(head + 12);
		break;
	case CB_PCAP_COOKED:
		if (!skip(r, 16))
			return false;
		*type = cb_get16(head + 14);
		break;
	case CB_PCAP_COOKED2:
		if (!skip(r, 20))
			return false;
		*type = cb_get16(head);
		break;
	default:
		if (!r->n)
			return false;
		*type = *r->at >> 4 == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4;
		break;
	}
	return skip_vlans(p, r, type);
}

/* ---- IP ---- */

/* `total`: of what the IP packet says it is; segmentation offload may leave 0 for "all there is".
 */
static enum cb_packet_kind read_ipv4(struct cb_packet *p, struct rest *r, uint32_t *total)
{
	const uint8_t *ip = r->at;
	uint32_t header;

	if (r->n < 20)
		return CB_PACKET_CUT;
	header = (ip[0] & 0xfu) * 4;
	if (ip[0] >> 4 != 4 || header < 20)
		return CB_PACKET_OTHER;
	if (ip[9] != PROTOCOL_TCP)
		return CB_PACKET_OTHER;
	if (cb_get16(ip + 6) & MORE_OR_OFFSET)
		return CB_PACKET_FRAGMENT;
	*total = cb_get16(ip + 2);
	if (!*total)
		*total = r->n;
	if (*total < header)
		return CB_PACKET_OTHER;
	*total -= header;
	p->tos = ip[1];
	p->ttl = ip[8];
	memcpy(p->source.ip, ip + 12, 4);
	memcpy(p->destination.ip, ip + 16, 4);
	return skip(r, header) ? CB_PACKET_TCP : CB_PACKET_CUT;
}

static enum cb_packet_kind skip_extensions(struct rest *r, uint8_t next, uint32_t *total)
{
	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		uint32_t length;

		if (next == PROTOCOL_TCP)
			return CB_PACKET_TCP;
		if (next == FRAGMENT)
			return CB_PACKET_FRAGMENT;
		if (next != HOP_BY_HOP && next != ROUTING && next != DESTINATION)
			return CB_PACKET_OTHER;
		if (r->n < 8)
			return CB_PACKET_CUT;
		next = r->at[0];
		length = 8 + 8u * r->at[1];
		if (length > *total)
			return CB_PACKET_OTHER;
		*total -= length;
		if (!skip(r, length))
			return CB_PACKET_CUT;
	}
	return CB_PACKET_OTHER;
}

static enum cb_packet_kind read_ipv6(struct cb_packet *p, struct rest *r, uint32_t *total)
{
	const uint8_t *ip = r->at;

	if (!skip(r, 40))
		return CB_PACKET_CUT;
	if (ip[0] >> 4 != 6)
		return CB_PACKET_OTHER;
	p->ipv6 = true;
	*total = cb_get16(ip + 4);
	if (!*total)
		*total = r->n;
	p->tos = (uint8_t)(cb_get16(ip) >> 4);
	p->ttl = ip[7];
	memcpy(p->source.ip, ip + 8, 16);
	memcpy(p->destination.ip, ip + 24, 16);
	return skip_extensions(r, ip[6], total);
}

/* ---- TCP ---- */

static enum cb_packet_kind read_tcp(struct cb_packet *p, struct rest *r, uint32_t total)
{
	struct cb_tcp_segment *s = &p->segment;
	const uint8_t *tcp = r->at;
	uint32_t header, here;

	if (r->n < CB_TCP_HEADER)
		return CB_PACKET_CUT;
	header = (tcp[12] >> 4) * 4u;
	if (header < CB_TCP_HEADER || header > total)
		return CB_PACKET_OTHER;
	if (!skip(r, header))
		return CB_PACKET_CUT;
	p->source.port = cb_get16(tcp);
	p->destination.port = cb_get16(tcp + 2);
	s->seq = cb_get32(tcp + 4);
	s->ack = cb_get32(tcp + 8);
	s->flags = tcp[13];
	s->window = cb_get16(tcp + 14);
	cb_tcp_options_read(&s->options, tcp + CB_TCP_HEADER, header - CB_TCP_HEADER);
	here = total - header < r->n ? total - header : r->n; /* padding lies behind it */
	p->tcp = tcp;
	s->payload = r->at;
	s->length = here;
	p->missing = total - header - here;
	return CB_PACKET_TCP;
}

enum cb_packet_kind cb_packet_read(
	struct cb_packet *p, enum cb_pcap_link link, const uint8_t *bytes, uint32_t captured)
{
	struct rest r = {.at = bytes, .n = captured};
	enum cb_packet_kind kind = CB_PACKET_OTHER;
	uint32_t total = 0;
	uint16_t type = 0;

	*p = (struct cb_packet){0};
	if (!skip_link(p, link, &r, &type))
		return CB_PACKET_CUT;
	if (type == ETHERTYPE_IPV4)
		kind = read_ipv4(p, &r, &total);
	else if (type == ETHERTYPE_IPV6)
		kind = read_ipv6(p, &r, &total);
	return kind == CB_PACKET_TCP ? read_tcp(p, &r, total) : kind;
}

/* ---- checksums: RFC 1071, on words in memory order ---- */

uint64_t cb_packet_sum(const uint8_t *bytes, uint32_t n)
{
	uint64_t sum = 0, word;
	uint32_t half = 0;

	for (; n >= 8; n -= 8, bytes += 8) {
		memcpy(&word, bytes, 8);
		sum += (word & UINT32_MAX) + (word >> 32);
	}
	if (n >= 4) {
		memcpy(&half, bytes, 4);
		sum += half;
		n -= 4;
		bytes += 4;
	}
	half = 0;
	if (n)
		memcpy(&half, bytes, n);
	return sum + half;
}

uint16_t cb_packet_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint64_t pseudo_sum(bool ipv6, const struct cb_endpoint *source,
	const struct cb_endpoint *destination, uint32_t length)
{
	uint32_t n = ipv6 ? 16 : 4;

	return cb_packet_sum(source->ip, n) + cb_packet_sum(destination->ip, n) +
		htobe16(PROTOCOL_TCP) + htobe16((uint16_t)(length >> 16)) +
		htobe16((uint16_t)length);
}

bool cb_packet_checksum_holds(const struct cb_packet *p)
{
	uint32_t length = (uint32_t)(p->segment.payload - p->tcp) + p->segment.length;
	uint64_t pseudo = pseudo_sum(p->ipv6, &p->source, &p->destination, length);
	uint16_t field;

	memcpy(&field, p->tcp + 16, sizeof(field));
	return cb_packet_fold(pseudo + cb_packet_sum(p->tcp, length)) == 0xffff ||
		field == cb_packet_fold(pseudo);
}

/* ---- writing ---- */

uint8_t *cb_packet_write_link(const uint8_t *destination, const uint8_t *source,
	const struct cb_vlan *vlans, unsigned n_vlans, uint16_t type, uint8_t *at)
{
	memcpy(at, destination, 6);
	memcpy(at + 6, source, 6);
	at += 12;
	for (unsigned i = 0; i < n_vlans; i++, at += 4) {
		cb_put16(at, vlans[i].protocol);
		cb_put16(at + 2, vlans[i].tag);
	}
	cb_put16(at, type);
	return at + 2;
}

static uint8_t *put_ipv4(const struct cb_packet_head *h, uint32_t carried, uint16_t id, uint8_t *at)
{
	uint16_t sum;

	memset(at, 0, 20);
	at[0] = 0x45;
	at[1] = h->tos;
	cb_put16(at + 2, 20 + carried);
	cb_put16(at + 4, id);
	cb_put16(at + 6, 0x4000); /* don't fragment */
	at[8] = h->ttl;
	at[9] = PROTOCOL_TCP;
	memcpy(at + 12, h->source.ip, 4);
	memcpy(at + 16, h->destination.ip, 4);
	sum = (uint16_t)~cb_packet_fold(cb_packet_sum(at, 20));
	memcpy(at + 10, &sum, sizeof(sum));
	return at + 20;
}

static uint8_t *put_ipv6(const struct cb_packet_head *h, uint32_t carried, uint8_t *at)
{
	cb_put32(at, UINT32_C(6) << 28 | (uint32_t)h->tos << 20);
	cb_put16(at + 4, carried);
	at[6] = PROTOCOL_TCP;
	at[7] = h->ttl;
	memcpy(at + 8, h->source.ip, 16);
	memcpy(at + 24, h->destination.ip, 16);
	return at + 40;
}

uint32_t cb_packet_write(const struct cb_packet_head *head, const struct cb_tcp_segment *s,
	uint16_t id, uint8_t *out)
{
	uint8_t options[CB_TCP_OPTIONS_MAX];
	uint8_t *at = cb_packet_write_link(head->destination_mac, head->source_mac, head->vlans,
		head->n_vlans, head->ipv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4, out);
	uint32_t n = cb_tcp_options_write(&s->options, options);
	uint32_t header = CB_TCP_HEADER + n;
	uint64_t sum;
	uint16_t field;

	at = head->ipv6 ? put_ipv6(head, header + s->length, at)
			: put_ipv4(head, header + s->length, id, at);
	cb_put16(at, head->source.port);
	cb_put16(at + 2, head->destination.port);
	cb_put32(at + 4, s->seq);
	cb_put32(at + 8, s->flags & CB_TCP_ACK ? s->ack : 0);
	at[12] = (uint8_t)(header / 4 << 4);
	at[13] = s->flags;
	cb_put16(at + 14, s->window);
	memset(at + 16, 0, 4);
	memcpy(at + CB_TCP_HEADER, options, n);
	sum = pseudo_sum(head->ipv6, &head->source, &head->destination, header + s->length) +
		cb_packet_sum(at, header) + cb_packet_sum(s->payload, s->length);
	field = (uint16_t)~cb_packet_fold(sum);
	memcpy(at + 16, &field, sizeof(field));
	return (uint32_t)(at + header - out);
}
