/*
 * `pktgen`: the kernel's own packet generator (net/core/pktgen.c), driven over /proc/net/pktgen,
 * which each network namespace has of its own. A kernel thread a core sends the frames; this
 * process only sets it up, starts it, watches it and reads its account.
 *
 * - Writing "start" blocks the writer until all devices have finished, so a child process does it;
 *   "stop" through another file ends it at once. "start" concerns every device of the namespace.
 * - A write that succeeds may be a command that failed: the device's "Result:" must be read, and
 *   some commands don't even change that, so parameters are read back. Others fail and leave the
 *   old "OK" standing. A link that goes down ends the run with "OK" and fewer frames.
 * - `delay` (and `ratep`) is between calls that send `burst` frames each: the delay is computed
 *   here, burst / rate. The schedule is absolute: after a stall it catches up, in a burst.
 * - The first two frames leave together: the first is late by one delay.
 * - With `burst` the count is overshot; pkts-sofar is what was sent.
 * - Threads start up to 100 ms apart (they look for orders every HZ / 10 ticks).
 * - Each frame has pktgen's stamp, with a sequence number from 1 for each device and start
 *   (harness/net/pktgen_stamp.h). A frame that the link refuses (NET_XMIT_DROP; counted in
 *   `errors`) is not sent again, but the next one has its number. With clone_skb and burst the same
 *   frame goes out several times, number and all.
 */
#include "generators/transmitters/pktgen_run.h"

#include <stddef.h>
#include <stdlib.h>

struct pktgen {
	struct cb_pktgen_proc proc;
	struct cb_pktgen driver;
};

static const char *const mode_names[] = {"start-xmit", "queue-xmit", NULL};

static const struct cb_option pktgen_options[] = {
	{.name = "threads",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct cb_pktgen_options, threads),
		.fallback = "1",
		.min = 1,
		.max = CB_PKTGEN_THREADS_MAX,
		.help = "Kernel threads that send, on the generator's cores; each has a UDP "
			"destination port of its own"},
	{.name = "queue",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct cb_pktgen_options, queue),
		.fallback = "0",
		.max = UINT16_MAX,
		.help = "The first transmit queue to send on"},
	{.name = "queues",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct cb_pktgen_options, queues),
		.fallback = "1",
		.min = 1,
		.max = UINT16_MAX,
		.help = "Queues that the threads share out, or one thread uses in turn"},
	{.name = "mode",
		.type = CB_OPT_ENUM,
		.offset = offsetof(struct cb_pktgen_options, mode),
		.fallback = "start-xmit",
		.choices = mode_names,
		.help = "Straight to the driver, or through the queueing discipline"},
	{.name = "clone",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct cb_pktgen_options, clone),
		.fallback = "0",
		.max = INT32_MAX,
		.help = "Send each frame so many times, where the driver allows it; copies can't "
			"be told apart"},
	{.name = "burst",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct cb_pktgen_options, burst),
		.fallback = "1",
		.min = 1,
		.max = 65536,
		.help = "Hand each frame over so many times in one go, as clone"},
	CB_OPTION_END,
};

static int pktgen_probe(struct cb_error *err)
{
	struct cb_pktgen_proc proc;

	cb_pktgen_proc_init(&proc);
	return cb_pktgen_proc_probe(&proc, err);
}

static int pktgen_check(const void *options, struct cb_error *err)
{
	const struct cb_pktgen_options *o = options;

	if (o->burst > 1 && o->mode == CB_PKTGEN_QUEUE_XMIT)
		return cb_error_set(err, CB_ERR_USAGE,
			"burst: pktgen hands frames to the queueing discipline one by one: leave "
			"burst at 1 with mode=queue-xmit");
	return 0;
}

static void pktgen_close(void *state)
{
	struct pktgen *g = state;

	cb_pktgen_take_down(&g->driver);
}

static int pktgen_open(
	void *state, const struct cb_link *link, const void *options, struct cb_error *err)
{
	struct pktgen *g = state;
	int r;

	cb_pktgen_proc_init(&g->proc);
	g->driver = (struct cb_pktgen){.io = &cb_pktgen_proc_io, .io_arg = &g->proc};
	r = cb_pktgen_proc_probe(&g->proc, err);
	if (!r)
		r = cb_pktgen_set_up(&g->driver, link, options, err);
	if (r)
		pktgen_close(g);
	return r;
}

static int pktgen_run(void *state, const struct cb_transmit_order *order,
	struct cb_transmit_account *account, struct cb_error *err)
{
	struct pktgen *g = state;

	return cb_pktgen_run(&g->driver, order, account, err);
}

static enum cb_stamps pktgen_stamps(
	const void *options, const struct cb_transmit_order *order, uint64_t *window_from)
{
	const struct cb_pktgen_options *o = options;

	*window_from = cb_pktgen_window_from(o, order);
	return o->clone || o->burst > 1 ? CB_STAMPS_PKTGEN_REPEATED : CB_STAMPS_PKTGEN;
}

const struct cb_transmitter cb_transmitter_pktgen = {
	.member =
		{
			.name = "pktgen",
			.help = "The kernel's packet generator",
			.options = pktgen_options,
			.options_size = sizeof(struct cb_pktgen_options),
			.provides = CB_TRAIT_STAMPS | CB_TRAIT_PACED | CB_TRAIT_SHAPES,
			.probe = pktgen_probe,
			.check = pktgen_check,
		},
	.state_size = sizeof(struct pktgen),
	.open = pktgen_open,
	.run = pktgen_run,
	.stamps = pktgen_stamps,
	.close = pktgen_close,
};
