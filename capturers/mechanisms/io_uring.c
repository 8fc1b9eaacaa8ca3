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
#include "capturers/members.h"
#include "capturers/waits/readable.h"
#include "harness/base/file.h"

#include <errno.h>
#include <liburing.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#define BUFFERS_MAX 32768 /* what a ring of buffers has entries at most */
#define GROUP       1
#define HELD_MAX    256u
#define CACHE_LINE  64u
#define SQ_ENTRIES  4 /* there is one request */
#define SPARE       16
#define ROUNDS_MAX  3 /* of work that a look for frames does */
#define RING_FLAGS                                                                             \
	(IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG | \
		IORING_SETUP_CQSIZE)

/* Newer than the headers of some systems (linux/io_uring.h). */
#define FEATURE_MIN_TIMEOUT (1U << 15)
struct wait_argument {
	uint64_t sigmask;
	uint32_t sigmask_size;
	uint32_t min_wait_usec;
	uint64_t timeout;
};

struct uring_options {
	int64_t buffers;
	struct cb_packet_fanout fanout;
};

struct uring_state {
	struct cb_packet_socket socket;
	struct cb_packet_queue queue;
	struct io_uring ring; /* ring_fd > 0: open */
	struct io_uring_buf_ring *provided;
	unsigned n_buffers, entries; /* entries of `provided`: a power of two */
	uint8_t *buffers;            /* one more: for frames before the receive is armed */
	size_t stride, room;         /* bytes from one buffer to the next, for a frame */
	bool armed;                  /* the receive goes on */
	int error;                   /* negative errno that it ended with, to be told; 0: none */
	uint16_t held[HELD_MAX];     /* buffers that the loop has */
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
		.max = BUFFERS_MAX,
		.help = "buffers provided, a frame each; beside the socket's buffer"},
	CB_PACKET_FANOUT_ROWS(uring_options),
	CB_OPTION_END,
};

static int refuse_disabled(struct cb_error *err)
{
	char value[16] = "";

	cb_file_read_line("/proc/sys/kernel/io_uring_disabled", value, sizeof(value), NULL);
	if (*value && strcmp(value, "0") != 0)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"io_uring is switched off here: sysctl -w kernel.io_uring_disabled=0");
	return cb_error_set(err, CB_ERR_IMPOSSIBLE,
		"io_uring is not allowed here: a seccomp filter (of a container, say) refuses it");
}

static int refuse_ring(int error, struct cb_error *err)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return refuse_disabled(err);
	case ENOSYS:
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"this kernel has no io_uring: it needs CONFIG_IO_URING");
	case EINVAL:
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"this kernel's io_uring can't defer its work: it needs Linux 6.1");
	case ENOMEM:
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"no memory may be locked for an io_uring: raise the limit (ulimit -l)");
	default:
		return cb_error_errno(err, CB_ERR_HOST, error, "making an io_uring");
	}
}

static int open_ring(struct io_uring *ring, unsigned completions, struct cb_error *err)
{
	struct io_uring_params params = {.flags = RING_FLAGS, .cq_entries = completions};
	int rc = io_uring_queue_init_params(SQ_ENTRIES, ring, &params);

	if (!rc)
		return 0;
	ring->ring_fd = -1;
	return refuse_ring(-rc, err);
}

static int uring_probe(struct cb_error *err)
{
	struct io_uring ring;
	int rc = cb_packet_socket_probe(CB_PACKET_NO_RING, err);

	if (!rc)
		rc = open_ring(&ring, SPARE, err);
	if (!rc)
		io_uring_queue_exit(&ring);
	return rc;
}

