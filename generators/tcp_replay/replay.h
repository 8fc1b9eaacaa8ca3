/*
 * A replay: what `capbench replay` and the transmitter `tcp-replay` are told, and what comes of it.
 */
#ifndef CB_GENERATORS_TCP_REPLAY_REPLAY_H
#define CB_GENERATORS_TCP_REPLAY_REPLAY_H

#include "generators/tcp_replay/capture.h"
#include "generators/tcp_replay/engine.h"
#include "harness/base/option.h"

enum cb_tcp_replay_timing { CB_TCP_REPLAY_FAST, CB_TCP_REPLAY_CAPTURE };

struct cb_tcp_replay_job {
	char interface[16];
	char file[256];
	char to[64], source[64]; /* IPv4 or IPv6; source "": the interface's own */
	char mac[20];            /* or "auto" */
	char port[16];           /* the server's: a number, or "captured" */
	char source_port[16];    /* a number, or "random" */
	char vlan[24];           /* "none", "captured", "100", "100/200" */
	int side;                /* enum cb_side */
	int64_t flow;            /* from 1; 0: all */
	int64_t connections;     /* copies of each */
	int64_t per_second;      /* of the transmitter: connections */
	int64_t parallel;        /* at once, at most */
	int expect;              /* enum cb_expect */
	int timing;              /* enum cb_tcp_replay_timing */
	int xdp;                 /* enum cb_xdp_mode */
	bool synthesize_handshake, timestamps;
	int64_t retries, rto_ns, timeout_ns, accept_ns, settle_ns;
	int64_t window_bytes, mss; /* mss 0: what the link takes */
};

/* Over struct cb_tcp_replay_job: the verb's, and those of the transmitter. */
extern const struct cb_option cb_tcp_replay_options[], cb_tcp_replay_transmitter_options[];

/* What the transmitter has no option for gets the verb's default. */
void cb_tcp_replay_fill(struct cb_tcp_replay_job *job);

/* One connection that was played. */
struct cb_tcp_replay_connection {
	size_t flow; /* of the file, from 1 */
	uint16_t source_port, port;
	enum cb_conn_verdict verdict;
	char why[160];
	struct cb_conn_counts counts;
	int64_t scheduled, happened; /* captured packets; of these sent, or come */
	int64_t forgone;           /* of the others those that were not waited for: --expect any */
	uint64_t begin_ns, end_ns; /* since the start of the replay */
};

struct cb_tcp_replay_result {
	struct cb_engine_counts frames;
	struct cb_tcp_replay_connection *connections; /* owned; in the order of their ends */
	size_t n, capacity;
	int64_t verdicts[CB_CONN_VERDICTS];
	int64_t ended;   /* of all verdicts */
	int64_t refused; /* connections of the file that can't be played, or were not chosen to */
	struct cb_conn_counts total;
	int64_t scheduled, happened, forgone;
	uint64_t first_ns;   /* the first connection's beginning, as its begin_ns */
	uint64_t elapsed_ns; /* from the first connection's beginning to the last end */
	bool failed;         /* out of memory: `connections` lacks some */
};

/* Everything that a replay needs. Zero-initialise. */
struct cb_tcp_replay {
	const struct cb_tcp_replay_job *job;
	struct cb_capture capture;
	size_t *flows;              /* those that are played; owned */
	struct cb_conn_spec *specs; /* of each of them; owned */
	size_t n_flows;
	int64_t refused;
	char why_refused[256]; /* the first of them */
	struct cb_engine_spec engine;
	struct cb_neighbour_spec neighbour;
	int neighbour_fd; /* -1: none */
	struct cb_tcp_replay_result *result;
	uint64_t start_ns;
	void *owner;  /* of the caller's, for its own next and tick */
	size_t given; /* connections that were handed to the engine */
	bool whole;   /* each connection is kept in the result, not only those that went wrong */
	/* A captured packet, by its number from 1, was sent or has come; may be NULL. */
	void (*told)(void *arg, const struct cb_player *p, size_t packet);
	void *told_arg;
};

/* Read the file and choose the connections alone. As cb_tcp_replay_prepare. */
int cb_tcp_replay_load(
	struct cb_tcp_replay *replay, const struct cb_tcp_replay_job *job, struct cb_error *err);

/*
 * Read the file, choose the connections, find the way to the peer; may ask for the peer's MAC, and
 * for the source address being free, which blocks for up to a second. CB_ERR_USAGE: the file or the
 * command line is wrong; CB_ERR_HOST: no way to the peer. Finish on errors, too.
 */
int cb_tcp_replay_prepare(
	struct cb_tcp_replay *replay, const struct cb_tcp_replay_job *job, struct cb_error *err);

/* Begin, and play to the end. `replay->engine` may be changed before: tick, next; their argument is
 * the replay. */
int cb_tcp_replay_run(struct cb_tcp_replay *replay, const volatile sig_atomic_t *stop,
	int (*ready)(void *arg), void *ready_arg, struct cb_tcp_replay_result *result,
	struct cb_error *err);

void cb_tcp_replay_finish(struct cb_tcp_replay *replay);
void cb_tcp_replay_result_finish(struct cb_tcp_replay_result *result);

/* CB_OK, or the code of the gravest verdict, with its reason. */
int cb_tcp_replay_verdict(const struct cb_tcp_replay_result *result, struct cb_error *err);

/* ---- internal ---- */

/* replay_way.c: addresses, route, neighbour, VLANs into replay->engine. */
int cb_tcp_replay_find_way(struct cb_tcp_replay *replay, struct cb_error *err);

/* replay_ports.c: are there enough, and would nothing be taken from this host's own sockets? Else
 * CB_ERR_USAGE. */
int cb_tcp_replay_check_ports(const struct cb_tcp_replay *replay, struct cb_error *err);

#endif
