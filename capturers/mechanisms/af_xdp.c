/*
 * af-xdp: an XDP program redirects each frame to a socket, whose umem the kernel (or, with
 * zero-copy, the driver) fills; frames change hands over rings (harness/net/xsk.h). Redirected
 * frames go no further: no packet socket sees them.
 *
 * An RX queue's frames go to one socket, so there is one for each queue; several processes can only
 * share the queues out: process i of n takes queues i, i + n, ... and all of them are one view. (On
 * veth a frame's RX queue is the TX queue that it was sent on. In mode skb it is one less, queue 0
 * apart, and the last one gets nothing: netif_get_rxqueue(), net/core/dev.c, takes what the sender
 * left in the skb for a recorded RX queue, which begins at 1.)
 *
 * The buffer asked for is the umem: FILL and RX ring have room for all its frames, so its capacity
 * is their number. A frame takes one whole, whatever its size and the snaplen: the kernel copies
 * all of it, and only the process is shown less.
 *
 * Wake-ups: with native XDP once for what a NAPI poll brings (64 frames at most), with generic XDP
 * once a frame: xsk_flush() is called by xdp_do_flush() and by xsk_generic_rcv().
 *
 * Counters: dropped is what the sockets lost (cb_xsk_lost). With native XDP on veth the same frames
 * are in the device's rx_dropped and rx_queue_N_drops too (veth_xdp_rcv_skb() counts a failed
 * redirect), with generic XDP in no counter of the device; never in the sender's tx_dropped.
 * unread is what lies in the RX rings when the sockets are out of the map: a redirect that was
 * under way ended with its NAPI poll, before the RCU grace period that follows. The kernel has no
 * count of its own of frames that came to the sockets, so matched is unknown.
 *
 * A socket reports nothing when its interface goes down; it is asked ten times a second while no
 * frames come.
 */
#include "capturers/mechanisms/af_xdp_plan.h"
#include "capturers/mechanisms/af_xdp_program.h"
#include "capturers/mechanisms/packet_socket.h"
#include "capturers/members.h"
#include "capturers/promiscuous.h"
#include "harness/base/clock.h"
#include "harness/net/xsk.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A receive() takes at most this share of a queue's frames, so that a small buffer isn't held as a
 * whole while the load works on it. */
#define HELD_SHARE   4
#define CHECK_NS     (100 * CB_NS_PER_MS)
#define IN_FLIGHT_NS (10 * CB_NS_PER_MS)

struct af_xdp_state {
	struct cb_af_xdp_program program; /* ours, unless the tap is shared */
	int sockets;                      /* the XSKMAP, the program's or the share's */
	struct cb_xsk *queues;            /* owned, n_queues of them */
	unsigned n_queues;
	int epoll;       /* of several sockets, else -1 */
	int promiscuous; /* a socket that only keeps the mode on, else -1 */
	uint32_t snaplen, held_max;
	unsigned next;       /* the queue to look at first */
	struct cb_xsk *from; /* whose frames the loop has */
	uint32_t n_held;
	uint64_t check_ns; /* when to ask whether the interface is up */
};

/* ---- set-up ---- */

static int open_queues(struct af_xdp_state *s, struct cb_af_xdp_plan *p, struct cb_error *err)
{
	int rc = 0;

	s->queues = calloc(p->queues, sizeof(*s->queues));
	if (!s->queues)
		return cb_error_memory(err, "AF_XDP sockets");
	for (uint32_t q = p->index; !rc && q < p->queues; q += p->processes) {
		p->spec.queue = q;
		rc = cb_xsk_open(&s->queues[s->n_queues], &p->spec, err);
		s->n_queues += !rc;
	}
	return rc;
}

/* What to wait on: the socket, or an epoll of several. */
static int watch(struct af_xdp_state *s, int *fd, struct cb_error *err)
{
	struct epoll_event event = {.events = EPOLLIN};

	*fd = s->queues[0].fd;
	if (s->n_queues == 1)
		return 0;
	*fd = s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll < 0)
		return cb_error_errno(err, CB_ERR_HOST, errno, "epoll");
	for (unsigned i = 0; i < s->n_queues; i++) {
		if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->queues[i].fd, &event))
			return cb_error_errno(err, CB_ERR_HOST, errno, "epoll");
	}
	return 0;
}

