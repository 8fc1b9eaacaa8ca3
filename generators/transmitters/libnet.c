/*
 * `libnet`: one frame after the other through libnet's link-layer injection, for odd frames at low
 * rates. On Linux that is a packet socket with a sendto for each frame (libnet_link_linux.c). What
 * the link refuses comes back as ENOBUFS, but only past the queueing discipline: on a veth, which
 * has none, a refusal on that way is told to nobody (seen on Linux 6.18) and is in the link's
 * counters alone.
 */
#include "generators/traffic/frame.h"
#include "generators/traffic/shape.h"
#include "generators/transmitters/packet_way.h"

#include <errno.h>
#include <libnet.h>
#include <string.h>

/* Few, since the clock is looked at between batches only. */
#define BATCH 8U

struct libnet_options {
	bool qdisc_bypass;
};

struct injector {
	libnet_t *net; /* owned */
	const struct cb_template *frame;
	const struct cb_shape *shape; /* NULL: all frames are alike but for their stamp */
	uint32_t key;
	uint8_t stream;
	uint8_t bytes[sizeof(((struct cb_template *)0)->bytes)];
};

static const struct cb_option libnet_options[] = {
	{.name = "qdisc-bypass",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct libnet_options, qdisc_bypass),
		.fallback = "on",
		.help = "Go past the queueing discipline, straight to the driver"},
	CB_OPTION_END,
};

static int libnet_probe(struct cb_error *err)
{
	int fd = cb_packet_tx_socket(err);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static void libnet_close(void *state)
{
	struct injector *j = state;

	if (j->net)
		libnet_destroy(j->net);
	j->net = NULL;
}

static int init(struct injector *j, const struct cb_link *link,
	const struct libnet_options *options, struct cb_error *err)
{
	const struct cb_packet_options socket_options = {.qdisc_bypass = options->qdisc_bypass};
	char reason[LIBNET_ERRBUF_SIZE] = "";

	j->net = libnet_init(LIBNET_LINK_ADV, link->interface, reason);
	if (!j->net)
		return cb_error_set(err, CB_ERR_HOST, "libnet cannot send on %s: %s",
			link->interface, reason[0] ? reason : "no reason given");
	return cb_packet_tx_connect(libnet_getfd(j->net), link, &socket_options, err);
}

static int libnet_open(
	void *state, const struct cb_link *link, const void *options, struct cb_error *err)
{
	struct injector *j = state;
	int r = libnet_probe(err); /* says better what is missing */

	if (r)
		return r;
	j->frame = link->frame;
	j->shape = link->shape;
	j->key = link->key;
	j->stream = link->stream;
	memcpy(j->bytes, link->frame->bytes, link->frame->length);
	r = init(j, link, options, err);
	if (r)
		libnet_close(j);
	return r;
}

/* 0, or the errno of sendto. */
static int inject(struct injector *j, const struct cb_stamp *stamp)
{
	uint32_t length = j->frame->length;

	if (j->shape)
		length = cb_shape_apply(j->shape, j->bytes, stamp->sequence);
	cb_frame_stamp(j->frame, j->shape != NULL, j->bytes, j->key, stamp);
	errno = 0;
	if (libnet_adv_write_link(j->net, j->bytes, length) == (int)length)
		return 0;
	return errno ? errno : EIO;
}

static int libnet_send(void *state, uint64_t sequence, unsigned n, uint8_t phase, uint32_t time_ns,
	struct cb_transmit_counts *counts)
{
	struct injector *j = state;
	struct cb_stamp stamp = {.stream = j->stream, .phase = phase, .time_ns = time_ns};

	for (unsigned i = 0; i < n; i++) {
		int e;

		stamp.sequence = sequence + i;
		e = inject(j, &stamp);
		counts->syscalls++;
		if (e == ENOBUFS)
			counts->refused++;
		else if (e)
			return i ? (int)i : -e;
	}
	return (int)n;
}

static int libnet_flush(void *state, uint64_t deadline_ns, struct cb_transmit_counts *counts)
{
	const struct injector *j = state;

	return cb_packet_tx_flush(libnet_getfd(j->net), deadline_ns);
}

const struct cb_transmitter cb_transmitter_libnet = {
	.member =
		{
			.name = "libnet",
			.help = "Link-layer injection through libnet, for odd frames at low rates",
			.options = libnet_options,
			.options_size = sizeof(struct libnet_options),
			.provides = CB_TRAIT_STAMPS | CB_TRAIT_PACED | CB_TRAIT_SHAPES |
				CB_TRAIT_FRAMES,
			.probe = libnet_probe,
		},
	.state_size = sizeof(struct injector),
	.batch = BATCH,
	.open = libnet_open,
	.send = libnet_send,
	.flush = libnet_flush,
	.close = libnet_close,
};
