/*
 * `af-xdp`: AF_XDP sockets (harness/net/xsk.h), one a queue; batches take turns. A frame is written
 * into a chunk of the umem, its descriptor put on the TX ring, and the chunk is free again when its
 * address has come back on the COMPLETION ring.
 *
 * Copy mode (net/xdp/xsk.c __xsk_generic_xmit): frames are sent within sendto, in the order of the
 * ring, straight to the driver. EBUSY: the link refused the last one that was taken, which counts
 * as tx_dropped; it is completed and not sent again. EAGAIN: the call's budget (32 frames; 6.17
 * lets it be raised) or the send buffer is used up; what was not taken stays on the ring. Never
 * poll(2): it sends, too, and says nothing of refused frames.
 *
 * The ring's consumer index says how many were taken, but it is written only when frames were sent
 * or the ring is empty: a refused frame shows later. `behind` counts those.
 *
 * Zero-copy: frames on the ring are the driver's, which takes them when it likes, and are offered;
 * what it refuses is not told.
 */
#include "generators/traffic/frame.h"
#include "generators/traffic/shape.h"
#include "harness/base/clock.h"
#include "harness/net/xsk.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH_MAX         1024
#define QUEUES_MAX        64
#define SEND_BUFFER_BYTES (64 << 20) /* so that it is not what holds frames back */
#define STALL_NS          (1 * CB_NS_PER_SEC)
#define FLUSH_POLL_NS     (100 * CB_NS_PER_US)
#define MAX_TX_SKB_BUDGET 9 /* setsockopt XDP_MAX_TX_SKB_BUDGET, Linux 6.17 */

struct af_xdp_options {
	int64_t batch, frames, queue, queues;
	int mode; /* enum cb_xsk_mode */
	bool need_wakeup;
};

/* One queue's socket. */
struct lane {
	struct cb_xsk xsk;
	uint32_t *free; /* chunks that are ours: a stack; owned */
	uint32_t n_free;
	uint32_t behind; /* frames that were taken, but the consumer index does not say so yet */
	int broken;      /* -errno: frames are left on the ring that were never taken */
};

struct af_xdp {
	unsigned batch, n_lanes, turn;
	uint32_t key, frame_bytes, frames; /* frames: of each queue */
	uint8_t stream;
	const struct cb_template *frame;
	const struct cb_shape *shape; /* NULL: all frames are alike but for their stamp */
	struct lane *lanes;           /* owned */
};

static const char *const mode_names[] = {"auto", "copy", "zero-copy", NULL};

static const struct cb_option af_xdp_options[] = {
	{.name = "batch",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct af_xdp_options, batch),
		.fallback = "64",
		.min = 1,
		.max = BATCH_MAX,
		.help = "Frames put on a ring at once at most"},
	{.name = "frames",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct af_xdp_options, frames),
		.fallback = "2048",
		.min = 64,
		.max = 65536,
		.help = "Frames of a queue that may be on their way, in locked memory of 2 KiB "
			"each (4 "
			"KiB for large ones)"},
	{.name = "mode",
		.type = CB_OPT_ENUM,
		.offset = offsetof(struct af_xdp_options, mode),
		.fallback = "auto",
		.choices = mode_names,
		.help = "Whether the driver reads the frames where they are; auto: if it can"},
	{.name = "queue",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct af_xdp_options, queue),
		.fallback = "0",
		.max = UINT16_MAX,
		.help = "The first queue to send on; of several threads each takes the next"},
	{.name = "queues",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct af_xdp_options, queues),
		.fallback = "1",
		.min = 1,
		.max = QUEUES_MAX,
		.help = "Queues to send on in turn"},
	{.name = "need-wakeup",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct af_xdp_options, need_wakeup),
		.fallback = "on",
		.help = "Wake the driver only when it says that it sleeps (zero-copy)"},
	CB_OPTION_END,
};

/* ---- set-up ---- */

static uint8_t *chunk_at(const struct af_xdp *x, const struct lane *l, uint32_t chunk)
{
	return l->xsk.umem + (size_t)chunk * x->frame_bytes;
}

/* What is not granted costs system calls, not frames. */
static void widen(int fd, unsigned batch)
{
	int bytes = SEND_BUFFER_BYTES, budget = (int)batch;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_XDP, MAX_TX_SKB_BUDGET, &budget, sizeof(budget));
}

