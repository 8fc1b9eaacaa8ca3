/*
 * `pcap`: replays the packets of a file through a packet socket and sendmmsg: preloaded, or read
 * while they are sent when they take more memory than they may. The frames carry no stamp: a
 * capturer's books know them only as foreign, and what was lost only by the difference of totals.
 */
#include "generators/traffic/readdress.h"
#include "generators/traffic/replay.h"
#include "generators/traffic/replay_stream.h"
#include "generators/transmitters/packet_way.h"
#include "harness/base/clock.h"
#include "harness/base/log.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BATCH      64U
#define ETHERNET   14U
#define ANY_LENGTH (65535U + ETHERNET)
#define DRY_NS     (20 * CB_NS_PER_US) /* until a look whether something was read */
#define FREE_LEAST ((size_t)64 << 20)

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
	struct cb_replay_spec spec;
	struct cb_replay replay;         /* preloaded; or only the times, once asked for */
	struct cb_replay_stream *stream; /* read while it is sent; NULL: preloaded */
	bool waits;                      /* nothing had been read yet at the last call */
	int64_t dry;                     /* times that this was so, and more came */
	uint8_t *copies; /* of a batch, with other addresses; owned, NULL unless unique */
	struct iovec parts[BATCH];
	struct mmsghdr messages[BATCH];
};

static const char *const truncated_names[] = {"pad", "send", "skip", NULL};

static const struct cb_option pcap_options[] = {
	{.name = "file",
		CB_OPTION_TEXT_AT(struct pcap_options, file),
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
		.fallback = "0",
		.max = INT64_C(1) << 40,
		.help = "What the packets may take to be read before the start, not while they are "
			"sent; 0: half of what is free"},
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

static void tell(const struct cb_replay *r, const struct cb_replay_spec *spec)
{
	if (r->truncated)
		cb_warn("%s: %llu packets were cut when they were captured (truncated=%s)",
			spec->path, (unsigned long long)r->truncated,
			truncated_names[spec->truncated]);
	if (r->oversized + r->runts)
		cb_warn("%s: left out: %llu packets longer than the link takes, %llu shorter than "
			"an Ethernet header",
			spec->path, (unsigned long long)r->oversized, (unsigned long long)r->runts);
	if (r->damaged)
		cb_warn("%s; its first %zu packets are sent", r->why, r->n);
}

/* Half of MemAvailable (Documentation/filesystems/proc.rst). */
static size_t half_of_free(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long long kib = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file) &&
		sscanf(line, "MemAvailable: %llu", &kib) != 1)
		;
	if (file)
		fclose(file);
	return kib * 1024 / 2 > FREE_LEAST ? (size_t)(kib * 1024 / 2) : FREE_LEAST;
}

/* Whether it can be read more than once, and is larger than what its packets may take. */
static bool is_larger(const struct cb_replay_spec *spec, bool *again)
{
	struct stat st;

	*again = !stat(spec->path, &st) && S_ISREG(st.st_mode);
	return *again && (uint64_t)st.st_size > spec->memory_bytes;
}

static int load_or_stream(struct pcap *p, const struct pcap_options *o, struct cb_error *err)
{
	const struct cb_replay_stream_spec spec = {
		.replay = p->spec, .loops = (uint64_t)o->loops, .unique = o->unique};
	bool again, larger = is_larger(&p->spec, &again);
	int r = larger ? 0 : cb_replay_load(&p->replay, &p->spec, err);

	if (!larger && !(r && p->replay.too_large && again))
		return r;
	cb_replay_finish(&p->replay);
	cb_debug("pcap: %s is read while it is sent: its packets take more than %zu bytes", o->file,
		p->spec.memory_bytes);
	return cb_replay_stream_open(&p->stream, &spec, err);
}

static int load(struct pcap *p, const struct cb_link *link, const struct pcap_options *o,
	struct cb_error *err)
{
	int r;

	p->spec = (struct cb_replay_spec){
		.path = o->file,
		.length_max = longest_frame(p->fd, link->interface),
		.truncated = (enum cb_replay_truncated)o->truncated,
		.memory_bytes = o->memory ? (size_t)o->memory : half_of_free(),
	};
	r = load_or_stream(p, o, err);
	if (r)
		return r;
	for (unsigned i = 0; i < BATCH; i++) {
		p->messages[i].msg_hdr.msg_iov = &p->parts[i];
		p->messages[i].msg_hdr.msg_iovlen = 1;
	}
	if (p->stream)
		return 0;
	tell(&p->replay, &p->spec);
	p->total = (uint64_t)o->loops * p->replay.n;
	p->unique = o->unique;
	if (o->unique)
		p->copies = malloc((size_t)p->replay.longest * BATCH);
	if (o->unique && !p->copies)
		return cb_error_memory(err, "a batch of packets");
	return 0;
}

