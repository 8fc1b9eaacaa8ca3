/*
 * adaptive-sleep: whenever no frame is there, sleep for as long as `target` frames are expected to
 * take, at the rate at which they came lately. So the buffer holds about `target` frames at each
 * wake-up, whatever the rate; `min` and `max` bound the sleep.
 *
 * The rate is taken from one wait to the next, over sleep and work together, and smoothed: each
 * counts a quarter of what all before it count.
 */
#include "capturers/members.h"
#include "capturers/waits/timer_slack.h"
#include "harness/base/clock.h"

#include <errno.h>
#include <stddef.h>

#define WEIGHT       0.25
#define BUFFER_SHARE 2 /* at most half of the buffer is slept full */

struct adaptive_options {
	int64_t target, min_ns, max_ns;
};

struct adaptive_state {
	double target, min_ns, max_ns;
	double rate; /* frames per ns; negative: not known yet */
	uint64_t last_ns;
	int slack_before;
};

static const struct cb_option adaptive_options[] = {
	{.name = "target",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct adaptive_options, target),
		.fallback = "256",
		.min = 1,
		.max = 1 << 30,
		.help = "frames to find after a sleep; never more than half of the buffer"},
	{.name = "min",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct adaptive_options, min_ns),
		.fallback = "10us",
		.min = 1,
		.max = CB_NS_PER_SEC,
		.help = "shortest sleep"},
	{.name = "max",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct adaptive_options, max_ns),
		.fallback = "10ms",
		.min = 1,
		.max = CB_NS_PER_SEC,
		.help = "longest sleep, for when nothing comes"},
	CB_OPTION_END,
};

static int adaptive_check(const void *options, struct cb_error *err)
{
	const struct adaptive_options *o = options;

	if (o->min_ns > o->max_ns)
		return cb_error_set(err, CB_ERR_USAGE, "min is longer than max");
	return 0;
}

static int adaptive_open(
	void *state, const struct cb_wait_target *target, const void *options, struct cb_error *err)
{
	const struct adaptive_options *o = options;
	struct adaptive_state *s = state;
	int64_t frames = o->target;

	if (target->buffer_frames > 0 && frames > target->buffer_frames / BUFFER_SHARE)
		frames = target->buffer_frames / BUFFER_SHARE;
	s->target = (double)(frames ? frames : 1);
	s->min_ns = (double)o->min_ns;
	s->max_ns = (double)o->max_ns;
	s->rate = -1;
	return cb_timer_slack_least(&s->slack_before, err);
}

static void follow(struct adaptive_state *s, const struct cb_wait_call *call)
{
	double rate;

	if (s->last_ns && call->now_ns > s->last_ns) {
		rate = (double)call->frames / (double)(call->now_ns - s->last_ns);
		s->rate += s->rate < 0 ? rate - s->rate : WEIGHT * (rate - s->rate);
	}
	s->last_ns = call->now_ns;
}

/* Until the rate is known, as short as may be. */
static uint64_t sleep_time(const struct adaptive_state *s)
{
	double time = s->rate < 0 ? 0 : s->max_ns;

	if (s->rate * s->max_ns > s->target)
		time = s->target / s->rate;
	return (uint64_t)(time < s->min_ns ? s->min_ns : time);
}

static int adaptive_wait(
	void *state, const struct cb_wait_call *call, struct cb_wait_counts *counts)
{
	struct adaptive_state *s = state;
	uint64_t until;
	int rc;

	follow(s, call);
	until = call->now_ns + sleep_time(s);
	rc = cb_sleep_until(until < call->deadline_ns ? until : call->deadline_ns);
	counts->syscalls++;
	counts->sleeps++;
	counts->blocks++;
	return rc == -EINTR ? 0 : rc;
}

static void adaptive_close(void *state)
{
	const struct adaptive_state *s = state;

	cb_timer_slack_restore(s->slack_before);
}

const struct cb_wait cb_wait_adaptive_sleep = {
	.member = {.name = "adaptive-sleep",
		.help = "Sleeps for as long as some frames take to come, then looks again.",
		.paper = "timeout (fixed sleep), following the rate",
		.options = adaptive_options,
		.options_size = sizeof(struct adaptive_options),
		.check = adaptive_check},
	.state_size = sizeof(struct adaptive_state),
	.open = adaptive_open,
	.wait = adaptive_wait,
	.close = adaptive_close,
};
