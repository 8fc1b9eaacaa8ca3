/*
 * recv: the kernel queues each frame on a packet socket, and a system call
 * copies it out: recvfrom() one by one, recvmmsg() several at a time.
 *
 * The queue is limited by SO_RCVBUF (packet_queue.h).
 *
 * Counters: a frame that finds the queue full is in tp_packets and in tp_drops; dropped = tp_drops.
 * unread is what is still queued after the tap is down.
 */
#include "capturers/mechanisms/packet_queue.h"
#include "capturers/members.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define BATCH_MAX  256
#define CACHE_LINE 64u

struct recv_options {
	int64_t batch;
	struct cb_packet_fanout fanout;
};

struct recv_state {
	struct cb_packet_socket socket;
	unsigned batch;
	struct cb_packet_queue queue;
	uint8_t *copies;     /* batch x stride */
	size_t stride, room; /* bytes from one copy to the next, for one */
	struct mmsghdr messages[BATCH_MAX];
	struct iovec vectors[BATCH_MAX];
};

static const struct cb_option recv_options[] = {
	{.name = "batch",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct recv_options, batch),
		.fallback = "64",
		.min = 1,
		.max = BATCH_MAX,
		.help = "frames a system call may bring; 1: recvfrom, more: recvmmsg"},
	CB_PACKET_FANOUT_ROWS(recv_options),
	CB_OPTION_END,
};

static int recv_probe(struct cb_error *err)
{
	return cb_packet_socket_probe(CB_PACKET_NO_RING, err);
}

/* One copy's place. A line more than needed, so that the stamps of a batch don't all fall into the
 * same sets of the cache when the room is a power of two. */
static int make_copies(struct recv_state *s, int64_t snaplen, struct cb_error *err)
{
	s->room = (size_t)snaplen;
	s->stride = ((s->room + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1)) + CACHE_LINE;
	s->copies = aligned_alloc(CACHE_LINE, s->stride * s->batch);
	if (!s->copies)
		return cb_error_memory(err, "a receive batch");
	for (unsigned i = 0; i < s->batch; i++) {
		s->vectors[i] = (struct iovec){s->copies + i * s->stride, s->room};
		s->messages[i].msg_hdr =
			(struct msghdr){.msg_iov = &s->vectors[i], .msg_iovlen = 1};
	}
	return 0;
}

static void recv_close(void *state)
{
	struct recv_state *s = state;

	cb_packet_socket_close(&s->socket);
	free(s->copies);
	s->copies = NULL;
}

static int recv_open(void *state, const struct cb_tap *tap, const void *options,
	struct cb_tap_ready *ready, struct cb_error *err)
{
	const struct recv_options *o = options;
	struct recv_state *s = state;
	int rc;

	s->batch = (unsigned)o->batch;
	rc = cb_packet_socket_open(&s->socket, tap, err);
	if (rc)
		return rc;
	cb_packet_socket_share(&s->socket, &o->fanout, ready);
	rc = cb_packet_queue_init(&s->queue, s->socket.fd, tap, err);
	if (!rc)
		rc = make_copies(s, tap->snaplen, err);
	if (!rc)
		rc = cb_packet_socket_start(&s->socket, tap, err);
	if (rc) {
		recv_close(s);
		return rc;
	}
	ready->fd = s->socket.fd;
	ready->buffer_frames = CB_UNKNOWN;
	cb_packet_socket_version(ready->version, sizeof(ready->version));
	return 0;
}

static struct cb_frame frame_of(const struct recv_state *s, unsigned i, size_t len)
{
	/* MSG_TRUNC: `len` is the frame's own length, whatever was copied */
	return (struct cb_frame){.data = s->vectors[i].iov_base,
		.len = (uint32_t)len,
		.caplen = (uint32_t)(len < s->room ? len : s->room)};
}

static int receive_many(
	struct recv_state *s, struct cb_frame *frames, unsigned max, int64_t *syscalls)
{
	unsigned batch = max < s->batch ? max : s->batch;
	int n = recvmmsg(s->socket.fd, s->messages, batch, MSG_DONTWAIT | MSG_TRUNC, NULL);

	++*syscalls;
	if (n < 0)
		return -errno;
	for (unsigned i = 0; i < (unsigned)n; i++)
		frames[i] = frame_of(s, i, s->messages[i].msg_len);
	return n;
}

static int recv_receive(void *state, struct cb_frame *frames, unsigned max, int64_t *syscalls)
{
	struct recv_state *s = state;
	int n;

	if (s->queue.samples)
		n = cb_packet_queue_sample(&s->queue, s->copies, s->room, frames, syscalls);
	else if (s->batch == 1)
		n = cb_packet_queue_receive(&s->queue, s->copies, s->room, frames, syscalls);
	else
		n = receive_many(s, frames, max, syscalls);
	return n == -EAGAIN || n == -EINTR ? 0 : n;
}

static int recv_account(void *state)
{
	struct recv_state *s = state;

	return cb_packet_socket_account(&s->socket);
}

static int recv_detach(void *state, struct cb_error *err)
{
	struct recv_state *s = state;

	return cb_packet_socket_detach(&s->socket, err);
}

static int recv_settle(void *state, struct cb_tap_counters *counters, struct cb_error *err)
{
	struct recv_state *s = state;

	counters->unread = cb_packet_queue_empty(&s->queue);
	counters->buffer_frames = cb_packet_queue_capacity(&s->queue);
	return cb_packet_socket_settle(&s->socket, counters, err);
}

static unsigned recv_traits(const void *options)
{
	const struct recv_options *o = options;

	return cb_packet_fanout_traits(cb_mechanism_recv.member.provides, &o->fanout);
}

const struct cb_mechanism cb_mechanism_recv = {
	.member = {.name = "recv",
		.help = "Each frame is copied out of a packet socket's queue by a system call.",
		.paper = "libpcap 0.9.8 (PF_PACKET, copying)",
		.options = recv_options,
		.options_size = sizeof(struct recv_options),
		.provides =
			CB_TRAIT_POLLABLE | CB_TRAIT_FILTER_FREE | CB_TRAIT_COPIES | CB_TRAIT_BATCH,
		.probe = recv_probe,
		.traits = recv_traits},
	.state_size = sizeof(struct recv_state),
	.open = recv_open,
	.receive = recv_receive,
	.account = recv_account,
	.detach = recv_detach,
	.settle = recv_settle,
	.close = recv_close,
};
