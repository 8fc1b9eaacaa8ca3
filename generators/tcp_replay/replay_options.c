#include "generators/tcp_replay/replay.h"

#define FIELD(f) .offset = offsetof(struct cb_tcp_replay_job, f)
#define TEXT(f)  CB_OPTION_TEXT_AT(struct cb_tcp_replay_job, f)

#define HOUR_NS (INT64_C(3600) * 1000000000)

static const char *const sides[] = {"client", "server", NULL};
static const char *const expects[] = {"exact", "length", "any", NULL};
static const char *const timings[] = {"fast", "capture", NULL};
static const char *const xdp_modes[] = {"auto", "native", "generic", NULL};

/* ---- rows of both tables ---- */

#define ROW_TO(words)                                                                       \
	{                                                                                   \
		.name = "to", TEXT(to), .fallback = "", .metavar = "ADDRESS", .help = words \
	}
#define ROW_MAC(words)                                                                             \
	{                                                                                          \
		.name = "mac", TEXT(mac), .fallback = "auto", .metavar = "auto|MAC", .help = words \
	}
#define ROW_PORT                                                                             \
	{                                                                                    \
		.name = "port", TEXT(port), .fallback = "captured", .metavar = "captured|N", \
		.help = "The server's port"                                                  \
	}
#define ROW_SOURCE(words)                                                             \
	{                                                                             \
		.name = "source", TEXT(source), .fallback = "", .metavar = "ADDRESS", \
		.help = words                                                         \
	}
#define ROW_FLOW(words)                                                             \
	{                                                                           \
		.name = "flow", .type = CB_OPT_COUNT, FIELD(flow), .fallback = "0", \
		.max = 1 << 24, .help = words                                       \
	}
#define ROW_PARALLEL                                                                           \
	{                                                                                      \
		.name = "parallel", .type = CB_OPT_COUNT, FIELD(parallel), .fallback = "4096", \
		.min = 1, .max = 65536,                                                        \
		.help = "Connections that are open at once, at most (28672 from random ports)" \
	}
#define ROW_TIMING(words)                                                                 \
	{                                                                                 \
		.name = "timing", .type = CB_OPT_ENUM, FIELD(timing), .fallback = "fast", \
		.choices = timings, .help = words                                         \
	}
#define ROW_EXPECT(usual)                                                                    \
	{                                                                                    \
		.name = "expect", .type = CB_OPT_ENUM, FIELD(expect), .fallback = usual,     \
		.choices = expects,                                                          \
		.help = "What the peer is to send: the captured bytes, as many, or anything" \
	}
#define COUNT_MAX 10000000

/* ---- the tables ---- */

