/*
 * A few ranges of places in a stream: in order, not touching each other. What was received out of
 * order, and what the peer says it has so (SACK).
 */
#ifndef CB_GENERATORS_TCP_REPLAY_RANGES_H
#define CB_GENERATORS_TCP_REPLAY_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#define CB_RANGES_MAX 64u

struct cb_range {
	int64_t from, to; /* to: behind the last one */
};

struct cb_ranges {
	struct cb_range r[CB_RANGES_MAX];
	unsigned n;
};

/* Add [from, to); false when there is no room for another range. */
bool cb_ranges_add(struct cb_ranges *s, int64_t from, int64_t to);

/* Take away all below `place`. */
void cb_ranges_trim(struct cb_ranges *s, int64_t place);

/* The first place from `place` on that is in no range. */
int64_t cb_ranges_free(const struct cb_ranges *s, int64_t place);
/* The first place from `place` on that is in one; INT64_MAX: there is none. */
int64_t cb_ranges_taken(const struct cb_ranges *s, int64_t place);

/* How many places are in ranges. */
int64_t cb_ranges_total(const struct cb_ranges *s);

#endif
