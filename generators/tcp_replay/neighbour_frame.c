#include "generators/tcp_replay/neighbour.h"
#include "harness/net/bytes.h"

#include <string.h>

#define ETHERTYPE_ARP  0x0806u
#define ETHERTYPE_IPV6 0x86ddu
#define PROTOCOL_ICMP6 58u
#define HOP_LIMIT      255u /* RFC 4861, 7.1.1: others are not from this link */
#define ARP_BYTES      28u
#define ICMP6_BYTES    32u /* type to target 24, one option 8 */

enum { ARP_REQUEST = 1, ARP_REPLY = 2, SOLICITATION = 135, ADVERTISEMENT = 136 };
enum { OPTION_SOURCE = 1, OPTION_TARGET = 2 };

static const uint8_t zeros[16];
static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};

/* ff02::1:ffXX:XXXX (RFC 4291, 2.7.1) */
static void solicited(const uint8_t *target, uint8_t *address)
{
	static const uint8_t prefix[13] = {0xff, 0x02, [11] = 1, [12] = 0xff};

	memcpy(address, prefix, sizeof(prefix));
	memcpy(address + 13, target + 13, 3);
}

static uint8_t *put_arp(const struct cb_neighbour_message *m, uint8_t *at)
{
	static const uint8_t head[] = {0, 1, 8, 0, 6, 4};

	memset(at, 0, ARP_BYTES);
	memcpy(at, head, sizeof(head));
	cb_put16(at + 6, m->request ? ARP_REQUEST : ARP_REPLY);
	memcpy(at + 8, m->sender_mac, 6);
	memcpy(at + 14, m->request ? m->sender : m->target, 4);
	if (!m->request)
		memcpy(at + 18, m->asker_mac, 6);
	memcpy(at + 24, m->request ? m->target : m->asker, 4);
	return at + ARP_BYTES;
}

static uint16_t icmp6_checksum(const uint8_t *ip, const uint8_t *icmp, uint32_t n)
{
	uint8_t tail[8] = {0, 0, (uint8_t)(n >> 8), (uint8_t)n, 0, 0, 0, PROTOCOL_ICMP6};
	uint64_t sum = cb_packet_sum(ip + 8, 32) + cb_packet_sum(tail, sizeof(tail)) +
		cb_packet_sum(icmp, n);

	return (uint16_t)~cb_packet_fold(sum);
}

static uint8_t *put_discovery(const struct cb_neighbour_message *m, const uint8_t *to, uint8_t *ip)
{
	/* who has no address yet must not tell its MAC (RFC 4861, 4.3) */
	bool bare = m->request && !memcmp(m->sender, zeros, 16);
	uint32_t n = ICMP6_BYTES - (bare ? 8 : 0);
	uint8_t *icmp = ip + 40;
	uint16_t sum;

	memset(ip, 0, 40 + ICMP6_BYTES);
	ip[0] = 0x60;
	cb_put16(ip + 4, n);
	ip[6] = PROTOCOL_ICMP6;
	ip[7] = HOP_LIMIT;
	memcpy(ip + 8, m->request ? m->sender : m->target, 16);
	memcpy(ip + 24, to, 16);
	icmp[0] = m->request ? SOLICITATION : ADVERTISEMENT;
	icmp[4] = m->request                ? 0
		: memcmp(to, all_nodes, 16) ? 0x60
					    : 0x20; /* solicited, override */
	memcpy(icmp + 8, m->target, 16);
	if (!bare) {
		icmp[24] = m->request ? OPTION_SOURCE : OPTION_TARGET;
		icmp[25] = 1;
		memcpy(icmp + 26, m->sender_mac, 6);
	}
	sum = icmp6_checksum(ip, icmp, n);
	memcpy(icmp + 2, &sum, sizeof(sum));
	return icmp + n;
}

uint32_t cb_neighbour_write(const struct cb_neighbour_message *m, const struct cb_vlan *vlans,
	unsigned n_vlans, uint8_t *out)
{
	uint8_t to_mac[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, to[16];
	bool to_all = m->ipv6 && !m->request && !memcmp(m->asker, zeros, 16);
	uint8_t *at;

	if (m->ipv6) {
		if (m->request)
			solicited(m->target, to);
		else
			memcpy(to, to_all ? all_nodes : m->asker, 16);
		to_mac[0] = to_mac[1] = 0x33; /* RFC 2464, section 7 */
		memcpy(to_mac + 2, to + 12, 4);
	}
	if (!m->request && !to_all)
		memcpy(to_mac, m->asker_mac, 6);
	at = cb_packet_write_link(to_mac, m->sender_mac, vlans, n_vlans,
		m->ipv6 ? ETHERTYPE_IPV6 : ETHERTYPE_ARP, out);
	at = m->ipv6 ? put_discovery(m, to, at) : put_arp(m, at);
	return (uint32_t)(at - out);
}

/* ---- reading ---- */

static bool read_arp(struct cb_neighbour_message *m, const uint8_t *at, uint32_t n)
{
	uint16_t operation;

	if (n < ARP_BYTES || cb_get16(at) != 1 || cb_get16(at + 2) != 0x0800 || at[4] != 6 ||
		at[5] != 4)
		return false;
	operation = cb_get16(at + 6);
	m->request = operation == ARP_REQUEST;
	memcpy(m->sender_mac, at + 8, 6);
	memcpy(m->sender, at + 14, 4);
	memcpy(m->target, m->request ? at + 24 : at + 14, 4);
	return operation == ARP_REQUEST || operation == ARP_REPLY;
}

/* The link-layer address among the options. */
static void read_options(
	struct cb_neighbour_message *m, uint8_t wanted, const uint8_t *at, uint32_t n)
{
	while (n >= 8) {
		uint32_t length = 8u * at[1];

		if (!length || length > n)
			return;
		if (at[0] == wanted)
			memcpy(m->sender_mac, at + 2, 6);
		n -= length;
		at += length;
	}
}

static bool read_discovery(struct cb_neighbour_message *m, const uint8_t *ip, uint32_t n)
{
	const uint8_t *icmp = ip + 40;
	uint32_t length;

	if (n < 64 || ip[6] != PROTOCOL_ICMP6 || ip[7] != HOP_LIMIT)
		return false;
	length = cb_get16(ip + 4);
	if (length < 24 || length > n - 40 || icmp6_checksum(ip, icmp, length) ||
		(icmp[0] != SOLICITATION && icmp[0] != ADVERTISEMENT))
		return false;
	m->ipv6 = true;
	m->request = icmp[0] == SOLICITATION;
	memcpy(m->sender, ip + 8, 16);
	memcpy(m->target, icmp + 8, 16);
	read_options(m, m->request ? OPTION_SOURCE : OPTION_TARGET, icmp + 24, length - 24);
	return true;
}

bool cb_neighbour_read(struct cb_neighbour_message *m, const uint8_t *frame, uint32_t n)
{
	*m = (struct cb_neighbour_message){0};
	if (n < 14)
		return false;
	memcpy(m->sender_mac, frame + 6, 6);
	if (cb_get16(frame + 12) == ETHERTYPE_ARP)
		return read_arp(m, frame + 14, n - 14);
	if (cb_get16(frame + 12) == ETHERTYPE_IPV6)
		return read_discovery(m, frame + 14, n - 14);
	return false;
}
