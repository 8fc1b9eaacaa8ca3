/*
 * An io_uring and the buffers provided to it, in which one receive at a time
 * leaves frames. Its work is deferred until the process enters the kernel.
 * Not a mechanism itself, nor a wrapper of all that io_uring can do.
 */
#ifndef CB_CAPTURERS_MECHANISMS_URING_H
#define CB_CAPTURERS_MECHANISMS_URING_H

#include "harness/base/error.h"

#include <liburing.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CB_URING_BUFFERS_MAX 32768 /* what a ring of buffers has entries at most */
#define CB_URING_GROUP       1     /* the number of the group of buffers */

/* Zero-initialise. */
struct cb_uring {
	struct io_uring ring; /* ring_fd > 0: open */
	struct io_uring_buf_ring *provided;
	unsigned n_buffers, entries; /* entries of `provided`: a power of two */
	uint8_t *buffers;
	size_t stride, room; /* bytes from one buffer to the next, for a frame */
};

/* Can such a ring be had here? CB_ERR_IMPOSSIBLE with what is missing. */
int cb_uring_probe(struct cb_error *err);

/* `n_buffers` buffers of `room` bytes, all of them provided. The calling thread is the only one
 * that may use the ring. Closed on error. */
int cb_uring_open(struct cb_uring *u, unsigned n_buffers, size_t room, struct cb_error *err);
void cb_uring_close(struct cb_uring *u);

/* Buffer `id`; that of number n_buffers is never provided: the caller's own. */
static inline uint8_t *cb_uring_buffer(const struct cb_uring *u, unsigned id)
{
	return u->buffers + id * u->stride;
}

/* Give buffers back. */
void cb_uring_provide(struct cb_uring *u, const uint16_t *ids, unsigned n);

/* Can wait for N completions or a time (Linux 6.12)? */
bool cb_uring_has_min_wait(const struct cb_uring *u);

/*
 * Enter the kernel until there are `n` completions, `least_ns` have passed and one is there, or
 * `most_ns` have passed. 0 or negative errno.
 */
int cb_uring_min_wait(struct cb_uring *u, unsigned n, uint64_t least_ns, uint64_t most_ns);

#endif
