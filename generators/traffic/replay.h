/*
 * A file's packets in memory, ready to be sent: nothing is read while frames are sent.
 */
#ifndef CB_GENERATORS_TRAFFIC_REPLAY_H
#define CB_GENERATORS_TRAFFIC_REPLAY_H

#include "harness/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cb_replay_truncated {
	CB_REPLAY_PAD,  /* zeros to the length that the packet had */
	CB_REPLAY_SEND, /* what was captured */
	CB_REPLAY_SKIP, /* left out */
};

struct cb_pcap_packet; /* harness/net/pcap_file.h */

struct cb_replay_spec {
	const char *path;
	uint32_t length_max; /* of a frame without FCS: longer ones are left out */
	enum cb_replay_truncated truncated;
	size_t memory_bytes; /* more is an error */
	bool times_only;     /* of the packets nothing but their times is kept */
};

struct cb_replay_packet {
	size_t offset; /* in `bytes` */
	uint32_t length;
};

struct cb_replay {
	uint8_t *bytes;                   /* owned */
	struct cb_replay_packet *packets; /* owned */
	uint64_t *times_ns;               /* since the first, never falling; owned */
	size_t n;
	uint64_t period_ns; /* of one loop: to the last packet, and one mean gap */
	uint64_t truncated, oversized, runts; /* packets: cut when captured, too long, too short */
	bool damaged;                         /* the file ended early */
	char why[sizeof(((struct cb_error *)0)->text)]; /* ... because */
	bool too_large;       /* the error is that it takes more than memory_bytes */
	uint64_t total_bytes; /* of all packets, without FCS */
	uint32_t longest;
	size_t capacity, bytes_used, bytes_capacity;
};

/* CB_ERR_USAGE when the file can't be read, is too large, or nothing in it can be sent;
 * CB_ERR_IMPOSSIBLE without libpcap. cb_replay_finish frees in each case. */
int cb_replay_load(struct cb_replay *r, const struct cb_replay_spec *spec, struct cb_error *err);
void cb_replay_finish(struct cb_replay *r);

/* ---- for those who read a file themselves ---- */

/* How long the frame is to be; 0: left out, and counted in `r`. */
uint32_t cb_replay_length(
	struct cb_replay *r, const struct cb_replay_spec *spec, const struct cb_pcap_packet *p);

/* CB_ERR_USAGE: no packet was left, because. */
int cb_replay_nothing(const struct cb_replay *r, const char *path, struct cb_error *err);

#endif
