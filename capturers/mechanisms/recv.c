/*
 * recv: the kernel queues each frame on a packet socket, and a system call
 * copies it out: recvfrom() one by one, recvmmsg() several at a time.
 *
 * The buffer asked for is SO_RCVBUF. The kernel doubles the number and charges each frame's
 * truesize to it (socket buffer and descriptor: some 830 bytes for a 60-byte frame on veth), so its
 * capacity in frames depends on the driver; it is measured on the first frames that come.
 *
 * Counters: a frame that finds the queue full is in tp_packets and in tp_drops; dropped = tp_drops.
 * unread is what is still queued after the tap is down.
 */
#include "capturers/mechanisms/packet_socket.h"
#include "capturers/members.h"
#include "harness/base/log.h"
#include "harness/base/units.h"

#include <errno.h>
#include <limits.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define BATCH_MAX     256
#define CACHE_LINE    64u
#define BUFFER_MAX    (INT_MAX / 2) /* what sock_setsockopt() makes of a larger SO_RCVBUF */
#define CHARGE_SAMPLE 32            /* frames whose truesize is measured */
#define ERRORS_MAX    4

struct recv_options {
	int64_t batch;
};

struct recv_state {
	struct cb_packet_socket socket;
	unsigned batch;
	int64_t frame_length;  /* tap's; only such frames are sampled */
	unsigned samples;      /* frames still to sample */
	uint32_t charge;       /* truesize of a frame, 0: not known */
	uint32_t buffer_bytes; /* SO_RCVBUF as the kernel keeps it, doubled */
	uint8_t *copies;       /* batch x stride */
	size_t stride, room;   /* bytes from one copy to the next, for one */
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
	CB_OPTION_END,
};

static int recv_probe(struct cb_error *err)
{
	return cb_packet_socket_probe(CB_PACKET_NO_RING, err);
}

static int memory_info(int fd, uint32_t info[SK_MEMINFO_VARS])
{
	socklen_t size = SK_MEMINFO_VARS * sizeof(*info);

	memset(info, 0, size);
	return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &size) ? -errno : 0;
}

/* SO_RCVBUFFORCE goes beyond net.core.rmem_max, but takes CAP_NET_ADMIN of the initial namespace.
 */
static int set_buffer(struct recv_state *s, const struct cb_tap *tap, struct cb_error *err)
{
	int bytes = (int)tap->buffer, got = 0, usable;
	socklen_t size = sizeof(got);
	char text[32];

	if (tap->buffer > BUFFER_MAX)
		return cb_error_set(err, CB_ERR_USAGE,
			"buffer: a socket's receive buffer holds less than 1 GiB");
	if (setsockopt(s->socket.fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) &&
		setsockopt(s->socket.fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)))
		return cb_error_errno(err, CB_ERR_HOST, errno, "setting the receive buffer");
	if (getsockopt(s->socket.fd, SOL_SOCKET, SO_RCVBUF, &got, &size))
		return cb_error_errno(err, CB_ERR_HOST, errno, "reading the receive buffer");
	s->buffer_bytes = (uint32_t)got;
	usable = got / 2;
	if (usable < bytes)
		cb_warn("recv: the receive buffer is %s, less than asked for: net.core.rmem_max "
			"limits it without CAP_NET_ADMIN",
			cb_unit_human(CB_UNIT_BYTES, usable, text, sizeof(text)));
	return 0;
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
	s->samples = CHARGE_SAMPLE;
	s->frame_length = tap->frame_length;
	rc = cb_packet_socket_open(&s->socket, tap, err);
	if (rc)
		return rc;
	rc = set_buffer(s, tap, err);
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

static int receive_one(struct recv_state *s, struct cb_frame *frames)
{
	ssize_t n = recv(s->socket.fd, s->copies, s->room, MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0)
		return -errno;
	frames[0] = frame_of(s, 0, (size_t)n);
	return 1;
}

static int receive_many(struct recv_state *s, struct cb_frame *frames, unsigned max)
{
	unsigned batch = max < s->batch ? max : s->batch;
	int n = recvmmsg(s->socket.fd, s->messages, batch, MSG_DONTWAIT | MSG_TRUNC, NULL);

	if (n < 0)
		return -errno;
	for (unsigned i = 0; i < (unsigned)n; i++)
		frames[i] = frame_of(s, i, s->messages[i].msg_len);
	return n;
}

/* What the buffer is relieved of when one frame is taken out is what that frame was charged with.
 * Arrivals in between make it look less: hence the largest of several. */
static int receive_sample(struct recv_state *s, struct cb_frame *frames)
{
	uint32_t before[SK_MEMINFO_VARS], after[SK_MEMINFO_VARS], charge;
	int n, rc = memory_info(s->socket.fd, before);

	n = receive_one(s, frames);
	if (n <= 0)
		return n;
	s->samples--;
	if (rc || memory_info(s->socket.fd, after))
		return n;
	if (s->frame_length && frames[0].len != s->frame_length)
		return n;
	charge = before[SK_MEMINFO_RMEM_ALLOC] - after[SK_MEMINFO_RMEM_ALLOC];
	if (before[SK_MEMINFO_RMEM_ALLOC] > after[SK_MEMINFO_RMEM_ALLOC] && charge > s->charge)
		s->charge = charge;
	return n;
}

static int recv_receive(void *state, struct cb_frame *frames, unsigned max, int64_t *syscalls)
{
	struct recv_state *s = state;
	int n;

	*syscalls += s->samples ? 3 : 1;
	if (s->samples)
		n = receive_sample(s, frames);
	else
		n = s->batch == 1 ? receive_one(s, frames) : receive_many(s, frames, max);
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

/* Take the rest out of the queue without copying it. A pending error (the interface went down) is
 * reported once before frames come again. */
static int64_t count_queued(int fd)
{
	struct mmsghdr messages[BATCH_MAX] = {0};
	int64_t queued = 0;
	int n, errors = 0;

	while (errors < ERRORS_MAX) {
		n = recvmmsg(fd, messages, BATCH_MAX, MSG_DONTWAIT, NULL);
		if (n > 0)
			queued += n;
		else if (!n || errno == EAGAIN)
			break;
		else
			errors++;
	}
	return queued;
}

static int recv_settle(void *state, struct cb_tap_counters *counters, struct cb_error *err)
{
	struct recv_state *s = state;

	counters->unread = count_queued(s->socket.fd);
	/* packet_rcv() lets a frame in as long as the charge before it is below the limit */
	if (s->charge)
		counters->buffer_frames = (s->buffer_bytes + s->charge - 1) / s->charge;
	return cb_packet_socket_settle(&s->socket, counters, err);
}

const struct cb_mechanism cb_mechanism_recv = {
	.member = {.name = "recv",
		.help = "Each frame is copied out of a packet socket's queue by a system call.",
		.paper = "libpcap 0.9.8 (PF_PACKET, copying)",
		.options = recv_options,
		.options_size = sizeof(struct recv_options),
		.provides =
			CB_TRAIT_POLLABLE | CB_TRAIT_FILTER_FREE | CB_TRAIT_COPIES | CB_TRAIT_BATCH,
		.probe = recv_probe},
	.state_size = sizeof(struct recv_state),
	.open = recv_open,
	.receive = recv_receive,
	.account = recv_account,
	.detach = recv_detach,
	.settle = recv_settle,
	.close = recv_close,
};
