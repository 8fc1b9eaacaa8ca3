/*
 * The reading side of a BPF ring buffer, mapped into the process: records are looked at where they
 * lie, and given back many at a time. (libbpf's ring_buffer calls back for each record.) One
 * reader.
 *
 * Layout (kernel/bpf/ringbuf.c): a page with the consumer's position, which is ours to write, one
 * with the producer's, then the data, mapped twice so that no record is broken at its end. A record
 * is 8 bytes of header and its data, 8-aligned; positions are bytes and never wrap in practice.
 */
#ifndef CB_HARNESS_NET_BPF_RING_H
#define CB_HARNESS_NET_BPF_RING_H

#include "harness/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cb_bpf_ring {
	int fd; /* the caller's; EPOLLIN: there is a record */
	uint64_t *consumer;
	const uint64_t *producer;
	const uint8_t *data;
	size_t page, size; /* size: bytes of data, a power of two */
	uint64_t position; /* how far the reader is; ahead of *consumer until released */
	uint64_t end;      /* how far the writer was when it was last looked at */
};

#define CB_BPF_RING_HEADER 8

/* Map the ring buffer `fd`, which must stay open. CB_ERR_HOST when it can't be mapped. */
int cb_bpf_ring_open(struct cb_bpf_ring *r, int fd, struct cb_error *err);
void cb_bpf_ring_close(struct cb_bpf_ring *r); /* accepts a zeroed struct */

/* Bytes of the ring that a record of `size` bytes takes. */
static inline uint64_t cb_bpf_ring_cost(uint64_t size)
{
	return (size + CB_BPF_RING_HEADER + 7) & ~UINT64_C(7);
}

#define CB_BPF_RING_BUSY    (1u << 31) /* BPF_RINGBUF_BUSY_BIT: reserved, not submitted yet */
#define CB_BPF_RING_DISCARD (1u << 30) /* BPF_RINGBUF_DISCARD_BIT */

/*
 * The next record that was submitted, passing over discarded ones; NULL when there is none, or the
 * next one is still being written. Valid until it is released.
 */
static inline const void *cb_bpf_ring_next(struct cb_bpf_ring *r)
{
	for (;;) {
		const uint32_t *header;
		uint32_t length;

		if (r->position == r->end) {
			r->end = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
			if (r->position == r->end)
				return NULL;
		}
		header = (const uint32_t *)(r->data + (r->position & (r->size - 1)));
		length = __atomic_load_n(header, __ATOMIC_ACQUIRE);
		if (length & CB_BPF_RING_BUSY)
			return NULL;
		r->position += cb_bpf_ring_cost(length & ~CB_BPF_RING_DISCARD);
		if (!(length & CB_BPF_RING_DISCARD))
			return header + 2;
	}
}

/* Give back all records that cb_bpf_ring_next() has passed. */
static inline void cb_bpf_ring_release(struct cb_bpf_ring *r)
{
	__atomic_store_n(r->consumer, r->position, __ATOMIC_RELEASE);
}

/* Take and give back all there is, when the records say nothing but that they came. */
void cb_bpf_ring_clear(struct cb_bpf_ring *r);

#endif
