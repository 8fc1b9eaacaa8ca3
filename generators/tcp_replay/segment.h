/*
 * A TCP segment as plain values: what was read from a frame, or is to be written into one. Numbers
 * are in host byte order.
 */
#ifndef CB_GENERATORS_TCP_REPLAY_SEGMENT_H
#define CB_GENERATORS_TCP_REPLAY_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

/* RFC 9293, 3.1 */
#define CB_TCP_FIN 0x01u
#define CB_TCP_SYN 0x02u
#define CB_TCP_RST 0x04u
#define CB_TCP_PSH 0x08u
#define CB_TCP_ACK 0x10u

#define CB_TCP_HEADER      20u
#define CB_TCP_OPTIONS_MAX 40u
#define CB_TCP_SACKS_MAX   4u  /* that fit beside nothing else (RFC 2018, section 3) */
#define CB_TCP_SCALE_MAX   14u /* RFC 7323, 2.3 */
#define CB_TCP_MSS_LEAST   88u /* TCP_MIN_MSS, include/net/tcp.h */

struct cb_tcp_sack {
	uint32_t from, to;
};

struct cb_tcp_options {
	bool has_mss, has_scale, sack_permitted, has_times;
	uint8_t scale; /* of windows, at most CB_TCP_SCALE_MAX */
	uint8_t n_sacks;
	uint16_t mss;
	uint32_t time, echo; /* TSval, TSecr */
	struct cb_tcp_sack sacks[CB_TCP_SACKS_MAX];
};

struct cb_tcp_segment {
	uint32_t seq, ack;
	uint16_t window; /* as it stands in the header: not scaled */
	uint8_t flags;
	struct cb_tcp_options options;
	const uint8_t *payload; /* `length` bytes, borrowed */
	uint32_t length;
};

/*
 * The place in a stream that a 32-bit sequence number means: the one nearest to `near`, where place
 * 0 has the number `first`. Negative: before the stream's start. (Serial-number arithmetic, RFC
 * 1982, on streams longer than its numbers.)
 */
static inline int64_t cb_tcp_place(int64_t near, uint32_t first, uint32_t number)
{
	return near + (int32_t)(number - (first + (uint32_t)near));
}

/*
 * Options of a header, `n` bytes of them. What is not known is passed over; what is malformed ends
 * the list, as everywhere (tcp_parse_options, net/ipv4/tcp_input.c). False: it was malformed.
 */
bool cb_tcp_options_read(struct cb_tcp_options *o, const uint8_t *bytes, uint32_t n);

/* Into out[CB_TCP_OPTIONS_MAX], padded to 4 bytes; returns their number. SACK blocks that find no
 * room are left out. */
uint32_t cb_tcp_options_write(const struct cb_tcp_options *o, uint8_t *out);

#endif