/* Frames come from here on. */
static int turn_on(const struct af_xdp_state *s, struct cb_error *err)
{
	for (unsigned i = 0; i < s->n_queues; i++) {
		const struct cb_xsk *x = &s->queues[i];

		if (bpf_map_update_elem(s->sockets, &x->queue, &x->fd, BPF_ANY))
			return cb_error_errno(err, CB_ERR_HOST, errno,
				"the XDP program's socket of queue %u", x->queue);
	}
	return 0;
}

static void af_xdp_close(void *state)
{
	struct af_xdp_state *s = state;

	cb_af_xdp_program_close(&s->program);
	for (unsigned i = 0; i < s->n_queues; i++)
		cb_xsk_close(&s->queues[i]);
	free(s->queues);
	s->queues = NULL;
	s->n_queues = 0;
	if (s->epoll >= 0)
		close(s->epoll);
	s->epoll = -1;
	if (s->promiscuous >= 0)
		close(s->promiscuous);
	s->promiscuous = -1;
}

static void tell(
	const struct af_xdp_state *s, const struct cb_af_xdp_plan *p, struct cb_tap_ready *ready)
{
	char kernel[56];

	cb_packet_socket_version(kernel, sizeof(kernel));
	snprintf(ready->version, sizeof(ready->version), "%.40s, %s", kernel,
		s->queues[0].zero_copy ? "zero-copy"
			: p->native    ? "driver, copy"
				       : "skb, copy");
	ready->buffer_frames = (int64_t)s->n_queues * p->spec.rx_frames;
	ready->fanout = p->processes > 1;
}

static int set_up(struct af_xdp_state *s, struct cb_af_xdp_plan *p, struct cb_tap_ready *ready,
	struct cb_error *err)
{
	const struct cb_tap *tap = p->tap;
	int rc = 0;

	if (!tap->share)
		rc = cb_af_xdp_program_open(&s->program, tap, p->xdp, p->queues, err);
	s->sockets = tap->share ? tap->share->fds[0] : s->program.sockets;
	if (!rc)
		rc = cb_af_xdp_plan_finish(p, err);
	if (!rc)
		rc = open_queues(s, p, err);
	if (!rc)
		rc = watch(s, &ready->fd, err);
	if (!rc && tap->promiscuous)
		rc = cb_promiscuous_hold(tap->interface, &s->promiscuous, err);
	return rc ? rc : turn_on(s, err);
}

static int af_xdp_open(void *state, const struct cb_tap *tap, const void *options,
	struct cb_tap_ready *ready, struct cb_error *err)
{
	const struct cb_tap_share *share = tap->share;
	struct af_xdp_state *s = state;
	struct cb_af_xdp_plan p;
	int rc = cb_af_xdp_plan_make(
		&p, tap, options, share ? share->index : 0, share ? share->processes : 1, err);

	if (rc)
		return rc;
	*s = (struct af_xdp_state){.program = CB_AF_XDP_PROGRAM_NONE,
		.epoll = -1,
		.promiscuous = -1,
		.snaplen = (uint32_t)tap->snaplen,
		.held_max = p.spec.rx_frames / HELD_SHARE};
	rc = set_up(s, &p, ready, err);
	if (rc)
		af_xdp_close(s);
	else
		tell(s, &p, ready);
	return rc;
}

/* ---- frames ---- */

/* Is the interface there and up? Asked now and then. (The coarse clock is a read of memory.) */
static int ask(struct af_xdp_state *s, int64_t *syscalls)
{
	struct timespec ts;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	now = cb_timespec_ns(&ts);
	if (now < s->check_ns)
		return 0;
	s->check_ns = now + CHECK_NS;
	++*syscalls;
	if (!recvfrom(s->queues[0].fd, NULL, 0, MSG_DONTWAIT, NULL, NULL))
		return 0;
	/* ENXIO: the interface was removed, which unbinds its sockets */
	return errno == ENETDOWN || errno == ENXIO ? -ENETDOWN : 0;
}

static int take(struct af_xdp_state *s, struct cb_xsk *x, struct cb_frame *frames, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct xdp_desc *d = cb_xsk_descriptor(&x->rx, i);

		frames[i] = (struct cb_frame){.data = x->umem + d->addr,
			.len = d->len,
			.caplen = d->len < s->snaplen ? d->len : s->snaplen};
	}
	s->from = x;
	s->n_held = n;
	return (int)n;
}

