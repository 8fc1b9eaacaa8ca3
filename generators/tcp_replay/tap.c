#include "generators/tcp_replay/tap.h"

#include "harness/base/log.h"
#include "harness/net/bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tcp_replay.skel.h"

#define WHAT        "tcp-replay"
#define FRAMES      8192u /* of all queues together */
#define FRAMES_MIN  512u
#define BATCH       256u
#define WHOLE_BYTES (65536u + 64u) /* the longest frame of segmentation offload (BIG TCP apart) */

int cb_tcp_replay_tap_probe(struct cb_error *err)
{
	int r = cb_xsk_probe(err);

	return r ? r : cb_bpf_probe(WHAT, err);
}

/* ---- set-up ---- */

/* What outlives the object. */
static int keep(int *kept, int fd, struct cb_error *err)
{
	*kept = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return *kept < 0 ? cb_error_errno(err, CB_ERR_HOST, errno, WHAT) : 0;
}

static int load(struct cb_tcp_replay_tap *t, const struct cb_tcp_replay_tap_spec *spec,
	uint32_t queues, struct cb_error *err)
{
	struct tcp_replay_bpf *bpf;
	int r;

	cb_bpf_quiet();
	bpf = tcp_replay_bpf__open();
	if (!bpf)
		return cb_bpf_refused(WHAT, errno, "", err);
	bpf_map__set_max_entries(bpf->maps.sockets, queues);
	bpf->rodata->listens = spec->listens;
	r = cb_bpf_load(bpf->skeleton, WHAT, err);
	if (!r)
		r = keep(&t->program, bpf_program__fd(bpf->progs.tcp_replay), err);
	if (!r)
		r = keep(&t->sockets, bpf_map__fd(bpf->maps.sockets), err);
	if (!r)
		r = keep(&t->flows, bpf_map__fd(bpf->maps.flows), err);
	tcp_replay_bpf__destroy(bpf);
	return r;
}

static uint32_t frames_of(uint32_t queues)
{
	uint32_t frames = FRAMES / queues;

	return frames < FRAMES_MIN ? FRAMES_MIN : frames;
}

static int open_queues(struct cb_tcp_replay_tap *t, const struct cb_tcp_replay_tap_spec *spec,
	uint32_t queues, struct cb_error *err)
{
	struct cb_xsk_spec xsk = {.interface = spec->interface,
		.ifindex = spec->ifindex,
		.frame_bytes = CB_XSK_FRAME_LARGE,
		.rx_frames = frames_of(queues),
		.mode = t->attachment.mode == CB_XDP_GENERIC ? CB_XSK_COPY : CB_XSK_AUTO,
		.need_wakeup = true,
		.scattered = true};
	int r = 0;

	t->queues = calloc(queues, sizeof(*t->queues));
	t->whole = malloc(WHOLE_BYTES);
	if (!t->queues || !t->whole)
		return cb_error_memory(err, "AF_XDP sockets");
	for (uint32_t q = 0; !r && q < queues; q++) {
		struct cb_xsk *x = &t->queues[q];

		xsk.queue = q;
		r = cb_xsk_open(x, &xsk, err);
		if (r)
			break;
		t->n_queues++;
		if (bpf_map_update_elem(t->sockets, &x->queue, &x->fd, BPF_ANY))
			r = cb_error_errno(
				err, CB_ERR_HOST, errno, "the XDP program's socket of queue %u", q);
	}
	return r;
}

int cb_tcp_replay_tap_open(struct cb_tcp_replay_tap *t, const struct cb_tcp_replay_tap_spec *spec,
	struct cb_error *err)
{
	uint32_t queues = 0;
	int r;

	*t = (struct cb_tcp_replay_tap){
		.attachment = CB_BPF_DETACHED, .program = -1, .sockets = -1, .flows = -1};
	r = cb_xsk_probe(err);
	if (!r)
		r = cb_xsk_queues(spec->interface, &queues, err);
	if (!r && queues > CB_TAP_QUEUES_MAX)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%s has %u RX queues, replay takes %d at most: lower their number (ethtool "
			"-L %s combined %d)",
			spec->interface, queues, CB_TAP_QUEUES_MAX, spec->interface,
			CB_TAP_QUEUES_MAX);
	if (!r)
		r = load(t, spec, queues, err);
	if (!r)
		r = cb_bpf_attach_xdp(&t->attachment, t->program, spec->ifindex, spec->interface,
			spec->mode, "--xdp generic", err);
	if (!r)
		r = open_queues(t, spec, queues, err);
	if (r)
		cb_tcp_replay_tap_close(t);
	else
		cb_debug(WHAT ": %s XDP on %s, %u queue%s",
			t->attachment.mode == CB_XDP_GENERIC ? "generic" : "native",
			spec->interface, queues, queues == 1 ? "" : "s");
	return r;
}

