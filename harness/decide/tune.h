/*
 * The strategy of `tune`: successive halving over candidates, then a fresh comparison of the best
 * of them with the default. Pure functions on values: the same trials give the same next one, so a
 * tuning is resumed by asking again.
 *
 * In each round every candidate that is left has one trial; the better half goes on to trials of
 * twice the length. The default is never dropped. Then the best candidate that is not the default
 * meets it in fresh trials, in turn (A B B A), and an exact permutation test says what they show:
 * trials that chose a winner flatter it.
 */
#ifndef CB_HARNESS_DECIDE_TUNE_H
#define CB_HARNESS_DECIDE_TUNE_H

#include "harness/base/error.h"
#include "harness/book/permutation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CB_TUNE_CANDIDATES_MAX 256
#define CB_TUNE_CONFIRM        1000  /* the round of the fresh comparison */
#define CB_TUNE_PAIRS          8     /* fresh trials of each side */
#define CB_TUNE_PAIRS_MIN      4     /* where the budget has no room for more */
#define CB_TUNE_TOLERANCE      0.002 /* captured shares this close are alike: the cheaper wins */

struct cb_tune_trial {
	size_t candidate;
	int round;
	double share;   /* captured, of what was offered; NaN: not known */
	double cost;    /* CPU time a frame, ns; NaN: not known */
	double seconds; /* that it took, all in all */
	bool invalid;
};

struct cb_tune {
	size_t n_candidates; /* the first is the default */
	double first, last;  /* seconds: length of the first round's trials, and of the longest */
	double budget;       /* seconds for all trials: none begins that would not end within */
	double overhead;     /* seconds of a trial beside its length, until trials tell */
	uint64_t seed;       /* of the order within a round */
};

struct cb_tune_step {
	bool done;
	size_t candidate;
	int round;
	double length; /* seconds */
	size_t left;   /* candidates in this round */
};

/*
 * CB_ERR_INCONCLUSIVE: of the default, or of every other candidate, all trials are invalid, or the
 * budget has no room for a comparison. What a trial will take is judged by those before it: the
 * last may go over the budget by as much as it takes longer than they did on average.
 */
int cb_tune_next(const struct cb_tune *t, const struct cb_tune_trial *trials, size_t n,
	struct cb_tune_step *step, struct cb_error *err);

/* A candidate in the ranking. */
struct cb_tune_rank {
	size_t candidate;
	int round;          /* the last that it has a trial of, the comparison left out */
	double share, cost; /* of that */
	size_t trials;
};

/* Best first: who came further, then by share and cost. Entries for all candidates with a valid
 * trial; returns how many. */
size_t cb_tune_ranking(const struct cb_tune *t, const struct cb_tune_trial *trials, size_t n,
	struct cb_tune_rank ranks[CB_TUNE_CANDIDATES_MAX]);

/* What the fresh trials say of the challenger against the default. */
struct cb_tune_verdict {
	size_t challenger;   /* SIZE_MAX: there is none */
	bool better;         /* it is shown to be; else the default is already best */
	bool by_cost;        /* captures no less, for less CPU time */
	size_t n, n_default; /* fresh trials that count */
	double share, share_default, cost, cost_default; /* medians; NaN: none */
	struct cb_test share_test, cost_test;            /* greater share; lower cost */
};
int cb_tune_judge(const struct cb_tune *t, const struct cb_tune_trial *trials, size_t n,
	struct cb_tune_verdict *v, struct cb_error *err);

#endif
