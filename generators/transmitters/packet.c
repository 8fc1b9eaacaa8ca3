/*
 * `packet`: an AF_PACKET socket and sendmmsg. Protocol 0: the socket sends and receives nothing.
 *
 * With PACKET_QDISC_BYPASS a frame goes straight to the driver (net/core/dev.c __dev_direct_xmit).
 * What the link refuses (a full ring or backlog: NET_XMIT_DROP, NETDEV_TX_BUSY) comes back as
 * ENOBUFS (net/packet/af_packet.c packet_snd, net_xmit_errno), and the driver counts it as
 * tx_dropped.
 *
 * sendmmsg stops at the first message that fails. It reports that message's errno only when it was
 * the first of the call; after a success it returns the number of messages sent and the errno is
 * lost (net/socket.c __sys_sendmmsg). So a short count n means: message n was refused. What else
 * could stop it is kept away: signals are blocked by the sending loop, the send buffer is larger
 * than what a device can hold, and an interface that goes down fails the next call too.
 */
#include "generators/generator.h"
#include "harness/base/clock.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define BATCH_MAX         1024
#define CACHE_LINE        64U
#define SEND_BUFFER_BYTES (64 << 20) /* a ring of 4096 frames of 9 KB, twice over */
#define SEND_TIMEOUT_S    1          /* of a send buffer that no longer empties */
#define FLUSH_POLL_NS     (100 * CB_NS_PER_US)

struct packet_options {
	int64_t batch;
	bool qdisc_bypass;
};

struct packet {
	int fd;
	unsigned batch;
	uint32_t key, stamp_offset, stride;
	uint8_t stream;
	uint8_t *frames; /* `batch` copies of the template, `stride` bytes apart; owned */
	struct mmsghdr *messages;
	struct iovec *parts;
};

static const struct cb_option packet_options[] = {
	{.name = "batch",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct packet_options, batch),
		.fallback = "64",
		.min = 1,
		.max = BATCH_MAX,
		.help = "Frames handed over by one system call at most"},
	{.name = "qdisc-bypass",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct packet_options, qdisc_bypass),
		.fallback = "on",
		.help = "Go past the queueing discipline, straight to the driver"},
	CB_OPTION_END,
};

static int packet_socket(struct cb_error *err)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		return fd;
	if (errno == EPERM)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"a packet socket needs CAP_NET_RAW: run as root, or in a network namespace "
			"of a user namespace of your own");
	if (errno == EAFNOSUPPORT)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"this kernel has no packet sockets (CONFIG_PACKET)");
	return cb_error_errno(err, CB_ERR_IMPOSSIBLE, errno, "cannot open a packet socket");
}

static int packet_probe(struct cb_error *err)
{
	int fd = packet_socket(err);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* Beyond net.core.wmem_max only with CAP_NET_ADMIN in the initial user namespace. */
static void widen_send_buffer(int fd)
{
	int bytes = SEND_BUFFER_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static int packet_connect(struct packet *p, const struct cb_link *link,
	const struct packet_options *options, struct cb_error *err)
{
	const struct timeval timeout = {.tv_sec = SEND_TIMEOUT_S};
	const struct sockaddr_ll address = {
		.sll_family = AF_PACKET, .sll_ifindex = (int)link->ifindex};
	int on = options->qdisc_bypass;

	if (setsockopt(p->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) && on)
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, errno,
			"%s: the kernel cannot go past the queueing discipline; use "
			"packet:qdisc-bypass=off",
			link->interface);
	if (setsockopt(p->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)))
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, "SO_SNDTIMEO");
	widen_send_buffer(p->fd);
	if (bind(p->fd, (const struct sockaddr *)&address, sizeof(address)))
		return cb_error_errno(err, CB_ERR_HOST, errno,
			"cannot send on %s with a packet socket", link->interface);
	return 0;
}

