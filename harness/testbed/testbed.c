#include "harness/testbed/testbed.h"

#include "harness/base/clock.h"
#include "harness/base/json.h"
#include "harness/testbed/backend.h"
#include "harness/testbed/connection.h"

#include <stdlib.h>

#define CLOCK_NS    (2 * CB_NS_PER_SEC)
#define CLOCK_TRIPS 5

int cb_testbed_open(
	struct cb_testbed **testbed, const struct cb_testbed_options *options, struct cb_error *err)
{
	struct cb_testbed *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return cb_error_memory(err, "the test-bed");
	t->backend = !options->bed    ? &cb_testbed_local
		: *options->bed->here ? &cb_testbed_here
				      : &cb_testbed_remote;
	t->missing = json_array();
	r = t->backend->open(t, options, err);
	if (r) {
		cb_testbed_close(t);
		return cb_error_prepend(
			err, "test-bed %s", options->bed ? options->bed->name : "local");
	}
	*testbed = t;
	return 0;
}

void cb_testbed_close(struct cb_testbed *t)
{
	if (!t)
		return;
	/* Sensors first: the link may go with either end, and its loss would worry processes that
	 * still capture. */
	for (size_t i = 0; i < t->n_sensors; i++)
		cb_host_dismiss(t->sensors[i].host);
	for (size_t i = 0; i < t->n_generators; i++)
		cb_host_dismiss(t->generators[i].host);
	for (size_t i = 0; i < t->n_counters; i++)
		cb_host_dismiss(t->counters[i].host);
	for (size_t i = 0; i < t->n_generators; i++)
		cb_host_close(t->generators[i].host);
	for (size_t i = 0; i < t->n_sensors; i++)
		cb_host_close(t->sensors[i].host);
	for (size_t i = 0; i < t->n_counters; i++)
		cb_host_close(t->counters[i].host);
	t->backend->close(t);
	json_decref(t->missing);
	free(t);
}

int cb_testbed_mend(struct cb_testbed *t, struct cb_error *err)
{
	if (!t->backend->mend)
		return cb_error_set(err, CB_ERR_HOST, "this test-bed can't be mended");
	return t->backend->mend(t, err);
}

int cb_testbed_core(const struct cb_testbed_end *end, int core)
{
	if (core < 0 || !end->n_cores)
		return core;
	return core < end->n_cores ? end->cores[core] : CB_CORES_UNKNOWN;
}

bool cb_testbed_has_core(const struct cb_testbed_end *end, int core)
{
	return !end->n_usable ||
		(core >= 0 && core < CB_CORES_UNKNOWN && end->usable[core / 64] >> (core % 64) & 1);
}

int cb_testbed_add_missing(struct cb_testbed *t, const json_t *more, struct cb_error *err)
{
	const json_t *sentence, *known;
	size_t i, k;

	json_array_foreach(more, i, sentence)
	{
		bool found = false;

		json_array_foreach(t->missing, k, known) found =
			found || json_equal(known, sentence);
		if (!found && json_array_append(t->missing, (json_t *)sentence))
			return cb_error_memory(err, "the test-bed");
	}
	return 0;
}

static int ask_all(struct cb_ask *asks, size_t n, const char *request, uint64_t deadline_ns,
	struct cb_error *err)
{
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		json_t *args = asks[i].args;

		asks[i].args = asks[i].reply = NULL;
		if (r)
			json_decref(args);
		else
			r = cb_host_send(asks[i].host, request, args, err);
	}
	for (size_t i = 0; !r && i < n; i++)
		r = cb_host_collect(asks[i].host, &asks[i].reply, deadline_ns, err);
	return r;
}

int cb_hosts_ask(struct cb_ask *asks, size_t n, const char *request, uint64_t deadline_ns,
	struct cb_error *err)
{
	int r = ask_all(asks, n, request, deadline_ns, err);

	for (size_t i = 0; r && i < n; i++) {
		json_decref(asks[i].reply);
		asks[i].reply = NULL;
	}
	return r;
}

static int clock_trip(struct cb_host *h, struct cb_clock_offset *o, struct cb_error *err)
{
	int64_t sent = (int64_t)cb_now_ns(), real = (int64_t)cb_real_ns(), there = 0,
		real_there = 0;
	json_t *reply = NULL;
	int r = cb_host_call(h, "clock", NULL, &reply, cb_deadline_in(CLOCK_NS), err);

	o->error_ns = ((int64_t)cb_now_ns() - sent) / 2;
	if (!r)
		r = cb_json_count(reply, "monotonic_ns", &there, err);
	if (!r)
		r = cb_json_count(reply, "real_ns", &real_there, err);
	json_decref(reply);
	o->offset_ns = there - (sent + o->error_ns);
	o->real_offset_ns = real_there - (real + o->error_ns);
	return r;
}

int cb_host_clock(struct cb_host *h, struct cb_clock_offset *o, struct cb_error *err)
{
	o->error_ns = INT64_MAX;
	for (int i = 0; i < CLOCK_TRIPS; i++) {
		struct cb_clock_offset trip;
		int r = clock_trip(h, &trip, err);

		if (r)
			return r;
		if (trip.error_ns < o->error_ns)
			*o = trip;
	}
	return 0;
}
