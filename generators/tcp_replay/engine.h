/*
 * Plays connections over a link: frames in through a tap, frames out through a packet socket, one
 * state machine (conn.h) for each connection, one thread for all of them.
 */
#ifndef CB_GENERATORS_TCP_REPLAY_ENGINE_H
#define CB_GENERATORS_TCP_REPLAY_ENGINE_H

#include "generators/tcp_replay/conn.h"
#include "generators/tcp_replay/neighbour.h"
#include "generators/tcp_replay/outbox.h"
#include "generators/tcp_replay/tap.h"
#include "generators/tcp_replay/timers.h"
#include "harness/base/random.h"

#include <signal.h>

/* Connections from random ports that can be open at once: of 32768, some are the kernel's. */
#define CB_ENGINE_RANDOM_MOST 28672

/* One connection that is being played. */
struct cb_player {
	struct cb_conn conn;
	struct cb_packet_head head; /* of the frames that it sends */
	uint16_t ip_id;
	uint32_t previous; /* of servers that wait, + 1; 0: the first */
	uint32_t next;     /* in its bucket, or in the free list, + 1; 0: the last */
	size_t number;     /* in the order of starting */
	size_t flow;       /* of the spec */
	bool used, met;    /* met: the peer's address is known */
	bool settled;      /* it will not listen, or not again */
	bool ended, dirty;
};

struct cb_engine_start {
	size_t flow;    /* of the spec */
	uint64_t at_ns; /* since the engine began; never falling */
};

struct cb_engine_spec {
	const char *interface;
	unsigned ifindex;
	enum cb_xdp_mode xdp;
	bool ipv6;
	enum cb_side side;
	uint8_t source[16], peer[16]; /* addresses; a server's peer may be zeros: anybody */
	uint8_t source_mac[6], peer_mac[6];
	struct cb_vlan vlans[CB_PACKET_VLANS_MAX];
	unsigned n_vlans;
	int32_t source_port; /* of the first client, counted up; -1: random. A server's own: as
				captured */
	int32_t port;        /* of the server; -1: as captured */
	uint32_t parallel_max;
	const struct cb_conn_spec *flows; /* of each flow that may be started */
	size_t n_flows;
	/* When to begin the next one: 1, or 0: there is none. */
	int (*next)(void *arg, struct cb_engine_start *start);
	/* A captured packet, by its number from 1, was sent or has come; may be NULL. */
	void (*told)(void *arg, const struct cb_player *p, size_t packet);
	/* A connection has begun, or has come to its end, which p->conn tells. */
	void (*began)(void *arg, const struct cb_player *p);
	void (*ended)(void *arg, const struct cb_player *p);
	/* Once a second, with the frames that were sent so far; may be NULL. */
	void (*tick)(void *arg, uint64_t elapsed_ns, int64_t sent);
	void *arg;
	/* Answers for an address that nobody owns; fd -1: the kernel does. */
	int neighbour_fd;
	const struct cb_neighbour_spec *neighbour;
	const volatile sig_atomic_t *stop;
	uint64_t limit_ns; /* all connections are stopped then; 0: never */
};

struct cb_engine_counts {
	int64_t sent, received;        /* segments */
	int64_t refused;               /* by the link, at once */
	int64_t lost;                  /* for want of room in the tap */
	int64_t bad_checksum, strange; /* not taken: wrong checksum, no connection of ours */
	int64_t half_open; /* handshakes that a client began, and left to a server that is played */
	int64_t syscalls;
};

/*
 * Play until all connections have ended and no more are to begin. `ready` (may be NULL) is called
 * when everything is set up; nonzero ends it there. CB_ERR_IMPOSSIBLE: XDP or packet sockets can't
 * be had; CB_ERR_HOST: the link failed. Blocks.
 */
int cb_engine_run(const struct cb_engine_spec *spec, int (*ready)(void *arg), void *ready_arg,
	struct cb_engine_counts *counts, struct cb_error *err);

#endif