static int lane_open(struct af_xdp *x, const struct cb_link *link, uint32_t queue,
	const struct af_xdp_options *options, struct cb_error *err)
{
	const struct cb_xsk_spec spec = {.interface = link->interface,
		.ifindex = link->ifindex,
		.queue = queue,
		.frame_bytes = x->frame_bytes,
		.tx_frames = x->frames,
		.mode = (enum cb_xsk_mode)options->mode,
		.need_wakeup = options->need_wakeup};
	struct lane *l = &x->lanes[x->n_lanes];
	int rc = cb_xsk_open(&l->xsk, &spec, err);

	if (rc)
		return rc;
	x->n_lanes++;
	widen(l->xsk.fd, x->batch);
	l->free = calloc(x->frames, sizeof(*l->free));
	if (!l->free)
		return cb_error_memory(err, "the list of free frames");
	for (l->n_free = 0; l->n_free < x->frames; l->n_free++) {
		l->free[l->n_free] = l->n_free;
		memcpy(chunk_at(x, l, l->n_free), x->frame->bytes, x->frame->length);
	}
	return 0;
}

static void af_xdp_close(void *state)
{
	struct af_xdp *x = state;

	for (unsigned i = 0; i < x->n_lanes; i++) {
		cb_xsk_close(&x->lanes[i].xsk);
		free(x->lanes[i].free);
	}
	free(x->lanes);
	*x = (struct af_xdp){0};
}

static int af_xdp_open(
	void *state, const struct cb_link *link, const void *options, struct cb_error *err)
{
	const struct af_xdp_options *o = options;
	struct af_xdp *x = state;
	int rc = 0;

	*x = (struct af_xdp){.batch = (unsigned)o->batch,
		.frames = (uint32_t)o->frames,
		.key = link->key,
		.stream = link->stream,
		.frame = link->frame,
		.shape = link->shape,
		.frame_bytes = link->frame->length <= CB_XSK_FRAME_SMALL ? CB_XSK_FRAME_SMALL
									 : CB_XSK_FRAME_LARGE};
	if (link->frame->length > CB_XSK_FRAME_LARGE)
		return cb_error_set(err, CB_ERR_USAGE,
			"AF_XDP sends frames of %u bytes at most (without FCS), a page: take a "
			"smaller frame size or the transmitter packet",
			CB_XSK_FRAME_LARGE);
	x->lanes = calloc((size_t)o->queues, sizeof(*x->lanes));
	if (!x->lanes)
		return cb_error_memory(err, "the queues");
	for (int64_t i = 0; !rc && i < o->queues; i++)
		rc = lane_open(x, link, (uint32_t)(o->queue + link->lane * o->queues + i), o, err);
	if (rc)
		af_xdp_close(x);
	return rc;
}

/* ---- sending ---- */

static void reclaim(const struct af_xdp *x, struct lane *l)
{
	uint32_t n = cb_xsk_ready(&l->xsk.completion, x->frames);

	for (uint32_t i = 0; i < n; i++)
		l->free[l->n_free++] =
			(uint32_t)(*cb_xsk_address(&l->xsk.completion, i) / x->frame_bytes);
	if (n)
		cb_xsk_consumed(&l->xsk.completion, n);
}

static uint32_t write_frame(const struct af_xdp *x, uint8_t *bytes, const struct cb_stamp *stamp)
{
	uint32_t length = x->frame->length;

	if (x->shape)
		length = cb_shape_apply(x->shape, bytes, stamp->sequence);
	cb_frame_stamp(x->frame, x->shape != NULL, bytes, x->key, stamp);
	return length;
}

/* Put the next frames, up to n, on the ring; how many there was room for. */
static uint32_t put_frames(struct af_xdp *x, struct lane *l, struct cb_stamp stamp, uint32_t n)
{
	if (l->n_free < n)
		reclaim(x, l);
	if (n > l->n_free)
		n = l->n_free;
	n = cb_xsk_room(&l->xsk.tx, n);
	for (uint32_t i = 0; i < n; i++, stamp.sequence++) {
		uint32_t chunk = l->free[--l->n_free];

		*cb_xsk_descriptor(&l->xsk.tx, i) =
			(struct xdp_desc){.addr = (uint64_t)chunk * x->frame_bytes,
				.len = write_frame(x, chunk_at(x, l, chunk), &stamp)};
	}
	cb_xsk_produced(&l->xsk.tx, n);
	return n;
}

