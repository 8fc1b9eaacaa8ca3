/* What came of a replay, in words and as JSON. */
#include "harness/cli/replay_tell.h"

#include "harness/base/json.h"
#include "harness/base/units.h"
#include "harness/cli/verb.h"

#include <stdio.h>

#define FAILED_MAX 10 /* connections that are named */

/* ---- the summary ---- */

static void print_failures(const struct cb_tcp_replay_result *r)
{
	int named = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct cb_tcp_replay_connection *c = &r->connections[i];

		if (c->verdict == CB_CONN_COMPLETE)
			continue;
		if (named++ == FAILED_MAX) {
			printf("           ... (--json tells all)\n");
			return;
		}
		printf("           connection %zu, source port %u: %s%s%s\n", c->flow,
			c->source_port, cb_conn_verdict_names[c->verdict], c->why[0] ? ": " : "",
			c->why);
	}
}

static void print_verdict(const struct cb_tcp_replay_result *r)
{
	if (r->ended == 1 && r->n == 1) {
		const struct cb_tcp_replay_connection *c = &r->connections[0];

		printf("verdict    %s%s%s\n", cb_conn_verdict_names[c->verdict],
			c->why[0] ? ": " : "", c->why);
		return;
	}
	printf("verdict    %lld connections", (long long)r->ended);
	for (int v = CB_CONN_COMPLETE; v < CB_CONN_VERDICTS; v++) {
		if (r->verdicts[v])
			printf(", %lld %s", (long long)r->verdicts[v], cb_conn_verdict_names[v]);
	}
	putchar('\n');
	print_failures(r);
}

static void print_bytes(const char *name, int64_t segments, int64_t bytes)
{
	char text[64];

	cb_unit_human(CB_UNIT_BYTES, (double)bytes, text, sizeof(text));
	printf("%-10s %lld segments with %s of payload\n", name, (long long)segments, text);
}

static void print_odds(const struct cb_tcp_replay_result *r)
{
	const struct cb_engine_counts *f = &r->frames;

	if (r->total.out_of_order + r->total.duplicate)
		printf("peer       %lld segments out of order, %lld sent again\n",
			(long long)r->total.out_of_order, (long long)r->total.duplicate);
	if (f->bad_checksum + f->strange)
		printf("not taken  %lld segments with a wrong checksum, %lld of no connection\n",
			(long long)f->bad_checksum, (long long)f->strange);
	if (f->half_open)
		printf("half-open  %lld handshakes that a client began and left\n",
			(long long)f->half_open);
	if (f->refused + f->lost)
		printf("lost here  %lld frames refused by the link, %lld for want of room\n",
			(long long)f->refused, (long long)f->lost);
}

void cb_replay_summary(const struct cb_tcp_replay *replay, const struct cb_tcp_replay_result *r,
	const struct cb_error *err)
{
	char elapsed[32], rate[32];
	double bytes = (double)(r->total.sent_bytes + r->total.received_bytes);

	(void)replay;
	(void)err;
	cb_unit_human(CB_UNIT_TIME, (double)r->elapsed_ns, elapsed, sizeof(elapsed));
	snprintf(rate, sizeof(rate), "%.1f",
		r->elapsed_ns ? bytes * 8e3 / (double)r->elapsed_ns : 0);
	printf("scheduled  %lld captured packets; %lld of them sent or received",
		(long long)r->scheduled, (long long)r->happened);
	if (r->forgone)
		printf(", %lld did not come", (long long)r->forgone);
	putchar('\n');
	print_bytes("sent", r->total.sent, r->total.sent_bytes);
	print_bytes("received", r->total.received, r->total.received_bytes);
	printf("again      %lld retransmissions, %lld time-outs, %lld window probes\n",
		(long long)r->total.retransmitted, (long long)r->total.timeouts,
		(long long)r->total.probes);
	print_odds(r);
	printf("duration   %s, %s Mbit/s of payload\n", elapsed, rate);
	if (r->refused)
		printf("left out   %lld connections of the file, see above\n",
			(long long)r->refused);
	print_verdict(r);
}

/* ---- JSON ---- */

