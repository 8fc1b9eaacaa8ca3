/*
 * io-uring: one multishot receive on a packet socket; the kernel copies each frame into a buffer of
 * a ring that the process provided, and completes once a frame.
 *
 * The work is deferred (IORING_SETUP_DEFER_TASKRUN): frames wait in the socket's queue, limited by
 * SO_RCVBUF (packet_queue.h), until the process enters the kernel, which takes out many of them at
 * once. When the provided buffers are used up the receive ends (ENOBUFS) and is armed again when
 * they are given back; frames stay in the queue meanwhile. The completion ring is larger than the
 * number of buffers, so that it can't overflow.
 *
 * Its own N-or-m is min-wait (Linux 6.12). m counts from the beginning of the wait, not from the
 * first frame; when m has passed without a frame the next one wakes. N does not end the wait early
 * unless it is 1: the kernel counts pieces of deferred work then (io_req_local_work_add(),
 * io_uring/io_uring.c), and the receive is one piece, however many frames are in the queue.
 *
 * Counters: a frame that finds the queue full is in tp_packets and in tp_drops; dropped = tp_drops.
 * unread is what is completed but was not read, and what is still queued.
 */
#include "capturers/mechanisms/packet_queue.h"
#include "capturers/mechanisms/uring.h"
#include "capturers/members.h"
#include "capturers/waits/readable.h"

#include <errno.h>
#include <stddef.h>

#define HELD_MAX   256u
#define ROUNDS_MAX 3 /* of work that a look for frames does */

struct uring_options {
	int64_t buffers;
	struct cb_packet_fanout fanout;
};

struct uring_state {
	struct cb_packet_socket socket;
	struct cb_packet_queue queue;
	struct cb_uring u;
	bool armed;              /* the receive goes on */
	int error;               /* negative errno that it ended with, to be told; 0: none */
	uint16_t held[HELD_MAX]; /* buffers that the loop has */
	unsigned n_held;
	uint32_t batch_frames;
	uint64_t batch_ns;
};

static const struct cb_option uring_options[] = {
	{.name = "buffers",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct uring_options, buffers),
		.fallback = "1024",
		.min = 1,
		.max = CB_URING_BUFFERS_MAX,
		.help = "buffers provided, a frame each; beside the socket's buffer"},
	CB_PACKET_FANOUT_ROWS(uring_options),
	CB_OPTION_END,
};

static int uring_probe(struct cb_error *err)
{
	int rc = cb_packet_socket_probe(CB_PACKET_NO_RING, err);

	return rc ? rc : cb_uring_probe(err);
}

static void uring_close(void *state)
{
	struct uring_state *s = state;

	cb_uring_close(&s->u);
	cb_packet_socket_close(&s->socket);
}

static int uring_open(void *state, const struct cb_tap *tap, const void *options,
	struct cb_tap_ready *ready, struct cb_error *err)
{
	const struct uring_options *o = options;
	struct uring_state *s = state;
	int64_t longest;
	int rc;

	rc = cb_packet_socket_open(&s->socket, tap, err);
	if (rc)
		return rc;
	longest = cb_packet_socket_frame_max(&s->socket);
	cb_packet_socket_share(&s->socket, &o->fanout, ready);
	rc = cb_packet_queue_init(&s->queue, s->socket.fd, tap, err);
	if (!rc)
		rc = cb_uring_open(&s->u, (unsigned)o->buffers,
			(size_t)(tap->snaplen < longest ? tap->snaplen : longest), err);
	if (!rc)
		rc = cb_packet_socket_start(&s->socket, tap, err);
	if (rc) {
		uring_close(s);
		return rc;
	}
	/* deferred work takes nothing out of the queue behind the process's back */
	ready->fd = s->socket.fd;
	ready->buffer_frames = CB_UNKNOWN;
	cb_packet_socket_version(ready->version, sizeof(ready->version));
	return 0;
}

static int arm(struct uring_state *s)
{
	struct io_uring_sqe *sqe;
	int rc;

	/* not after a submission that failed: it is there still */
	if (!io_uring_sq_ready(&s->u.ring)) {
		sqe = io_uring_get_sqe(&s->u.ring);
		/* MSG_TRUNC: the result is the frame's own length, whatever was copied */
		io_uring_prep_recv_multishot(sqe, s->socket.fd, NULL, 0, MSG_TRUNC);
		sqe->flags |= IOSQE_BUFFER_SELECT;
		sqe->buf_group = CB_URING_GROUP;
	}
	rc = io_uring_submit(&s->u.ring);
	s->armed = rc > 0;
	return rc < 0 ? rc : 0;
}

/* The kernel says when there is work that waits for the process to enter it. */
static bool is_work_due(const struct uring_state *s)
{
	return !s->armed ||
		IO_URING_READ_ONCE(*s->u.ring.sq.kflags) &
		(IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW);
}

static int do_work(struct uring_state *s, int64_t *syscalls)
{
	int rc;

	++*syscalls;
	if (s->armed)
		rc = io_uring_enter(s->u.ring.ring_fd, 0, 0, IORING_ENTER_GETEVENTS, NULL);
	else
		rc = arm(s);
	return rc < 0 && rc != -EINTR && rc != -EAGAIN ? rc : 0;
}

/* One completion: true when it is a frame. */
static bool take_completion(
	struct uring_state *s, const struct io_uring_cqe *cqe, struct cb_frame *frame)
{
	uint16_t id = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);

	if (!(cqe->flags & IORING_CQE_F_MORE))
		s->armed = false;
	if (cqe->res < 0 && cqe->res != -ENOBUFS)
		s->error = cqe->res;
	if (!(cqe->flags & IORING_CQE_F_BUFFER))
		return false;
	s->held[s->n_held++] = id;
	if (cqe->res < 0)
		return false;
	*frame = (struct cb_frame){.data = cb_uring_buffer(&s->u, id), .len = (uint32_t)cqe->res};
	frame->caplen = frame->len < s->u.room ? frame->len : (uint32_t)s->u.room;
	return true;
}

