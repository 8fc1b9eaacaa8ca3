/* The state of an engine, and what it does with one connection. Internal to engine*.c. */
#ifndef CB_GENERATORS_TCP_REPLAY_ENGINE_STATE_H
#define CB_GENERATORS_TCP_REPLAY_ENGINE_STATE_H

#include "generators/tcp_replay/players.h"

struct cb_engine {
	const struct cb_engine_spec *spec;
	struct cb_engine_counts *counts;
	struct cb_tcp_replay_tap tap;
	struct cb_outbox outbox;
	struct cb_players players;
	struct cb_timers timers;
	struct cb_random random;
	uint32_t *dirty; /* slots with something to do; owned */
	uint32_t n_dirty;
	struct cb_engine_start pending;
	bool has_pending, stopped;
	size_t started;
	uint64_t begin_ns, now_ns, tick_ns;
};

/* It has something to do, in this turn. */
void cb_engine_mark(struct cb_engine *e, struct cb_player *p);

/* Begin the next connection, as this flow of the spec; there must be a free slot. */
int cb_engine_begin(struct cb_engine *e, size_t flow, struct cb_error *err);

/* Send what a connection has to send, tell what happened, and set its timer. */
void cb_engine_pump(struct cb_engine *e, struct cb_player *p);

/* It is over, and nothing of it is awaited any more: its slot is free. */
void cb_engine_end(struct cb_engine *e, struct cb_player *p);

#endif
