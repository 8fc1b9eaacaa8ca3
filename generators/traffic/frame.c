#include "generators/traffic/frame.h"

#include "harness/net/bytes.h"

#include <libnet.h>
#include <linux/if_ether.h>

enum {
	TTL = 64,
	DONT_FRAGMENT = 0x4000,
	MORE_FRAGMENTS = 0x2000,
	MORE_FRAGMENTS6 = 1,
	LATER_OFFSET = 1480, /* of a later fragment in its datagram */
	UDP_HEADER = 8,
	VLAN_TAG = 4,
	IPV6_FRAGMENT = 8,
};

static const uint8_t zeros[CB_FRAME_SIZE_MAX];

/* ---- changing ---- */

/* Of 16-bit words as they stand in memory, the odd byte at the end with a zero (RFC 1071). */
static uint64_t add_words(uint64_t sum, const uint8_t *at, uint32_t n)
{
	uint16_t word;

	for (; n > 1; n -= 2, at += 2) {
		memcpy(&word, at, 2);
		sum += word;
	}
	if (n) {
		word = 0;
		memcpy(&word, at, 1);
		sum += word;
	}
	return sum;
}

static uint32_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)sum;
}

uint32_t cb_frame_sum(const struct cb_template *t, const uint8_t *bytes, uint32_t length)
{
	const uint8_t *ip = bytes + t->ip_offset, *udp = ip + t->ip_length;
	const uint8_t *behind = bytes + t->stamp_offset + CB_STAMP_SIZE;
	const uint8_t *end = ip + cb_frame_ip_total(t, length);
	uint64_t sum = t->udp_error;

	/* the pseudo header: both addresses, the protocol, the length of UDP once more */
	sum = add_words(sum, ip + (t->ipv6 ? 8 : 12), t->ipv6 ? 32 : 8);
	sum += htons(IPPROTO_UDP) + (uint64_t)htons((uint16_t)(end - udp));
	sum = add_words(sum, udp, UDP_HEADER - 2);
	return fold(add_words(sum, behind, (uint32_t)(end - behind)));
}

/* RFC 791: over the header with a checksum of 0. */
static void write_ip_checksum(const struct cb_template *t, uint8_t *ip)
{
	uint16_t checksum;

	cb_put16(ip + 10, 0);
	checksum = (uint16_t)~fold(add_words(t->ip_error, ip, t->ip_length));
	memcpy(ip + 10, &checksum, 2);
}

void cb_frame_write_lengths(const struct cb_template *t, uint8_t *bytes, uint32_t length)
{
	uint32_t total = cb_frame_ip_total(t, length);
	uint8_t *ip = bytes + t->ip_offset;

	if (t->udp)
		cb_put16(ip + t->ip_length + 4, total - t->ip_length);
	if (t->ipv6) {
		cb_put16(ip + 4, total - LIBNET_IPV6_H);
		return;
	}
	cb_put16(ip + 2, total);
	write_ip_checksum(t, ip);
}

/* ---- building: libnet takes the layers from the inside out ---- */

static int add_udp(libnet_t *net, const struct cb_frame_spec *spec, uint32_t n)
{
	libnet_ptag_t udp;

	if (!cb_headers_have_udp(&spec->headers))
		return libnet_build_data(zeros, n, net, 0) < 0 ? -1 : 0;
	udp = libnet_build_udp(spec->source_port, spec->destination_port, (uint16_t)n, 0, zeros,
		n - UDP_HEADER, net, 0);
	/* A sum of 0 asks libnet to compute it, unless it is told not to. */
	return udp < 0 || libnet_toggle_checksum(net, udp, LIBNET_OFF) < 0 ? -1 : 0;
}

/* The offset in units of 8 bytes and, in `more`, that fragments follow. */
static uint16_t fragment_field(const struct cb_headers *h, unsigned shift, uint16_t more)
{
	uint16_t offset = h->fragment > CB_FRAGMENT_FIRST ? LATER_OFFSET / 8 : 0;

	return (uint16_t)(offset << shift | (cb_headers_go_on(h) ? more : 0));
}

static int add_ipv4(libnet_t *net, const struct cb_frame_spec *spec, uint32_t total)
{
	const struct cb_headers *h = &spec->headers;
	uint16_t field = h->fragment ? fragment_field(h, 0, MORE_FRAGMENTS) : DONT_FRAGMENT;

	return libnet_build_ipv4((uint16_t)total, 0, 0, field, TTL, IPPROTO_UDP, 0,
		       spec->source_ip.s_addr, spec->destination_ip.s_addr, NULL, 0, net, 0) < 0
		? -1
		: 0;
}

static struct libnet_in6_addr ipv6_of(const struct in_addr *ipv4)
{
	struct libnet_in6_addr address = {.__u6_addr.__u6_addr8 = {0x20, 0x01, 0x00, 0x02}};

	memcpy(&address.__u6_addr.__u6_addr8[12], ipv4, sizeof(*ipv4));
	return address;
}

static int add_ipv6(libnet_t *net, const struct cb_frame_spec *spec, uint32_t total)
{
	const struct cb_headers *h = &spec->headers;

	if (h->fragment &&
		libnet_build_ipv6_frag(IPPROTO_UDP, 0, htons(fragment_field(h, 3, MORE_FRAGMENTS6)),
			0, NULL, 0, net, 0) < 0)
		return -1;
	return libnet_build_ipv6(0, 0, (uint16_t)(total - LIBNET_IPV6_H),
		       h->fragment ? IPPROTO_FRAGMENT : IPPROTO_UDP, TTL, ipv6_of(&spec->source_ip),
		       ipv6_of(&spec->destination_ip), NULL, 0, net, 0) < 0
		? -1
		: 0;
}

