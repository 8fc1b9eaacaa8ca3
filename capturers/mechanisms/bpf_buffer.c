/*
 * bpf-buffer: FreeBSD's bpf(4) on Linux, as far as its protocol goes: two buffers, of which one
 * (the STORE) is filled by the kernel while the process has the other (the HOLD). They are handed
 * over when the STORE is full or `timeout` after its first frame, or at once with `immediate`. An
 * eBPF program stands in for catchpacket() (bpf/bpf_buffer.bpf.c), at one of three tap points
 * (bpf_tap.h). The tap's cost is Linux's, not FreeBSD's.
 *
 * access=copy is BPF: a system call copies the HOLD to the process, and the buffer is free again.
 * It is process_vm_readv() on the process's own mapping: as read(2) on bpf(4) it copies exactly the
 * bytes that the buffer holds, once, in the kernel, and walks the pages first. (Reading an eBPF map
 * would copy the whole buffer each time, twice, through a temporary one.)
 * access=mmap is Zero-Copy BPF: frames are read where they lie, and the buffer is given back by its
 * generation number. Where bpf(4) is asked for a partial buffer (read(2) in immediate mode,
 * BIOCROTZBUF) a system call runs a program that rotates.
 *
 * Where it differs: `timeout` runs from the first frame of a buffer, not from the beginning of a
 * read; the two buffers are `buffer` bytes each, and may be as large as memory allows.
 *
 * With the wait `batch` a buffer is handed over once N frames are in it, or m after the first.
 *
 * Counters: the program's own, 64 bits, one pair a core. seen: each frame that came while the tap
 * was on (bd_rcount, or bd_fcount with a filter). dropped: of these, those that found the STORE
 * full and no free buffer (bd_dcount), or for which other cores were quicker six times. unread is
 * what is in both when the tap is down.
 */
#include "capturers/mechanisms/bpf_buffer_pair.h"
#include "capturers/mechanisms/bpf_buffer_program.h"
#include "capturers/members.h"

#include <stddef.h>

#define WHAT "mechanism bpf-buffer"

struct buffer_options {
	struct cb_bpf_tap_options tap;
	int access;
	int64_t timeout_ns;
	bool immediate;
};

enum { ACCESS_COPY, ACCESS_MMAP };
static const char *const accesses[] = {"copy", "mmap", NULL};

struct buffer_state {
	struct cb_buffer_program program; /* of a process on its own */
	int fds[CB_BUFFER_FDS];
	struct cb_buffer_pair pair;
};

static const struct cb_option buffer_options[] = {
	CB_BPF_TAP_ROWS(buffer_options),
	{.name = "access",
		.type = CB_OPT_ENUM,
		.offset = offsetof(struct buffer_options, access),
		.fallback = "mmap",
		.choices = accesses,
		.help = "a system call copies a buffer to the process, or frames are read where "
			"they lie"},
	{.name = "timeout",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct buffer_options, timeout_ns),
		.fallback = "10ms",
		.max = 60 * CB_NS_PER_SEC,
		.help = "after which a buffer is handed over that is not full; 0: never"},
	{.name = "immediate",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct buffer_options, immediate),
		.fallback = "no",
		.help = "hand over as soon as there is a frame and the process has the other "
			"buffer given back"},
	CB_OPTION_END,
};

static int buffer_probe(struct cb_error *err)
{
	return cb_bpf_tap_probe(WHAT, err);
}

static void buffer_close(void *state)
{
	struct buffer_state *s = state;

	cb_bpf_tap_close(&s->program.tap);
	cb_buffer_pair_close(&s->pair);
	cb_buffer_program_close(&s->program);
}

/* Map what is ours by s->fds, and let the program fill our buffers. */
static int enter(struct buffer_state *s, unsigned index, const struct buffer_options *o,
	struct cb_error *err)
{
	int rc = cb_buffer_pair_open(&s->pair, s->fds, index, o->access == ACCESS_COPY, err);

	if (rc)
		return rc;
	s->pair.control->ns = (uint64_t)o->timeout_ns;
	s->pair.control->frames = o->immediate;
	cb_bpf_tap_set(&s->pair.control->on, 1);
	return 0;
}

/* The tap is attached last: from the first frame on, all is ready. */
static int open_alone(struct buffer_state *s, const struct cb_tap *tap,
	const struct buffer_options *o, struct cb_error *err)
{
	int rc = cb_buffer_program_make(&s->program, tap, &o->tap, 1, err);

	if (rc)
		return rc;
	for (unsigned i = 0; i < CB_BUFFER_FDS; i++)
		s->fds[i] = s->program.fds[0][i];
	rc = enter(s, 0, o, err);
	return rc ? rc : cb_buffer_program_attach(&s->program, tap, &o->tap, err);
}

