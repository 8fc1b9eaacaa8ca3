/*
 * Which sequence numbers were seen: a bitmap over 48-bit numbers, made of
 * chunks that are allocated where numbers fall, under one budget for all
 * streams. A hostile number far away costs a chunk, not gigabytes.
 */
#ifndef CB_CAPTURERS_SEEN_H
#define CB_CAPTURERS_SEEN_H

#include <stddef.h>
#include <stdint.h>

#define CB_SEEN_CHUNK_BITS 20u /* sequence numbers in a chunk, as a power of two: 128 KiB */
#define CB_SEEN_NODE_BITS  14u /* pointers in a node; 20 + 14 + 14 = 48 */

struct cb_seen_node {
	void *at[1u << CB_SEEN_NODE_BITS];
};

/* What all bitmaps of one process may take together. */
struct cb_seen_budget {
	size_t left; /* bytes */
};

/* Zero-initialise. */
struct cb_seen {
	uint64_t *chunk; /* the one used last */
	uint64_t chunk_id;
	struct cb_seen_node *root;
};

/* The chunk's words, made when it is new; NULL when the budget or memory is used up. */
uint64_t *cb_seen_chunk(struct cb_seen *s, uint64_t chunk_id, struct cb_seen_budget *budget);
void cb_seen_finish(struct cb_seen *s);

/* Mark `sequence` (below 2^48). 1: seen for the first time, 0: seen before, -1: no room to note it.
 */
static inline int cb_seen_add(struct cb_seen *s, uint64_t sequence, struct cb_seen_budget *budget)
{
	uint64_t id = sequence >> CB_SEEN_CHUNK_BITS;
	uint64_t word = (sequence >> 6) & ((1u << (CB_SEEN_CHUNK_BITS - 6)) - 1);
	uint64_t bit = UINT64_C(1) << (sequence & 63);

	if (__builtin_expect(!s->chunk || s->chunk_id != id, 0)) {
		uint64_t *chunk = cb_seen_chunk(s, id, budget);

		if (!chunk)
			return -1;
		s->chunk = chunk;
		s->chunk_id = id;
	}
	if (s->chunk[word] & bit)
		return 0;
	s->chunk[word] |= bit;
	return 1;
}

#endif
