/*
 * The receive queue of a packet socket without a ring: its size, how many
 * frames go into it, what is left in it. What recv and io-uring share.
 *
 * The buffer asked for is SO_RCVBUF. The kernel doubles the number and charges each frame's
 * truesize to it (socket buffer and descriptor: some 830 bytes for a 60-byte frame on veth), so the
 * capacity in frames depends on the driver; it is measured on the first frames that come.
 */
#ifndef CB_CAPTURERS_MECHANISMS_PACKET_QUEUE_H
#define CB_CAPTURERS_MECHANISMS_PACKET_QUEUE_H

#include "capturers/mechanisms/packet_socket.h"

struct cb_packet_queue {
	int fd;               /* the socket's */
	uint32_t limit;       /* SO_RCVBUF as the kernel keeps it, doubled */
	uint32_t charge;      /* truesize of a frame, 0: not known */
	unsigned samples;     /* frames still to sample */
	int64_t frame_length; /* the tap's; only such frames are sampled */
};

/* Set the socket's buffer. CB_ERR_USAGE when it is larger than a socket's can be. */
int cb_packet_queue_init(
	struct cb_packet_queue *q, int fd, const struct cb_tap *tap, struct cb_error *err);

/*
 * Receive one frame into `copy`, which has `room` bytes, without blocking: 1, or a negative errno.
 * sample() also reads what the queue holds, before and after, to learn what a frame takes of it: it
 * is to be used as long as q->samples isn't 0. Adds the system calls.
 */
int cb_packet_queue_receive(const struct cb_packet_queue *q, uint8_t *copy, size_t room,
	struct cb_frame *frame, int64_t *syscalls);
int cb_packet_queue_sample(struct cb_packet_queue *q, uint8_t *copy, size_t room,
	struct cb_frame *frame, int64_t *syscalls);

/* Frames that it holds; CB_UNKNOWN before any came. */
int64_t cb_packet_queue_capacity(const struct cb_packet_queue *q);

/* Take out what is left, without copying it: the number of frames. */
int64_t cb_packet_queue_empty(const struct cb_packet_queue *q);

#endif