static void pcap_close(void *state)
{
	struct pcap *p = state;

	cb_replay_stream_close(p->stream);
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

/* How many frames were put, up to n: the next of the loops. */
static int put_loaded(struct pcap *p, uint64_t sequence, unsigned n)
{
	if (p->total && sequence >= p->total)
		return -ENODATA;
	if (p->total && p->total - sequence < n)
		n = (unsigned)(p->total - sequence);
	for (unsigned i = 0; i < n; i++)
		put_frame(p, i, sequence + i);
	return (int)n;
}

/* Those that were read ahead. When there is none the loop goes on and its slots pass: the schedule
 * makes up for them or books them as unoffered. */
static int put_streamed(struct pcap *p, unsigned n)
{
	struct cb_replay_frame frames[BATCH];
	int ready = cb_replay_stream_peek(p->stream, frames, n);

	for (int i = 0; i < ready; i++)
		p->parts[i] =
			(struct iovec){.iov_base = frames[i].bytes, .iov_len = frames[i].length};
	if (ready) {
		p->dry += ready > 0 && p->waits;
		p->waits = false;
		return ready;
	}
	p->waits = true;
	cb_sleep_until(cb_deadline_in(DRY_NS));
	return -EINTR;
}

/* How many of the n frames put were used up, or an errno if none was. */
static int send_put(struct pcap *p, unsigned n, struct cb_transmit_counts *counts)
{
	unsigned used = 0;
	int sent;

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

static int pcap_send(void *state, uint64_t sequence, unsigned n, uint8_t phase, uint32_t time_ns,
	struct cb_transmit_counts *counts)
{
	struct pcap *p = state;
	int used;

	if (n > BATCH)
		n = BATCH;
	used = p->stream ? put_streamed(p, n) : put_loaded(p, sequence, n);
	if (used > 0)
		used = send_put(p, (unsigned)used, counts);
	if (p->stream && used > 0)
		cb_replay_stream_take(p->stream, (unsigned)used);
	return used;
}

static int pcap_flush(void *state, uint64_t deadline_ns, struct cb_transmit_counts *counts)
{
	struct pcap *p = state;

	if (p->stream) {
		struct cb_replay left_out;

		cb_replay_stream_counts(p->stream, &left_out);
		tell(&left_out, &p->spec);
	}
	if (p->dry)
		cb_warn("%s could not be read as fast as it was to be sent: %lld times it was "
			"waited for",
			p->spec.path, (long long)p->dry);
	return cb_packet_tx_flush(p->fd, deadline_ns);
}

static void pcap_file(const void *state, struct cb_transmit_file *file)
{
	const struct pcap *p = state;
	struct cb_replay counts = p->replay;

	if (p->stream)
		cb_replay_stream_counts(p->stream, &counts);
	file->truncated = (int64_t)counts.truncated;
	file->oversized = (int64_t)counts.oversized;
	file->runts = (int64_t)counts.runts;
}

/* Of a file that is not in memory the times are, when they are asked for. */
static int pcap_times(void *state, struct cb_transmit_times *times, struct cb_error *err)
{
	struct pcap *p = state;
	struct cb_replay_spec spec = p->spec;
	int r;

	spec.times_only = true;
	if (p->stream && !p->replay.n) {
		r = cb_replay_load(&p->replay, &spec, err);
		if (r)
			return r;
	}
	*times = (struct cb_transmit_times){.times_ns = p->replay.times_ns,
		.n = p->replay.n,
		.period_ns = p->replay.period_ns,
		.mean_bytes = (double)p->replay.total_bytes / (double)p->replay.n};
	return 0;
}

const struct cb_transmitter cb_transmitter_pcap = {
	.member =
		{
			.name = "pcap",
			.help = "Replays a file of packets; they carry no stamp",
			.options = pcap_options,
			.options_size = sizeof(struct pcap_options),
			.provides = CB_TRAIT_PACED | CB_TRAIT_TIMES,
			.probe = pcap_probe,
		},
	.state_size = sizeof(struct pcap),
	.batch = BATCH,
	.open = pcap_open,
	.send = pcap_send,
	.flush = pcap_flush,
	.close = pcap_close,
	.times = pcap_times,
	.file = pcap_file,
};
