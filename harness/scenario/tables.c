#include "harness/scenario/tables.h"

#include "harness/scenario/scenario.h"

#include <string.h>

#define MINUTE (60 * INT64_C(1000000000))

const char *const cb_receive_names[] = {"auto", "softirq", "rps", "threaded", "host", NULL};
static const char *const napi_names[] = {"auto", "off", "on", NULL};
const char *const cb_flow_order_names[] = {"round-robin", "random", NULL};
const char *const cb_flow_field_names[] = {"source-port", "source-ip", "both", NULL};
static const char *const evidence_names[] = {"full", "light", NULL};
static const char *const errors_names[] = {"minmax", "none", NULL};
static const char *const impossible_names[] = {"refuse", "leave-out", NULL};
const char *const cb_order_names[] = {"shuffle", "interleave", "as-written", NULL};

#define TRIAL(path, field)        .name = (path), .offset = offsetof(struct cb_trial_spec, field)
#define TRIAL_TEXT(path, field)   .name = (path), CB_OPTION_TEXT_AT(struct cb_trial_spec, field)
#define TRIAL_MEMBER(path, field) .name = (path), CB_OPTION_MEMBER_AT(struct cb_trial_spec, field)

const struct cb_option cb_trial_options[] = {
	{TRIAL("duration", duration_ns), .type = CB_OPT_TIME, .fallback = "1s", .min = 1000000,
		.max = 1440 * MINUTE, .help = "How long a trial measures"},
	{TRIAL("warmup", warmup_ns), .type = CB_OPT_TIME, .fallback = "100ms", .min = 0,
		.max = 60 * MINUTE,
		.help = "Traffic at the same rate before the measurement window"},
	{TRIAL("drain", drain_ns), .type = CB_OPT_TIME, .fallback = "1s", .min = 0, .max = MINUTE,
		.help = "How long buffers may be emptied after the generator has stopped, at most"},
	{TRIAL("traffic.frame_size", traffic.frame_size), .type = CB_OPT_BYTES, .fallback = "64",
		.min = 64, .max = 9018, .help = "Size of a frame with its FCS, as in RFC 2544"},
	{TRIAL("traffic.rate", traffic.rate), .type = CB_OPT_RATE, .fallback = NULL, .min = 1,
		.max = 1000000000,
		.help = "Frames a second, 500Mbit [L1], 100% of 1G, or max: as fast as it goes"},
	{TRIAL_MEMBER("traffic.arrival", traffic.arrival), .fallback = "constant",
		.axis = "arrival", .help = "How the rate is spread in time"},
	{TRIAL_MEMBER("traffic.sizes", traffic.sizes), .fallback = "fixed", .axis = "sizes",
		.help = "Sizes of the frames; fixed: all of frame_size"},
	{TRIAL_MEMBER("traffic.payload", traffic.payload), .fallback = "zeros", .axis = "payload",
		.help = "What fills a frame behind its stamp"},
	{TRIAL_MEMBER("traffic.frame", traffic.frame), .fallback = "udp", .axis = "frame",
		.help = "Headers of the frames: VLAN tags, MPLS labels, IPv6, fragments"},
	{TRIAL("traffic.flows", traffic.flows), .type = CB_OPT_COUNT, .fallback = "1", .min = 1,
		.max = 65536, .help = "Number of flows that the frames are spread over"},
	{TRIAL("traffic.flow_order", traffic.flow_order), .type = CB_OPT_ENUM,
		.fallback = "round-robin", .choices = cb_flow_order_names,
		.help = "Which flow the next frame belongs to"},
	{TRIAL("traffic.flow_field", traffic.flow_field), .type = CB_OPT_ENUM,
		.fallback = "source-port", .choices = cb_flow_field_names,
		.help = "What tells flows apart; both: 256 addresses, then the next port"},
	{TRIAL_MEMBER("generator.transmitter", generator.transmitter), .fallback = "auto",
		.axis = "transmitter",
		.help = "How frames are sent; auto: the best that can do what all cells ask"},
	{TRIAL("generator.threads", generator.threads), .type = CB_OPT_COUNT, .fallback = "1",
		.min = 1, .max = CB_THREADS_MAX,
		.help = "Threads that send together at the rate, each a stream of its own"},
	{TRIAL_MEMBER("capture.mechanism", capture.mechanism), .fallback = NULL,
		.axis = "mechanism", .help = "How a frame crosses from kernel to process"},
	{TRIAL_MEMBER("capture.wait", capture.wait), .fallback = "poll", .axis = "wait",
		.help = "How the process learns that frames are there"},
	{TRIAL_MEMBER("capture.load", capture.load), .fallback = "discard", .axis = "load",
		.help = "What the process does with a frame"},
	{TRIAL_TEXT("capture.external", capture.external), .fallback = "none", .metavar = "PROGRAM",
		.help = "A whole program in the place of mechanism, wait and load: tcpdump, "
			"dumpcap, netsniff-ng, or a map that describes one"},
	{TRIAL("capture.processes", capture.processes), .type = CB_OPT_COUNT, .fallback = "1",
		.min = 1, .max = 64,
		.help = "Capture processes, each with its own copy of the traffic"},
	{TRIAL("capture.buffer", capture.buffer), .type = CB_OPT_BYTES, .fallback = "2MiB",
		.min = 4096, .max = INT64_C(4) << 30,
		.help = "Buffer between kernel and process, each"},
	{TRIAL("capture.snaplen", capture.snaplen), .type = CB_OPT_BYTES, .fallback = "128",
		.min = 60, .max = 65535, .help = "Bytes of a frame that are captured, at most"},
	{TRIAL_TEXT("capture.filter", capture.filter), .fallback = "", .metavar = "EXPRESSION",
		.help = "Capture only what this pcap expression says; it must let the traffic "
			"pass"},
	{TRIAL("capture.promiscuous", capture.promiscuous), .type = CB_OPT_BOOL, .fallback = "yes",
		.help = "Whether frames for other stations are taken too"},
	{TRIAL("link.queues", link.queues), .type = CB_OPT_COUNT, .fallback = "1", .min = 1,
		.max = 64, .help = "RX queues of the receiving link; flows are spread over them"},
	{TRIAL_TEXT("variant", variant), .fallback = "", .metavar = "NAME",
		.help = "Which of the variants a cell belongs to: set by `variants`"},
	{TRIAL_TEXT("placement", placement), .fallback = "auto", .metavar = "A:A|A:B|auto",
		.help = "Cores of the kernel's receive work and of the capture processes"},
	{TRIAL_TEXT("sensor", sensor), .fallback = "all", .metavar = "HOST",
		.help = "The host of the test-bed that captures; all: each of its sensors"},
	{TRIAL("receive", receive), .type = CB_OPT_ENUM, .fallback = "auto",
		.choices = cb_receive_names,
		.help = "How the kernel receives: softirq (inline or by IRQ), rps, threaded, or as "
			"the "
			"host is set"},
	{TRIAL("napi", napi), .type = CB_OPT_ENUM, .fallback = "auto", .choices = napi_names,
		.help = "A NAPI ring on the receiving veth; auto: on in all cells if any taps in "
			"the driver"},
	{TRIAL("evidence", evidence), .type = CB_OPT_ENUM, .fallback = "full",
		.choices = evidence_names,
		.help = "What is recorded beside the books; light: nothing on the frame's path"},
	CB_OPTION_END,
};

