/*
 * A/A: the same against itself. How often a test-bed's gate finds what is not there, and how far
 * apart two measurements of the same are: the noise below which no shift means anything.
 */
#ifndef CB_HARNESS_DECIDE_AA_H
#define CB_HARNESS_DECIDE_AA_H

#include "harness/decide/compare.h"

#define CB_AA_PAIRS_MAX 100

/* How often something was found in so many comparisons of the same. */
struct cb_aa_alarms {
	size_t pairs, found;
	size_t twice; /* found in a pair, and again in the next: as if it had been confirmed */
};

struct cb_aa {
	size_t pairs, repetitions; /* of each pair, a side */
	/* Pairs that were measured turn and turn about; and one side of a pair against the other
	 * side of another pair, as two runs are that were made one after the other. */
	struct cb_aa_alarms beside, apart;
	/* By measure of the comparison: root of the mean square of the curves' shifts. */
	double noise_beside[CB_COMPARE_METRICS_MAX], noise_apart[CB_COMPARE_METRICS_MAX];
};

/*
 * Cut the repetitions of a run with two variants that are the same, compared as `c`, into `pairs`
 * in the order in which they were measured. CB_ERR_USAGE: not so many repetitions.
 * CB_ERR_INTERNAL out of memory.
 */
int cb_aa_make(struct cb_aa *aa, const struct cb_compare *c, size_t pairs, struct cb_error *err);

/* calibrate.json: a new reference, NULL out of memory. Its "noise" is what compare's --noise reads.
 */
json_t *cb_aa_json(const struct cb_aa *aa, const struct cb_compare *c);
void cb_aa_text(const struct cb_aa *aa, const struct cb_compare *c, struct cb_text *out);

#endif
