/*
 * `tcp-replay`: captured TCP connections, so many a second, over and over (generators/tcp_replay/).
 * With `to`, one side of them against a live host; without, both sides, as a mirror port shows
 * them. How many frames that makes is up to the connections, so there is no rate to keep; and they
 * carry no stamps: a capturer's books know them by number.
 */
#include "generators/generator.h"
#include "generators/tcp_replay/mirror.h"
#include "generators/tcp_replay/replay.h"
#include "generators/traffic/address.h"
#include "harness/base/clock.h"
#include "harness/net/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tcp_replay {
	struct cb_tcp_replay_job job;
	struct cb_tcp_replay replay;
	struct cb_conn_spec *pairs; /* of the mirror; owned */
	unsigned ifindex;
	uint8_t mac[6];
	/* of a run */
	const struct cb_transmit_order *order;
	struct cb_tcp_replay_result result;
	uint64_t begun; /* connections */
	int64_t ended[CB_CONN_VERDICTS];
	uint64_t begin_ns, end_ns;
};

/* ---- set-up ---- */

/* The longest segments that fit, behind any headers that a flow may have. */
#define HEADERS_MOST (60U + 4 * CB_PACKET_VLANS_MAX)

static int make_pairs(struct tcp_replay *t, struct cb_error *err)
{
	struct cb_tcp_replay *replay = &t->replay;
	struct cb_link_info info;
	int r = cb_link_info(t->job.interface, &info, err);

	if (r)
		return r;
	if (info.mtu < HEADERS_MOST + CB_TCP_MSS_LEAST)
		return cb_error_set(err, CB_ERR_HOST, "%s has an MTU of %u: too small for TCP",
			t->job.interface, info.mtu);
	t->pairs = calloc(2 * replay->n_flows, sizeof(*t->pairs));
	if (!t->pairs)
		return cb_error_memory(err, "connections");
	for (size_t i = 0; i < replay->n_flows; i++) {
		char why[200];

		if (cb_capture_refused(replay->specs[i].flow, CB_SERVER, false, why, sizeof(why)))
			return cb_error_set(err, CB_ERR_USAGE,
				"%s: connection %zu can't be played from both sides: %s",
				t->job.file, replay->flows[i] + 1, why);
		replay->specs[i].mss_max = info.mtu - HEADERS_MOST;
		t->pairs[2 * i] = t->pairs[2 * i + 1] = replay->specs[i];
		t->pairs[2 * i + 1].side = CB_SERVER;
	}
	return 0;
}

static void tcp_replay_close(void *state)
{
	struct tcp_replay *t = state;

	cb_tcp_replay_finish(&t->replay);
	free(t->pairs);
	t->pairs = NULL;
}

static int tcp_replay_open(
	void *state, const struct cb_link *link, const void *given, struct cb_error *err)
{
	struct tcp_replay *t = state;
	int r;

	t->job = *(const struct cb_tcp_replay_job *)given;
	cb_tcp_replay_fill(&t->job);
	snprintf(t->job.interface, sizeof(t->job.interface), "%s", link->interface);
	t->ifindex = link->ifindex;
	memcpy(t->mac, link->frame->bytes + 6, sizeof(t->mac));
	r = t->job.to[0] ? cb_tcp_replay_prepare(&t->replay, &t->job, err)
			 : cb_tcp_replay_load(&t->replay, &t->job, err);
	if (!r && !t->job.to[0])
		r = make_pairs(t, err);
	if (r)
		tcp_replay_close(t);
	return r;
}

static unsigned tcp_replay_traits(const void *options)
{
	const struct cb_tcp_replay_job *job = options;

	return job->to[0] ? CB_TRAIT_PEER : 0;
}

/* ---- a run ---- */

static int next(struct tcp_replay *t, struct cb_engine_start *start)
{
	start->flow = t->begun % t->replay.n_flows;
	start->at_ns = t->begun * CB_NS_PER_SEC / (uint64_t)t->job.per_second;
	t->begun++;
	return 1;
}

static int next_live(void *arg, struct cb_engine_start *start)
{
	struct cb_tcp_replay *replay = arg;

	return next(replay->owner, start);
}

static int next_mirrored(void *arg, struct cb_engine_start *start)
{
	return next(arg, start);
}

static void ended_mirrored(void *arg, const struct cb_conn *client)
{
	struct tcp_replay *t = arg;

	t->ended[client->verdict]++;
}