_Static_assert(sizeof(cb_trial_options) / sizeof(*cb_trial_options) <= CB_TRIAL_ROWS_MAX,
	"a binding has room for every row");

static const struct {
	const char *name, *reason;
} reasons[] = {
	{"traffic.frame_size",
		"Ethernet 14, IPv4 20, UDP 8, the stamp 18 and the FCS 4 bytes make 64"},
	{"capture.snaplen", "the stamp ends 60 bytes into the frame"},
};

const char *cb_trial_reason(const struct cb_option *row)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		if (!strcmp(row->name, reasons[i].name))
			return reasons[i].reason;
	}
	return "";
}

size_t cb_trial_row(const char *path)
{
	const struct cb_option *row = cb_option_find(cb_trial_options, path);

	return row ? (size_t)(row - cb_trial_options) : SIZE_MAX;
}

size_t cb_trial_member_row(const char *path, const char **option)
{
	for (const struct cb_option *row = cb_trial_options; row->name; row++) {
		size_t n = strlen(row->name);

		if (row->type != CB_OPT_MEMBER || strncmp(path, row->name, n) != 0 ||
			path[n] != '.' || !path[n + 1] || strchr(path + n + 1, '.'))
			continue;
		*option = path + n + 1;
		return (size_t)(row - cb_trial_options);
	}
	return SIZE_MAX;
}

