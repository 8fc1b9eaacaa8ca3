/* The connections of an engine: slots, the table by their ends, ports. Internal to the engine. */
#ifndef CB_GENERATORS_TCP_REPLAY_PLAYERS_H
#define CB_GENERATORS_TCP_REPLAY_PLAYERS_H

#include "generators/tcp_replay/engine.h"

/* Servers that have met nobody, at one port, in the order of their beginning; + 1; 0: none. */
struct cb_players_waiting {
	uint32_t first, last;
	uint32_t unsettled; /* these, and those whose client has not completed the handshake */
};

struct cb_players {
	struct cb_player *list;             /* owned; `capacity` slots */
	uint32_t *buckets;                  /* owned; by both ends */
	struct cb_players_waiting *waiting; /* owned; by port */
	uint32_t capacity, mask, free;      /* free: the first, + 1 */
	uint32_t active;                    /* slots in use */
	uint32_t port, port_step;           /* of the random ones: the next */
};

int cb_players_init(
	struct cb_players *p, uint32_t capacity, struct cb_random *random, struct cb_error *err);
void cb_players_finish(struct cb_players *p);

/* A free slot, zeroed but not in the table yet; NULL: there is none. */
struct cb_player *cb_players_take(struct cb_players *p);
void cb_players_give(struct cb_players *p, struct cb_player *player);

/* Into the table, and out of it, by the ends in its head. A server that has met nobody is in it by
 * its own port. */
void cb_players_insert(struct cb_players *p, struct cb_player *player);
void cb_players_remove(struct cb_players *p, struct cb_player *player);

/* Who has these ends; of servers that nobody has met, the one that began first. NULL: nobody. */
struct cb_player *cb_players_find(const struct cb_players *p, const struct cb_endpoint *local,
	const struct cb_endpoint *remote);
struct cb_player *cb_players_listening(const struct cb_players *p, uint16_t port);

/* A port for `local` that no connection to `remote` has, and the kernel neither. False: none. */
bool cb_players_random_port(struct cb_players *p, bool ipv6, struct cb_endpoint *local,
	const struct cb_endpoint *remote);

static inline uint32_t cb_players_index(const struct cb_players *p, const struct cb_player *player)
{
	return (uint32_t)(player - p->list);
}

#endif