/* One queue's frames at a time, the queues in turn. */
static int af_xdp_receive(void *state, struct cb_frame *frames, unsigned max, int64_t *syscalls)
{
	struct af_xdp_state *s = state;

	if (max > s->held_max)
		max = s->held_max;
	for (unsigned i = 0; i < s->n_queues; i++) {
		struct cb_xsk *x = &s->queues[s->next];
		uint32_t n = cb_xsk_ready(&x->rx, max);

		if (++s->next == s->n_queues)
			s->next = 0;
		if (n)
			return take(s, x, frames, n);
		if (cb_xsk_must_wake(&x->fill)) {
			++*syscalls;
			recvfrom(x->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
		}
	}
	return ask(s, syscalls);
}

/* The FILL ring has room for all frames that there are. */
static void af_xdp_release(void *state)
{
	struct af_xdp_state *s = state;
	struct cb_xsk *x = s->from;

	for (uint32_t i = 0; i < s->n_held; i++)
		*cb_xsk_address(&x->fill, i) = cb_xsk_descriptor(&x->rx, i)->addr;
	cb_xsk_produced(&x->fill, s->n_held);
	cb_xsk_consumed(&x->rx, s->n_held);
	s->n_held = 0;
}

/* ---- the end ---- */

/*
 * Out of the map: what comes from now on goes up the stack. The program stays until close(), see
 * cb_af_xdp_program_close(). A NAPI poll under way may still have to hand over what it redirected;
 * it runs with bottom halves off, which an RCU grace period waits for, and the global membarrier
 * does. (Not with nohz_full; then time must do.)
 */
static int af_xdp_detach(void *state, struct cb_error *err)
{
	struct af_xdp_state *s = state;

	for (unsigned i = 0; i < s->n_queues; i++) {
		if (bpf_map_delete_elem(s->sockets, &s->queues[i].queue) && errno != ENOENT)
			return cb_error_errno(err, CB_ERR_HOST, errno, "taking the tap down");
	}
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		cb_sleep_until(cb_deadline_in(IN_FLIGHT_NS));
	return 0;
}

static int af_xdp_settle(void *state, struct cb_tap_counters *counters, struct cb_error *err)
{
	struct af_xdp_state *s = state;

	counters->unread = counters->dropped = 0;
	for (unsigned i = 0; i < s->n_queues; i++) {
		int64_t lost;
		int rc = cb_xsk_lost(&s->queues[i], &lost);

		if (rc)
			return cb_error_errno(err, CB_ERR_HOST, rc, "reading a socket's counters");
		counters->dropped += lost;
		counters->unread += cb_xsk_ready(&s->queues[i].rx, UINT32_MAX);
	}
	return 0;
}

static int af_xdp_share(const struct cb_tap *tap, const void *options, unsigned processes,
	struct cb_shared_tap **shared, struct cb_error *err)
{
	struct cb_af_xdp_plan p;
	int rc;

	if (processes == 1)
		return 0;
	rc = cb_af_xdp_plan_make(&p, tap, options, 0, processes, err);
	return rc ? rc : cb_af_xdp_program_share(tap, p.xdp, p.queues, processes, shared, err);
}

static unsigned af_xdp_sockets(void *state, int *fds, unsigned max)
{
	struct af_xdp_state *s = state;

	for (unsigned i = 0; i < s->n_queues && i < max; i++)
		fds[i] = s->queues[i].fd;
	return s->n_queues;
}

#define PROVIDES (CB_TRAIT_POLLABLE | CB_TRAIT_NAPI | CB_TRAIT_FANOUT)

/* In mode skb the driver does not know of the tap. (So it is in mode auto where the driver has no
 * XDP, but veth has.) */
static unsigned af_xdp_traits(const void *options)
{
	const struct cb_af_xdp_options *o = options;

	return cb_af_xdp_in_stack(o) ? PROVIDES : PROVIDES | CB_TRAIT_XDP;
}

static const struct cb_mechanism_extra af_xdp_extra = {
	.share = af_xdp_share,
	.sockets = af_xdp_sockets,
};

const struct cb_mechanism cb_mechanism_af_xdp = {
	.member = {.name = "af-xdp",
		.help = "XDP redirects frames into memory shared with the process (AF_XDP).",
		.paper = "ncap's heir",
		.options = cb_af_xdp_options,
		.options_size = sizeof(struct cb_af_xdp_options),
		.provides = PROVIDES | CB_TRAIT_XDP,
		.probe = cb_af_xdp_program_probe,
		.traits = af_xdp_traits},
	.extra = &af_xdp_extra,
	.state_size = sizeof(struct af_xdp_state),
	.open = af_xdp_open,
	.receive = af_xdp_receive,
	.release = af_xdp_release,
	.detach = af_xdp_detach,
	.settle = af_xdp_settle,
	.close = af_xdp_close,
};
