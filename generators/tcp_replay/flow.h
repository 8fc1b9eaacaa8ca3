/*
 * A captured TCP connection: what either side sent, as byte streams, and in which order. Places in
 * a stream count from the SYN, which is at 0; the first byte is at 1, the FIN behind the last byte.
 */
#ifndef CB_GENERATORS_TCP_REPLAY_FLOW_H
#define CB_GENERATORS_TCP_REPLAY_FLOW_H

#include "generators/tcp_replay/packet.h"
#include "harness/base/error.h"

#include <stddef.h>

enum cb_side { CB_CLIENT, CB_SERVER, CB_SIDES };

/* One captured packet, in the order of the file. */
struct cb_flow_packet {
	uint64_t time_ns;   /* since the first packet of the file */
	int64_t begin, end; /* of its sender's stream, SYN and FIN included */
	int64_t ack;        /* how much of the other side's stream its sender had by then */
	uint8_t side;       /* enum cb_side: who sent it */
	uint8_t flags;
};

/* A piece of a stream that was captured; pieces don't overlap, and ascend. */
struct cb_flow_piece {
	int64_t at; /* place of its first byte */
	uint32_t length;
	size_t bytes; /* in the flow's bytes */
};

struct cb_stream {
	uint32_t first; /* the sequence number of the SYN */
	bool known;     /* `first` is */
	bool has_syn, has_fin, has_rst;
	int64_t end;                  /* the place behind all that was sent, SYN and FIN included */
	int64_t missing;              /* bytes of it that the capture does not hold */
	struct cb_flow_piece *pieces; /* owned */
	size_t n, capacity;
	struct cb_tcp_options syn; /* of the SYN */
	uint8_t ttl, tos;
};

struct cb_flow {
	bool ipv6;
	struct cb_endpoint ends[CB_SIDES];
	struct cb_vlan vlans[CB_PACKET_VLANS_MAX];
	unsigned n_vlans;
	struct cb_stream streams[CB_SIDES];
	struct cb_flow_packet *packets; /* owned */
	size_t n, capacity;
	const uint8_t *const *bytes; /* where the payload of all flows of a file lies */
	int64_t repeated;            /* segments that the capture holds more than once */
	char refused[160];           /* why it can't be replayed; "": it can */
};

/* The first byte behind the data of a stream. */
static inline int64_t cb_stream_data_end(const struct cb_stream *s)
{
	return s->end - (s->has_fin ? 1 : 0);
}

/*
 * The captured bytes from place `at` on: how many of the `n` asked for stand at *bytes in one
 * piece; 0: the byte at `at` was not captured (or there is none). `hint` remembers where the last
 * one was.
 */
uint32_t cb_stream_bytes(const struct cb_flow *flow, const struct cb_stream *s, int64_t at,
	uint32_t n, size_t *hint, const uint8_t **bytes);

/* Append a packet, which is given with its places; pieces are made of its payload at `bytes` in the
 * flow's bytes. */
int cb_flow_add(struct cb_flow *flow, const struct cb_flow_packet *packet, size_t bytes,
	uint32_t length, struct cb_error *err);

/* When all packets are there: bring the pieces in order, count what is missing. */
void cb_flow_settle(struct cb_flow *flow);

void cb_flow_finish(struct cb_flow *flow);

#endif
