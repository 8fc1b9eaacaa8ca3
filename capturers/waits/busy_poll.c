/*
 * busy-poll: the process receives the frames itself, so to speak: each wait is a system call that
 * runs the NAPI poll of the driver in the process's own context, in place of interrupt and softirq.
 * It never sleeps.
 *
 * A socket is told by SO_BUSY_POLL, SO_PREFER_BUSY_POLL and SO_BUSY_POLL_BUDGET (Linux 5.11), and
 * each recvfrom() without data then is one NAPI poll (__xsk_recvmsg(), net/xdp/xsk.c). That takes a
 * socket that knows its NAPI (SO_INCOMING_NAPI_ID):
 *  - up to Linux 6.12 it learns it from its first frame;
 *  - since 6.13 (zero-copy) and 6.15 (copy) when it is bound, if the driver links its NAPIs to its
 *    queues (netif_queue_set_napi()), which veth does not do as of 6.18.
 * For a socket that can never know, an io_uring polls all NAPIs of the interface by their numbers
 * (napi_ring.h; Linux 6.13), 8 frames at a time (BUSY_POLL_BUDGET, net/core/dev.c), whatever
 * `budget` says.
 *
 * Interrupts and softirqs go on beside it unless the device defers them for as long as somebody
 * polls: napi_defer_hard_irqs and gro_flush_timeout. Those are settings of the host: changed only
 * when asked for, and put back at the end (a killed process leaves them).
 */
#include "capturers/members.h"
#include "capturers/waits/napi_ring.h"
#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/log.h"
#include "harness/net/link.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SOCKETS_MAX CB_NAPI_RING_SOCKETS
#define NAPIS_MAX   256

struct busy_poll_options {
	int64_t time_ns, budget, defer_irqs, flush_timeout_ns;
	bool prefer;
};

/* A file of the device in /sys, and what it said before. */
struct setting {
	char path[96], before[24];
};

struct busy_poll_state {
	int sockets[SOCKETS_MAX];
	unsigned n_sockets;
	bool by_ring;
	struct cb_napi_ring ring;
	uint64_t time_ns;
	struct setting changed[2];
	unsigned n_changed;
};

static const struct cb_option busy_poll_options[] = {
	{.name = "time",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct busy_poll_options, time_ns),
		.fallback = "20us",
		.min = CB_NS_PER_US,
		.max = 50 * CB_NS_PER_MS,
		.help = "SO_BUSY_POLL: how long a system call polls (af-xdp: once, however long)"},
	{.name = "budget",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct busy_poll_options, budget),
		.fallback = "64",
		.min = 1,
		.max = UINT16_MAX,
		.help = "SO_BUSY_POLL_BUDGET: frames that a poll may bring"},
	{.name = "prefer",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct busy_poll_options, prefer),
		.fallback = "yes",
		.help = "SO_PREFER_BUSY_POLL: whoever polls comes before the softirq"},
	{.name = "defer-irqs",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct busy_poll_options, defer_irqs),
		.fallback = "0",
		.max = INT32_MAX,
		.help = "napi_defer_hard_irqs of the interface while it runs; 0: as it is"},
	{.name = "flush-timeout",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct busy_poll_options, flush_timeout_ns),
		.fallback = "0",
		.max = CB_NS_PER_SEC,
		.help = "gro_flush_timeout of the interface while it runs; 0: as it is"},
	CB_OPTION_END,
};

/* ---- the host's settings ---- */

/* /sys shows the interfaces of the network namespace in which it was mounted: is this one ours? */
static int check_sys(const struct cb_tap *tap, struct cb_error *err)
{
	char path[96], line[24];

	snprintf(path, sizeof(path), "/sys/class/net/%s/ifindex", tap->interface);
	if (cb_file_read_line(path, line, sizeof(line), err))
		return CB_ERR_IMPOSSIBLE;
	if (strtoul(line, NULL, 10) != tap->ifindex)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"/sys shows another network namespace's %s; it must be mounted anew (ip "
			"netns exec does so)",
			tap->interface);
	return 0;
}

