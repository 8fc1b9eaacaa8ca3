/* What `tune` chooses among: a scenario whose cells are the candidates. */
#ifndef CB_HARNESS_DECIDE_TUNE_SPACE_H
#define CB_HARNESS_DECIDE_TUNE_SPACE_H

#include "harness/scenario/plan.h"
#include "harness/scenario/scenario.h"

#include <stdint.h>

/* What the user wants to capture. */
struct cb_tune_wish {
	int64_t rate, frame_size;
	char load[CB_MEMBER_TEXT_MAX];
	char interface[16]; /* where the traffic comes by itself; "": it is generated */
};

/* Where candidates are to run; borrowed. */
struct cb_tune_place {
	const struct cb_testbed_shape *shape;
	const struct cb_registry *registry;
};

/*
 * A scenario with `most` candidates at most, the default first: what most programs use, libpcap
 * with poll, 2 MiB and no placement. The others are drawn from the product of mechanisms, waits,
 * placements, receive modes, buffers and processes, each mechanism as often as the others; what the
 * scenario reader refuses is none, nor what makes no sense on a test-bed of this shape. Pure: what
 * this machine can't do is left out later. CB_ERR_USAGE where the wish itself makes no sense.
 */
int cb_tune_space(struct cb_text *yaml, const struct cb_tune_wish *wish, size_t most, uint64_t seed,
	const struct cb_tune_place *place, struct cb_error *err);

/* A scenario of two cells, `best` and `base` (their params): the default against the best. */
void cb_tune_comparison(const struct cb_tune_wish *wish, const json_t *base, const json_t *best,
	struct cb_text *yaml);

#endif
