/*
 * The programs that are shipped, and what their counts mean.
 *
 * tcpdump 4.99: "captured" are the frames that it took out of libpcap's ring, "received by filter"
 * is pcap_stats()'s ps_recv, which on Linux includes those dropped by the kernel and those still in
 * the ring. libpcap hands over a block that is not full after tcpdump's time-out of one second.
 *
 * dumpcap 4.0: "received" are the frames that it took out of libpcap's ring; what it leaves in
 * there it does not tell. "pcap" is ps_drop, to which its own queue's losses would come
 * ("dumpcap").
 *
 * netsniff-ng 0.6.8: "incoming" are the frames that it took out of its ring (TPACKET_V3, retired
 * after 100 ms), "passed" those that were put into it, "failed" those for which it had no room;
 * "unread on exit" includes the latter. It writes 1 to the sysctl net.core.bpf_jit_enable.
 */
#include "capturers/external.h"
#include "capturers/external_program.h"
#include "harness/base/clock.h"
#include "harness/base/text.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Is `program` in one of PATH's directories? */
static int probe(const char *program, const char *package, struct cb_error *err)
{
	struct cb_text_split split = {.rest = getenv("PATH"), .separator = ':'};
	char directory[512], path[600];

	if (!split.rest)
		split.rest = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	while (cb_text_split_next(&split, directory, sizeof(directory)) != 0) {
		snprintf(path, sizeof(path), "%s/%s", directory, program);
		if (!access(path, X_OK))
			return 0;
	}
	return cb_error_set(err, CB_ERR_IMPOSSIBLE,
		"%s is not installed here (Debian: apt-get install %s)", program, package);
}

static int probe_tcpdump(struct cb_error *err)
{
	return probe("tcpdump", "tcpdump", err);
}

static int probe_dumpcap(struct cb_error *err)
{
	return probe("dumpcap", "wireshark-common", err);
}

static int probe_netsniff_ng(struct cb_error *err)
{
	return probe("netsniff-ng", "netsniff-ng", err);
}

#define WORDS(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

/* None of them turns promiscuous mode on: netsniff-ng would leave it on when it is killed. */
static const struct cb_external_program programs[] = {
	{.member = {.name = "tcpdump",
		 .help = "tcpdump -w /dev/null, with its own counts.",
		 .paper = "tcpdump 4.0.0",
		 .probe = probe_tcpdump},
		/* a change of user would unbind it from this process's end */
		.command = WORDS("tcpdump", "-i", "{interface}", "-n", "-p", "-Z", "root", "-s",
			"{snaplen}", "-B", "{buffer_kib}", "-w", "/dev/null"),
		.filter = WORDS("{filter}"),
		.ready = "listening on",
		.counts = {[CB_EXTERNAL_RECEIVED] = "^([0-9]+) packets? captured",
			[CB_EXTERNAL_MATCHED] = "^([0-9]+) packets? received by filter",
			[CB_EXTERNAL_DROPPED] = "^([0-9]+) packets? dropped by kernel"},
		.stop_signal = SIGINT,
		.linger_ns = 2100 * CB_NS_PER_MS,
		.version = WORDS("tcpdump", "--version"),
		.version_lines = 2},
	{.member = {.name = "dumpcap",
		 .help = "dumpcap -w /dev/null, with its own counts; it does not tell what it "
			 "leaves unread.",
		 .probe = probe_dumpcap},
		.command = WORDS("dumpcap", "-q", "-i", "{interface}", "-p", "-s", "{snaplen}",
			"-B", "{buffer_mib}", "-w", "/dev/null"),
		.filter = WORDS("-f", "{filter}"),
		.ready = "^File: ",
		.counts = {[CB_EXTERNAL_RECEIVED] =
				   "^Packets received/dropped on interface .*: ([0-9]+)/",
			[CB_EXTERNAL_DROPPED] = "^Packets received/dropped on interface .*"
						"\\(pcap:([0-9]+)/"},
		.stop_signal = SIGINT,
		.linger_ns = 600 * CB_NS_PER_MS,
		.version = WORDS("dumpcap", "--version"),
		.version_lines = 1},
	{.member = {.name = "netsniff-ng",
		 .help = "netsniff-ng --silent, with its own counts; it can't be given a snaplen.",
		 .probe = probe_netsniff_ng},
		.command = WORDS("netsniff-ng", "--in", "{interface}", "--out", "/dev/null",
			"--silent", "--no-promisc", "--notouch-irq", "--no-sock-mem",
			"--no-hwtimestamp", "--ring-size", "{buffer_kib}KiB"),
		.filter = WORDS("{filter}"),
		.ready = "^Running!",
		.counts = {[CB_EXTERNAL_RECEIVED] = "^ *([0-9]+) +packets incoming",
			[CB_EXTERNAL_STORED] = "^ *([0-9]+) +packets passed filter",
			[CB_EXTERNAL_DROPPED] = "^ *([0-9]+) +packets failed filter"},
		.stop_signal = SIGINT,
		.linger_ns = 300 * CB_NS_PER_MS,
		.version = WORDS("netsniff-ng", "--version"),
		.version_lines = 1},
};

const struct cb_external_program *cb_external_shipped(size_t i)
{
	return i < sizeof(programs) / sizeof(*programs) ? &programs[i] : NULL;
}

const struct cb_member *cb_external_at(size_t i)
{
	const struct cb_external_program *program = cb_external_shipped(i);

	return program ? &program->member : NULL;
}
