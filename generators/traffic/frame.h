/*
 * The frame that a generator repeats: Ethernet, IPv4, UDP, a payload of zeros
 * with the stamp (harness/net/stamp.h) at its start. Built through libnet on
 * memory alone: no device, no privilege, no I/O.
 */
#ifndef CB_GENERATORS_TRAFFIC_FRAME_H
#define CB_GENERATORS_TRAFFIC_FRAME_H

#include "generators/generator.h"

#include <netinet/in.h>

#define CB_FRAME_SIZE_MIN     64   /* with FCS: the smallest that has room for the stamp */
#define CB_FRAME_SIZE_MAX     9018 /* with FCS: an IP packet of 9000 bytes */
#define CB_FRAME_FCS          4U
#define CB_FRAME_HEADER       14U /* Ethernet */
#define CB_FRAME_STAMP_OFFSET 42U /* Ethernet 14, IPv4 20, UDP 8 */

struct cb_frame_spec {
	int64_t frame_size; /* RFC 2544: with FCS */
	uint8_t destination_mac[6], source_mac[6];
	struct in_addr destination_ip, source_ip; /* network byte order */
	uint16_t destination_port, source_port;
};

/*
 * Fill `frame`. The UDP checksum is 0 ("none", RFC 768): the stamp changes in every frame and the
 * checksum would have to follow it. CB_ERR_USAGE when the size is out of bounds, CB_ERR_INTERNAL
 * when libnet fails.
 */
int cb_frame_build(
	const struct cb_frame_spec *spec, struct cb_template *frame, struct cb_error *err);

#endif
