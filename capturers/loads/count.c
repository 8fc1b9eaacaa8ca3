/*
 * count: as discard, with a bitmap of sequence numbers per stream, so that duplicates and
 * reordering are known frame by frame (tally.h, seen.h).
 */
#include "capturers/members.h"

const struct cb_load cb_load_count = {
	.member = {.name = "count",
		.help = "Notes each sequence number: loss, duplicates, reordering per frame.",
		.needs = CB_TRAIT_STAMPS},
	.exact = true,
};