/* The frames stand in one block, each from a cache line of its own; writing them faults them in. */
static int packet_prepare(struct packet *p, const struct cb_link *link, struct cb_error *err)
{
	const struct cb_template *frame = link->frame;

	p->stamp_offset = frame->stamp_offset;
	p->stride = (frame->length + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
	p->frames = aligned_alloc(CACHE_LINE, (size_t)p->stride * p->batch);
	p->messages = calloc(p->batch, sizeof(*p->messages));
	p->parts = calloc(p->batch, sizeof(*p->parts));
	if (!p->frames || !p->messages || !p->parts)
		return cb_error_memory(err, "the frames of a batch");
	for (unsigned i = 0; i < p->batch; i++) {
		uint8_t *at = p->frames + (size_t)i * p->stride;

		memcpy(at, frame->bytes, frame->length);
		p->parts[i] = (struct iovec){.iov_base = at, .iov_len = frame->length};
		p->messages[i].msg_hdr.msg_iov = &p->parts[i];
		p->messages[i].msg_hdr.msg_iovlen = 1;
	}
	return 0;
}

static void packet_close(void *state)
{
	struct packet *p = state;

	if (p->fd >= 0)
		close(p->fd);
	free(p->frames);
	free(p->messages);
	free(p->parts);
	*p = (struct packet){.fd = -1};
}

static int packet_open(
	void *state, const struct cb_link *link, const void *options, struct cb_error *err)
{
	const struct packet_options *o = options;
	struct packet *p = state;
	int r;

	*p = (struct packet){.batch = (unsigned)o->batch, .key = link->key, .stream = link->stream};
	p->fd = packet_socket(err);
	if (p->fd < 0)
		return p->fd;
	r = packet_connect(p, link, o, err);
	if (!r)
		r = packet_prepare(p, link, err);
	if (r)
		packet_close(p);
	return r;
}

static void stamp_frames(
	struct packet *p, uint64_t sequence, unsigned n, uint8_t phase, uint32_t time_ns)
{
	struct cb_stamp stamp = {.stream = p->stream, .phase = phase, .time_ns = time_ns};
	uint8_t *at = p->frames + p->stamp_offset;

	for (unsigned i = 0; i < n; i++, at += p->stride) {
		stamp.sequence = sequence + i;
		cb_stamp_write(at, p->key, &stamp);
	}
}

static int packet_send(void *state, uint64_t sequence, unsigned n, uint8_t phase, uint32_t time_ns,
	struct cb_transmit_counts *counts)
{
	struct packet *p = state;
	unsigned used = 0;
	int sent;

	if (n > p->batch)
		n = p->batch;
	stamp_frames(p, sequence, n, phase, time_ns);
	while (used < n) {
		sent = sendmmsg(p->fd, p->messages + used, n - used, 0);
		counts->syscalls++;
		if (sent < 0) {
			if (errno != ENOBUFS)
				return used ? (int)used : -errno;
			sent = 0;
		}
		used += (unsigned)sent;
		if (used < n) {
			counts->refused++;
			used++;
		}
	}
	return (int)used;
}

/* A frame weighs on the socket until the device or the receiving socket has freed or taken it. */
static int packet_flush(void *state, uint64_t deadline_ns, struct cb_transmit_counts *counts)
{
	struct packet *p = state;
	int held = 0;

	while (ioctl(p->fd, SIOCOUTQ, &held) == 0 && held > 0) {
		if (cb_now_ns() >= deadline_ns)
			return -ETIMEDOUT;
		cb_sleep_until(cb_deadline_in(FLUSH_POLL_NS));
	}
	return 0;
}

const struct cb_transmitter cb_transmitter_packet = {
	.member =
		{
			.name = "packet",
			.help = "A packet socket: sendmmsg, straight to the driver",
			.options = packet_options,
			.options_size = sizeof(struct packet_options),
			.provides = CB_TRAIT_STAMPS | CB_TRAIT_PACED,
			.probe = packet_probe,
		},
	.state_size = sizeof(struct packet),
	.batch = BATCH_MAX,
	.open = packet_open,
	.send = packet_send,
	.flush = packet_flush,
	.close = packet_close,
};
