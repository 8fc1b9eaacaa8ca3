/*
 * yield: give the CPU to whoever wants it and look again; only after several looks in vain block in
 * poll(2). This is how PF_RING's library avoids poll().
 *
 * What sched_yield() does depends on the scheduler: since Linux 6.6 (EEVDF) the task gives up the
 * rest of its time slice, and runs on at once when it is alone on its core.
 */
#include "capturers/members.h"
#include "capturers/waits/readable.h"

#include <sched.h>
#include <stddef.h>

struct yield_options {
	int64_t yields;
};

struct yield_state {
	int fd;
	int64_t yields, in_vain;
};

static const struct cb_option yield_options[] = {
	{.name = "yields",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct yield_options, yields),
		.fallback = "1",
		.min = 1,
		.max = 1000000,
		.help = "calls of sched_yield() in vain before one of poll()"},
	CB_OPTION_END,
};

static int yield_open(
	void *state, const struct cb_wait_target *target, const void *options, struct cb_error *err)
{
	const struct yield_options *o = options;
	struct yield_state *s = state;

	s->fd = target->fd;
	s->yields = o->yields;
	return 0;
}

static int yield_wait(void *state, const struct cb_wait_call *call, struct cb_wait_counts *counts)
{
	struct yield_state *s = state;

	if (call->frames)
		s->in_vain = 0;
	if (s->in_vain < s->yields) {
		s->in_vain++;
		counts->syscalls++;
		counts->yields++;
		sched_yield();
		return 0;
	}
	s->in_vain = 0;
	return cb_wait_readable(s->fd, call, counts);
}

const struct cb_wait cb_wait_yield = {
	.member = {.name = "yield",
		.help = "Calls sched_yield() and looks again; after several in vain, poll(2).",
		.paper = "PF_RING's user space (sched_yield(), then poll())",
		.options = yield_options,
		.options_size = sizeof(struct yield_options),
		.needs = CB_TRAIT_POLLABLE},
	.state_size = sizeof(struct yield_state),
	.open = yield_open,
	.wait = yield_wait,
};
