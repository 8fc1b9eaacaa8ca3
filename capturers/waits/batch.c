/*
 * batch: woken once N frames are there, or m after the first of them: the paper's own proposal,
 * without a patched kernel.
 *
 * A mechanism that can do this by itself is told to, and needs no eBPF. For the others (recv,
 * tpacket1, tpacket2) an eBPF program at tc ingress counts frames (bpf/batch.bpf.c); it runs after
 * the packet sockets' taps, so a frame that it has counted is in the tap's buffer. It signals a BPF
 * ring buffer once a batch, and it is this that the process waits on: the socket's own wake-up,
 * once a frame, finds nobody waiting. It counts all frames that come in on the interface, also
 * those that a capture filter refuses.
 *
 * The readiness of a BPF ring buffer is a level, the wake-ups are edges: hence epoll with EPOLLET.
 * A wake-up that comes while the process is still reading frames is not lost: the next wait ends at
 * once.
 *
 * `sleep` puts a fixed sleep behind each wake-up (figure 12's batch plus sleep).
 *
 * The program's link (TCX, Linux 6.6) dies with the process. On older kernels it is a tc filter
 * named cb_batch, which a child takes away if the process is killed (harness/net/bpf_attach.h).
 */
#include "capturers/members.h"
#include "capturers/waits/readable.h"
#include "capturers/waits/timer_slack.h"
#include "harness/base/clock.h"
#include "harness/net/bpf.h"
#include "harness/net/bpf_attach.h"
#include "harness/net/bpf_ring.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "batch.skel.h"

struct batch_options {
	int64_t frames, time_ns, sleep_ns;
};

struct batch_state {
	struct cb_wait_target target;
	bool own_wait;         /* waiting is a system call of the mechanism's */
	struct batch_bpf *bpf; /* NULL: the mechanism counts */
	struct cb_bpf_attachment attachment;
	struct cb_bpf_ring ring; /* what the program signals */
	int epoll;
	uint64_t sleep_ns;
	int slack_before; /* ns, the task's own timer slack */
};

static const struct cb_option batch_options[] = {
	{.name = "frames",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct batch_options, frames),
		.fallback = "512",
		.min = 1,
		.max = 1 << 30,
		.help = "N: wake up once so many frames are there"},
	{.name = "time",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct batch_options, time_ns),
		.fallback = "1ms",
		.min = CB_NS_PER_US,
		.max = 10 * CB_NS_PER_SEC,
		.help = "m: or so long after the first of them"},
	{.name = "sleep",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct batch_options, sleep_ns),
		.fallback = "0",
		.max = CB_NS_PER_SEC,
		.help = "how long to sleep after each wake-up"},
	CB_OPTION_END,
};

static int load(struct batch_state *s, const struct batch_options *o, struct cb_error *err)
{
	cb_bpf_quiet();
	s->bpf = batch_bpf__open();
	if (!s->bpf)
		return cb_bpf_refused("wait batch", errno, "", err);
	s->bpf->rodata->batch_frames = (uint32_t)o->frames;
	s->bpf->rodata->batch_ns = (uint64_t)o->time_ns;
	bpf_map__set_max_entries(s->bpf->maps.wakeups, (uint32_t)sysconf(_SC_PAGESIZE));
	return cb_bpf_load(s->bpf->skeleton, "wait batch", err);
}

/* The descriptor to wait on: of a program of our own, behind the tap. */
static int count_behind(
	struct batch_state *s, const struct batch_options *o, int *fd, struct cb_error *err)
{
	const struct cb_tap *tap = s->target.tap;
	int rc = load(s, o, err);

	if (rc)
		return rc;
	*fd = bpf_map__fd(s->bpf->maps.wakeups);
	rc = cb_bpf_ring_open(&s->ring, *fd, err);
	if (rc)
		return rc;
	return cb_bpf_attach_ingress(&s->attachment, bpf_program__fd(s->bpf->progs.cb_batch),
		tap->ifindex, tap->interface, err);
}

static int watch(struct batch_state *s, int fd, struct cb_error *err)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};

	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event))
		return cb_error_errno(err, CB_ERR_HOST, errno, "waiting for batches");
	return 0;
}

static void batch_close(void *state)
{
	struct batch_state *s = state;

	if (s->epoll >= 0)
		close(s->epoll);
	cb_bpf_ring_close(&s->ring);
	cb_bpf_detach(&s->attachment);
	batch_bpf__destroy(s->bpf);
	cb_timer_slack_restore(s->slack_before);
}

static int batch_open(
	void *state, const struct cb_wait_target *target, const void *options, struct cb_error *err)
{
	const struct cb_mechanism_extra *extra = target->mechanism->extra;
	const struct batch_options *o = options;
	struct batch_state *s = state;
	int fd = -1, rc;

	*s = (struct batch_state){.target = *target,
		.sleep_ns = (uint64_t)o->sleep_ns,
		.epoll = -1,
		.attachment = CB_BPF_DETACHED};
	if (extra && extra->batch)
		rc = extra->batch(target->mechanism_state, (uint32_t)o->frames,
			(uint64_t)o->time_ns, &fd, err);
	else
		rc = count_behind(s, o, &fd, err);
	s->own_wait = fd < 0;
	if (!rc && !s->own_wait)
		rc = watch(s, fd, err);
	if (!rc && s->sleep_ns)
		rc = cb_timer_slack_least(&s->slack_before, err);
	if (rc)
		batch_close(s);
	return rc;
}

/* Nothing for long: has the socket behind the signals anything to say? */
static int on_timeout(struct batch_state *s, struct cb_wait_counts *counts)
{
	return s->bpf && s->target.fd >= 0 ? cb_wait_pending_error(s->target.fd, counts) : 0;
}

static int wait_for_signal(
	struct batch_state *s, const struct cb_wait_call *call, struct cb_wait_counts *counts)
{
	struct epoll_event event;
	int n = epoll_wait(s->epoll, &event, 1, cb_wait_milliseconds(call));

	counts->syscalls++;
	counts->polls++;
	counts->blocks++;
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (s->bpf)
		cb_bpf_ring_clear(&s->ring);
	return n ? 1 : on_timeout(s, counts);
}

static int batch_wait(void *state, const struct cb_wait_call *call, struct cb_wait_counts *counts)
{
	struct batch_state *s = state;
	uint64_t until;
	int rc;

	if (s->own_wait)
		rc = s->target.mechanism->extra->wait_batch(
			s->target.mechanism_state, call->deadline_ns, counts);
	else
		rc = wait_for_signal(s, call, counts);
	if (rc < 0 || !s->sleep_ns || (!rc && !s->own_wait))
		return rc < 0 ? rc : 0;
	until = cb_deadline_in(s->sleep_ns);
	counts->syscalls++;
	counts->sleeps++;
	counts->blocks++;
	rc = cb_sleep_until(until < call->deadline_ns ? until : call->deadline_ns);
	return rc == -EINTR ? 0 : rc;
}

const struct cb_wait cb_wait_batch = {
	.member = {.name = "batch",
		.help = "Is woken once N frames are there, or m after the first of them.",
		.paper = "the authors' change: N packets or m microseconds",
		.options = batch_options,
		.options_size = sizeof(struct batch_options),
		.needs = CB_TRAIT_BATCH},
	.state_size = sizeof(struct batch_state),
	.open = batch_open,
	.wait = batch_wait,
	.close = batch_close,
};
