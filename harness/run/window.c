/* The phase in which frames are sent: nothing is said to a measured host meanwhile. */
#include "harness/base/clock.h"
#include "harness/base/text.h"
#include "harness/book/joined.h"
#include "harness/run/attempt.h"
#include "harness/testbed/wait.h"

#include <stdlib.h>

#define BARRIER_NS (5 * CB_NS_PER_SEC)
/* Beyond warm-up and duration: a generator on a busy host may be late with its record. */
#define GENERATE_MARGIN_NS (10 * CB_NS_PER_SEC)
/* From the decision to the start that several generators are told: what it takes to tell them, with
 * as much again for each. */
#define START_IN_NS   (20 * CB_NS_PER_MS)
#define START_EACH_NS (1 * CB_NS_PER_MS)

static uint64_t window_ns(const struct cb_attempt *a)
{
	return (uint64_t)(a->spec->warmup_ns + a->spec->duration_ns) + GENERATE_MARGIN_NS;
}

static json_t *window_args(const struct cb_attempt *a, size_t i)
{
	return json_pack("{s:I}", "ns", (json_int_t)window_ns(a));
}

/* The last barrier: all hosts know how long they will hear nothing. Hosts of the built-in test-bed
 * have no timer. */
static int announce(struct cb_attempt *a, struct cb_error *err)
{
	int r;

	if (a->t->shape.shared)
		return 0;
	r = cb_attempt_ask_sensors(a, "window", window_args, NULL, BARRIER_NS, err);
	for (size_t i = 0; !r && i < a->t->n_counters; i++)
		if (a->t->counters[i].host)
			r = cb_host_call(a->t->counters[i].host, "window", window_args(a, i), NULL,
				cb_deadline_in(BARRIER_NS), err);
	return r ? r : cb_attempt_ask_generators(a, "window", window_args, NULL, BARRIER_NS, err);
}

/* Tell all to start; several start at one time, each by its own clock. */
static int start(struct cb_attempt *a, struct cb_error *err)
{
	uint64_t start_ns = cb_now_ns() + START_IN_NS + a->n_generators * START_EACH_NS;
	int r = 0;

	for (size_t i = 0; !r && i < a->n_generators; i++) {
		const struct cb_attempt_generator *g = &a->generators[i];
		json_t *args = json_pack(
			"{s:I}", "timeout_ns", (json_int_t)(window_ns(a) - CB_NS_PER_SEC));

		if (a->n_generators > 1)
			json_object_set_new(args, "start_ns",
				json_integer((json_int_t)start_ns + g->clock.offset_ns));
		r = cb_host_send(g->end->host, "generate-go", args, err);
	}
	return r;
}

static int hear(struct cb_attempt *a, size_t i, uint64_t deadline, struct cb_error *err)
{
	struct cb_attempt_generator *g = &a->generators[i];
	json_t *reply = NULL, *record;
	int r = cb_host_collect(g->end->host, &reply, deadline, err);

	if (!r)
		r = cb_json_object(reply, "generator", &record, err);
	if (!r)
		r = cb_generator_record_read(&g->record, record, err);
	json_decref(reply);
	for (size_t k = 0; !r && a->n_generators > 1 && k < g->record.n_streams; k++)
		cb_text_copy(
			g->record.streams[k].host, sizeof(g->record.streams[k].host), g->end->name);
	return r;
}

/* Between the first and the last to begin. */
static void take_skew(const struct cb_attempt *a, struct cb_generator_record *all)
{
	int64_t first = INT64_MAX, last = INT64_MIN, error = 0;

	for (size_t i = 0; i < a->n_generators; i++) {
		const struct cb_attempt_generator *g = &a->generators[i];
		int64_t at = g->record.started_ns;

		if (at == CB_UNKNOWN)
			return;
		at -= g->clock.offset_ns;
		first = at < first ? at : first;
		last = at > last ? at : last;
		error = g->clock.error_ns > error ? g->clock.error_ns : error;
	}
	all->start_skew_ns = last - first;
	all->start_skew_error_ns = 2 * error;
}

static int join(struct cb_attempt *a, struct cb_error *err)
{
	struct cb_generator_record *all = a->generator;

	*all = a->generators[0].record;
	cb_text_copy(all->transmitter_why, sizeof(all->transmitter_why), a->spec->generator.why);
	cb_generator_record_init(&a->generators[0].record);
	if (a->n_generators == 1)
		return 0;
	a->generators[0].record.started_ns = all->started_ns;
	for (size_t i = 1; i < a->n_generators; i++)
		if (cb_generator_record_join(all, &a->generators[i].record))
			return cb_error_memory(err, "the generators' account");
	take_skew(a, all);
	return 0;
}

/* Where nobody here sends: frames come by themselves. */
static int wait_for_traffic(struct cb_attempt *a, struct cb_error *err)
{
	int64_t ns = a->spec->warmup_ns + a->spec->duration_ns;
	int r;

	cb_heartbeat_pause();
	r = cb_testbed_wait(NULL, 0, cb_deadline_in((uint64_t)ns), err);
	cb_heartbeat_resume();
	cb_text_copy(a->generator->transmitter, sizeof(a->generator->transmitter), "elsewhere");
	a->generator->elapsed_ns = a->generator->window_elapsed_ns = ns;
	/* that nothing was heard until the deadline is what was waited for */
	return r == CB_ERR_HOST ? 0 : r;
}

int cb_attempt_generate(struct cb_attempt *a, struct cb_error *err)
{
	uint64_t deadline;
	int r = announce(a, err);

	if (r)
		return r;
	if (!a->n_generators)
		return wait_for_traffic(a, err);
	cb_heartbeat_pause();
	deadline = cb_deadline_in(window_ns(a) + START_IN_NS);
	r = start(a, err);
	for (size_t i = 0; !r && i < a->n_generators; i++)
		r = hear(a, i, deadline, err);
	cb_heartbeat_resume();
	return r ? r : join(a, err);
}
