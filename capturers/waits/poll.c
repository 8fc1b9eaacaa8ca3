/*
 * poll: block in poll(2) whenever no frame is there. How often that wakes the process is the
 * mechanism's affair: once a frame for recv and tpacket2, once a block for tpacket3.
 */
#include "capturers/members.h"
#include "capturers/waits/readable.h"
#include "harness/base/clock.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

struct poll_state {
	int fd;
};

int cb_wait_pending_error(int fd, struct cb_wait_counts *counts)
{
	int error = 0;
	socklen_t size = sizeof(error);

	counts->syscalls++;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
		return -errno;
	return -error;
}

int cb_wait_milliseconds(const struct cb_wait_call *call)
{
	if (call->deadline_ns <= call->now_ns)
		return 0;
	return (int)((call->deadline_ns - call->now_ns - 1) / CB_NS_PER_MS + 1);
}

int cb_wait_readable(int fd, const struct cb_wait_call *call, struct cb_wait_counts *counts)
{
	struct pollfd entry = {.fd = fd, .events = POLLIN};
	int n = poll(&entry, 1, cb_wait_milliseconds(call));

	counts->syscalls++;
	counts->polls++;
	counts->blocks++;
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (entry.revents & POLLNVAL)
		return -EBADF;
	if (entry.revents & POLLERR)
		return cb_wait_pending_error(fd, counts);
	return 0;
}

static int poll_open(
	void *state, const struct cb_wait_target *target, const void *options, struct cb_error *err)
{
	struct poll_state *s = state;

	s->fd = target->fd;
	return 0;
}

static int poll_wait(void *state, const struct cb_wait_call *call, struct cb_wait_counts *counts)
{
	const struct poll_state *s = state;

	return cb_wait_readable(s->fd, call, counts);
}

const struct cb_wait cb_wait_poll = {
	.member = {.name = "poll",
		.help = "Blocks in poll(2) until a frame is there.",
		.paper = "poll(), per packet",
		.needs = CB_TRAIT_POLLABLE},
	.state_size = sizeof(struct poll_state),
	.open = poll_open,
	.wait = poll_wait,
};
