/*
 * bpf-ring: an eBPF program copies each frame into a ring that is mapped into the process (the
 * shape of PF_RING), at one of three tap points (bpf_tap.h).
 *
 * The ring is a BPF ring buffer, of the largest power of two that is no more than the buffer asked
 * for. A frame takes a record of one of several sizes (CB_RING_CLASSES), with 24 bytes of headers.
 *
 * Wake-ups: `paced` is the ring buffer's own way, only a record that finds the reader caught up
 * wakes it (Documentation/bpf/ringbuf.rst); `frame` forces one for each frame; with the wait
 * `batch` the program wakes once N frames are in the ring or m after the first of them, and at once
 * when the ring is full. Each is an irq_work, an interrupt of the core to itself. Where nobody
 * waits for readiness there are none.
 *
 * Counters: the program's own, 64 bits, one pair a core. seen: each frame that came while the tap
 * was on. dropped: of these, those for which bpf_ringbuf_reserve() found no room (or, since Linux
 * 6.18, did not get its lock in time). unread is what is still in the ring when the tap is down. A
 * packet socket that is only there for its filter counts nothing.
 */
#include "harness/net/bpf_ring.h"

#include "capturers/mechanisms/bpf_ring_program.h"
#include "capturers/members.h"

#include <bpf/bpf.h>

#define WHAT "mechanism bpf-ring"
/* A receive() takes at most this share of the ring, so that a small one isn't held as a whole while
 * the load works on it. */
#define HELD_SHARE     4
#define PREFETCH_AHEAD 16u /* records */

struct ring_options {
	struct cb_bpf_tap_options tap;
	int wakeup;
};

enum { WAKE_PACED, WAKE_FRAME };
static const char *const wakeups[] = {"paced", "frame", NULL};

struct ring_state {
	struct cb_ring_program program; /* of a process on its own */
	int fds[CB_RING_FDS];
	struct cb_bpf_ring ring, wakeups;
	struct cb_bpf_tap_controls controls;
	struct cb_ring_control *control; /* ours of these */
	uint32_t index;
	uint64_t flags; /* for submit_flags, unless nobody waits or batches are asked for */
	uint64_t real_offset_ns;
	bool batch;
};

static const struct cb_option ring_options[] = {
	CB_BPF_TAP_ROWS(ring_options),
	{.name = "wakeup",
		.type = CB_OPT_ENUM,
		.offset = offsetof(struct ring_options, wakeup),
		.fallback = "paced",
		.choices = wakeups,
		.help = "wake the process when a frame finds that it has read all others, or for "
			"each frame; the wait `batch` overrides it"},
	CB_OPTION_END,
};

static int ring_probe(struct cb_error *err)
{
	return cb_bpf_tap_probe(WHAT, err);
}

static void ring_close(void *state)
{
	struct ring_state *s = state;

	cb_bpf_tap_close(&s->program.tap);
	cb_bpf_tap_unmap_controls(&s->controls);
	cb_bpf_ring_close(&s->ring);
	cb_bpf_ring_close(&s->wakeups);
	cb_ring_program_close(&s->program);
}

/* Map what is ours by s->fds, and let the program fill our ring. */
static int enter(struct ring_state *s, struct cb_error *err)
{
	int rc = cb_bpf_tap_map_controls(
		&s->controls, s->fds[CB_RING_FD_CONTROLS], sizeof(*s->control), s->index, err);

	if (rc)
		return rc;
	s->control = (struct cb_ring_control *)s->controls.all + s->index;
	rc = cb_bpf_ring_open(&s->ring, s->fds[CB_RING_FD_RING], err);
	if (!rc)
		rc = cb_bpf_ring_open(&s->wakeups, s->fds[CB_RING_FD_WAKEUPS], err);
	if (rc)
		return rc;
	s->real_offset_ns = cb_bpf_tap_real_offset_ns();
	cb_bpf_tap_set64(&s->control->submit_flags, s->flags);
	cb_bpf_tap_set(&s->control->on, 1);
	return 0;
}

/* The tap is attached last: from the first frame on, all is ready. */
static int open_alone(struct ring_state *s, const struct cb_tap *tap,
	const struct cb_bpf_tap_options *o, struct cb_error *err)
{
	int rc = cb_ring_program_make(&s->program, tap, o, 1, err);

	if (rc)
		return rc;
	for (unsigned i = 0; i < CB_RING_FDS; i++)
		s->fds[i] = s->program.fds[0][i];
	rc = enter(s, err);
	return rc ? rc : cb_ring_program_attach(&s->program, tap, o, err);
}

static int open_shared(struct ring_state *s, const struct cb_tap_share *share, struct cb_error *err)
{
	if (share->n_fds != CB_RING_FDS)
		return cb_error_set(err, CB_ERR_USAGE, WHAT ": this is no part of its tap");
	s->index = share->index;
	for (unsigned i = 0; i < CB_RING_FDS; i++)
		s->fds[i] = share->fds[i];
	return enter(s, err);
}

