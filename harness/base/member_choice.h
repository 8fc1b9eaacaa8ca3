/*
 * "auto" on the axis of the transmitters: the best that can do what is asked, and why. A pure
 * function on the members' own tables: whoever asks knows what the link and the host allow.
 */
#ifndef CB_HARNESS_BASE_MEMBER_CHOICE_H
#define CB_HARNESS_BASE_MEMBER_CHOICE_H

#include "harness/base/member.h"

struct cb_choice_wish {
	unsigned needs;     /* traits it must have; CB_TRAIT_SHAPES: frames differ */
	int64_t rate_pps;   /* of one thread, or CB_RATE_MAX */
	int64_t frame_size; /* the largest, with FCS */
	/* NULL: frames may be sent through XDP. Else why not, to stand behind "but": "the receiving
	 * end has no NAPI". */
	const char *no_xdp;
};

#define CB_CHOICE_WHY 240 /* "auto: " before it makes a record's text */

struct cb_choice {
	const struct cb_member *member;
	char why[CB_CHOICE_WHY]; /* "packet, because ..." */
};

/*
 * The first member of the axis that reaches the rate and has what is needed; where none reaches it
 * the one that reaches most. CB_ERR_USAGE when none has what is needed.
 */
int cb_member_choose(const struct cb_axis *axis, const struct cb_choice_wish *wish,
	struct cb_choice *choice, struct cb_error *err);

#endif
