/*
 * Room for copies of the frames of one receive(), for mechanisms whose library takes frames back at
 * once. Copies stand one behind the other, so that little of the room is touched when frames are
 * short.
 */
#ifndef CB_CAPTURERS_MECHANISMS_COPIES_H
#define CB_CAPTURERS_MECHANISMS_COPIES_H

#include <stddef.h>
#include <stdint.h>

#define CB_COPIES_BYTES (UINT32_C(1) << 20)
#define CB_COPIES_ALIGN 8u

struct cb_copies {
	uint8_t *bytes; /* CB_COPIES_BYTES, the mechanism's to allocate and free */
	size_t used;
};

/* How many more frames of up to `length` bytes there is room for. */
static inline unsigned cb_copies_room(const struct cb_copies *c, uint32_t length)
{
	return (unsigned)((CB_COPIES_BYTES - c->used) / (length + CB_COPIES_ALIGN));
}

/* Where the next copy goes. */
static inline uint8_t *cb_copies_next(const struct cb_copies *c)
{
	return c->bytes + c->used;
}

/* `length` bytes were put there. */
static inline void cb_copies_keep(struct cb_copies *c, uint32_t length)
{
	c->used += (length + CB_COPIES_ALIGN - 1) & ~(size_t)(CB_COPIES_ALIGN - 1);
}

#endif