static unsigned reap(struct uring_state *s, struct cb_frame *frames, unsigned max)
{
	struct io_uring_cqe *cqe;
	unsigned head, n = 0, seen = 0;

	io_uring_for_each_cqe(&s->u.ring, head, cqe)
	{
		if (n == max || s->n_held == HELD_MAX)
			break;
		n += take_completion(s, cqe, &frames[n]);
		seen++;
	}
	io_uring_cq_advance(&s->u.ring, seen);
	return n;
}

/* The first frames, one by one: what they take of the queue is measured on them. */
static int receive_sample(struct uring_state *s, struct cb_frame *frame, int64_t *syscalls)
{
	int n = cb_packet_queue_sample(
		&s->queue, cb_uring_buffer(&s->u, s->u.n_buffers), s->u.room, frame, syscalls);

	return n == -EAGAIN || n == -EINTR ? 0 : n;
}

static int uring_receive(void *state, struct cb_frame *frames, unsigned max, int64_t *syscalls)
{
	struct uring_state *s = state;
	int n, rc = 0;

	if (s->queue.samples)
		return receive_sample(s, frames, syscalls);
	if (max > HELD_MAX)
		max = HELD_MAX;
	n = (int)reap(s, frames, max);
	for (int i = 0; !n && !rc && !s->error && i < ROUNDS_MAX && is_work_due(s); i++) {
		rc = do_work(s, syscalls);
		n = (int)reap(s, frames, max);
	}
	if (n)
		return n;
	if (!rc)
		rc = s->error;
	s->error = 0;
	return rc;
}

static void uring_release(void *state)
{
	struct uring_state *s = state;

	cb_uring_provide(&s->u, s->held, s->n_held);
	s->n_held = 0;
}

static int uring_batch(void *state, uint32_t frames, uint64_t ns, int *fd, struct cb_error *err)
{
	struct uring_state *s = state;

	if (!cb_uring_has_min_wait(&s->u))
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"wait batch with io-uring needs Linux 6.12 (io_uring's min-wait)");
	s->batch_frames = frames;
	s->batch_ns = ns;
	*fd = -1;
	return 0;
}

/* No receive, so no completion: while the first frames are sampled. */
static int wait_for_socket(const struct uring_state *s, uint64_t now_ns, uint64_t deadline_ns,
	struct cb_wait_counts *counts)
{
	struct cb_wait_call call = {.now_ns = now_ns, .deadline_ns = deadline_ns};

	return cb_wait_readable(s->socket.fd, &call, counts);
}

static int uring_wait_batch(void *state, uint64_t deadline_ns, struct cb_wait_counts *counts)
{
	struct uring_state *s = state;
	uint64_t now = cb_now_ns(), left = deadline_ns > now ? deadline_ns - now : 0;

	if (!s->armed)
		return wait_for_socket(s, now, deadline_ns, counts);
	counts->syscalls++;
	counts->blocks++;
	return cb_uring_min_wait(&s->u, s->batch_frames, s->batch_ns, left);
}

static int uring_account(void *state)
{
	struct uring_state *s = state;

	return cb_packet_socket_account(&s->socket);
}

static int uring_detach(void *state, struct cb_error *err)
{
	struct uring_state *s = state;

	return cb_packet_socket_detach(&s->socket, err);
}

/* Nothing moves from the queue to the completions any more: only the process's own entering does
 * that. */
static int uring_settle(void *state, struct cb_tap_counters *counters, struct cb_error *err)
{
	struct uring_state *s = state;
	int64_t queued = cb_packet_queue_capacity(&s->queue);
	struct cb_frame frame;
	int rc;

	s->n_held = 0;
	counters->unread = 0;
	while (io_uring_cq_ready(&s->u.ring)) {
		counters->unread += reap(s, &frame, 1);
		s->n_held = 0;
	}
	counters->unread += cb_packet_queue_empty(&s->queue);
	counters->buffer_frames = cb_count_add(queued, s->u.n_buffers);
	rc = cb_packet_socket_settle(&s->socket, counters, err);
	/* completions that overflowed for want of memory: 0, by the size of their ring */
	counters->dropped = cb_count_add(counters->dropped, *s->u.ring.cq.koverflow);
	return rc;
}

static unsigned uring_traits(const void *options)
{
	const struct uring_options *o = options;

	return cb_packet_fanout_traits(cb_mechanism_io_uring.member.provides, &o->fanout);
}

static const struct cb_mechanism_extra extra = {
	.batch = uring_batch,
	.wait_batch = uring_wait_batch,
};

const struct cb_mechanism cb_mechanism_io_uring = {
	.member = {.name = "io-uring",
		.help = "Frames are copied into provided buffers, many a system call (multishot "
			"receive).",
		.paper = "PF_PACKET with the authors' change (N packets or m microseconds), with "
			 "wait batch",
		.options = uring_options,
		.options_size = sizeof(struct uring_options),
		.provides = CB_TRAIT_POLLABLE | CB_TRAIT_FILTER_FREE | CB_TRAIT_COPIES |
			CB_TRAIT_BATCH | CB_TRAIT_OWN_BATCH,
		.probe = uring_probe,
		.traits = uring_traits},
	.extra = &extra,
	.state_size = sizeof(struct uring_state),
	.open = uring_open,
	.receive = uring_receive,
	.release = uring_release,
	.account = uring_account,
	.detach = uring_detach,
	.settle = uring_settle,
	.close = uring_close,
};
