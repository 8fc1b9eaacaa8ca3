/*
 * What `placement:` says, before it meets a test-bed: letters ("A:B"), cores ({receive: [1]}), or
 * nothing ("auto").
 */
#ifndef CB_HARNESS_SCENARIO_PLACEMENT_H
#define CB_HARNESS_SCENARIO_PLACEMENT_H

#include "harness/scenario/node.h"
#include "harness/scenario/plan.h"

enum cb_placement_kind { CB_PLACEMENT_AUTO, CB_PLACEMENT_LETTERS, CB_PLACEMENT_CORES };

struct cb_placement {
	enum cb_placement_kind kind;
	/*
	 * LETTERS: receive is A, which is 0; capture[i] is the letter of process i modulo
	 * n_capture. CORES: cores, -1 where nothing is said.
	 */
	int generator, receive; /* generator: generators[0] */
	int generators[CB_THREADS_MAX], n_generators;
	int capture[CB_PROCESSES_MAX];
	int n_capture;
};

/* Read the canonical text, or any other spelling. CB_ERR_USAGE with what would be right. */
int cb_placement_parse(const char *text, struct cb_placement *p, struct cb_error *err);

/* Read a value of a scenario into its canonical text, out[size]. CB_ERR_USAGE with its place. */
int cb_placement_read(const struct cb_node *value, char *out, size_t size, struct cb_error *err);

#endif