static void tick_mirrored(void *arg, uint64_t elapsed_ns, int64_t sent)
{
	const struct tcp_replay *t = arg;

	if (t->order->progress)
		t->order->progress(t->order->progress_arg, elapsed_ns, (uint64_t)sent);
}

static void tick_live(void *arg, uint64_t elapsed_ns, int64_t sent)
{
	const struct cb_tcp_replay *replay = arg;

	tick_mirrored(replay->owner, elapsed_ns, sent);
}

static int run_mirror(struct tcp_replay *t, struct cb_engine_counts *counts, struct cb_error *err)
{
	struct cb_mirror_spec spec = {.interface = t->job.interface,
		.ifindex = t->ifindex,
		.macs = {[CB_SERVER] = {2, 0, 0, 0, 0, 2}},
		.parallel_max = (uint32_t)t->job.parallel,
		.flows = t->pairs,
		.next = next_mirrored,
		.ended = ended_mirrored,
		.tick = tick_mirrored,
		.arg = t,
		.stop = t->order->stop,
		.limit_ns = t->order->limit_ns};
	int r;

	memcpy(spec.macs[CB_CLIENT], t->mac, 6);
	t->begin_ns = cb_now_ns();
	r = cb_mirror_run(&spec, counts, err);
	t->end_ns = cb_now_ns();
	return r;
}

static int run_live(struct tcp_replay *t, struct cb_engine_counts *counts, struct cb_error *err)
{
	struct cb_tcp_replay *replay = &t->replay;
	int r;

	replay->owner = t;
	replay->whole = false;
	replay->engine.next = next_live;
	replay->engine.tick = tick_live;
	replay->engine.limit_ns = t->order->limit_ns;
	r = cb_tcp_replay_run(replay, t->order->stop, NULL, NULL, &t->result, err);
	*counts = t->result.frames;
	t->begin_ns = replay->start_ns;
	t->end_ns = replay->start_ns + t->result.elapsed_ns;
	memcpy(t->ended, t->result.verdicts, sizeof(t->ended));
	cb_tcp_replay_result_finish(&t->result);
	return r;
}

static void count_ended(const struct tcp_replay *t, const struct cb_engine_counts *counts,
	struct cb_transmit_account *a)
{
	a->connections = 0;
	for (int v = 0; v < CB_CONN_VERDICTS; v++)
		a->connections += t->ended[v];
	a->connections_complete = t->ended[CB_CONN_COMPLETE];
	if (t->job.to[0])
		a->peer_received = counts->received;
}

static int check_order(const struct cb_transmit_order *order, struct cb_error *err)
{
	if (!order->rate_pps && !order->frames)
		return 0;
	return cb_error_set(err, CB_ERR_USAGE,
		"tcp-replay: how many frames there are is up to the connections: give rate max and "
		"no count, and how many connections begin each second "
		"(tcp-replay:connections=100)");
}

static int tcp_replay_run(void *state, const struct cb_transmit_order *order,
	struct cb_transmit_account *account, struct cb_error *err)
{
	struct cb_engine_counts counts = {0};
	struct tcp_replay *t = state;
	int r = check_order(order, err);

	if (r)
		return r;
	t->order = order;
	t->begun = 0;
	memset(t->ended, 0, sizeof(t->ended));
	t->begin_ns = t->end_ns = 0;
	r = t->job.to[0] ? run_live(t, &counts, err) : run_mirror(t, &counts, err);
	account->begin_ns = t->begin_ns;
	account->end_ns = t->end_ns;
	account->offered = account->window_offered = counts.sent + counts.refused;
	account->refused = counts.refused;
	if (account->end_ns > account->begin_ns)
		account->window_pps = (double)account->offered * 1e9 /
			(double)(account->end_ns - account->begin_ns);
	account->flows = (int64_t)t->begun;
	account->ended_early = *order->stop != 0;
	count_ended(t, &counts, account);
	return r;
}

const struct cb_transmitter cb_transmitter_tcp_replay = {
	.member =
		{
			.name = "tcp-replay",
			.help = "Plays captured TCP connections anew, so many a second; no stamps",
			.options = cb_tcp_replay_transmitter_options,
			.options_size = sizeof(struct cb_tcp_replay_job),
			.traits = tcp_replay_traits,
		},
	.state_size = sizeof(struct tcp_replay),
	.batch = CB_OUTBOX_FRAMES,
	.open = tcp_replay_open,
	.run = tcp_replay_run,
	.close = tcp_replay_close,
};
