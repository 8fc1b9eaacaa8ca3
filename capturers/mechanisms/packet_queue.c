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
			cb_unit_human(CB_UNIT_BYTES, got / 2, text, sizeof(text)));
	return 0;
}

uint32_t cb_packet_queue_bytes(const struct cb_packet_queue *q, int64_t *syscalls)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t size = sizeof(info);

	++*syscalls;
	if (getsockopt(q->fd, SOL_SOCKET, SO_MEMINFO, info, &size))
		return 0;
	return info[SK_MEMINFO_RMEM_ALLOC];
}

/* What the queue is relieved of when frames are taken out is what they were charged with. Arrivals
 * in between make it look less: hence the largest of several. */
void cb_packet_queue_sample(struct cb_packet_queue *q, uint32_t before,
	const struct cb_frame *frames, unsigned n, int64_t *syscalls)
{
	uint32_t after = cb_packet_queue_bytes(q, syscalls);

	q->samples -= n < q->samples ? n : q->samples;
	for (unsigned i = 0; i < n && q->frame_length; i++) {
		if (frames[i].len != q->frame_length)
			return;
	}
	if (before > after && (before - after) / n > q->charge)
		q->charge = (before - after) / n;
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