/* ---- connections ---- */

static struct cb_tcp_replay_key key_of(
	bool ipv6, const struct cb_endpoint *local, const struct cb_endpoint *remote)
{
	struct cb_tcp_replay_key key = {.local_port = htobe16(local->port), .ipv6 = ipv6};

	memcpy(key.local, local->ip, ipv6 ? 16 : 4);
	if (!remote)
		return key;
	memcpy(key.remote, remote->ip, ipv6 ? 16 : 4);
	key.remote_port = htobe16(remote->port);
	return key;
}

int cb_tcp_replay_tap_take(struct cb_tcp_replay_tap *t, bool ipv6, const struct cb_endpoint *local,
	const struct cb_endpoint *remote, struct cb_error *err)
{
	struct cb_tcp_replay_key key = key_of(ipv6, local, remote);
	uint8_t one = 1;

	if (!bpf_map_update_elem(t->flows, &key, &one, BPF_ANY))
		return 0;
	if (errno == E2BIG)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE, "more than %d connections at once",
			CB_TCP_REPLAY_FLOWS_MAX);
	return cb_error_errno(err, CB_ERR_HOST, errno, "the XDP program's connections");
}

void cb_tcp_replay_tap_leave(struct cb_tcp_replay_tap *t, bool ipv6,
	const struct cb_endpoint *local, const struct cb_endpoint *remote)
{
	struct cb_tcp_replay_key key = key_of(ipv6, local, remote);

	bpf_map_delete_elem(t->flows, &key);
}

/* ---- frames ---- */

/* Pieces are put together; a frame that is longer than any is left out. */
static void take_piece(struct cb_tcp_replay_tap *t, const struct cb_xsk *x,
	const struct xdp_desc *d, cb_tcp_replay_take *take, void *arg)
{
	const uint8_t *bytes = x->umem + d->addr;
	bool more = d->options & CB_XSK_CONTINUED;

	if (!t->n_whole && !t->broken && !more) {
		take(arg, bytes, d->len);
		return;
	}
	if (WHOLE_BYTES - t->n_whole < d->len)
		t->broken = true;
	if (!t->broken) {
		memcpy(t->whole + t->n_whole, bytes, d->len);
		t->n_whole += d->len;
	}
	if (more)
		return;
	if (!t->broken)
		take(arg, t->whole, t->n_whole);
	t->n_whole = 0;
	t->broken = false;
}

static unsigned receive_queue(
	struct cb_tcp_replay_tap *t, struct cb_xsk *x, cb_tcp_replay_take *take, void *arg)
{
	uint32_t n = cb_xsk_ready(&x->rx, BATCH);

	if (!n) {
		if (cb_xsk_must_wake(&x->fill))
			recvfrom(x->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
		return 0;
	}
	/* the kernel shows all pieces of a frame at once: none is left for the next turn */
	while (cb_xsk_descriptor(&x->rx, n - 1)->options & CB_XSK_CONTINUED &&
		cb_xsk_ready(&x->rx, n + 1) > n)
		n++;
	for (uint32_t i = 0; i < n; i++)
		take_piece(t, x, cb_xsk_descriptor(&x->rx, i), take, arg);
	for (uint32_t i = 0; i < n; i++)
		*cb_xsk_address(&x->fill, i) = cb_xsk_descriptor(&x->rx, i)->addr;
	cb_xsk_produced(&x->fill, n);
	cb_xsk_consumed(&x->rx, n);
	return n;
}

unsigned cb_tcp_replay_tap_receive(struct cb_tcp_replay_tap *t, cb_tcp_replay_take *take, void *arg)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->n_queues; i++)
		n += receive_queue(t, &t->queues[i], take, arg);
	return n;
}

int64_t cb_tcp_replay_tap_lost(const struct cb_tcp_replay_tap *t)
{
	int64_t total = 0, lost;

	for (unsigned i = 0; i < t->n_queues; i++) {
		if (!cb_xsk_lost(&t->queues[i], &lost))
			total += lost;
	}
	return total;
}

void cb_tcp_replay_tap_close(struct cb_tcp_replay_tap *t)
{
	int *fds[] = {&t->flows, &t->sockets, &t->program};

	cb_bpf_detach(&t->attachment);
	for (unsigned i = 0; i < t->n_queues; i++)
		cb_xsk_close(&t->queues[i]);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	free(t->queues);
	free(t->whole);
	t->queues = NULL;
	t->whole = NULL;
	t->n_queues = 0;
}
