/*
 * Capture processes that share the frames of an interface (PACKET_FANOUT, queues of AF_XDP) are one
 * view of the ledger together: their records joined into one.
 */
#ifndef CB_HARNESS_BOOK_JOINED_H
#define CB_HARNESS_BOOK_JOINED_H

#include "harness/book/measured.h"

#include <stddef.h>

/*
 * What another host's generator did for the same trial, into one account: books, streams and series
 * add up; times, lateness and the longest train are the worst; figures about gaps that can't be
 * joined are unknown. CB_ERR_INTERNAL out of memory.
 */
int cb_generator_record_join(
	struct cb_generator_record *into, const struct cb_generator_record *part);

/*
 * Join `member` into `into`, both of one group: counts are summed (unknown where either is),
 * elapsed_ns is the longer, sequence_gaps is unknown (each member misses what the others got),
 * names and load_result stay the first's. CB_ERR_INTERNAL when the series can't grow.
 */
int cb_view_record_join(struct cb_view_record *into, const struct cb_view_record *member);

/*
 * Join all views of a group within views[0..*n), in place: the order of those that remain is kept,
 * the others are finished, *n is how many remain.
 */
int cb_views_join_groups(struct cb_view_record *views, size_t *n);

#endif
