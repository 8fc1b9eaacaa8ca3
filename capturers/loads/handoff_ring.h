/*
 * The ring between two threads: one puts copies of frames in, the other takes
 * them out, without a lock. Slots say where in a ring of bytes a frame is, so
 * that small frames don't take the room of large ones. Not the threads, and
 * not the waiting: an empty ring says so and a full one drops.
 */
#ifndef CB_CAPTURERS_LOADS_HANDOFF_RING_H
#define CB_CAPTURERS_LOADS_HANDOFF_RING_H

#include "capturers/capturer.h"

#include <stddef.h>
#include <stdint.h>

struct cb_handoff_ring;

/*
 * Holds `slots` frames at most, of at most `bytes` bytes together (rounded up to a power of two,
 * and to what the longest frame takes). NULL: out of memory. destroy() accepts NULL.
 */
struct cb_handoff_ring *cb_handoff_ring_create(uint64_t slots, uint64_t bytes);
void cb_handoff_ring_destroy(struct cb_handoff_ring *r);

/* Producer: copy the frames in, as many from the first on as there is room for: their number. The
 * consumer sees all of them at once. */
unsigned cb_handoff_ring_put(struct cb_handoff_ring *r, const struct cb_frame *frames, unsigned n);

/* Consumer: up to `max` of the oldest frames, in place; valid until cb_handoff_ring_release of as
 * many. Their number. */
unsigned cb_handoff_ring_get(struct cb_handoff_ring *r, struct cb_frame *frames, unsigned max);
void cb_handoff_ring_release(struct cb_handoff_ring *r, unsigned n);

/* Frames in it that are published and not released, for either side; the other may be at it. */
uint64_t cb_handoff_ring_used(const struct cb_handoff_ring *r);

#endif