static void *map_pages(size_t bytes)
{
	void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

static void provide(struct uring_state *s, unsigned id, unsigned offset)
{
	io_uring_buf_ring_add(s->provided, s->buffers + id * s->stride, (unsigned)s->room,
		(unsigned short)id, io_uring_buf_ring_mask(s->entries), (int)offset);
}

/* A line more than needed between frames, as in recv.c. */
static int make_buffers(struct uring_state *s, const struct cb_tap *tap, struct cb_error *err)
{
	int64_t longest = cb_packet_socket_frame_max(&s->socket);

	s->room = (size_t)(tap->snaplen < longest ? tap->snaplen : longest);
	s->stride = ((s->room + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1)) + CACHE_LINE;
	for (s->entries = 1; s->entries < s->n_buffers;)
		s->entries *= 2;
	s->buffers = map_pages((s->n_buffers + 1) * s->stride);
	s->provided = map_pages(s->entries * sizeof(struct io_uring_buf));
	return s->buffers && s->provided ? 0 : cb_error_memory(err, "receive buffers");
}

static int register_buffers(struct uring_state *s, struct cb_error *err)
{
	struct io_uring_buf_reg request = {
		.ring_addr = (uintptr_t)s->provided, .ring_entries = s->entries, .bgid = GROUP};
	int rc = io_uring_register_buf_ring(&s->ring, &request, 0);

	if (rc)
		return cb_error_errno(err, CB_ERR_HOST, rc, "providing %u buffers", s->n_buffers);
	io_uring_buf_ring_init(s->provided);
	for (unsigned i = 0; i < s->n_buffers; i++)
		provide(s, i, i);
	io_uring_buf_ring_advance(s->provided, (int)s->n_buffers);
	return 0;
}

static void uring_close(void *state)
{
	struct uring_state *s = state;

	if (s->ring.ring_fd > 0)
		io_uring_queue_exit(&s->ring);
	if (s->buffers)
		munmap(s->buffers, (s->n_buffers + 1) * s->stride);
	if (s->provided)
		munmap(s->provided, s->entries * sizeof(struct io_uring_buf));
	cb_packet_socket_close(&s->socket);
}

static int uring_open(void *state, const struct cb_tap *tap, const void *options,
	struct cb_tap_ready *ready, struct cb_error *err)
{
	const struct uring_options *o = options;
	struct uring_state *s = state;
	int rc;

	s->n_buffers = (unsigned)o->buffers;
	rc = cb_packet_socket_open(&s->socket, tap, err);
	if (rc)
		return rc;
	cb_packet_socket_share(&s->socket, &o->fanout, ready);
	rc = cb_packet_queue_init(&s->queue, s->socket.fd, tap, err);
	if (!rc)
		rc = make_buffers(s, tap, err);
	if (!rc)
		rc = open_ring(&s->ring, 2 * s->n_buffers + SPARE, err);
	if (!rc)
		rc = register_buffers(s, err);
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
	struct io_uring_sqe *sqe = io_uring_get_sqe(&s->ring);
	int rc;

	if (!sqe)
		return -EBUSY;
	/* MSG_TRUNC: the result is the frame's own length, whatever was copied */
	io_uring_prep_recv_multishot(sqe, s->socket.fd, NULL, 0, MSG_TRUNC);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = GROUP;
	rc = io_uring_submit(&s->ring);
	s->armed = rc > 0;
	return rc < 0 ? rc : 0;
}

/* The kernel says when there is work that waits for the process to enter it. */
static bool is_work_due(const struct uring_state *s)
{
	return !s->armed ||
		IO_URING_READ_ONCE(*s->ring.sq.kflags) &
		(IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW);
}

static int do_work(struct uring_state *s, int64_t *syscalls)
{
	int rc;

	++*syscalls;
	if (s->armed)
		rc = io_uring_enter(s->ring.ring_fd, 0, 0, IORING_ENTER_GETEVENTS, NULL);
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
	*frame = (struct cb_frame){.data = s->buffers + id * s->stride, .len = (uint32_t)cqe->res};
	frame->caplen = frame->len < s->room ? frame->len : (uint32_t)s->room;
	s->held[s->n_held++] = id;
	return true;
}

static unsigned reap(struct uring_state *s, struct cb_frame *frames, unsigned max)
{
	struct io_uring_cqe *cqe;
	unsigned head, n = 0, seen = 0;

	io_uring_for_each_cqe(&s->ring, head, cqe)
	{
		if (n == max)
			break;
		n += take_completion(s, cqe, &frames[n]);
		seen++;
	}
	io_uring_cq_advance(&s->ring, seen);
	return n;
}

/* The first frames, one by one: what they take of the queue is measured on them. */
static int receive_sample(struct uring_state *s, struct cb_frame *frame, int64_t *syscalls)
{
	int n = cb_packet_queue_sample(
		&s->queue, s->buffers + s->n_buffers * s->stride, s->room, frame, syscalls);

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

	for (unsigned i = 0; i < s->n_held; i++)
		provide(s, s->held[i], i);
	io_uring_buf_ring_advance(s->provided, (int)s->n_held);
	s->n_held = 0;
}

static int uring_batch(void *state, uint32_t frames, uint64_t ns, int *fd, struct cb_error *err)
{
	struct uring_state *s = state;

	if (!(s->ring.features & FEATURE_MIN_TIMEOUT))
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
	struct __kernel_timespec timeout = {.tv_sec = (int64_t)(left / CB_NS_PER_SEC),
		.tv_nsec = (long long)(left % CB_NS_PER_SEC)};
	/* the kernel would wait for its min-wait even beyond the timeout */
	uint64_t least = s->batch_ns < left ? s->batch_ns : left;
	struct wait_argument argument = {
		.min_wait_usec = (uint32_t)((least + CB_NS_PER_US - 1) / CB_NS_PER_US),
		.timeout = (uintptr_t)&timeout};
	int rc;

	if (!s->armed)
		return wait_for_socket(s, now, deadline_ns, counts);
	rc = io_uring_enter2(s->ring.ring_fd, 0, s->batch_frames,
		IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, (sigset_t *)&argument,
		sizeof(argument));

	counts->syscalls++;
	counts->blocks++;
	return rc >= 0 || rc == -ETIME || rc == -EINTR || rc == -EAGAIN ? 0 : rc;
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
	while (io_uring_cq_ready(&s->ring)) {
		counters->unread += reap(s, &frame, 1);
		s->n_held = 0;
	}
	counters->unread += cb_packet_queue_empty(&s->queue);
	counters->buffer_frames = cb_count_add(queued, s->n_buffers);
	rc = cb_packet_socket_settle(&s->socket, counters, err);
	/* completions for which the kernel had no memory: 0, unless this is wrong about overflows
	 */
	counters->dropped = cb_count_add(counters->dropped, *s->ring.cq.koverflow);
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
