#include "generators/tcp_replay/replay.h"

#include "harness/base/clock.h"
#include "harness/base/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- which connections ---- */

static struct cb_conn_spec spec_of(const struct cb_tcp_replay_job *job, const struct cb_flow *flow)
{
	return (struct cb_conn_spec){.flow = flow,
		.side = (enum cb_side)job->side,
		.expect = (enum cb_expect)job->expect,
		.timed = job->timing == CB_TCP_REPLAY_CAPTURE,
		.times = job->timestamps,
		.window_bytes = (uint32_t)job->window_bytes,
		.retries = (uint32_t)job->retries,
		.rto_first_ns = (uint64_t)job->rto_ns,
		.rto_min_ns = (uint64_t)job->rto_ns,
		.quiet_ns = (uint64_t)job->timeout_ns,
		.accept_ns = (uint64_t)job->accept_ns,
		.settle_ns = (uint64_t)job->settle_ns};
}

static void take_flow(struct cb_tcp_replay *replay, size_t number)
{
	const struct cb_tcp_replay_job *job = replay->job;
	const struct cb_flow *flow = &replay->capture.flows[number];
	char why[200];

	if (cb_capture_refused(flow, (enum cb_side)job->side, job->expect == CB_EXPECT_EXACT, why,
		    sizeof(why))) {
		cb_info("connection %zu of %s is left out: %s", number + 1, job->file, why);
		if (!replay->refused++)
			snprintf(replay->why_refused, sizeof(replay->why_refused),
				"connection %zu: %s", number + 1, why);
		return;
	}
	replay->flows[replay->n_flows] = number;
	replay->specs[replay->n_flows++] = spec_of(job, flow);
}

static int choose_flows(struct cb_tcp_replay *replay, struct cb_error *err)
{
	const struct cb_tcp_replay_job *job = replay->job;
	size_t n = replay->capture.n;

	if ((uint64_t)job->flow > n)
		return cb_error_set(err, CB_ERR_USAGE, "--flow %lld: %s holds %zu connection%s",
			(long long)job->flow, job->file, n, n == 1 ? "" : "s");
	replay->flows = calloc(n, sizeof(*replay->flows));
	replay->specs = calloc(n, sizeof(*replay->specs));
	if (!replay->flows || !replay->specs)
		return cb_error_memory(err, "connections");
	for (size_t i = 0; i < n; i++) {
		if (!job->flow || (size_t)job->flow == i + 1)
			take_flow(replay, i);
	}
	if (replay->n_flows)
		return 0;
	return cb_error_set(err, CB_ERR_USAGE, "%s: nothing in it can be played: %s", job->file,
		replay->why_refused);
}

static void tell_file(const struct cb_tcp_replay *replay)
{
	const struct cb_capture *c = &replay->capture;

	if (c->damaged[0])
		cb_warn("%s; what stands before that is played", c->damaged);
	if (c->counts.other + c->counts.fragments + c->counts.cut)
		cb_info("%s: passed over %lld packets without TCP, %lld fragments, %lld cut within "
			"their headers",
			replay->job->file, (long long)c->counts.other,
			(long long)c->counts.fragments, (long long)c->counts.cut);
}

int cb_tcp_replay_load(
	struct cb_tcp_replay *replay, const struct cb_tcp_replay_job *job, struct cb_error *err)
{
	const struct cb_capture_spec spec = {
		.name = job->file, .synthesize_handshake = job->synthesize_handshake};
	int r;

	*replay = (struct cb_tcp_replay){.job = job, .neighbour_fd = -1, .whole = true};
	r = cb_capture_open(&replay->capture, job->file, &spec, err);
	if (!r)
		r = choose_flows(replay, err);
	if (r)
		return r;
	tell_file(replay);
	return 0;
}

int cb_tcp_replay_prepare(
	struct cb_tcp_replay *replay, const struct cb_tcp_replay_job *job, struct cb_error *err)
{
	int r = cb_tcp_replay_load(replay, job, err);

	if (r)
		return r;
	replay->engine = (struct cb_engine_spec){.interface = job->interface,
		.xdp = (enum cb_xdp_mode)job->xdp,
		.side = (enum cb_side)job->side,
		.parallel_max = (uint32_t)job->parallel,
		.flows = replay->specs,
		.n_flows = replay->n_flows,
		.neighbour_fd = -1};
	r = cb_tcp_replay_find_way(replay, err);
	if (!r && job->side == CB_CLIENT && replay->engine.source_port < 0 &&
		replay->engine.parallel_max > CB_ENGINE_RANDOM_MOST)
		replay->engine.parallel_max = CB_ENGINE_RANDOM_MOST;
	return r;
}

/* ---- the order of things ---- */

/* When a flow began in the capture, after the first one; the times of a file may go back. */
static uint64_t began_ns(const struct cb_tcp_replay *replay, size_t flow)
{
	uint64_t first = replay->specs[0].flow->packets[0].time_ns;
	uint64_t at = replay->specs[flow].flow->packets[0].time_ns;

	return at > first ? at - first : 0;
}

/* Copy by copy; with the capture's timing those of a copy begin as they did there. */
static int next_start(void *arg, struct cb_engine_start *start)
{
	struct cb_tcp_replay *replay = arg;
	const struct cb_tcp_replay_job *job = replay->job;
	size_t all = replay->n_flows * (size_t)job->connections, n = (size_t)job->connections;

	if (replay->given == all)
		return 0;
	start->flow = replay->given / n;
	start->at_ns = 0;
	if (job->timing == CB_TCP_REPLAY_CAPTURE)
		start->at_ns = began_ns(replay, start->flow);
	replay->given++;
	return 1;
}