static json_t *counts_json(const struct cb_conn_counts *n)
{
	json_t *json = json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "sent",
		(json_int_t)n->sent, "received", (json_int_t)n->received, "sent_bytes",
		(json_int_t)n->sent_bytes, "received_bytes", (json_int_t)n->received_bytes,
		"retransmissions", (json_int_t)n->retransmitted, "timeouts",
		(json_int_t)n->timeouts, "probes", (json_int_t)n->probes, "peer_duplicate",
		(json_int_t)n->duplicate, "peer_out_of_order", (json_int_t)n->out_of_order,
		"peer_unacceptable", (json_int_t)n->unacceptable + (json_int_t)n->odd,
		"different_bytes", (json_int_t)n->different_bytes, "surplus_bytes",
		(json_int_t)n->surplus_bytes, "uncompared_bytes", (json_int_t)n->uncompared_bytes);

	if (json)
		cb_json_set_count(json, "first_different_offset",
			n->first_different < 0 ? CB_UNKNOWN : n->first_different);
	return json;
}

static json_t *connection_json(const struct cb_tcp_replay_connection *c)
{
	json_t *json = counts_json(&c->counts);

	json_object_set_new(json, "connection", json_integer((json_int_t)c->flow));
	json_object_set_new(json, "source_port", json_integer(c->source_port));
	json_object_set_new(json, "port", json_integer(c->port));
	json_object_set_new(json, "verdict", json_string(cb_conn_verdict_names[c->verdict]));
	json_object_set_new(json, "why", json_string(c->why));
	json_object_set_new(json, "scheduled", json_integer(c->scheduled));
	json_object_set_new(json, "happened", json_integer(c->happened));
	json_object_set_new(json, "forgone", json_integer(c->forgone));
	json_object_set_new(json, "begin_ns", json_integer((json_int_t)c->begin_ns));
	json_object_set_new(
		json, "duration_ns", json_integer((json_int_t)(c->end_ns - c->begin_ns)));
	return json;
}

static json_t *file_json(const struct cb_tcp_replay *replay)
{
	const struct cb_capture_counts *n = &replay->capture.counts;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "packets",
		(json_int_t)n->packets, "tcp", (json_int_t)n->tcp, "other", (json_int_t)n->other,
		"fragments", (json_int_t)n->fragments, "cut", (json_int_t)n->cut, "truncated",
		(json_int_t)n->truncated, "connections", (json_int_t)replay->capture.n, "refused",
		(json_int_t)replay->refused, "why_refused", replay->why_refused);
}

static json_t *result_json(const struct cb_tcp_replay *replay, const struct cb_tcp_replay_result *r,
	const struct cb_error *err)
{
	const struct cb_engine_counts *f = &r->frames;
	json_t *json = counts_json(&r->total), *list = json_array(), *verdicts = json_object();

	for (size_t i = 0; i < r->n; i++)
		json_array_append_new(list, connection_json(&r->connections[i]));
	for (int v = CB_CONN_COMPLETE; v < CB_CONN_VERDICTS; v++)
		json_object_set_new(verdicts, cb_conn_verdict_names[v],
			json_integer((json_int_t)r->verdicts[v]));
	json_object_del(json, "first_different_offset");
	json_object_set_new(json, "scheduled", json_integer(r->scheduled));
	json_object_set_new(json, "happened", json_integer(r->happened));
	json_object_set_new(json, "forgone", json_integer(r->forgone));
	json_object_set_new(json, "duration_ns", json_integer((json_int_t)r->elapsed_ns));
	json_object_set_new(json, "bad_checksum", json_integer(f->bad_checksum));
	json_object_set_new(json, "strange", json_integer(f->strange));
	json_object_set_new(json, "half_open", json_integer(f->half_open));
	json_object_set_new(json, "link_refused", json_integer(f->refused));
	json_object_set_new(json, "tap_lost", json_integer(f->lost));
	json_object_set_new(json, "file", file_json(replay));
	json_object_set_new(json, "verdicts", verdicts);
	json_object_set_new(json, "connections", list);
	if (err)
		json_object_set_new(json, "error", json_string(err->text));
	json_object_set_new(json, "exit_status", json_integer(err ? cb_error_exit_status(err) : 0));
	return json;
}

void cb_replay_json(const struct cb_tcp_replay *replay, const struct cb_tcp_replay_result *r,
	const struct cb_error *err)
{
	cb_cli_print_json(result_json(replay, r, err), NULL);
}