static int change(struct busy_poll_state *s, const char *path, int64_t value, struct cb_error *err)
{
	struct setting *c = &s->changed[s->n_changed];
	char text[24];
	int rc;

	snprintf(c->path, sizeof(c->path), "%s", path);
	if (cb_file_read_line(path, c->before, sizeof(c->before), err))
		return CB_ERR_IMPOSSIBLE;
	snprintf(text, sizeof(text), "%" PRId64, value);
	rc = cb_file_write_line(path, text, err);
	s->n_changed += !rc;
	return rc;
}

/* One of the two; *on: interrupts are deferred, as far as this one goes. */
static int set_one(struct busy_poll_state *s, const struct cb_tap *tap, const char *name,
	int64_t value, bool *on, struct cb_error *err)
{
	char path[96], line[24];

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", tap->interface, name);
	*on = true;
	if (value)
		return change(s, path, value, err);
	*on = !cb_file_read_line(path, line, sizeof(line), NULL) && strcmp(line, "0") != 0;
	return 0;
}

static int set_device(struct busy_poll_state *s, const struct cb_tap *tap,
	const struct busy_poll_options *o, struct cb_error *err)
{
	bool defers, waits;
	int rc = check_sys(tap, err);

	if (rc)
		return o->defer_irqs || o->flush_timeout_ns ? rc : 0;
	rc = set_one(s, tap, "napi_defer_hard_irqs", o->defer_irqs, &defers, err);
	if (!rc)
		rc = set_one(s, tap, "gro_flush_timeout", o->flush_timeout_ns, &waits, err);
	if (!rc && !(defers && waits))
		cb_warn("busy-poll: interrupts of %s go on beside it; busy-poll:defer-irqs=2,"
			"flush-timeout=200us defers them while it polls",
			tap->interface);
	return rc;
}

static void put_back(struct busy_poll_state *s)
{
	struct cb_error err;

	while (s->n_changed) {
		const struct setting *c = &s->changed[--s->n_changed];

		/* an interface that is gone took its settings with it */
		if (cb_file_write_line(c->path, c->before, &err) && err.sys_errno != ENOENT)
			cb_warn("busy-poll: %s stays changed: %s", c->path, err.text);
	}
}

/* ---- set-up ---- */

static uint32_t microseconds(int64_t ns)
{
	return (uint32_t)((ns + (int64_t)CB_NS_PER_US - 1) / (int64_t)CB_NS_PER_US);
}

static int set_socket(int fd, const struct busy_poll_options *o, struct cb_error *err)
{
	const struct {
		int name, value;
	} rows[] = {
		{SO_PREFER_BUSY_POLL, o->prefer},
		{SO_BUSY_POLL, (int)microseconds(o->time_ns)},
		{SO_BUSY_POLL_BUDGET, (int)o->budget},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (!setsockopt(
			    fd, SOL_SOCKET, rows[i].name, &rows[i].value, sizeof(rows[i].value)))
			continue;
		if (errno == EPERM)
			return cb_error_set(err, CB_ERR_IMPOSSIBLE,
				"busy-poll needs CAP_NET_ADMIN: run as root");
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, errno,
			"this kernel has no preferred busy polling: it takes Linux 5.11 and "
			"CONFIG_NET_RX_BUSY_POLL");
	}
	return 0;
}

static bool knows_napi(int fd)
{
	unsigned id = 0;
	socklen_t size = sizeof(id);

	return !getsockopt(fd, SOL_SOCKET, SO_INCOMING_NAPI_ID, &id, &size) && id;
}

