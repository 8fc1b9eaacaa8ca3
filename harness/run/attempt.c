#include "harness/run/attempt.h"

#include "harness/base/clock.h"

#include <stdlib.h>

#define COUNTERS_NS (5 * CB_NS_PER_SEC)

static int ask(struct cb_ask *asks, size_t n, const char *request, json_t **replies, uint64_t ns,
	struct cb_error *err)
{
	int r = cb_hosts_ask(asks, n, request, cb_deadline_in(ns), err);

	for (size_t i = 0; i < n; i++) {
		if (replies)
			replies[i] = asks[i].reply;
		else
			json_decref(asks[i].reply);
	}
	return r;
}

int cb_attempt_ask_sensors(const struct cb_attempt *a, const char *request, cb_attempt_args *args,
	json_t **replies, uint64_t ns, struct cb_error *err)
{
	struct cb_ask asks[CB_TESTBED_HOSTS_MAX];

	for (size_t i = 0; i < a->n_sensors; i++)
		asks[i] = (struct cb_ask){a->sensors[i].end->host, args ? args(a, i) : NULL, NULL};
	return ask(asks, a->n_sensors, request, replies, ns, err);
}

int cb_attempt_ask_generators(const struct cb_attempt *a, const char *request,
	cb_attempt_args *args, json_t **replies, uint64_t ns, struct cb_error *err)
{
	struct cb_ask asks[CB_TESTBED_HOSTS_MAX];

	for (size_t i = 0; i < a->n_generators; i++)
		asks[i] =
			(struct cb_ask){a->generators[i].end->host, args ? args(a, i) : NULL, NULL};
	return ask(asks, a->n_generators, request, replies, ns, err);
}

static json_t *generator_interface(const struct cb_attempt *a, size_t i)
{
	return json_pack("{s:s}", "interface", a->generators[i].end->interface);
}

static json_t *sensor_interface(const struct cb_attempt *a, size_t i)
{
	return json_pack("{s:s}", "interface", a->sensors[i].end->interface);
}

static int take_counters(json_t *reply, struct cb_counters *c, const struct cb_testbed_end *end,
	struct cb_error *err)
{
	int r = cb_counters_read(c, reply, err);

	json_decref(reply);
	return r ? cb_error_prepend(err, "%s", end->name) : 0;
}

static int read_generators(struct cb_attempt *a, bool after, struct cb_error *err)
{
	json_t *replies[CB_TESTBED_HOSTS_MAX] = {NULL};
	uint64_t now = cb_now_ns();
	int r = cb_attempt_ask_generators(
		a, "counters", generator_interface, replies, COUNTERS_NS, err);
	int failed = r;

	for (size_t i = 0; !failed && i < a->n_generators; i++) {
		struct cb_attempt_generator *g = &a->generators[i];
		int r2 = take_counters(
			replies[i], after ? &g->after : &g->before, g->end, r ? NULL : err);

		*(after ? &g->asked_after_ns : &g->asked_before_ns) = now;
		r = r ? r : r2;
	}
	return r;
}

static int read_sensors(struct cb_attempt *a, bool after, struct cb_error *err)
{
	json_t *replies[CB_TESTBED_HOSTS_MAX] = {NULL};
	uint64_t now = cb_now_ns();
	int r = cb_attempt_ask_sensors(a, "counters", sensor_interface, replies, COUNTERS_NS, err);
	int failed = r;

	for (size_t i = 0; !failed && i < a->n_sensors; i++) {
		struct cb_attempt_sensor *s = &a->sensors[i];
		int r2 = take_counters(replies[i],
			after ? &s->readings.receiver_after : &s->readings.receiver_before, s->end,
			r ? NULL : err);

		*(after ? &s->asked_after_ns : &s->asked_before_ns) = now;
		r = r ? r : r2;
	}
	return r;
}

static int read_wire(const struct cb_testbed_wire *w, struct cb_counters *c, struct cb_error *err)
{
	json_t *reply = NULL;
	int r = cb_host_call(w->at->host, "counters", json_pack("{s:s}", "interface", w->interface),
		&reply, cb_deadline_in(COUNTERS_NS), err);

	return r ? r : take_counters(reply, c, w->at, err);
}

int cb_attempt_read_counters(struct cb_attempt *a, bool after, struct cb_error *err)
{
	int r = read_generators(a, after, err);

	if (!r)
		r = read_sensors(a, after, err);
	for (size_t i = 0; !r && i < a->n_sensors; i++) {
		struct cb_link_readings *l = &a->sensors[i].readings;

		if (l->wired)
			r = read_wire(&a->sensors[i].end->wire,
				after ? &l->wire_after : &l->wire_before, err);
	}
	return r;
}

json_t *cb_attempt_watched(const struct cb_attempt *a, size_t i)
{
	if (a->t->shape.shared)
		return json_pack("{s:[i]}", "pids", (int)a->generators[0].pid);
	return json_pack("{s:[]}", "pids");
}

static int take_softirq(
	json_t *reply, struct cb_attempt_sensor *s, int64_t *net_rx_ns, struct cb_error *err)
{
	const json_t *first;
	json_t *list;
	int r = 0;

	*net_rx_ns = s->generator_softirq_ns = CB_UNKNOWN;
	if (json_is_true(json_object_get(reply, "available"))) {
		r = cb_json_count(reply, "net_rx_ns", net_rx_ns, err);
		if (!r)
			r = cb_json_array(reply, "softirq_ns", &list, err);
		first = r ? NULL : json_array_get(list, 0);
		if (json_is_integer(first))
			s->generator_softirq_ns = json_integer_value(first);
	}
	json_decref(reply);
	return r ? cb_error_prepend(err, "%s", s->end->name) : 0;
}

int cb_attempt_read_softirq(struct cb_attempt *a, int64_t *net_rx_ns, struct cb_error *err)
{
	json_t *replies[CB_TESTBED_HOSTS_MAX] = {NULL};
	int r = cb_attempt_ask_sensors(
		a, "evidence", cb_attempt_watched, replies, COUNTERS_NS, err);
	int failed = r;

	for (size_t i = 0; !failed && i < a->n_sensors; i++) {
		int r2 = take_softirq(replies[i], &a->sensors[i], &net_rx_ns[i], r ? NULL : err);

		r = r ? r : r2;
	}
	return r;
}