#define ROOT(key, field)      .name = (key), .offset = offsetof(struct cb_root_values, field)
#define ROOT_TEXT(key, field) .name = (key), CB_OPTION_TEXT_AT(struct cb_root_values, field)

const struct cb_option cb_root_options[] = {
	{ROOT_TEXT("name", name), .fallback = NULL,
		.help = "Names the results: letters, digits, - _ ."},
	{ROOT_TEXT("title", title), .fallback = "",
		.help = "Headline of the report; the name when left out"},
	{ROOT_TEXT("question", question), .fallback = "",
		.help = "What the measurement is to answer, for the report"},
	{ROOT("paper.figure", paper_figure), .type = CB_OPT_COUNT, .fallback = "0", .min = 0,
		.max = 1000, .help = "The figure of Braun et al. 2010 that this repeats"},
	{ROOT_TEXT("paper.section", paper_section), .fallback = "",
		.help = "The section of Braun et al. 2010"},
	{ROOT("repetitions", repetitions), .type = CB_OPT_COUNT, .fallback = "5", .min = 1,
		.max = 1000, .help = "Trials of each cell"},
	{ROOT("retries", retries), .type = CB_OPT_COUNT, .fallback = "2", .min = 0, .max = 10,
		.help = "How often an invalid trial is tried again, at most"},
	{ROOT("order", order), .type = CB_OPT_ENUM, .fallback = "shuffle",
		.choices = cb_order_names, .help = "Order of the trials"},
	{ROOT("impossible", impossible), .type = CB_OPT_ENUM, .fallback = "refuse",
		.choices = impossible_names,
		.help = "Cells that this machine can't do: refuse to start, or leave them out"},
	{ROOT("seed", seed), .type = CB_OPT_COUNT, .fallback = "0", .min = 0, .max = INT64_MAX,
		.help = "Seed of the order; 0: drawn from the clock, and recorded"},
	CB_OPTION_END,
};

const char *const cb_root_sections[] = {"include", "host", "trial", "vary", "variants", "exclude",
	"only", "figures", "claims", "goals", "profiles", NULL};

static const char *const figure_kind_names[] = {"auto", "heat-map", NULL};

#define FIGURE(key, field)      .name = (key), .offset = offsetof(struct cb_figure, field)
#define FIGURE_TEXT(key, field) .name = (key), CB_OPTION_TEXT_AT(struct cb_figure, field)

const struct cb_option cb_figure_options[] = {
	{FIGURE_TEXT("id", id), .fallback = NULL,
		.help = "Names the figure's files: letters, digits, - _ ."},
	{FIGURE_TEXT("title", title), .fallback = "", .help = "Headline; the id when left out"},
	{FIGURE_TEXT("x", x), .fallback = NULL, .help = "The parameter on the x axis"},
	{FIGURE_TEXT("y", y), .fallback = NULL, .help = "The metric on the y axis"},
	{FIGURE("kind", kind), .type = CB_OPT_ENUM, .fallback = "auto",
		.choices = figure_kind_names,
		.help = "auto: lines, or bars where x are names; heat-map: a column an x, a row a "
			"series"},
	{FIGURE("errors", errors), .type = CB_OPT_ENUM, .fallback = "minmax",
		.choices = errors_names, .help = "What error bars show"},
	{FIGURE_TEXT("caption", caption), .fallback = "", .help = "What the figure says, below it"},
	CB_OPTION_END,
};

const char *const cb_figure_sections[] = {"series", "where", NULL};

const char *const cb_metric_names[] = {"captured_share", "captured_share_min", "attempt_share",
	"captured_pps", "offered_pps", "unoffered_share", "path_dropped_share", "tap_dropped_share",
	"cpu_ns_per_frame", "cpu_share", "receive_ns_per_frame", "frames_per_wakeup",
	"frames_per_batch", "syscalls_per_frame", "context_switches_per_second", "softnet_squeezed",
	"interrupts_per_second", "interrupts_per_frame", "steal_share",
	"generator_cpu_ns_per_frame", "generator_lateness_p99_ns", "generator_gap_p99_ns",
	"generator_gap_within_1us_share", "generator_back_to_back_share", "generator_drift_ppm",
	NULL};