static int add_napis(struct busy_poll_state *s, const char *interface, struct cb_error *err)
{
	struct cb_napi list[NAPIS_MAX];
	size_t n;
	int rc = cb_link_napis(interface, list, NAPIS_MAX, &n, err);

	if (rc)
		return rc;
	if (!n)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"interface \"%s\" has no NAPI that could be polled (a veth has one with "
			"af-xdp:mode=driver, or with GRO on: ethtool -K %s gro on)",
			interface, interface);
	for (size_t i = 0; i < n && i < NAPIS_MAX; i++) {
		rc = cb_napi_ring_add(&s->ring, list[i].id);
		if (rc)
			return cb_error_errno(err, CB_ERR_HOST, rc, "busy-poll: NAPI %u of %s",
				list[i].id, interface);
	}
	return 0;
}

static int poll_by_ring(struct busy_poll_state *s, const char *interface,
	const struct busy_poll_options *o, struct cb_error *err)
{
	struct cb_napi_ring_spec spec = {.sockets = s->sockets,
		.n_sockets = s->n_sockets,
		.prefer = o->prefer,
		.time_us = microseconds(o->time_ns)};
	int rc = cb_napi_ring_open(&s->ring, &spec);

	if (rc == -EINVAL) {
		cb_debug("busy-poll: sockets learn which NAPI feeds them by their first frames");
		return 0;
	}
	if (rc)
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, rc,
			"busy-poll: the driver of %s does not say which NAPI feeds a queue, and an "
			"io_uring to poll them all can't be had (sysctl kernel.io_uring_disabled)",
			interface);
	s->by_ring = true;
	return add_napis(s, interface, err);
}

static void busy_poll_close(void *state)
{
	struct busy_poll_state *s = state;

	cb_napi_ring_close(&s->ring);
	put_back(s);
}

static int busy_poll_open(
	void *state, const struct cb_wait_target *target, const void *options, struct cb_error *err)
{
	const struct cb_mechanism_extra *extra = target->mechanism->extra;
	const struct busy_poll_options *o = options;
	struct busy_poll_state *s = state;
	bool known = true;
	int rc = 0;

	*s = (struct busy_poll_state){.time_ns = (uint64_t)o->time_ns, .ring = {.fd = -1}};
	s->n_sockets = extra->sockets(target->mechanism_state, s->sockets, SOCKETS_MAX);
	for (unsigned i = 0; !rc && i < s->n_sockets; i++) {
		rc = set_socket(s->sockets[i], o, err);
		known = known && knows_napi(s->sockets[i]);
	}
	if (!rc && !known)
		rc = poll_by_ring(s, target->tap->interface, o, err);
	if (!rc)
		rc = set_device(s, target->tap, o, err);
	if (rc)
		busy_poll_close(s);
	return rc;
}

/* ---- waiting ---- */

static int poll_sockets(const struct busy_poll_state *s, struct cb_wait_counts *counts)
{
	int rc = 0;

	for (unsigned i = 0; i < s->n_sockets; i++) {
		counts->syscalls++;
		if (recvfrom(s->sockets[i], NULL, 0, MSG_DONTWAIT, NULL, NULL) < 0)
			rc = -errno;
	}
	return rc == -EAGAIN || rc == -EINTR ? 0 : rc == -ENXIO ? -ENETDOWN : rc;
}

static int busy_poll_wait(
	void *state, const struct cb_wait_call *call, struct cb_wait_counts *counts)
{
	struct busy_poll_state *s = state;
	uint64_t left = call->deadline_ns > call->now_ns ? call->deadline_ns - call->now_ns : 0;

	if (!s->by_ring)
		return poll_sockets(s, counts);
	counts->syscalls++;
	return cb_napi_ring_poll(&s->ring, left < s->time_ns ? left : s->time_ns);
}

const struct cb_wait cb_wait_busy_poll = {
	.member = {.name = "busy-poll",
		.help = "Runs the driver's NAPI poll itself, and never sleeps.",
		.options = busy_poll_options,
		.options_size = sizeof(struct busy_poll_options),
		.needs = CB_TRAIT_NAPI},
	.state_size = sizeof(struct busy_poll_state),
	.open = busy_poll_open,
	.wait = busy_poll_wait,
	.close = busy_poll_close,
};
