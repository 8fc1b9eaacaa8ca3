/*
 * discard: nothing beyond the tally, which reads the stamp of every frame (own, foreign, damaged,
 * the sequence range of each stream).
 */
#include "capturers/members.h"

const struct cb_load cb_load_discard = {
	.member = {.name = "discard",
		.help = "Reads the stamp of each frame and forgets the frame.",
		.paper = "tcpdump to /dev/null (low application load)"},
};
