/*
 * Where the peer's segments come in: an XDP program takes exactly the connections it is told of to
 * AF_XDP sockets, past the kernel's TCP, and leaves everything else alone. It is held by a BPF
 * link, which ends with the process, however that ends.
 */
#ifndef CB_GENERATORS_TCP_REPLAY_TAP_H
#define CB_GENERATORS_TCP_REPLAY_TAP_H

#include "generators/bpf/tcp_replay_key.h"
#include "generators/tcp_replay/packet.h"
#include "harness/base/error.h"
#include "harness/net/bpf_attach.h"
#include "harness/net/xsk.h"

#define CB_TAP_QUEUES_MAX 64

struct cb_tcp_replay_tap {
	struct cb_bpf_attachment attachment;
	int program, sockets, flows; /* -1: none */
	struct cb_xsk *queues;       /* owned */
	unsigned n_queues;
	uint8_t *whole; /* a frame that came in pieces; owned */
	uint32_t n_whole;
	bool broken; /* it was too long: what follows of it is left out */
};

struct cb_tcp_replay_tap_spec {
	const char *interface;
	unsigned ifindex;
	enum cb_xdp_mode mode;
	bool listens; /* connections with an unknown remote end will be asked for */
};

/* 0, or CB_ERR_IMPOSSIBLE with what is missing here. */
int cb_tcp_replay_tap_probe(struct cb_error *err);

/* CB_ERR_IMPOSSIBLE when XDP can't be had on the interface, with what to do. Blocks for some ms. */
int cb_tcp_replay_tap_open(struct cb_tcp_replay_tap *t, const struct cb_tcp_replay_tap_spec *spec,
	struct cb_error *err);

/* Take what comes from `remote` (NULL: from anybody) to `local`, or leave it alone again. */
int cb_tcp_replay_tap_take(struct cb_tcp_replay_tap *t, bool ipv6, const struct cb_endpoint *local,
	const struct cb_endpoint *remote, struct cb_error *err);
void cb_tcp_replay_tap_leave(struct cb_tcp_replay_tap *t, bool ipv6,
	const struct cb_endpoint *local, const struct cb_endpoint *remote);

/* Called with each frame, which is valid until it returns. */
typedef void cb_tcp_replay_take(void *arg, const uint8_t *frame, uint32_t n);

/* Hand over what has come, at most some hundred frames; returns how many. Does not block. */
unsigned cb_tcp_replay_tap_receive(
	struct cb_tcp_replay_tap *t, cb_tcp_replay_take *take, void *arg);

/* Frames lost for want of room since it was opened. */
int64_t cb_tcp_replay_tap_lost(const struct cb_tcp_replay_tap *t);

/* Accepts one that could not be opened. */
void cb_tcp_replay_tap_close(struct cb_tcp_replay_tap *t);

#endif