/* One system call; 0 or errno. */
static int kick(const struct lane *l, struct cb_transmit_counts *counts)
{
	counts->syscalls++;
	return sendto(l->xsk.fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 ? errno : 0;
}

/* Does this errno of sendto say that the frames will have to wait? ENOBUFS: no memory. */
static bool is_wait(int e)
{
	return e == EAGAIN || e == EBUSY || e == ENOBUFS || e == EINTR;
}

/* Frames on the ring that were not taken. */
static uint32_t waiting(struct lane *l)
{
	uint32_t size = l->xsk.tx.mask + 1;

	return size - cb_xsk_room(&l->xsk.tx, size) - l->behind;
}

/* Give the processor away; -EAGAIN when nothing has moved for too long. */
static int wait_a_little(uint64_t *since_ns)
{
	uint64_t now_ns = cb_now_ns();

	if (!*since_ns)
		*since_ns = now_ns;
	if (now_ns - *since_ns > STALL_NS)
		return -EAGAIN;
	sched_yield();
	return 0;
}

/* Copy mode: have all that is on the ring sent. 0 or -errno; waiting() says what is left. */
static int send_copies(struct af_xdp *x, struct lane *l, struct cb_transmit_counts *counts)
{
	uint64_t since_ns = 0;
	int error = 0;

	for (uint32_t left = waiting(l); left && !error;) {
		uint32_t consumed = l->xsk.tx.theirs, now_left;
		int e = kick(l, counts);

		counts->refused += e == EBUSY;
		l->behind += e == EBUSY;
		cb_xsk_room(&l->xsk.tx, l->xsk.tx.mask + 1);
		if (l->xsk.tx.theirs != consumed)
			l->behind = 0;
		now_left = waiting(l);
		if (e && !is_wait(e))
			error = -e;
		else if (now_left < left)
			since_ns = 0;
		else if (now_left)
			error = wait_a_little(&since_ns);
		left = now_left;
		reclaim(x, l);
	}
	return error;
}

/* The number of frames that were taken, or -errno. */
static int send_on(struct af_xdp *x, struct lane *l, const struct cb_stamp *stamp, unsigned n,
	struct cb_transmit_counts *counts)
{
	uint64_t since_ns = 0;
	uint32_t put = 0;
	int e;

	while (!l->broken && !(put = put_frames(x, l, *stamp, n))) {
		/* All are on their way. A driver that sleeps doesn't complete them. */
		e = kick(l, counts);
		l->broken = e && !is_wait(e) ? -e : wait_a_little(&since_ns);
	}
	if (l->broken)
		return l->broken;
	if (!l->xsk.zero_copy) {
		l->broken = send_copies(x, l, counts);
		put -= l->broken ? waiting(l) : 0;
	} else if (cb_xsk_must_wake(&l->xsk.tx)) {
		e = kick(l, counts);
		l->broken = e && !is_wait(e) ? -e : 0;
	}
	return put ? (int)put : l->broken;
}

static int af_xdp_send(void *state, uint64_t sequence, unsigned n, uint8_t phase, uint32_t time_ns,
	struct cb_transmit_counts *counts)
{
	struct af_xdp *x = state;
	const struct cb_stamp stamp = {
		.stream = x->stream, .phase = phase, .sequence = sequence, .time_ns = time_ns};
	struct lane *l = &x->lanes[x->turn];
	int used = send_on(x, l, &stamp, n < x->batch ? n : x->batch, counts);

	if (used > 0 && ++x->turn == x->n_lanes)
		x->turn = 0;
	return used;
}

static int af_xdp_flush(void *state, uint64_t deadline_ns, struct cb_transmit_counts *counts)
{
	struct af_xdp *x = state;

	for (unsigned i = 0; i < x->n_lanes; i++) {
		struct lane *l = &x->lanes[i];

		while (!l->broken && l->n_free < x->frames) {
			if (l->xsk.zero_copy && cb_xsk_must_wake(&l->xsk.tx))
				kick(l, counts);
			reclaim(x, l);
			if (l->n_free == x->frames)
				break;
			if (cb_now_ns() >= deadline_ns)
				return -ETIMEDOUT;
			cb_sleep_until(cb_deadline_in(FLUSH_POLL_NS));
		}
	}
	return 0;
}

const struct cb_transmitter cb_transmitter_af_xdp = {
	.member =
		{
			.name = "af-xdp",
			.help = "AF_XDP sockets: rings shared with the kernel, straight to the "
				"driver",
			.options = af_xdp_options,
			.options_size = sizeof(struct af_xdp_options),
			.provides = CB_TRAIT_STAMPS | CB_TRAIT_PACED | CB_TRAIT_SHAPES |
				CB_TRAIT_FRAMES,
			.probe = cb_xsk_probe,
		},
	.state_size = sizeof(struct af_xdp),
	.batch = BATCH_MAX,
	.open = af_xdp_open,
	.send = af_xdp_send,
	.flush = af_xdp_flush,
	.close = af_xdp_close,
};
