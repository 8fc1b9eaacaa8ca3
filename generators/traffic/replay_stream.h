/*
 * A file that does not fit into memory, read while its packets are sent: a thread reads ahead into
 * chunks, loop after loop, and waits when all of them are full. The sender never waits: when
 * nothing has been read yet it is told so, and what it could not send meanwhile is for its schedule
 * to book.
 */
#ifndef CB_GENERATORS_TRAFFIC_REPLAY_STREAM_H
#define CB_GENERATORS_TRAFFIC_REPLAY_STREAM_H

#include "generators/traffic/replay.h"

struct cb_replay_stream; /* opaque */

struct cb_replay_stream_spec {
	struct cb_replay_spec replay; /* memory_bytes: what the chunks take together, at least */
	uint64_t loops;               /* 0: without end */
	bool unique;                  /* the number of its loop is added to a packet's addresses */
};

struct cb_replay_frame {
	uint8_t *bytes; /* in a chunk */
	uint32_t length;
};

/*
 * Open the file, start the thread, and wait until a first chunk is full. The spec is copied, the
 * path is not. CB_ERR_USAGE when there is nothing in the file to be sent, as cb_replay_load.
 */
int cb_replay_stream_open(struct cb_replay_stream **stream,
	const struct cb_replay_stream_spec *spec, struct cb_error *err);

/*
 * Up to `n` frames that come next, without taking them: how many; 0: none has been read yet;
 * -ENODATA: all loops are over; -EIO: the file could not be read again (a warning says why). They
 * are valid until they are taken.
 */
int cb_replay_stream_peek(
	struct cb_replay_stream *stream, struct cb_replay_frame *frames, unsigned n);

/* The first `n` of them were sent. */
void cb_replay_stream_take(struct cb_replay_stream *stream, unsigned n);

/* What the first loop has left out, once it is over; until then what it has so far. */
void cb_replay_stream_counts(struct cb_replay_stream *stream, struct cb_replay *counts);

/* Accepts NULL. */
void cb_replay_stream_close(struct cb_replay_stream *stream);

#endif
