#include "capturers/mechanisms/packet_queue.h"

#include "harness/base/log.h"
#include "harness/base/units.h"

#include <errno.h>
#include <limits.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#define BUFFER_MAX    (INT_MAX / 2) /* what sock_setsockopt() makes of a larger SO_RCVBUF */
#define CHARGE_SAMPLE 32            /* frames whose truesize is measured */
#define EMPTY_BATCH   256
#define ERRORS_MAX    4

/* SO_RCVBUFFORCE goes beyond net.core.rmem_max, but takes CAP_NET_ADMIN of the initial namespace.
 */
int cb_packet_queue_init(
	struct cb_packet_queue *q, int fd, const struct cb_tap *tap, struct cb_error *err)
{
	int bytes = (int)tap->buffer, got = 0;
	socklen_t size = sizeof(got);
	char text[32];

	if (tap->buffer > BUFFER_MAX)
		return cb_error_set(err, CB_ERR_USAGE,
			"buffer: a socket's receive buffer holds less than 1 GiB");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) &&
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)))
		return cb_error_errno(err, CB_ERR_HOST, errno, "setting the receive buffer");
	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &size))
		return cb_error_errno(err, CB_ERR_HOST, errno, "reading the receive buffer");
	*q = (struct cb_packet_queue){.fd = fd,
		.limit = (uint32_t)got,
		.samples = CHARGE_SAMPLE,
		.frame_length = tap->frame_length};
	if (got / 2 < bytes)
		cb_warn("the receive buffer is %s, less than asked for: net.core.rmem_max limits "
			"it without CAP_NET_ADMIN",
			cb_unit_human(CB_UNIT_BYTES, got / 2.0, text, sizeof(text)));
	return 0;
}

int cb_packet_queue_receive(const struct cb_packet_queue *q, uint8_t *copy, size_t room,
	struct cb_frame *frame, int64_t *syscalls)
{
	/* MSG_TRUNC: the frame's own length, whatever was copied */
	ssize_t n = recv(q->fd, copy, room, MSG_DONTWAIT | MSG_TRUNC);

	++*syscalls;
	if (n < 0)
		return -errno;
	*frame = (struct cb_frame){.data = copy,
		.len = (uint32_t)n,
		.caplen = (uint32_t)((size_t)n < room ? (size_t)n : room)};
	return 1;
}

/* What is charged to the socket now; 0: can't be told. */
static uint32_t charged(const struct cb_packet_queue *q, int64_t *syscalls)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t size = sizeof(info);

	++*syscalls;
	if (getsockopt(q->fd, SOL_SOCKET, SO_MEMINFO, info, &size))
		return 0;
	return info[SK_MEMINFO_RMEM_ALLOC];
}

/* What the queue is relieved of when one frame is taken out is what that frame was charged with.
 * Arrivals in between make it look less: hence the largest of several. */
int cb_packet_queue_sample(struct cb_packet_queue *q, uint8_t *copy, size_t room,
	struct cb_frame *frame, int64_t *syscalls)
{
	uint32_t after, before = charged(q, syscalls);
	int n = cb_packet_queue_receive(q, copy, room, frame, syscalls);

	if (n <= 0)
		return n;
	q->samples--;
	after = charged(q, syscalls);
	if (q->frame_length && frame->len != q->frame_length)
		return n;
	if (before > after && before - after > q->charge)
		q->charge = before - after;
	return n;
}

int64_t cb_packet_queue_capacity(const struct cb_packet_queue *q)
{
	/* packet_rcv() lets a frame in as long as the charge before it is below the limit */
	return q->charge ? (q->limit + q->charge - 1) / q->charge : CB_UNKNOWN;
}

/* A pending error (the interface went down) is reported once before frames come again. */
int64_t cb_packet_queue_empty(const struct cb_packet_queue *q)
{
	struct mmsghdr messages[EMPTY_BATCH] = {0};
	int64_t queued = 0;
	int n, errors = 0;

	while (errors < ERRORS_MAX) {
		n = recvmmsg(q->fd, messages, EMPTY_BATCH, MSG_DONTWAIT, NULL);
		if (n > 0)
			queued += n;
		else if (!n || errno == EAGAIN)
			break;
		else
			errors++;
	}
	return queued;
}
