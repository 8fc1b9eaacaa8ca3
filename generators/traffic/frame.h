/*
 * The frame that a generator repeats: Ethernet, IP, UDP (headers.h says what else), a payload of
 * zeros with the stamp (harness/net/stamp.h) at its start. Built through libnet on memory alone: no
 * device, no privilege, no I/O.
 */
#ifndef CB_GENERATORS_TRAFFIC_FRAME_H
#define CB_GENERATORS_TRAFFIC_FRAME_H

#include "generators/generator.h"
#include "generators/traffic/headers.h"

#include <netinet/in.h>
#include <string.h>

#define CB_FRAME_SIZE_MIN     64   /* with FCS: the smallest that has room for the stamp */
#define CB_FRAME_SIZE_MAX     9018 /* with FCS: an IP packet of 9000 bytes */
#define CB_FRAME_FCS          4U
#define CB_FRAME_HEADER       14U /* Ethernet */
#define CB_FRAME_STAMP_OFFSET 42U /* Ethernet 14, IPv4 20, UDP 8: without other headers */

struct cb_frame_spec {
	int64_t frame_size; /* RFC 2544: with FCS */
	uint8_t destination_mac[6], source_mac[6];
	struct in_addr destination_ip, source_ip; /* network byte order */
	uint16_t destination_port, source_port;
	struct cb_headers headers;
};

/*
 * Fill `frame`. The UDP checksum of IPv4 is 0 ("none", RFC 768) unless the headers ask for one: the
 * stamp changes in every frame and the checksum has to follow it. IPv6 addresses are the IPv4 ones
 * behind 2001:2:: (RFC 5180, section 8). CB_ERR_USAGE when the size is out of bounds or too small
 * for the headers, CB_ERR_INTERNAL when libnet fails.
 */
int cb_frame_build(
	const struct cb_frame_spec *spec, struct cb_template *frame, struct cb_error *err);

/* ---- for those who change a frame ---- */

/* Bytes of an IP packet in a frame of `length` bytes, without FCS: without the padding behind it.
 */
static inline uint32_t cb_frame_ip_total(const struct cb_template *t, uint32_t length)
{
	uint32_t carried = length - t->ip_offset - t->ip_length;

	return t->ip_length + (t->goes_on ? carried & ~7U : carried);
}

/* The lengths in the headers of a frame of `length` bytes, and the checksum of IPv4. */
void cb_frame_write_lengths(const struct cb_template *t, uint8_t *bytes, uint32_t length);

/* What checksum_sum is, of any frame of `length` bytes. */
uint32_t cb_frame_sum(const struct cb_template *t, const uint8_t *bytes, uint32_t length);

/* Write the UDP checksum of a stamped frame. `sum`: cb_frame_sum of it. */
static inline void cb_frame_close(const struct cb_template *t, uint8_t *bytes, uint32_t sum)
{
	uint8_t *at = bytes + t->stamp_offset;
	uint16_t word;

	for (unsigned i = 0; i < CB_STAMP_SIZE; i += 2) {
		memcpy(&word, at + i, 2);
		sum += word;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	word = (uint16_t)~sum;
	if (!word)
		word = 0xffff; /* RFC 768: 0 says that there is none */
	memcpy(at - 2, &word, 2);
}

/*
 * Stamp the frame at `bytes`: a copy of the template, or what cb_shape_apply has made of one
 * (`shaped`), which leaves the sum where the checksum goes.
 */
static inline void cb_frame_stamp(const struct cb_template *t, bool shaped, uint8_t *bytes,
	uint32_t key, const struct cb_stamp *stamp)
{
	uint16_t sum;

	cb_stamp_write(bytes + t->stamp_offset, key, stamp);
	if (__builtin_expect(!t->checksum, 1))
		return;
	memcpy(&sum, bytes + t->stamp_offset - 2, 2);
	cb_frame_close(t, bytes, shaped ? sum : t->checksum_sum);
}

#endif
