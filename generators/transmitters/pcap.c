/*
 * `pcap`: replays the packets of a file, preloaded, through a packet socket and sendmmsg. The
 * frames carry no stamp: a capturer's books know them only as foreign, and what was lost only by
 * the difference of totals.
 */
#include "generators/traffic/readdress.h"
#include "generators/traffic/replay.h"
#include "generators/transmitters/packet_way.h"
#include "harness/base/log.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH      64U
#define ETHERNET   14U
#define ANY_LENGTH (65535U + ETHERNET)

struct pcap_options {
	char file[200];
	int64_t loops, memory;
	int truncated;
	bool unique, qdisc_bypass;
};

struct pcap {
	int fd;
	uint64_t total; /* frames in all loops; 0: without end */
	bool unique;
	struct cb_replay replay;
	uint8_t *copies; /* of a batch, with other addresses; owned, NULL unless unique */
	struct iovec parts[BATCH];
	struct mmsghdr messages[BATCH];
};

static const char *const truncated_names[] = {"pad", "send", "skip", NULL};

static const struct cb_option pcap_options[] = {
	{.name = "file",
		.type = CB_OPT_TEXT,
		.offset = offsetof(struct pcap_options, file),
		.text_size = sizeof(((struct pcap_options *)0)->file),
		.fallback = NULL,
		.metavar = "PATH",
		.help = "A pcap or pcapng file of Ethernet frames"},
	{.name = "loops",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct pcap_options, loops),
		.fallback = "0",
		.max = UINT32_MAX,
		.help = "How often the file is sent; 0: over and over"},
	{.name = "unique",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct pcap_options, unique),
		.fallback = "off",
		.help = "Each loop has IP addresses of its own: the loop's number added"},
	{.name = "truncated",
		.type = CB_OPT_ENUM,
		.offset = offsetof(struct pcap_options, truncated),
		.choices = truncated_names,
		.fallback = "pad",
		.help = "Packets that were cut when captured: with zeros to their length, as they "
			"are, or not at all"},
	{.name = "memory",
		.type = CB_OPT_BYTES,
		.offset = offsetof(struct pcap_options, memory),
		.fallback = "1GiB",
		.min = 1,
		.max = INT64_C(1) << 40,
		.help = "What the packets may take; they are all read before the start"},
	{.name = "qdisc-bypass",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct pcap_options, qdisc_bypass),
		.fallback = "on",
		.help = "Go past the queueing discipline, straight to the driver"},
	CB_OPTION_END,
};

