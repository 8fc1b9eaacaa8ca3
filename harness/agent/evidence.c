#include "harness/agent/evidence.h"

#include "harness/agent/requests.h"
#include "harness/agent/state.h"
#include "harness/base/json.h"
#include "harness/base/log.h"
#include "harness/base/text.h"
#include "harness/book/measured.h"

#include <math.h>
#include <stdio.h>

bool cb_agent_softirq_want(struct cb_agent *a)
{
	struct cb_agent_softirq *s = &a->softirq;
	struct cb_error err = {0};

	if (s->program || s->refused)
		return s->program != NULL;
	if (cb_softirq_open(&s->program, &err)) {
		s->program = NULL;
		s->refused = true;
		snprintf(s->why, sizeof(s->why), "%.*s", (int)sizeof(s->why) - 1, err.text);
		return false;
	}
	s->kernel_accounts = cb_softirq_kernel_accounts(s->program);
	if (isnan(s->cost_ns) && cb_softirq_cost(s->program, &s->cost_ns, &err)) {
		cb_warn("%s", err.text);
		s->cost_ns = NAN;
	}
	return true;
}

void cb_agent_softirq_drop(struct cb_agent *a)
{
	cb_softirq_close(a->softirq.program);
	a->softirq.program = NULL;
	a->softirq.n_watched = 0;
}

void cb_agent_softirq_watch(struct cb_agent *a, pid_t pid)
{
	struct cb_error err = {0};

	if (a->softirq.program && cb_softirq_watch(a->softirq.program, pid, &err))
		cb_warn("%s", err.text);
}

void cb_agent_softirq_unwatch(struct cb_agent *a, pid_t pid)
{
	if (a->softirq.program)
		cb_softirq_unwatch(a->softirq.program, pid, NULL);
}

int64_t cb_agent_softirq_of(struct cb_agent *a, pid_t pid)
{
	int64_t ns;

	if (!a->softirq.program || cb_softirq_of(a->softirq.program, pid, &ns, NULL))
		return CB_UNKNOWN;
	return ns;
}

void cb_agent_softirq_settle(struct cb_agent *a, struct cb_view_record *record, int64_t softirq_ns)
{
	int accounts = a->softirq.kernel_accounts;

	record->softirq_ns = softirq_ns;
	if (accounts == 1 || record->cpu_ns == CB_UNKNOWN)
		return;
	if (softirq_ns == CB_UNKNOWN || accounts < 0)
		record->cpu_ns = CB_UNKNOWN;
	else
		record->cpu_ns = record->cpu_ns > softirq_ns ? record->cpu_ns - softirq_ns : 0;
}

static int put_availability(const struct cb_agent *a, json_t *reply)
{
	bool available = a->softirq.program != NULL;

	return json_object_set_new(reply, "available", json_boolean(available)) |
		json_object_set_new(
			reply, "why", available ? json_null() : json_string(a->softirq.why));
}

int cb_agent_watch(struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	struct cb_agent_softirq *s = &a->softirq;
	pid_t pids[CB_AGENT_WATCHED_MAX];
	size_t n;
	int r = cb_agent_arg_pids(args, "pids", pids, CB_AGENT_WATCHED_MAX, &n, err);

	if (r)
		return r;
	for (size_t i = 0; i < s->n_watched; i++)
		cb_agent_softirq_unwatch(a, s->watched[i]);
	s->n_watched = 0;
	if (cb_agent_softirq_want(a)) {
		for (size_t i = 0; i < n; i++) {
			cb_agent_softirq_watch(a, pids[i]);
			s->watched[i] = pids[i];
		}
		s->n_watched = n;
	}
	return put_availability(a, reply) ? cb_error_memory(err, "the reply") : 0;
}

int cb_agent_evidence(struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	pid_t pids[CB_AGENT_WATCHED_MAX];
	size_t n;
	int64_t net_rx_ns = CB_UNKNOWN;
	json_t *times;
	int accounts;
	int r = cb_agent_arg_pids(args, "pids", pids, CB_AGENT_WATCHED_MAX, &n, err);

	if (r)
		return r;
	times = json_array();
	for (size_t i = 0; i < n; i++) {
		int64_t ns = cb_agent_softirq_of(a, pids[i]);

		json_array_append_new(times, ns == CB_UNKNOWN ? json_null() : json_integer(ns));
	}
	if (a->softirq.program && cb_softirq_net_rx(a->softirq.program, &net_rx_ns, NULL))
		net_rx_ns = CB_UNKNOWN;
	accounts = a->softirq.kernel_accounts;
	r = put_availability(a, reply);
	r |= json_object_set_new(reply, "softirq_ns", times);
	r |= cb_json_set_count(reply, "net_rx_ns", net_rx_ns);
	r |= cb_json_set_real(reply, "cost_ns", a->softirq.cost_ns);
	r |= json_object_set_new(
		reply, "kernel_accounts", accounts < 0 ? json_null() : json_boolean(accounts));
	return r ? cb_error_memory(err, "the reply") : 0;
}
