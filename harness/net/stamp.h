/*
 * The stamp: 18 bytes at the start of the UDP payload of every frame, what a
 * 64-byte IPv4/UDP frame leaves. Byte order is the wire's (big-endian) except
 * for the check, which is a plain function of the other 16 bytes.
 *
 *   0  u32  magic    CB_STAMP_MAGIC ^ key: frames of another run are foreign
 *   4  u8   stream   generator thread, port or host
 *   5  u8   phase    enum cb_phase: says whether the frame counts for the window
 *   6  u48  sequence from 0, per stream, one per offered frame, without gap
 *  12  u32  time     low 32 bits of the sender's CLOCK_MONOTONIC, in ns
 *  16  u16  check    of bytes 0-15
 *
 * Both halves are inline: they run once per frame.
 */
#ifndef CB_HARNESS_NET_STAMP_H
#define CB_HARNESS_NET_STAMP_H

#ifdef __bpf__
#include "harness/net/stamp_bpf.h"
#else
#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#endif

#define CB_STAMP_SIZE      18u
#define CB_STAMP_MAGIC     UINT32_C(0xcab5e11d)
#define CB_STAMP_SEQUENCES (UINT64_C(1) << 48)

enum cb_phase { CB_PHASE_WARMUP = 0, CB_PHASE_WINDOW = 1 };

struct cb_stamp {
	uint8_t stream;
	uint8_t phase;
	uint64_t sequence; /* below CB_STAMP_SEQUENCES */
	uint32_t time_ns;
};

/* Bytes 0-7 and 8-15 as loaded from memory in the machine's order (both ends are little-endian or
 * both hash alike). */
static inline uint16_t cb_stamp_check(uint64_t head, uint64_t tail)
{
	uint64_t h = (le64toh(head) ^ UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd);

	h = (h ^ (h >> 32) ^ le64toh(tail)) * UINT64_C(0xc4ceb9fe1a85ec53);
	return (uint16_t)(h >> 48);
}

static inline void cb_stamp_write(uint8_t *at, uint32_t key, const struct cb_stamp *s)
{
	uint64_t head = htobe64((uint64_t)(CB_STAMP_MAGIC ^ key) << 32 | (uint64_t)s->stream << 24 |
		(uint64_t)s->phase << 16 | (s->sequence >> 32 & 0xffff));
	uint64_t tail = htobe64((s->sequence & 0xffffffff) << 32 | s->time_ns);
	uint16_t check = htole16(cb_stamp_check(head, tail));

	memcpy(at, &head, 8);
	memcpy(at + 8, &tail, 8);
	memcpy(at + 16, &check, 2);
}

enum cb_stamp_verdict { CB_STAMP_OWN, CB_STAMP_DAMAGED, CB_STAMP_FOREIGN };

/* `at` has CB_STAMP_SIZE readable bytes. `s` is filled for CB_STAMP_OWN only. */
static inline enum cb_stamp_verdict cb_stamp_read(
	const uint8_t *at, uint32_t key, struct cb_stamp *s)
{
	uint64_t head, tail;
	uint16_t check;

	memcpy(&head, at, 8);
	memcpy(&tail, at + 8, 8);
	memcpy(&check, at + 16, 2);
	uint64_t h = be64toh(head), t = be64toh(tail);
	if ((uint32_t)(h >> 32) != (CB_STAMP_MAGIC ^ key))
		return CB_STAMP_FOREIGN;
	if (le16toh(check) != cb_stamp_check(head, tail))
		return CB_STAMP_DAMAGED;
	s->stream = (uint8_t)(h >> 24);
	s->phase = (uint8_t)(h >> 16);
	s->sequence = (h & 0xffff) << 32 | t >> 32;
	s->time_ns = (uint32_t)t;
	return CB_STAMP_OWN;
}

#endif
