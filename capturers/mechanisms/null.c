/*
 * null: a tap that brings nothing. For tests of the loop, and for the cost of a wait alone.
 */
#include "capturers/capturer.h"
#include "capturers/members.h"

static int null_open(void *state, const struct cb_tap *tap, const void *options,
	struct cb_tap_ready *ready, struct cb_error *err)
{
	ready->fd = -1;
	ready->buffer_frames = 0;
	return 0;
}

static int null_receive(void *state, struct cb_frame *frames, unsigned max, int64_t *syscalls)
{
	return 0;
}

static int null_detach(void *state, struct cb_error *err)
{
	return 0;
}

static int null_settle(void *state, struct cb_tap_counters *counters, struct cb_error *err)
{
	counters->dropped = 0;
	counters->unread = 0;
	counters->matched = 0;
	return 0;
}

static void null_close(void *state)
{
}

const struct cb_mechanism cb_mechanism_null = {
	.member = {.name = "null",
		.help = "Brings no frames: for tests and for the cost of waiting alone.",
		.provides = CB_TRAIT_COPIES},
	.open = null_open,
	.receive = null_receive,
	.detach = null_detach,
	.settle = null_settle,
	.close = null_close,
};