static int pcap_probe(struct cb_error *err)
{
	int fd = cb_packet_tx_socket(err);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* The longest frame that the link takes, without FCS. */
static uint32_t longest_frame(int fd, const char *interface)
{
	struct ifreq request = {0};

	memcpy(request.ifr_name, interface, strnlen(interface, IFNAMSIZ - 1));
	if (ioctl(fd, SIOCGIFMTU, &request) || request.ifr_mtu <= 0)
		return ANY_LENGTH;
	return (uint32_t)request.ifr_mtu + ETHERNET;
}

static void tell(const struct cb_replay *r, const struct pcap_options *o)
{
	if (r->truncated)
		cb_warn("%s: %llu packets were cut when they were captured (truncated=%s)", o->file,
			(unsigned long long)r->truncated, truncated_names[o->truncated]);
	if (r->oversized + r->runts)
		cb_warn("%s: left out: %llu packets longer than the link takes, %llu shorter than "
			"an Ethernet header",
			o->file, (unsigned long long)r->oversized, (unsigned long long)r->runts);
	if (r->damaged)
		cb_warn("%s; its first %zu packets are sent", r->why, r->n);
}

static int load(struct pcap *p, const struct cb_link *link, const struct pcap_options *o,
	struct cb_error *err)
{
	const struct cb_replay_spec spec = {
		.path = o->file,
		.length_max = longest_frame(p->fd, link->interface),
		.truncated = (enum cb_replay_truncated)o->truncated,
		.memory_bytes = (size_t)o->memory,
	};
	int r = cb_replay_load(&p->replay, &spec, err);

	if (r)
		return r;
	tell(&p->replay, o);
	p->total = (uint64_t)o->loops * p->replay.n;
	p->unique = o->unique;
	if (o->unique)
		p->copies = malloc((size_t)p->replay.longest * BATCH);
	if (o->unique && !p->copies)
		return cb_error_memory(err, "a batch of packets");
	for (unsigned i = 0; i < BATCH; i++) {
		p->messages[i].msg_hdr.msg_iov = &p->parts[i];
		p->messages[i].msg_hdr.msg_iovlen = 1;
	}
	return 0;
}

static void pcap_close(void *state)
{
	struct pcap *p = state;

	if (p->fd >= 0)
		close(p->fd);
	cb_replay_finish(&p->replay);
	free(p->copies);
	*p = (struct pcap){.fd = -1};
}

static int pcap_open(
	void *state, const struct cb_link *link, const void *options, struct cb_error *err)
{
	const struct pcap_options *o = options;
	const struct cb_packet_options socket_options = {.qdisc_bypass = o->qdisc_bypass};
	struct pcap *p = state;
	int r;

	p->fd = cb_packet_tx_socket(err);
	if (p->fd < 0)
		return p->fd;
	r = cb_packet_tx_connect(p->fd, link, &socket_options, err);
	if (!r)
		r = load(p, link, o, err);
	if (r)
		pcap_close(p);
	return r;
}

static void put_frame(struct pcap *p, unsigned i, uint64_t sequence)
{
	const struct cb_replay_packet *packet = &p->replay.packets[sequence % p->replay.n];
	uint8_t *bytes = p->replay.bytes + packet->offset;

	if (p->unique) {
		uint8_t *copy = p->copies + (size_t)i * p->replay.longest;

		memcpy(copy, bytes, packet->length);
		cb_readdress(copy, packet->length, (uint32_t)(sequence / p->replay.n));
		bytes = copy;
	}
	p->parts[i] = (struct iovec){.iov_base = bytes, .iov_len = packet->length};
}

static int pcap_send(void *state, uint64_t sequence, unsigned n, uint8_t phase, uint32_t time_ns,
	struct cb_transmit_counts *counts)
{
	struct pcap *p = state;
	unsigned used = 0;
	int sent;

	if (p->total && sequence >= p->total)
		return -ENODATA;
	if (p->total && p->total - sequence < n)
		n = (unsigned)(p->total - sequence);
	if (n > BATCH)
		n = BATCH;
	for (unsigned i = 0; i < n; i++)
		put_frame(p, i, sequence + i);
	while (used < n) {
		sent = sendmmsg(p->fd, p->messages + used, n - used, 0);
		counts->syscalls++;
		if (sent < 0 && errno != ENOBUFS)
			return used ? (int)used : -errno;
		used += sent < 0 ? 0 : (unsigned)sent;
		if (used < n) {
			counts->refused++; /* packet_sendmmsg.c says why */
			used++;
		}
	}
	return (int)used;
}

static int pcap_flush(void *state, uint64_t deadline_ns, struct cb_transmit_counts *counts)
{
	const struct pcap *p = state;

	return cb_packet_tx_flush(p->fd, deadline_ns);
}

static const uint64_t *pcap_times(const void *state, size_t *n, uint64_t *period_ns)
{
	const struct pcap *p = state;

	*n = p->replay.n;
	*period_ns = p->replay.period_ns;
	return p->replay.times_ns;
}

const struct cb_transmitter cb_transmitter_pcap = {
	.member =
		{
			.name = "pcap",
			.help = "Replays a file of packets; they carry no stamp",
			.options = pcap_options,
			.options_size = sizeof(struct pcap_options),
			.provides = CB_TRAIT_PACED,
			.probe = pcap_probe,
		},
	.state_size = sizeof(struct pcap),
	.batch = BATCH,
	.open = pcap_open,
	.send = pcap_send,
	.flush = pcap_flush,
	.close = pcap_close,
	.times = pcap_times,
};
