#include "capturers/loads/handoff_ring.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LINE UINT64_C(64)
/* Frames start on a cache line: two threads on one line would slow each other down. */
#define ALIGNED(n)    (((n) + LINE - 1) & ~(LINE - 1))
#define LONGEST_FRAME UINT64_C(65536)

/* Each side's part is on lines of its own, and looks at the other's only when what it knows of it
 * does not do. Positions count on and on; the low bits are the place. */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): it keeps the threads apart */
struct cb_handoff_ring {
	struct cb_frame *slots;
	uint64_t *starts; /* of each slot's bytes */
	uint8_t *bytes;
	uint64_t n_slots;              /* that may be in use; the arrays have a power of two */
	uint64_t slot_mask, byte_mask; /* n_bytes - 1 */
	_Alignas(LINE) struct {
		uint64_t head;      /* slots filled so far, published */
		uint64_t next;      /* the same, with those not published yet */
		uint64_t next_byte; /* where the next frame's bytes may start */
		uint64_t tail_seen;
	} producer;
	_Alignas(LINE) struct {
		uint64_t tail; /* slots emptied so far */
		uint64_t head_seen;
	} consumer;
};

static uint64_t power_of_two(uint64_t least)
{
	uint64_t n = 1;

	while (n < least)
		n *= 2;
	return n;
}

struct cb_handoff_ring *cb_handoff_ring_create(uint64_t slots, uint64_t bytes)
{
	struct cb_handoff_ring *r = aligned_alloc(LINE, ALIGNED(sizeof(*r)));
	uint64_t n = power_of_two(slots);

	if (!r)
		return NULL;
	if (bytes < LONGEST_FRAME)
		bytes = LONGEST_FRAME;
	bytes = power_of_two(bytes);
	*r = (struct cb_handoff_ring){.slots = calloc(n, sizeof(*r->slots)),
		.starts = calloc(n, sizeof(*r->starts)),
		.bytes = aligned_alloc(LINE, bytes),
		.n_slots = slots,
		.slot_mask = n - 1,
		.byte_mask = bytes - 1};
	if (r->slots && r->starts && r->bytes)
		return r;
	cb_handoff_ring_destroy(r);
	return NULL;
}

void cb_handoff_ring_destroy(struct cb_handoff_ring *r)
{
	if (!r)
		return;
	free(r->slots);
	free(r->starts);
	free(r->bytes);
	free(r);
}

/* Where `length` bytes in one piece can go; false: nowhere. A piece does not run over the end. */
static bool find_room(const struct cb_handoff_ring *r, uint64_t length, uint64_t *start)
{
	uint64_t next = r->producer.next_byte, tail = r->producer.tail_seen;
	uint64_t to_end = r->byte_mask + 1 - (next & r->byte_mask);

	*start = next + (to_end < length ? to_end : 0);
	if (r->producer.next == tail)
		return true;
	if (r->producer.next - tail == r->n_slots)
		return false;
	return *start + length - r->starts[tail & r->slot_mask] <= r->byte_mask + 1;
}

static bool put_one(struct cb_handoff_ring *r, const struct cb_frame *frame)
{
	uint64_t slot = r->producer.next & r->slot_mask;
	uint64_t length = ALIGNED((uint64_t)frame->caplen), start;
	uint8_t *copy;

	if (!find_room(r, length, &start)) {
		r->producer.tail_seen = __atomic_load_n(&r->consumer.tail, __ATOMIC_ACQUIRE);
		if (!find_room(r, length, &start))
			return false;
	}
	copy = r->bytes + (start & r->byte_mask);
	memcpy(copy, frame->data, frame->caplen);
	r->slots[slot] = *frame;
	r->slots[slot].data = copy;
	r->starts[slot] = start;
	r->producer.next_byte = start + length;
	r->producer.next++;
	return true;
}

unsigned cb_handoff_ring_put(struct cb_handoff_ring *r, const struct cb_frame *frames, unsigned n)
{
	unsigned done = 0;

	while (done < n && put_one(r, &frames[done]))
		done++;
	__atomic_store_n(&r->producer.head, r->producer.next, __ATOMIC_RELEASE);
	return done;
}

unsigned cb_handoff_ring_get(struct cb_handoff_ring *r, struct cb_frame *frames, unsigned max)
{
	uint64_t tail = r->consumer.tail;
	unsigned n = 0;

	if (r->consumer.head_seen - tail < max)
		r->consumer.head_seen = __atomic_load_n(&r->producer.head, __ATOMIC_ACQUIRE);
	while (n < max && tail + n < r->consumer.head_seen) {
		frames[n] = r->slots[(tail + n) & r->slot_mask];
		n++;
	}
	return n;
}

void cb_handoff_ring_release(struct cb_handoff_ring *r, unsigned n)
{
	__atomic_store_n(&r->consumer.tail, r->consumer.tail + n, __ATOMIC_RELEASE);
}

uint64_t cb_handoff_ring_used(const struct cb_handoff_ring *r)
{
	/* the tail first: it never overtakes a head that is read later */
	uint64_t tail = __atomic_load_n(&r->consumer.tail, __ATOMIC_ACQUIRE);

	return __atomic_load_n(&r->producer.head, __ATOMIC_ACQUIRE) - tail;
}