/* ---- what came of it ---- */

static void add_counts(struct cb_conn_counts *to, const struct cb_conn_counts *from)
{
	to->sent += from->sent;
	to->received += from->received;
	to->sent_bytes += from->sent_bytes;
	to->received_bytes += from->received_bytes;
	to->retransmitted += from->retransmitted;
	to->timeouts += from->timeouts;
	to->probes += from->probes;
	to->duplicate += from->duplicate;
	to->out_of_order += from->out_of_order;
	to->unacceptable += from->unacceptable;
	to->odd += from->odd;
	to->different_bytes += from->different_bytes;
	to->surplus_bytes += from->surplus_bytes;
	to->uncompared_bytes += from->uncompared_bytes;
}

static struct cb_tcp_replay_connection describe(
	const struct cb_tcp_replay *r, const struct cb_player *p)
{
	bool client = r->engine.side == CB_CLIENT;
	struct cb_tcp_replay_connection c = {.flow = r->flows[p->flow] + 1,
		.source_port = client ? p->head.source.port : p->head.destination.port,
		.port = client ? p->head.destination.port : p->head.source.port,
		.verdict = p->conn.verdict,
		.counts = p->conn.counts,
		.scheduled = (int64_t)p->conn.spec->flow->n,
		.happened = (int64_t)(p->conn.told - p->conn.forgone),
		.forgone = (int64_t)p->conn.forgone,
		.begin_ns = p->conn.begin_ns - r->start_ns,
		.end_ns = p->conn.end_ns - r->start_ns};

	memcpy(c.why, p->conn.why, sizeof(c.why));
	return c;
}

static void keep(struct cb_tcp_replay_result *result, const struct cb_tcp_replay_connection *c)
{
	if (result->n == result->capacity) {
		size_t wanted = result->capacity ? result->capacity * 2 : 16;
		struct cb_tcp_replay_connection *grown =
			reallocarray(result->connections, wanted, sizeof(*grown));

		if (!grown) {
			result->failed = true;
			return;
		}
		result->connections = grown;
		result->capacity = wanted;
	}
	result->connections[result->n++] = *c;
}

static void on_began(void *arg, const struct cb_player *p)
{
	struct cb_tcp_replay *replay = arg;

	if (!p->number)
		replay->start_ns = p->conn.begin_ns;
}

static void on_ended(void *arg, const struct cb_player *p)
{
	struct cb_tcp_replay *replay = arg;
	struct cb_tcp_replay_result *result = replay->result;
	struct cb_tcp_replay_connection c = describe(replay, p);

	if (!result->ended++ || c.begin_ns < result->first_ns)
		result->first_ns = c.begin_ns;
	result->elapsed_ns = c.end_ns - result->first_ns;
	result->verdicts[c.verdict]++;
	add_counts(&result->total, &c.counts);
	result->scheduled += c.scheduled;
	result->happened += c.happened;
	result->forgone += c.forgone;
	if (replay->whole || c.verdict != CB_CONN_COMPLETE)
		keep(result, &c);
}

static void on_told(void *arg, const struct cb_player *p, size_t packet)
{
	const struct cb_tcp_replay *replay = arg;

	replay->told(replay->told_arg, p, packet);
}

int cb_tcp_replay_run(struct cb_tcp_replay *replay, const volatile sig_atomic_t *stop,
	int (*ready)(void *arg), void *ready_arg, struct cb_tcp_replay_result *result,
	struct cb_error *err)
{
	struct cb_engine_spec *e = &replay->engine;
	int r;

	*result = (struct cb_tcp_replay_result){.refused = replay->refused};
	result->total.first_different = -1;
	replay->result = result;
	e->stop = stop;
	e->began = on_began;
	e->ended = on_ended;
	if (!e->next)
		e->next = next_start;
	e->told = replay->told ? on_told : NULL;
	e->arg = replay;
	r = cb_engine_run(e, ready, ready_arg, &result->frames, err);
	if (!r && result->failed)
		r = cb_error_memory(err, "the account of connections");
	return r;
}

int cb_tcp_replay_verdict(const struct cb_tcp_replay_result *result, struct cb_error *err)
{
	static const struct {
		enum cb_conn_verdict verdict;
		int code;
	} codes[] = {{CB_CONN_RESET, CB_ERR_RESET}, {CB_CONN_NO_ANSWER, CB_ERR_NO_ANSWER},
		{CB_CONN_DIFFERENT, CB_ERR_DIFFERENT}};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (!result->verdicts[codes[i].verdict])
			continue;
		for (size_t k = 0; k < result->n; k++) {
			const struct cb_tcp_replay_connection *c = &result->connections[k];

			if (c->verdict == codes[i].verdict)
				return cb_error_set(err, codes[i].code, "connection %zu: %s%s%s",
					c->flow, cb_conn_verdict_names[c->verdict],
					c->why[0] ? ": " : "", c->why);
		}
		return cb_error_set(
			err, codes[i].code, "%s", cb_conn_verdict_names[codes[i].verdict]);
	}
	return 0;
}

void cb_tcp_replay_result_finish(struct cb_tcp_replay_result *result)
{
	free(result->connections);
	*result = (struct cb_tcp_replay_result){0};
}

void cb_tcp_replay_finish(struct cb_tcp_replay *replay)
{
	cb_capture_finish(&replay->capture);
	free(replay->flows);
	free(replay->specs);
	if (replay->job && replay->neighbour_fd >= 0)
		close(replay->neighbour_fd);
	*replay = (struct cb_tcp_replay){.neighbour_fd = -1};
}
