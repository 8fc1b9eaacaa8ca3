/*
 * `packet`: an AF_PACKET socket. With PACKET_QDISC_BYPASS a frame goes straight to the driver
 * (net/core/dev.c __dev_direct_xmit).
 *
 * Which of the two ways (packet_way.h) is faster depends on kernel and driver: a ring saves the
 * copying of message headers, and costs the handling of pages and slots. `auto` opens both and lets
 * them take turns with the first frames of the run, which are frames like all others; then the one
 * with the smaller median of the time per frame goes on alone. Both send within the system call, so
 * frames keep their order.
 */
#include "generators/transmitters/packet_way.h"
#include "harness/base/clock.h"
#include "harness/base/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAYS          2U
#define SAMPLES       65U /* calls of each way */
#define CLEARLY_PCENT 3   /* sendmmsg is left only for more than this */

enum packet_method { METHOD_AUTO, METHOD_SENDMMSG, METHOD_RING };

static const char *const method_names[] = {"auto", "sendmmsg", "ring", NULL};

static const struct cb_packet_way *const all_ways[WAYS] = {
	&cb_packet_way_sendmmsg, &cb_packet_way_ring};

struct packet_way {
	const struct cb_packet_way *way;
	void *state; /* owned */
	unsigned n_samples;
	uint64_t samples_ps[SAMPLES]; /* time per frame */
};

struct packet {
	unsigned n; /* ways that are open */
	struct packet_way ways[WAYS];
	const struct packet_way *alone; /* NULL: the probe still runs */
};

static const struct cb_option packet_options[] = {
	{.name = "batch",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct cb_packet_options, batch),
		.fallback = "64",
		.min = 1,
		.max = CB_PACKET_BATCH_MAX,
		.help = "Frames handed over by one system call at most"},
	{.name = "qdisc-bypass",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct cb_packet_options, qdisc_bypass),
		.fallback = "on",
		.help = "Go past the queueing discipline, straight to the driver; never on a veth "
			"with several queues, whose flows it would not spread"},
	{.name = "method",
		.type = CB_OPT_ENUM,
		.offset = offsetof(struct cb_packet_options, method),
		.fallback = "auto",
		.choices = method_names,
		.help = "How frames get to the kernel; auto: whichever is faster with the first "
			"frames"},
	CB_OPTION_END,
};

static int packet_probe(struct cb_error *err)
{
	int fd = cb_packet_tx_socket(err);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* ---- set-up ---- */

static int open_way(struct packet *p, const struct cb_packet_way *way, const struct cb_link *link,
	const struct cb_packet_options *options, struct cb_error *err)
{
	void *state = calloc(1, way->state_size);
	int r;

	if (!state)
		return cb_error_memory(err, "the transmitter");
	r = way->open(state, link, options, err);
	if (r)
		free(state);
	else
		p->ways[p->n++] = (struct packet_way){.way = way, .state = state};
	return r;
}

static void packet_close(void *state)
{
	struct packet *p = state;

	for (unsigned i = 0; i < p->n; i++) {
		p->ways[i].way->close(p->ways[i].state);
		free(p->ways[i].state);
	}
	*p = (struct packet){0};
}

static int packet_open(
	void *state, const struct cb_link *link, const void *options, struct cb_error *err)
{
	const struct cb_packet_options *o = options;
	struct cb_error why = {0};
	struct packet *p = state;
	int r;

	*p = (struct packet){0};
	if (o->method != METHOD_AUTO) {
		r = open_way(p, all_ways[o->method - METHOD_SENDMMSG], link, o, err);
	} else {
		r = open_way(p, &cb_packet_way_sendmmsg, link, o, err);
		if (!r && open_way(p, &cb_packet_way_ring, link, o, &why))
			cb_debug("packet: no ring: %s", why.text);
	}
	if (!r && p->n == 1)
		p->alone = &p->ways[0];
	return r;
}

/* ---- the probe ---- */

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static uint64_t median_ps(struct packet_way *w)
{
	qsort(w->samples_ps, SAMPLES, sizeof(w->samples_ps[0]), compare);
	return w->samples_ps[SAMPLES / 2];
}

static void decide(struct packet *p)
{
	uint64_t messages_ps = median_ps(&p->ways[0]), ring_ps = median_ps(&p->ways[1]);
	bool ring = ring_ps < messages_ps * (100 - CLEARLY_PCENT) / 100;

	p->alone = &p->ways[ring];
	cb_debug("packet: %s, because a frame takes %.0f ns by sendmmsg and %.0f ns by ring",
		p->alone->way->name, (double)messages_ps / 1e3, (double)ring_ps / 1e3);
}

/* The ways take turns, each call is a sample. */
static int probe_send(struct packet *p, uint64_t sequence, unsigned n, uint8_t phase,
	uint32_t time_ns, struct cb_transmit_counts *counts)
{
	struct packet_way *w = &p->ways[p->ways[0].n_samples > p->ways[1].n_samples];
	uint64_t begin_ns = cb_now_ns();
	int r = w->way->send(w->state, sequence, n, phase, time_ns, counts);

	if (r > 0)
		w->samples_ps[w->n_samples++] = (cb_now_ns() - begin_ns) * 1000 / (unsigned)r;
	if (p->ways[0].n_samples == SAMPLES && p->ways[1].n_samples == SAMPLES)
		decide(p);
	return r;
}

static int packet_send(void *state, uint64_t sequence, unsigned n, uint8_t phase, uint32_t time_ns,
	struct cb_transmit_counts *counts)
{
	struct packet *p = state;

	if (!p->alone)
		return probe_send(p, sequence, n, phase, time_ns, counts);
	return p->alone->way->send(p->alone->state, sequence, n, phase, time_ns, counts);
}

static int packet_flush(void *state, uint64_t deadline_ns, struct cb_transmit_counts *counts)
{
	const struct packet *p = state;
	int r = 0;

	for (unsigned i = 0; !r && i < p->n; i++)
		r = p->ways[i].way->flush(p->ways[i].state, deadline_ns, counts);
	return r;
}

const struct cb_transmitter cb_transmitter_packet = {
	.member =
		{
			.name = "packet",
			.help = "A packet socket: sendmmsg or a ring, straight to the driver",
			.options = packet_options,
			.options_size = sizeof(struct cb_packet_options),
			.provides = CB_TRAIT_STAMPS | CB_TRAIT_PACED | CB_TRAIT_SHAPES |
				CB_TRAIT_FRAMES,
			.reach_pps = 1000000,
			.probe = packet_probe,
		},
	.state_size = sizeof(struct packet),
	.batch = CB_PACKET_BATCH_MAX,
	.open = packet_open,
	.send = packet_send,
	.flush = packet_flush,
	.close = packet_close,
};
