#include "harness/decide/tune_words.h"

#include "harness/base/units.h"

#include <string.h>

/* What a value of one parameter means for each kind of program; NULL: nothing to set there. */
struct advice {
	const char *path, *value; /* of a member: its name */
	const char *tcpdump, *suricata, *own;
};

static const struct advice advices[] = {
	{"capture.mechanism.name", "tpacket3",
		"a libpcap of 1.5 or later uses TPACKET_V3 by itself",
		"af-packet: {use-mmap: yes, tpacket-v3: yes}",
		"PACKET_VERSION = TPACKET_V3, PACKET_RX_RING with blocks"},
	{"capture.mechanism.name", "tpacket2", "--immediate-mode makes libpcap use TPACKET_V2",
		"af-packet: {use-mmap: yes, tpacket-v3: no}",
		"PACKET_VERSION = TPACKET_V2, PACKET_RX_RING with a slot a frame"},
	{"capture.mechanism.name", "tpacket1", NULL, NULL,
		"PACKET_RX_RING without PACKET_VERSION (TPACKET_V1)"},
	{"capture.mechanism.name", "pcap", "as it is", "pcap: section, or -i with --pcap",
		"libpcap as it is: pcap_create, pcap_activate"},
	{"capture.mechanism.name", "recv", NULL, "af-packet: {use-mmap: no}",
		"recvmmsg on an AF_PACKET socket, without a ring"},
	{"capture.mechanism.name", "io-uring", NULL, NULL,
		"io_uring: multishot receive on an AF_PACKET socket with a buffer ring"},
	{"capture.mechanism.name", "af-xdp", NULL, "af-xdp: section with the interface",
		"an AF_XDP socket (libxdp), filled by an XDP program"},
	{"capture.mechanism.name", "bpf-ring", NULL, NULL,
		"an eBPF program at the tap that copies frames to a ring mapped by the process"},
	{"capture.mechanism.name", "bpf-buffer", NULL, NULL,
		"an eBPF program at the tap with a pair of buffers (BSD's BPF)"},
	{"capture.wait.name", "poll", NULL, NULL, "poll(2) before each look at the ring"},
	{"capture.wait.name", "spin", NULL, NULL, "look at the ring again and again, never block"},
	{"capture.wait.name", "adaptive-sleep", NULL, NULL,
		"sleep between looks at the ring, longer when it was empty, shorter when full"},
	{"capture.wait.name", "yield", NULL, NULL,
		"sched_yield when the ring is empty, poll(2) only after some of those"},
	{"capture.wait.name", "batch", NULL, NULL,
		"be woken for N frames or after m microseconds: TPACKET_V3's blocks and retire "
		"time, or an eBPF program that counts"},
	{"capture.wait.name", "busy-poll", NULL, NULL, "SO_PREFER_BUSY_POLL and SO_BUSY_POLL"},
	{"placement", "A:B",
		"taskset -c CORE tcpdump ..., with the interface's interrupts on another core "
		"(/proc/irq/N/smp_affinity_list)",
		"threading: {set-cpu-affinity: yes}, worker-cpu-set away from the interrupts' "
		"cores",
		"sched_setaffinity to a core that does not take the interface's interrupts"},
	{"placement", "A:A",
		"taskset -c CORE tcpdump ..., with CORE the one that takes the interface's "
		"interrupts",
		"threading: {set-cpu-affinity: yes}, worker-cpu-set the interrupts' cores",
		"sched_setaffinity to the core that takes the interface's interrupts"},
	{"receive", "threaded", "echo 1 > /sys/class/net/INTERFACE/threaded",
		"echo 1 > /sys/class/net/INTERFACE/threaded",
		"echo 1 > /sys/class/net/INTERFACE/threaded"},
	{"receive", "rps", "echo MASK > /sys/class/net/INTERFACE/queues/rx-0/rps_cpus",
		"echo MASK > /sys/class/net/INTERFACE/queues/rx-0/rps_cpus",
		"echo MASK > /sys/class/net/INTERFACE/queues/rx-0/rps_cpus"},
};

static void add_advices(const json_t *params, size_t which, const char *who, struct cb_text *out)
{
	bool any = false;

	cb_text_addf(out, "  %s\n", who);
	for (size_t i = 0; i < sizeof(advices) / sizeof(*advices); i++) {
		const struct advice *a = &advices[i];
		const char *value = json_string_value(json_object_get(params, a->path)),
			   *words[] = {a->tcpdump, a->suricata, a->own};

		if (!value || strcmp(value, a->value) != 0 || !words[which])
			continue;
		cb_text_addf(out, "    %s\n", words[which]);
		any = true;
	}
	if (!any)
		cb_text_add(out, "    nothing of it can be set there\n");
}

/* Which of the mechanisms each program can have at all. */
static bool can(const json_t *params, size_t which)
{
	const char *mechanism =
		json_string_value(json_object_get(params, "capture.mechanism.name"));

	for (size_t i = 0; mechanism && i < sizeof(advices) / sizeof(*advices); i++) {
		if (!strcmp(advices[i].path, "capture.mechanism.name") &&
			!strcmp(advices[i].value, mechanism))
			return which ? advices[i].suricata != NULL : advices[i].tcpdump != NULL;
	}
	return false;
}

void cb_tune_words(const json_t *params, struct cb_text *out)
{
	int64_t buffer = json_integer_value(json_object_get(params, "capture.buffer")),
		processes = json_integer_value(json_object_get(params, "capture.processes"));
	char size[48];

	cb_unit_human(CB_UNIT_BYTES, (double)buffer, size, sizeof(size));
	add_advices(params, 0, "tcpdump", out);
	if (can(params, 0))
		cb_text_addf(out, "    -B %lld (%s of buffer)\n", (long long)(buffer / 1024), size);
	else
		cb_text_add(out, "    this mechanism is not to be had there\n");
	add_advices(params, 1, "Suricata", out);
	if (can(params, 1))
		cb_text_addf(out, "    buffer-size or ring-size for %s; threads: %lld\n", size,
			(long long)processes);
	else
		cb_text_add(out, "    this mechanism is not to be had there\n");
	add_advices(params, 2, "a program of your own", out);
	cb_text_addf(out, "    %s of buffer; %lld process%s\n", size, (long long)processes,
		processes == 1 ? "" : "es that share the frames");
	cb_text_addf(out,
		"  capbench\n    capture: {mechanism: \"%s\", wait: \"%s\", buffer: %s}\n",
		json_string_value(json_object_get(params, "capture.mechanism")),
		json_string_value(json_object_get(params, "capture.wait")),
		cb_unit_format(CB_UNIT_BYTES, buffer, size, sizeof(size)));
}