const struct cb_option cb_tcp_replay_options[] = {
	ROW_TO("The live peer, IPv4 or IPv6; with --side server: the only client that is served"),
	ROW_MAC("Its MAC address, or the gateway's; auto: by the routes and ARP or neighbour "
		"discovery"),
	ROW_PORT,
	{.name = "source-port",
		TEXT(source_port),
		.fallback = "random",
		.metavar = "random|N",
		.help = "The client's port; N: of the first connection, counted up"},
	ROW_SOURCE("Speak from an address that nobody has, and answer for it; empty: from the "
		   "interface's own"),
	{.name = "side",
		.type = CB_OPT_ENUM,
		FIELD(side),
		.fallback = "client",
		.choices = sides,
		.help = "Which side of the connections is played"},
	ROW_FLOW("Only this connection of the file, from 1; 0: all"),
	{.name = "connections",
		.type = CB_OPT_COUNT,
		FIELD(connections),
		.fallback = "1",
		.min = 1,
		.max = COUNT_MAX,
		.help = "Play each so many times, each with a port of its own"},
	ROW_PARALLEL,
	ROW_TIMING("fast: as fast as the peer allows; capture: connections begin, and their side "
		   "thinks, as in the capture"),
	ROW_EXPECT("exact"),
	{.name = "synthesize-handshake",
		.type = CB_OPT_BOOL,
		FIELD(synthesize_handshake),
		.fallback = "off",
		.help = "Play connections whose beginning was not captured, too"},
	{.name = "timestamps",
		.type = CB_OPT_BOOL,
		FIELD(timestamps),
		.fallback = "on",
		.help = "Offer TCP timestamps where the capture did; off: never"},
	{.name = "mss",
		.type = CB_OPT_COUNT,
		FIELD(mss),
		.fallback = "0",
		.max = 65495,
		.help = "Longest segment, in bytes; 0: what the link takes"},
	{.name = "window",
		.type = CB_OPT_BYTES,
		FIELD(window_bytes),
		.fallback = "1MiB",
		.min = 1024,
		.max = 1 << 30,
		.help = "Receive window, as far as the capture's window scale lets it be told"},
	{.name = "retries",
		.type = CB_OPT_COUNT,
		FIELD(retries),
		.fallback = "3",
		.max = 20,
		.help = "Time-outs in a row after which a segment is sent again, each time after "
			"twice the time"},
	{.name = "rto",
		.type = CB_OPT_TIME,
		FIELD(rto_ns),
		.fallback = "200ms",
		.min = 1000000,
		.max = HOUR_NS,
		.help = "The first time-out, and the shortest"},
	{.name = "timeout",
		.type = CB_OPT_TIME,
		FIELD(timeout_ns),
		.fallback = "10s",
		.min = 1000000,
		.max = HOUR_NS,
		.help = "How long a connection may go without any progress"},
	{.name = "accept",
		.type = CB_OPT_TIME,
		FIELD(accept_ns),
		.fallback = "60s",
		.min = 1000000,
		.max = 24 * HOUR_NS,
		.help = "With --side server: how long to wait for a client that completes the "
			"handshake"},
	{.name = "settle",
		.type = CB_OPT_TIME,
		FIELD(settle_ns),
		.fallback = "500ms",
		.min = 1000000,
		.max = HOUR_NS,
		.help = "With --expect any: a peer that was silent for so long sends no more"},
	{.name = "vlan",
		TEXT(vlan),
		.fallback = "none",
		.metavar = "none|captured|ID[/ID]",
		.help = "VLAN tags of what is sent, the outer one first"},
	{.name = "xdp",
		.type = CB_OPT_ENUM,
		FIELD(xdp),
		.fallback = "auto",
		.choices = xdp_modes,
		.help = "Where the peer's segments are taken: in the driver, or in the stack's "
			"entry (any device)"},
	CB_OPTION_END,
};

const struct cb_option cb_tcp_replay_transmitter_options[] = {
	{.name = "file",
		TEXT(file),
		.metavar = "PATH",
		.help = "A pcap or pcapng file with TCP connections in it"},
	{.name = "connections",
		.type = CB_OPT_COUNT,
		FIELD(per_second),
		.fallback = "100",
		.min = 1,
		.max = COUNT_MAX,
		.help = "How many begin each second; those of the file in turn"},
	ROW_TO("A live peer; none: both sides are played, as a mirror port shows them"),
	ROW_MAC("The peer's MAC address, or the gateway's; auto: it is asked for"),
	ROW_PORT,
	ROW_SOURCE("Speak to the peer from an address that nobody has"),
	ROW_FLOW("Only this connection of the file; 0: all in turn"),
	ROW_PARALLEL,
	ROW_TIMING("capture: each side thinks as long as it did"),
	ROW_EXPECT("length"),
	CB_OPTION_END,
};

void cb_tcp_replay_fill(struct cb_tcp_replay_job *job)
{
	const struct cb_option *row;

	for (row = cb_tcp_replay_options; row->name; row++) {
		if (!cb_option_find(cb_tcp_replay_transmitter_options, row->name))
			cb_option_decode(row, row->fallback, job, NULL);
	}
}
