/*
 * A capture file, read into TCP connections: who is the client, what each side sent, and which of
 * them can be replayed. Files are hostile. Everything is kept in memory.
 */
#ifndef CB_GENERATORS_TCP_REPLAY_CAPTURE_H
#define CB_GENERATORS_TCP_REPLAY_CAPTURE_H

#include "generators/tcp_replay/flow.h"

#include <stdio.h>

struct cb_capture_counts {
	int64_t packets;   /* in the file */
	int64_t tcp;       /* of these */
	int64_t other;     /* no TCP: skipped */
	int64_t fragments; /* of IP datagrams: skipped */
	int64_t cut;       /* end within their headers: skipped */
	int64_t truncated; /* TCP, with less payload than there was on the wire (snaplen) */
};

struct cb_capture {
	struct cb_flow *flows; /* owned; in the order of their first packets */
	size_t n, capacity;
	struct cb_capture_counts counts;
	const uint8_t *bytes; /* of all payload; owned */
	size_t n_bytes, bytes_capacity;
	uint32_t *index; /* hash table over flows, number + 1; owned */
	size_t index_size;
	char damaged[300]; /* the file ended early, because; "": it did not */
};

struct cb_capture_spec {
	const char *name; /* for errors */
	/* Connections whose beginning was not captured get a handshake of ours, in front of the
	 * first packet that there is. */
	bool synthesize_handshake;
};

/*
 * Read all of `file`, which is taken over whatever the outcome. Pieces of a connection that can't
 * be replayed have a reason in flow->refused. CB_ERR_USAGE: the file can't be read or has no TCP in
 * it. A file that ends early is read up to there. Finish the capture on errors, too.
 */
int cb_capture_read(struct cb_capture *capture, FILE *file, const struct cb_capture_spec *spec,
	struct cb_error *err);
int cb_capture_open(struct cb_capture *capture, const char *path,
	const struct cb_capture_spec *spec, struct cb_error *err);

/* Why `side` of the flow can't be played, into out[size]; false: it can. `whole_peer`: what the
 * peer sent must be known, too. */
bool cb_capture_refused(
	const struct cb_flow *flow, enum cb_side side, bool whole_peer, char *out, size_t size);

void cb_capture_finish(struct cb_capture *capture);

#endif
