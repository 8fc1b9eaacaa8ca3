/*
 * sleep: whenever no frame is there, sleep for a fixed time (the paper's "timeout"). The timer
 * slack is set to 1 ns.
 */
#include "capturers/members.h"
#include "capturers/waits/timer_slack.h"
#include "harness/base/clock.h"

#include <errno.h>
#include <stddef.h>

struct sleep_options {
	int64_t time_ns;
};

struct sleep_state {
	uint64_t time_ns;
	int slack_before; /* ns, the task's own timer slack */
};

static const struct cb_option sleep_options[] = {
	{.name = "time",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct sleep_options, time_ns),
		.fallback = "100us",
		.min = 1,
		.max = CB_NS_PER_SEC,
		.help = "how long to sleep"},
	CB_OPTION_END,
};

static int sleep_open(
	void *state, const struct cb_wait_target *target, const void *options, struct cb_error *err)
{
	const struct sleep_options *o = options;
	struct sleep_state *s = state;

	s->time_ns = (uint64_t)o->time_ns;
	return cb_timer_slack_least(&s->slack_before, err);
}

static int sleep_wait(void *state, const struct cb_wait_call *call, struct cb_wait_counts *counts)
{
	const struct sleep_state *s = state;
	uint64_t until = call->now_ns + s->time_ns;
	int rc = cb_sleep_until(until < call->deadline_ns ? until : call->deadline_ns);

	counts->syscalls++;
	counts->sleeps++;
	counts->blocks++;
	return rc == -EINTR ? 0 : rc;
}

static void sleep_close(void *state)
{
	const struct sleep_state *s = state;

	cb_timer_slack_restore(s->slack_before);
}

const struct cb_wait cb_wait_sleep = {
	.member = {.name = "sleep",
		.help = "Sleeps for a fixed time, then looks again.",
		.paper = "timeout (fixed sleep)",
		.options = sleep_options,
		.options_size = sizeof(struct sleep_options)},
	.state_size = sizeof(struct sleep_state),
	.open = sleep_open,
	.wait = sleep_wait,
	.close = sleep_close,
};