static int add_labels(libnet_t *net, const struct cb_headers *h)
{
	for (unsigned i = h->n_labels; i-- > 0;) {
		uint8_t bottom = i + 1 == h->n_labels ? LIBNET_MPLS_BOS_ON : LIBNET_MPLS_BOS_OFF;

		if (libnet_build_mpls(h->labels[i], 0, bottom, TTL, NULL, 0, net, 0) < 0)
			return -1;
	}
	return 0;
}

/* The Ethernet header, with the outermost tag if there is one; another one is data to libnet. */
static int add_ethernet(libnet_t *net, const struct cb_frame_spec *spec)
{
	const struct cb_headers *h = &spec->headers;
	uint16_t type = h->ip == CB_HEADER_IPV6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP;
	uint8_t inner[VLAN_TAG];

	if (h->n_labels)
		type = ETHERTYPE_MPLS;
	if (h->n_vlans < 2)
		return (h->n_vlans ? libnet_build_802_1q(spec->destination_mac, spec->source_mac,
					     ETHERTYPE_VLAN, 0, 0, h->vlans[0], type, NULL, 0, net,
					     0)
				   : libnet_build_ethernet(spec->destination_mac, spec->source_mac,
					     type, NULL, 0, net, 0)) < 0
			? -1
			: 0;
	cb_put16(inner, h->vlans[1]);
	cb_put16(inner + 2, type);
	if (libnet_build_data(inner, sizeof(inner), net, 0) < 0)
		return -1;
	return libnet_build_802_1q(spec->destination_mac, spec->source_mac, ETH_P_8021AD, 0, 0,
		       h->vlans[0], ETHERTYPE_VLAN, NULL, 0, net, 0) < 0
		? -1
		: 0;
}

static int add_layers(
	libnet_t *net, const struct cb_frame_spec *spec, const struct cb_template *frame)
{
	uint32_t total = cb_frame_ip_total(frame, frame->length);

	if (add_udp(net, spec, total - frame->ip_length) ||
		(frame->ipv6 ? add_ipv6 : add_ipv4)(net, spec, total) ||
		add_labels(net, &spec->headers))
		return -1;
	return add_ethernet(net, spec);
}

/* Joins the layers, computes the IPv4 checksum, copies the frame out; padding is zeros. */
static int take_frame(libnet_t *net, struct cb_template *frame)
{
	uint32_t length = frame->ip_offset + cb_frame_ip_total(frame, frame->length), size = 0;
	uint8_t *bytes = NULL;
	int r = -1;

	if (libnet_pblock_coalesce(net, &bytes, &size) < 0)
		return -1;
	if (size == length && size <= sizeof(frame->bytes)) {
		memcpy(frame->bytes, bytes, size);
		r = 0;
	}
	libnet_adv_free_packet(net, bytes);
	return r;
}

static void describe(const struct cb_frame_spec *spec, struct cb_template *frame)
{
	const struct cb_headers *h = &spec->headers;

	*frame = (struct cb_template){
		.length = (uint32_t)(spec->frame_size - CB_FRAME_FCS),
		.stamp_offset = cb_headers_stamp_offset(h),
		.ip_offset = cb_headers_ip_offset(h),
		.ip_length = cb_headers_ip_length(h),
		.ipv6 = h->ip == CB_HEADER_IPV6,
		.udp = cb_headers_have_udp(h),
		.goes_on = cb_headers_go_on(h),
		.checksum = cb_headers_have_checksum(h),
		.ip_error = h->checksum == CB_CHECKSUM_BAD_IP,
		.udp_error = h->checksum == CB_CHECKSUM_BAD_UDP,
	};
}

/* The checksums: UDP's is right, or wrong, for a stamp of zeros. */
static void close_frame(struct cb_template *frame)
{
	cb_frame_write_lengths(frame, frame->bytes, frame->length);
	if (!frame->checksum)
		return;
	frame->checksum_sum = cb_frame_sum(frame, frame->bytes, frame->length);
	cb_frame_close(frame, frame->bytes, frame->checksum_sum);
}

static int check_size(const struct cb_frame_spec *spec, struct cb_error *err)
{
	uint32_t smallest = cb_headers_smallest(&spec->headers);

	if (spec->frame_size < CB_FRAME_SIZE_MIN || spec->frame_size > CB_FRAME_SIZE_MAX)
		return cb_error_set(err, CB_ERR_USAGE,
			"a frame size of %lld bytes is not possible; it counts the 4-byte FCS "
			"and is between %d and %d",
			(long long)spec->frame_size, CB_FRAME_SIZE_MIN, CB_FRAME_SIZE_MAX);
	if (spec->frame_size >= smallest)
		return 0;
	return cb_error_set(err, CB_ERR_USAGE,
		"a frame of %lld bytes has no room for the stamp behind these headers: at least %u",
		(long long)spec->frame_size, smallest);
}

int cb_frame_build(
	const struct cb_frame_spec *spec, struct cb_template *frame, struct cb_error *err)
{
	char reason[LIBNET_ERRBUF_SIZE] = "";
	libnet_t *net;
	int r = check_size(spec, err);

	if (r)
		return r;
	net = libnet_init(LIBNET_NONE, NULL, reason);
	if (!net)
		return cb_error_set(err, CB_ERR_INTERNAL, "libnet_init: %s", reason);
	describe(spec, frame);
	if (add_layers(net, spec, frame) < 0 || take_frame(net, frame) < 0)
		r = cb_error_set(err, CB_ERR_INTERNAL,
			"libnet cannot build a frame of %u bytes: %s", frame->length,
			libnet_geterror(net));
	else
		close_frame(frame);
	libnet_destroy(net);
	return r;
}