static int open_shared(struct buffer_state *s, const struct cb_tap_share *share,
	const struct buffer_options *o, struct cb_error *err)
{
	if (share->n_fds != CB_BUFFER_FDS)
		return cb_error_set(err, CB_ERR_USAGE, WHAT ": this is no part of its tap");
	for (unsigned i = 0; i < CB_BUFFER_FDS; i++)
		s->fds[i] = share->fds[i];
	return enter(s, share->index, o, err);
}

static int buffer_open(void *state, const struct cb_tap *tap, const void *options,
	struct cb_tap_ready *ready, struct cb_error *err)
{
	const struct buffer_options *o = options;
	struct buffer_state *s = state;
	int64_t kept = tap->frame_length < tap->snaplen ? tap->frame_length : tap->snaplen;
	int rc;

	s->program = CB_BUFFER_PROGRAM_NONE;
	if (tap->share)
		rc = open_shared(s, tap->share, o, err);
	else
		rc = open_alone(s, tap, o, err);
	if (rc) {
		buffer_close(s);
		return rc;
	}
	ready->fd = s->fds[CB_BUFFER_FD_WAKEUPS];
	ready->buffer_frames = CB_UNKNOWN;
	if (kept)
		ready->buffer_frames =
			2 * (int64_t)(cb_buffer_store_bytes(tap) / CB_BUFFER_COST((uint32_t)kept));
	cb_bpf_tap_version(
		tap, (enum cb_bpf_tap_point)o->tap.point, ready->version, sizeof(ready->version));
	return 0;
}

static int buffer_receive(void *state, struct cb_frame *frames, unsigned max, int64_t *syscalls)
{
	struct buffer_state *s = state;

	return cb_buffer_pair_take(&s->pair, frames, max, syscalls);
}

static void buffer_release(void *state)
{
	struct buffer_state *s = state;

	cb_buffer_pair_release(&s->pair);
}

static int buffer_batch(void *state, uint32_t frames, uint64_t ns, int *fd, struct cb_error *err)
{
	struct buffer_state *s = state;

	cb_bpf_tap_set64(&s->pair.control->ns, ns);
	cb_bpf_tap_set(&s->pair.control->frames, frames);
	*fd = s->fds[CB_BUFFER_FD_WAKEUPS];
	return 0;
}

static void buffer_unwatched(void *state)
{
	struct buffer_state *s = state;

	cb_bpf_tap_set(&s->pair.control->quiet, 1);
}

static int buffer_share(const struct cb_tap *tap, const void *options, unsigned processes,
	struct cb_shared_tap **shared, struct cb_error *err)
{
	const struct buffer_options *o = options;

	return cb_buffer_program_share(tap, &o->tap, processes, shared, err);
}

/* What the STORE has is read too: receive() asks for it from now on. */
static int buffer_detach(void *state, struct cb_error *err)
{
	struct buffer_state *s = state;

	cb_bpf_tap_set(&s->pair.control->on, 0);
	cb_bpf_tap_quiesce();
	s->pair.down = true;
	return 0;
}

static int buffer_settle(void *state, struct cb_tap_counters *counters, struct cb_error *err)
{
	struct buffer_state *s = state;
	struct cb_frame frames[64];
	struct cb_tap_count count;
	int64_t syscalls = 0;
	int n, rc = cb_bpf_tap_count(s->fds[CB_BUFFER_FD_COUNTS], s->pair.index, &count, err);

	if (rc)
		return rc;
	counters->matched = (int64_t)count.seen;
	counters->dropped = (int64_t)count.dropped;
	counters->unread = 0;
	while ((n = cb_buffer_pair_take(&s->pair, frames, 64, &syscalls)) > 0) {
		counters->unread += n;
		cb_buffer_pair_release(&s->pair);
	}
	return n ? cb_error_errno(err, CB_ERR_HOST, n, WHAT ": reading its buffers") : 0;
}

static const struct cb_mechanism_extra buffer_extra = {
	.batch = buffer_batch,
	.unwatched = buffer_unwatched,
	.share = buffer_share,
};

const struct cb_mechanism cb_mechanism_bpf_buffer = {
	.member = {.name = "bpf-buffer",
		.help = "An eBPF program fills one of two buffers while the process has the other.",
		.paper = "FreeBSD's BPF (access=copy) and Zero-Copy BPF (access=mmap)",
		.options = buffer_options,
		.options_size = sizeof(struct buffer_options),
		.provides =
			CB_TRAIT_POLLABLE | CB_TRAIT_COPIES | CB_TRAIT_BATCH | CB_TRAIT_OWN_BATCH,
		.probe = buffer_probe},
	.extra = &buffer_extra,
	.state_size = sizeof(struct buffer_state),
	.open = buffer_open,
	.receive = buffer_receive,
	.release = buffer_release,
	.detach = buffer_detach,
	.settle = buffer_settle,
	.close = buffer_close,
};
