/* `replay`: captured TCP connections played anew against a live host. */
#include "generators/tcp_replay/replay.h"

#include "harness/base/clock.h"
#include "harness/base/json.h"
#include "harness/base/text.h"
#include "harness/base/units.h"
#include "harness/cli/control.h"
#include "harness/cli/verb.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STEPS_MAX  2000 /* captured packets that are told one by one, unless asked for more */
#define FAILED_MAX 10   /* connections that are named */

struct args {
	struct cb_tcp_replay_job job; /* first: cb_tcp_replay_options fills it */
};

/* ---- step by step ---- */

static void flags_text(uint8_t flags, char out[32])
{
	static const struct {
		uint8_t flag;
		const char *name;
	} names[] = {{CB_TCP_SYN, "SYN"}, {CB_TCP_FIN, "FIN"}, {CB_TCP_RST, "RST"}};

	out[0] = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(flags & names[i].flag))
			continue;
		strcat(out, out[0] ? " " : "");
		strcat(out, names[i].name);
	}
	if (!out[0])
		strcpy(out, "ACK");
}

static void print_step(void *arg, const struct cb_player *p, size_t packet)
{
	const struct cb_flow_packet *captured = &p->conn.spec->flow->packets[packet - 1];
	bool ours = captured->side == p->conn.spec->side;
	int64_t bytes = captured->end - captured->begin - !!(captured->flags & CB_TCP_SYN) -
		!!(captured->flags & CB_TCP_FIN);
	char flags[32], text[64];

	(void)arg;
	flags_text(captured->flags, flags);
	if (bytes)
		snprintf(text, sizeof(text), "%lld bytes%s%s", (long long)bytes,
			strcmp(flags, "ACK") != 0 ? ", " : "",
			strcmp(flags, "ACK") != 0 ? flags : "");
	else
		snprintf(text, sizeof(text), "%s", flags);
	if (ours)
		printf("sent       packet [%zu]  %s\n", packet, text);
	else
		printf("received   packet [%zu]  %s; expectation met\n", packet, text);
}

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
	int64_t played = 0;

	for (int v = 0; v < CB_CONN_VERDICTS; v++)
		played += r->verdicts[v];
	if (played == 1 && r->n == 1) {
		const struct cb_tcp_replay_connection *c = &r->connections[0];

		printf("verdict    %s%s%s\n", cb_conn_verdict_names[c->verdict],
			c->why[0] ? ": " : "", c->why);
		return;
	}
	printf("verdict    %lld connections", (long long)played);
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
	if (f->refused + f->lost)
		printf("lost here  %lld frames refused by the link, %lld for want of room\n",
			(long long)f->refused, (long long)f->lost);
}

static void print_result(const struct cb_tcp_replay_result *r)
{
	char elapsed[32], rate[32];
	double bytes = (double)(r->total.sent_bytes + r->total.received_bytes);

	cb_unit_human(CB_UNIT_TIME, (double)r->elapsed_ns, elapsed, sizeof(elapsed));
	snprintf(rate, sizeof(rate), "%.1f", bytes * 8e3 / (double)r->elapsed_ns);
	printf("scheduled  %lld captured packets; %lld of them sent or received\n",
		(long long)r->scheduled, (long long)r->happened);
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

static json_t *result_json(
	const struct cb_tcp_replay *replay, const struct cb_tcp_replay_result *r, int status)
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
	json_object_set_new(json, "duration_ns", json_integer((json_int_t)r->elapsed_ns));
	json_object_set_new(json, "bad_checksum", json_integer(f->bad_checksum));
	json_object_set_new(json, "strange", json_integer(f->strange));
	json_object_set_new(json, "link_refused", json_integer(f->refused));
	json_object_set_new(json, "tap_lost", json_integer(f->lost));
	json_object_set_new(json, "file", file_json(replay));
	json_object_set_new(json, "verdicts", verdicts);
	json_object_set_new(json, "connections", list);
	json_object_set_new(json, "exit_status", json_integer(status));
	return json;
}

/* ---- the verb ---- */

static int take(const char *what, const char *from, char *to, size_t size, struct cb_error *err)
{
	if (!from || cb_text_copy(to, size, from))
		return 0;
	return cb_error_set(err, CB_ERR_USAGE, "%s is too long: \"%.40s...\"", what, from);
}

