/* `replay`: captured TCP connections played anew against a live host. */
#include "generators/tcp_replay/replay.h"

#include "harness/base/clock.h"
#include "harness/base/text.h"
#include "harness/cli/control.h"
#include "harness/cli/replay_tell.h"
#include "harness/cli/verb.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STEPS_MAX 2000 /* captured packets that are told one by one, unless asked for more */

struct args {
	struct cb_tcp_replay_job job; /* first: cb_tcp_replay_options fills it */
};

/* ---- step by step ---- */

#define FLAGS_TEXT 32 /* all of them fit */

static void flags_text(uint8_t flags, char out[FLAGS_TEXT])
{
	static const struct {
		uint8_t flag;
		const char *name;
	} names[] = {{CB_TCP_SYN, "SYN"}, {CB_TCP_FIN, "FIN"}, {CB_TCP_RST, "RST"}};
	int n = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (flags & names[i].flag)
			n += snprintf(out + n, FLAGS_TEXT - (size_t)n, "%s%s", n ? " " : "",
				names[i].name);
	}
	if (!n)
		snprintf(out, FLAGS_TEXT, "ACK");
}

/* How a packet of the peer's compares with the capture. Which bytes differ is known of the first.
 */
static void compared_text(const struct cb_conn *c, const struct cb_flow_packet *captured,
	int64_t bytes, char *out, size_t size)
{
	int64_t first = c->counts.first_different;

	if (first < 0 || !bytes || captured->end <= first + 1)
		snprintf(out, size, "expectation met");
	else if (captured->begin <= first + 1)
		snprintf(out, size, "differs from offset %lld on", (long long)first);
	else
		snprintf(out, size, "behind what differs");
}

static void print_step(void *arg, const struct cb_player *p, size_t packet)
{
	const struct cb_flow_packet *captured = &p->conn.spec->flow->packets[packet - 1];
	bool ours = captured->side == p->conn.spec->side;
	int64_t bytes = captured->end - captured->begin - !!(captured->flags & CB_TCP_SYN) -
		!!(captured->flags & CB_TCP_FIN);
	char flags[32], text[64], compared[64];

	(void)arg;
	flags_text(captured->flags, flags);
	if (bytes)
		snprintf(text, sizeof(text), "%lld bytes%s%s", (long long)bytes,
			strcmp(flags, "ACK") != 0 ? ", " : "",
			strcmp(flags, "ACK") != 0 ? flags : "");
	else
		snprintf(text, sizeof(text), "%s", flags);
	compared_text(&p->conn, captured, bytes, compared, sizeof(compared));
	if (ours)
		printf("sent       packet [%zu]  %s\n", packet, text);
	else if (cb_conn_is_forgone(&p->conn, captured))
		printf("passed by  packet [%zu]  %s; it did not come\n", packet, text);
	else
		printf("received   packet [%zu]  %s; %s\n", packet, text, compared);
}

/* ---- the verb ---- */

static int take(const char *what, const char *from, char *to, size_t size, struct cb_error *err)
{
	if (!from || cb_text_copy(to, size, from))
		return 0;
	return cb_error_set(err, CB_ERR_USAGE, "%s is too long: \"%.40s...\"", what, from);
}

/* As the option of that name, which must not say something else. */
static int take_as_option(
	const char *name, const char *from, char *to, size_t size, struct cb_error *err)
{
	const struct cb_option *option = cb_option_find(cb_tcp_replay_options, name);

	if (from && strcmp(to, option->fallback) != 0 && strcmp(to, from) != 0)
		return cb_error_set(err, CB_ERR_USAGE,
			"\"%s\" behind the file and --%s %s: which of them?", from, name, to);
	return take(name, from, to, size, err);
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
		r = take_as_option("to", p[2], job->to, sizeof(job->to), err);
	if (!r)
		r = take_as_option("mac", p[3], job->mac, sizeof(job->mac), err);
	if (!r)
		r = take_as_option(
			"source-port", p[4], job->source_port, sizeof(job->source_port), err);
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

	fprintf(stderr, "\r\033[K%llu s: %lld of %zu connections ended, %lld segments sent",
		(unsigned long long)(elapsed_ns / CB_NS_PER_SEC), (long long)r->ended,
		replay->n_flows * (size_t)replay->job->connections, (long long)sent);
}

static int play(
	const struct cb_invocation *call, struct cb_tcp_replay *replay, struct cb_error *err)
{
	struct cb_tcp_replay_result result = {0};
	cb_replay_tell *tell = call->common.json ? cb_replay_json : cb_replay_summary;
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
	if (!r)
		r = judge(&result, err);
	/* also when the link failed in the middle */
	if (result.ended || !r || r == CB_ERR_INTERRUPTED)
		tell(replay, &result, r ? err : NULL);
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
		"The arguments behind FILE are those of tcpliveplay, in its order. "
		"Exit status, beside those of all verbs: 7 the peer reset a connection, 8 it does "
		"not answer or does not go on, 9 it sent something else than in the capture; 2 is "
		"a bad file, too, and 5 that there is no way to the peer.",
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
