/*
 * The stamp of the kernel's packet generator (struct pktgen_hdr, net/core/pktgen.c): 16 bytes,
 * big-endian, at the start of the UDP payload.
 *
 *   0  u32  magic     CB_PKTGEN_MAGIC; there is no key: the frames of any pktgen are alike
 *   4  u32  sequence  from 1 for each device and start; wraps
 *   8  u32  seconds   since 1970
 *  12  u32  microseconds
 *
 * It has no stream: its place is taken by the low byte of the UDP destination port, of which each
 * of pktgen's threads is given another. It has no phase either: the window is told by the sequence
 * number at which it begins. And it has no check: a frame that was damaged on its way is known by
 * an impossible time alone.
 */
#ifndef CB_HARNESS_NET_PKTGEN_STAMP_H
#define CB_HARNESS_NET_PKTGEN_STAMP_H

#include "harness/net/stamp.h"

#define CB_PKTGEN_MAGIC      UINT32_C(0xbe9be955)
#define CB_PKTGEN_STAMP_SIZE 16u
#define CB_PKTGEN_PORT_LOW   5u /* this far before the stamp is the destination port's low byte */

/* What a capture process takes for its own frames. */
enum cb_stamps {
	CB_STAMPS_OWN,             /* stamp.h */
	CB_STAMPS_PKTGEN,          /* a sequence number for each frame */
	CB_STAMPS_PKTGEN_REPEATED, /* the same: but frames are sent several times (clone_skb, burst)
				    */
};

struct cb_pktgen_stamp {
	uint32_t sequence; /* as in the frame */
	uint32_t microseconds;
};

/* `at` has CB_PKTGEN_STAMP_SIZE readable bytes. */
static inline enum cb_stamp_verdict cb_pktgen_stamp_read(
	const uint8_t *at, struct cb_pktgen_stamp *s)
{
	uint32_t words[4];

	memcpy(words, at, sizeof(words));
	if (be32toh(words[0]) != CB_PKTGEN_MAGIC)
		return CB_STAMP_FOREIGN;
	s->sequence = be32toh(words[1]);
	s->microseconds = be32toh(words[3]);
	return s->microseconds < UINT32_C(1000000) ? CB_STAMP_OWN : CB_STAMP_DAMAGED;
}

/*
 * The frame's number from 0, without wrap: the one nearest to `next`, the number that is expected
 * now. Negative when it would lie before the start: the stamp is damaged.
 */
static inline int64_t cb_pktgen_sequence(uint32_t sequence, uint64_t next)
{
	return (int64_t)next + (int32_t)(sequence - 1 - (uint32_t)next);
}

#endif