/* INTERFACE FILE [ADDRESS MAC random|PORT]: tcpliveplay's order. */
static int take_positionals(
	const struct cb_invocation *call, struct cb_tcp_replay_job *job, struct cb_error *err)
{
	const char *const *p = call->positional;
	int r = cb_control_interface(call, job->interface, sizeof(job->interface), err);

	if (!r)
		r = take("the file's name", p[1], job->file, sizeof(job->file), err);
	if (!r)
		r = take("the address", p[2], job->to, sizeof(job->to), err);
	if (!r)
		r = take("the MAC address", p[3], job->mac, sizeof(job->mac), err);
	if (!r)
		r = take("the source port", p[4], job->source_port, sizeof(job->source_port), err);
	return r;
}

static int judge(const struct cb_tcp_replay_result *result, struct cb_error *err)
{
	if (cb_cli_signal) {
		cb_error_set(err, CB_ERR_INTERRUPTED, "interrupted");
		err->sys_errno = cb_cli_signal;
		return CB_ERR_INTERRUPTED;
	}
	return cb_tcp_replay_verdict(result, err);
}

static bool tells_steps(const struct cb_invocation *call, const struct cb_tcp_replay *replay)
{
	if (call->common.json || replay->n_flows > 1 || replay->job->connections > 1)
		return false;
	return call->common.verbose || replay->specs[0].flow->n <= STEPS_MAX;
}

/* Once a second, while somebody looks on. */
static void print_progress(void *arg, uint64_t elapsed_ns, int64_t sent)
{
	const struct cb_tcp_replay *replay = arg;
	const struct cb_tcp_replay_result *r = replay->result;
	long long ended = 0;

	for (int v = 0; v < CB_CONN_VERDICTS; v++)
		ended += r->verdicts[v];
	fprintf(stderr, "\r\033[K%llu s: %lld of %zu connections ended, %lld segments sent",
		(unsigned long long)(elapsed_ns / CB_NS_PER_SEC), ended,
		replay->n_flows * (size_t)replay->job->connections, (long long)sent);
}

static int play(
	const struct cb_invocation *call, struct cb_tcp_replay *replay, struct cb_error *err)
{
	struct cb_tcp_replay_result result = {0};
	bool shows = isatty(STDERR_FILENO);
	int r;

	if (tells_steps(call, replay)) {
		replay->told = print_step;
		setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	} else if (shows) {
		replay->engine.tick = print_progress;
	}
	r = cb_tcp_replay_run(replay, &cb_cli_signal, NULL, NULL, &result, err);
	if (replay->engine.tick)
		fputs("\r\033[K", stderr);
	if (!r) {
		r = judge(&result, err);
		if (call->common.json)
			cb_cli_print_json(
				result_json(replay, &result, r ? cb_error_exit_status(err) : 0),
				NULL);
		else
			print_result(&result);
	}
	cb_tcp_replay_result_finish(&result);
	return r;
}

static int run(const struct cb_invocation *call, struct cb_error *err)
{
	struct args *a = call->args;
	struct cb_tcp_replay replay = {.neighbour_fd = -1};
	int r = take_positionals(call, &a->job, err);

	if (!r)
		r = cb_tcp_replay_prepare(&replay, &a->job, err);
	if (!r)
		r = play(call, &replay, err);
	cb_tcp_replay_finish(&replay);
	return r;
}

static const char *const examples[] = {
	"capbench replay eth1 http.pcap --to 192.0.2.7",
	"capbench replay eth1 http.pcap 192.0.2.7 52:51:01:12:38:02 random",
	"capbench replay eth1 smtp.pcapng --to 2001:db8::7 --port 2525 --expect length --json",
	"capbench replay eth1 http.pcap --to 192.0.2.7 --connections 1000",
	"capbench replay eth1 http.pcap --side server --port 8080",
	NULL,
};

const struct cb_verb cb_verb_replay = {
	.name = "replay",
	.help = "Play captured TCP connections anew against a live host",
	.description =
		"Opens each TCP connection of FILE (pcap or pcapng; IPv4 and IPv6; Ethernet with "
		"VLAN tags, Linux cooked) anew on INTERFACE and plays one side of it: sends the "
		"captured bytes once the peer has sent what it had sent by then, retransmits what "
		"is lost, compares what comes with the capture, and closes as captured. The "
		"kernel's TCP knows nothing of it: an XDP program that ends with the process takes "
		"these connections past it. A single connection is told step by step. "
		"The arguments behind FILE are those of tcpliveplay, in its order.",
	.positional = {{.metavar = "INTERFACE", .help = "where the peer is"},
		{.metavar = "FILE", .help = "what was captured"},
		{.metavar = "ADDRESS", .help = "as --to", .optional = true},
		{.metavar = "MAC", .help = "as --mac", .optional = true},
		{.metavar = "random|PORT", .help = "as --source-port", .optional = true}},
	.options = cb_tcp_replay_options,
	.args_size = sizeof(struct args),
	.examples = examples,
	.run = run,
};
