/*
 * Frames with TCP in them, read and written: Ethernet with VLAN tags, Linux cooked, or IP alone;
 * IPv4 and IPv6. Frames are hostile. Pure functions.
 */
#ifndef CB_GENERATORS_TCP_REPLAY_PACKET_H
#define CB_GENERATORS_TCP_REPLAY_PACKET_H

#include "generators/tcp_replay/segment.h"
#include "harness/net/pcap_file.h"

#include <stdbool.h>
#include <stdint.h>

#define CB_PACKET_VLANS_MAX   2u
#define CB_PACKET_HEADERS_MAX (14u + 4u * CB_PACKET_VLANS_MAX + 40u + 60u)

/* Of one end: an IPv4 address stands in the first 4 bytes, zeros behind it. */
struct cb_endpoint {
	uint8_t ip[16];
	uint16_t port; /* host byte order */
};

struct cb_vlan {
	uint16_t protocol; /* 0x8100, 0x88a8 */
	uint16_t tag;      /* priority, DEI, VLAN ID */
};

struct cb_packet {
	bool ipv6;
	struct cb_endpoint source, destination;
	struct cb_vlan vlans[CB_PACKET_VLANS_MAX]; /* outermost first */
	unsigned n_vlans;
	uint8_t source_mac[6];
	uint8_t ttl, tos;              /* hop limit, traffic class */
	struct cb_tcp_segment segment; /* payload: what there is of it, borrowed */
	uint32_t missing;              /* bytes of payload that were on the wire but are not here */
	const uint8_t *tcp;            /* the header, borrowed; the payload follows it */
};

enum cb_packet_kind {
	CB_PACKET_TCP,
	CB_PACKET_OTHER,    /* no IP, or no TCP in it */
	CB_PACKET_FRAGMENT, /* of an IP datagram with TCP in it */
	CB_PACKET_CUT,      /* ends within its headers */
};

/* Read `captured` bytes of a frame that begins as `link` says. */
enum cb_packet_kind cb_packet_read(
	struct cb_packet *p, enum cb_pcap_link link, const uint8_t *bytes, uint32_t captured);

/*
 * Is the checksum right, or what a sender leaves who has its device fill it in (the sum of the
 * pseudo-header alone: between the two ends of a veth nobody does)? Only of packets of which
 * nothing is missing.
 */
bool cb_packet_checksum_holds(const struct cb_packet *p);

/* What all frames of one connection have in common. */
struct cb_packet_head {
	bool ipv6;
	struct cb_endpoint source, destination;
	struct cb_vlan vlans[CB_PACKET_VLANS_MAX];
	unsigned n_vlans;
	uint8_t source_mac[6], destination_mac[6];
	uint8_t ttl, tos;
};

/*
 * The headers of a frame that carries `s`, into out[CB_PACKET_HEADERS_MAX], checksums over the
 * payload included, which is not copied. Returns their length. `id`: of IPv4.
 */
uint32_t cb_packet_write(const struct cb_packet_head *head, const struct cb_tcp_segment *s,
	uint16_t id, uint8_t *out);

/* The link's header alone, of `type` behind the tags; returns the place behind it. */
uint8_t *cb_packet_write_link(const uint8_t *destination, const uint8_t *source,
	const struct cb_vlan *vlans, unsigned n_vlans, uint16_t type, uint8_t *at);

/* The one's complement sum of `n` bytes, as 16-bit words in memory order, not folded; and folded.
 */
uint64_t cb_packet_sum(const uint8_t *bytes, uint32_t n);
uint16_t cb_packet_fold(uint64_t sum);

#endif