static int64_t capacity(const struct ring_state *s, const struct cb_tap *tap)
{
	static const uint32_t rooms[] = {
#define ROOM(room) room,
		CB_RING_CLASSES(ROOM)
#undef ROOM
	};
	int64_t kept = tap->frame_length < tap->snaplen ? tap->frame_length : tap->snaplen;

	if (!tap->frame_length)
		return CB_UNKNOWN;
	for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
		/* one byte must stay free (__bpf_ringbuf_reserve()) */
		if (kept <= rooms[i])
			return (int64_t)((s->ring.size - 1) /
				cb_bpf_ring_cost(sizeof(struct cb_ring_frame) + rooms[i]));
	}
	return 0;
}

static int ring_open(void *state, const struct cb_tap *tap, const void *options,
	struct cb_tap_ready *ready, struct cb_error *err)
{
	const struct ring_options *o = options;
	struct ring_state *s = state;
	int rc;

	s->program = CB_RING_PROGRAM_NONE;
	s->flags = o->wakeup == WAKE_FRAME ? BPF_RB_FORCE_WAKEUP : 0;
	if (tap->share)
		rc = open_shared(s, tap->share, err);
	else
		rc = open_alone(s, tap, &o->tap, err);
	if (rc) {
		ring_close(s);
		return rc;
	}
	ready->fd = s->fds[CB_RING_FD_RING];
	ready->buffer_frames = capacity(s, tap);
	cb_bpf_tap_version(
		tap, (enum cb_bpf_tap_point)o->tap.point, ready->version, sizeof(ready->version));
	return 0;
}

static inline unsigned take(struct ring_state *s, struct cb_frame *frames, unsigned max)
{
	uint64_t from = s->ring.position, held = s->ring.size / HELD_SHARE;
	unsigned n = 0;

	while (n < max && s->ring.position - from < held) {
		const struct cb_ring_frame *record = cb_bpf_ring_next(&s->ring);
		const uint8_t *data;

		if (!record)
			break;
		data = (const uint8_t *)(record + 1);
		/* frames of a stream are mostly of one size */
		__builtin_prefetch(data + PREFETCH_AHEAD * cb_bpf_ring_cost(record->caplen));
		frames[n++] = (struct cb_frame){.data = data,
			.caplen = record->caplen,
			.len = record->len,
			.time_ns = record->time_ns + s->real_offset_ns};
	}
	return n;
}

/* A wake-up that is taken away must not be for frames that this look has missed: so it is taken
 * away before the last look. */
static int ring_receive(void *state, struct cb_frame *frames, unsigned max, int64_t *syscalls)
{
	struct ring_state *s = state;
	unsigned n = take(s, frames, max);

	if (n || !s->batch)
		return (int)n;
	cb_bpf_ring_clear(&s->wakeups);
	return (int)take(s, frames, max);
}

static void ring_release(void *state)
{
	struct ring_state *s = state;

	cb_bpf_ring_release(&s->ring);
}

static int ring_share(const struct cb_tap *tap, const void *options, unsigned processes,
	struct cb_shared_tap **shared, struct cb_error *err)
{
	const struct ring_options *o = options;

	return cb_ring_program_share(tap, &o->tap, processes, shared, err);
}

static int ring_batch(void *state, uint32_t frames, uint64_t ns, int *fd, struct cb_error *err)
{
	struct ring_state *s = state;

	s->batch = true;
	cb_bpf_tap_set64(&s->control->batch_ns, ns);
	cb_bpf_tap_set64(&s->control->submit_flags, BPF_RB_NO_WAKEUP);
	cb_bpf_tap_set(&s->control->batch_frames, frames);
	*fd = s->fds[CB_RING_FD_WAKEUPS];
	return 0;
}

static void ring_unwatched(void *state)
{
	struct ring_state *s = state;

	cb_bpf_tap_set64(&s->control->submit_flags, BPF_RB_NO_WAKEUP);
}

static int ring_detach(void *state, struct cb_error *err)
{
	struct ring_state *s = state;

	cb_bpf_tap_set(&s->control->on, 0);
	cb_bpf_tap_quiesce();
	return 0;
}

static int ring_settle(void *state, struct cb_tap_counters *counters, struct cb_error *err)
{
	struct ring_state *s = state;
	struct cb_tap_count count;
	int rc = cb_bpf_tap_count(s->fds[CB_RING_FD_COUNTS], s->index, &count, err);

	if (rc)
		return rc;
	counters->matched = (int64_t)count.seen;
	counters->dropped = (int64_t)count.dropped;
	counters->unread = 0;
	while (cb_bpf_ring_next(&s->ring))
		counters->unread++;
	return 0;
}

static const struct cb_mechanism_extra ring_extra = {
	.batch = ring_batch,
	.unwatched = ring_unwatched,
	.share = ring_share,
};

const struct cb_mechanism cb_mechanism_bpf_ring = {
	.member = {.name = "bpf-ring",
		.help = "An eBPF program copies frames into a ring mapped into the process.",
		.paper = "PF_RING, transparent mode 0, 1, 2 (tap socket, xdp-pass, xdp-take)",
		.options = ring_options,
		.options_size = sizeof(struct ring_options),
		.provides =
			CB_TRAIT_POLLABLE | CB_TRAIT_COPIES | CB_TRAIT_BATCH | CB_TRAIT_OWN_BATCH,
		.probe = ring_probe},
	.extra = &ring_extra,
	.state_size = sizeof(struct ring_state),
	.open = ring_open,
	.receive = ring_receive,
	.release = ring_release,
	.detach = ring_detach,
	.settle = ring_settle,
	.close = ring_close,
};
