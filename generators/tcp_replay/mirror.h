/*
 * Both sides of captured connections, played with each other: what a mirror port shows of a client
 * and a server. Every segment of either is sent out; what it brings about is not waited for on a
 * link, but told to the other side at once. No peer, no addresses, no XDP are needed.
 */
#ifndef CB_GENERATORS_TCP_REPLAY_MIRROR_H
#define CB_GENERATORS_TCP_REPLAY_MIRROR_H

#include "generators/tcp_replay/engine.h"

struct cb_mirror_spec {
	const char *interface;
	unsigned ifindex;
	uint8_t macs[CB_SIDES][6];
	uint32_t parallel_max;
	const struct cb_conn_spec *flows; /* pairs: client, server of one flow after the other */
	int (*next)(void *arg, struct cb_engine_start *start); /* as in cb_engine_spec */
	void (*ended)(void *arg, const struct cb_conn *client);
	void (*tick)(void *arg, uint64_t elapsed_ns, int64_t sent);
	void *arg;
	const volatile sig_atomic_t *stop;
	uint64_t limit_ns; /* ends there; 0: when all connections have */
};

/* Blocks. Counts: sent, refused, syscalls. CB_ERR_HOST: the link failed. */
int cb_mirror_run(
	const struct cb_mirror_spec *spec, struct cb_engine_counts *counts, struct cb_error *err);

#endif
