/*
 * work: spends a given CPU time on each frame, whatever is in it.
 *
 * The time is spent in a chain of multiplications, each of which needs the result of the one
 * before, so that its length in time is steady. How long a link takes is measured when the load is
 * opened, several times, and the shortest counts: that is the one that nothing interrupted. Looking
 * at a clock instead would count time in which the process did not run as work done.
 *
 * A core can be slower for a while (what else runs on its other thread, its clock): then a frame
 * costs more, and what is measured is another capture process. And a core can be away altogether:
 * given to others, or standing still with its virtual machine, which not every hypervisor tells as
 * stolen time. So calls are timed, and the report tells how long a link took meanwhile, and how
 * much longer the calls took that something interrupted.
 */
#include "capturers/members.h"
#include "harness/base/clock.h"

#include <stddef.h>

#define ROUNDS 200
#define LINKS  20000 /* some 25 us a round */
/* A call is timed if it takes so long that the clock's reading doesn't show. */
#define TIMED_NS 3000
/* What took so much longer than it should says nothing of the core's speed. */
#define INTERRUPTED 1.4
/* Of a call that took this much longer, and longer than a slow core would make it, it is told:
 * interrupts and softirqs are shorter, other processes and a virtual machine's stalls are not. */
#define AWAY_NS    200000
#define AWAY_SHARE 0.2

struct work_options {
	int64_t time_ns;
};

struct work_state {
	int64_t time_ns;
	double link_ns;         /* how long a link of the chain takes */
	double links_per_frame; /* seldom a whole number */
	double owed;            /* links due but not made yet: the fraction */
	uint64_t value;
	uint64_t timed_links, timed_ns, interrupted_ns;
};

static const struct cb_option work_options[] = {
	{.name = "time",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct work_options, time_ns),
		.fallback = "1us",
		.min = 0,
		.max = 10 * CB_NS_PER_SEC,
		.help = "CPU time spent on each frame"},
	CB_OPTION_END,
};

__attribute__((noinline)) static uint64_t run_chain(uint64_t value, uint64_t links)
{
	for (; links; links--) {
		value = value * UINT64_C(6364136223846793005) + 1;
		/* keeps the compiler from working several links out at once */
		__asm__ volatile("" : "+r"(value));
	}
	return value;
}

static double measure_link(struct work_state *s)
{
	uint64_t shortest = CB_FOREVER;

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t start = cb_now_ns(), took;

		s->value = run_chain(s->value, LINKS);
		took = cb_now_ns() - start;
		if (took && took < shortest)
			shortest = took;
	}
	return (double)shortest / LINKS;
}

static int work_open(
	void *state, const struct cb_tap *tap, const void *options, struct cb_error *err)
{
	const struct work_options *o = options;
	struct work_state *s = state;

	s->time_ns = o->time_ns;
	s->link_ns = measure_link(s);
	s->links_per_frame = (double)o->time_ns / s->link_ns;
	return 0;
}

static void run_timed(struct work_state *s, uint64_t links)
{
	uint64_t start = cb_now_ns(), took;
	double due_ns = s->link_ns * (double)links, late_ns;

	s->value = run_chain(s->value, links);
	took = cb_now_ns() - start;
	late_ns = (double)took - due_ns;
	if (late_ns > AWAY_NS && late_ns > AWAY_SHARE * due_ns)
		s->interrupted_ns += (uint64_t)late_ns;
	if ((double)took > INTERRUPTED * due_ns)
		return;
	s->timed_links += links;
	s->timed_ns += took;
}

static void work_take(void *state, const struct cb_frame *frames, unsigned n)
{
	struct work_state *s = state;
	uint64_t links;

	s->owed += s->links_per_frame * n;
	links = (uint64_t)s->owed;
	s->owed -= (double)links;
	if ((double)links * s->link_ns < TIMED_NS)
		s->value = run_chain(s->value, links);
	else
		run_timed(s, links);
}

static int work_report(void *state, json_t *result, struct cb_error *err)
{
	const struct work_state *s = state;

	json_t *meanwhile = s->timed_links ? json_real((double)s->timed_ns / (double)s->timed_links)
					   : json_null();

	if (json_object_set_new(result, "time_ns", json_integer(s->time_ns)) ||
		json_object_set_new(result, "link_ns", json_real(s->link_ns)) ||
		json_object_set_new(result, "link_meanwhile_ns", meanwhile) ||
		json_object_set_new(
			result, "interrupted_ns", json_integer((json_int_t)s->interrupted_ns)))
		return cb_error_memory(err, "the result of load work");
	return 0;
}

const struct cb_load cb_load_work = {
	.member = {.name = "work",
		.help = "Spends a given CPU time on each frame.",
		.options = work_options,
		.options_size = sizeof(struct work_options)},
	.state_size = sizeof(struct work_state),
	.open = work_open,
	.take = work_take,
	.report = work_report,
};
