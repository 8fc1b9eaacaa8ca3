/*
 * Who is next: a binary heap of deadlines. Entries are numbers below `capacity`, each in it once at
 * most; what they stand for is the caller's.
 */
#ifndef CB_GENERATORS_TCP_REPLAY_TIMERS_H
#define CB_GENERATORS_TCP_REPLAY_TIMERS_H

#include "harness/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct cb_timers {
	uint32_t *heap;   /* entries, the earliest first; owned */
	uint32_t *places; /* of an entry in the heap, + 1; 0: it is not there; owned */
	uint64_t *due_ns; /* of an entry; owned */
	uint32_t n, capacity;
};

int cb_timers_init(struct cb_timers *t, uint32_t capacity, struct cb_error *err);
void cb_timers_finish(struct cb_timers *t);

/* Set, change, or with UINT64_MAX take away. */
void cb_timers_set(struct cb_timers *t, uint32_t entry, uint64_t due_ns);

/* The earliest; UINT64_MAX: there is none. */
uint64_t cb_timers_next(const struct cb_timers *t);
/* The entry whose time has come, which stays until it is set anew. False: none. */
bool cb_timers_due(const struct cb_timers *t, uint64_t now_ns, uint32_t *entry);

#endif
