#include "generators/traffic/frame.h"

#include <libnet.h>

enum { TTL = 64, DONT_FRAGMENT = 0x4000, UDP_HEADER = 8, IP_HEADER = 20 };

static const uint8_t zeros[CB_FRAME_SIZE_MAX];

/* libnet takes the layers from the inside out. */
static int add_layers(libnet_t *net, const struct cb_frame_spec *spec)
{
	uint16_t ip_length = (uint16_t)(spec->frame_size - CB_FRAME_FCS - CB_FRAME_HEADER);
	uint16_t udp_length = (uint16_t)(ip_length - IP_HEADER);
	libnet_ptag_t udp = libnet_build_udp(spec->source_port, spec->destination_port, udp_length,
		0, zeros, udp_length - UDP_HEADER, net, 0);

	if (udp < 0)
		return -1;
	/* A sum of 0 asks libnet to compute it, unless it is told not to. */
	if (libnet_toggle_checksum(net, udp, LIBNET_OFF) < 0)
		return -1;
	if (libnet_build_ipv4(ip_length, 0, 0, DONT_FRAGMENT, TTL, IPPROTO_UDP, 0,
		    spec->source_ip.s_addr, spec->destination_ip.s_addr, NULL, 0, net, 0) < 0)
		return -1;
	return libnet_build_ethernet(
		       spec->destination_mac, spec->source_mac, ETHERTYPE_IP, NULL, 0, net, 0) < 0
		? -1
		: 0;
}

/* Joins the layers, computes the IPv4 checksum, copies the frame out. */
static int take_frame(libnet_t *net, uint32_t length, struct cb_template *frame)
{
	uint8_t *bytes = NULL;
	uint32_t size = 0;
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

int cb_frame_build(
	const struct cb_frame_spec *spec, struct cb_template *frame, struct cb_error *err)
{
	char reason[LIBNET_ERRBUF_SIZE] = "";
	libnet_t *net;
	int r = 0;

	if (spec->frame_size < CB_FRAME_SIZE_MIN || spec->frame_size > CB_FRAME_SIZE_MAX)
		return cb_error_set(err, CB_ERR_USAGE,
			"a frame size of %lld bytes is not possible; it counts the 4-byte FCS "
			"and is between %d and %d",
			(long long)spec->frame_size, CB_FRAME_SIZE_MIN, CB_FRAME_SIZE_MAX);
	net = libnet_init(LIBNET_NONE, NULL, reason);
	if (!net)
		return cb_error_set(err, CB_ERR_INTERNAL, "libnet_init: %s", reason);
	*frame = (struct cb_template){
		.length = (uint32_t)(spec->frame_size - CB_FRAME_FCS),
		.stamp_offset = CB_FRAME_STAMP_OFFSET,
	};
	if (add_layers(net, spec) < 0 || take_frame(net, frame->length, frame) < 0)
		r = cb_error_set(err, CB_ERR_INTERNAL,
			"libnet cannot build a frame of %u bytes: %s", frame->length,
			libnet_geterror(net));
	libnet_destroy(net);
	return r;
}
