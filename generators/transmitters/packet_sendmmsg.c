/*
 * `packet`, method sendmmsg. What the link refuses (a full ring or backlog: NET_XMIT_DROP,
 * NETDEV_TX_BUSY) comes back as ENOBUFS (net/packet/af_packet.c packet_snd, net_xmit_errno), and
 * the driver counts it as tx_dropped.
 *
 * sendmmsg stops at the first message that fails. It reports that message's errno only when it was
 * the first of the call; after a success it returns the number of messages sent and the errno is
 * lost (net/socket.c __sys_sendmmsg). So a short count n means: message n was refused. What else
 * could stop it is kept away: signals are blocked by the sending loop, the send buffer is larger
 * than what a device can hold, and an interface that goes down fails the next call too.
 */
#include "generators/traffic/frame.h"
#include "generators/traffic/shape.h"
#include "generators/transmitters/packet_way.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CACHE_LINE 64U

struct mmsg {
	int fd;
	unsigned batch;
	uint32_t key, stride;
	uint8_t stream;
	const struct cb_template *frame;
	const struct cb_shape *shape; /* NULL: all frames are alike but for their stamp */
	uint8_t *frames; /* `batch` copies of the template, `stride` bytes apart; owned */
	struct mmsghdr *messages;
	struct iovec *parts;
};

/* The frames stand in one block, each from a cache line of its own; writing them faults them in. */
static int mmsg_prepare(struct mmsg *m, const struct cb_link *link, struct cb_error *err)
{
	const struct cb_template *frame = link->frame;

	m->frame = frame;
	m->stride = (frame->length + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
	m->frames = aligned_alloc(CACHE_LINE, (size_t)m->stride * m->batch);
	m->messages = calloc(m->batch, sizeof(*m->messages));
	m->parts = calloc(m->batch, sizeof(*m->parts));
	if (!m->frames || !m->messages || !m->parts)
		return cb_error_memory(err, "the frames of a batch");
	for (unsigned i = 0; i < m->batch; i++) {
		uint8_t *at = m->frames + (size_t)i * m->stride;

		memcpy(at, frame->bytes, frame->length);
		m->parts[i] = (struct iovec){.iov_base = at, .iov_len = frame->length};
		m->messages[i].msg_hdr.msg_iov = &m->parts[i];
		m->messages[i].msg_hdr.msg_iovlen = 1;
	}
	return 0;
}

static void mmsg_close(void *state)
{
	struct mmsg *m = state;

	if (m->fd >= 0)
		close(m->fd);
	free(m->frames);
	free(m->messages);
	free(m->parts);
	*m = (struct mmsg){.fd = -1};
}

static int mmsg_open(void *state, const struct cb_link *link,
	const struct cb_packet_options *options, struct cb_error *err)
{
	struct mmsg *m = state;
	int r;

	*m = (struct mmsg){.batch = (unsigned)options->batch,
		.key = link->key,
		.stream = link->stream,
		.shape = link->shape};
	m->fd = cb_packet_tx_socket(err);
	if (m->fd < 0)
		return m->fd;
	r = cb_packet_tx_connect(m->fd, link, options, err);
	if (!r)
		r = mmsg_prepare(m, link, err);
	if (r)
		mmsg_close(m);
	return r;
}

static void shape_frames(struct mmsg *m, uint64_t sequence, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		m->parts[i].iov_len = cb_shape_apply(m->shape, m->parts[i].iov_base, sequence + i);
}

static void stamp_frames(
	struct mmsg *m, uint64_t sequence, unsigned n, uint8_t phase, uint32_t time_ns)
{
	struct cb_stamp stamp = {.stream = m->stream, .phase = phase, .time_ns = time_ns};
	uint8_t *at = m->frames;

	for (unsigned i = 0; i < n; i++, at += m->stride) {
		stamp.sequence = sequence + i;
		cb_frame_stamp(m->frame, m->shape != NULL, at, m->key, &stamp);
	}
}

static int mmsg_send(void *state, uint64_t sequence, unsigned n, uint8_t phase, uint32_t time_ns,
	struct cb_transmit_counts *counts)
{
	struct mmsg *m = state;
	unsigned used = 0;
	int sent;

	if (n > m->batch)
		n = m->batch;
	if (m->shape)
		shape_frames(m, sequence, n);
	stamp_frames(m, sequence, n, phase, time_ns);
	while (used < n) {
		sent = sendmmsg(m->fd, m->messages + used, n - used, 0);
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

static int mmsg_flush(void *state, uint64_t deadline_ns, struct cb_transmit_counts *counts)
{
	const struct mmsg *m = state;

	return cb_packet_tx_flush(m->fd, deadline_ns);
}

const struct cb_packet_way cb_packet_way_sendmmsg = {
	.name = "sendmmsg",
	.state_size = sizeof(struct mmsg),
	.open = mmsg_open,
	.send = mmsg_send,
	.flush = mmsg_flush,
	.close = mmsg_close,
};
