/*
 * Whether curves of trials differ: the statistics of `compare` and its gate, on plain values. A
 * curve is its points (one value of the x axis each) as strata: base and candidate, each with its
 * trials. harness/report/verdict.h judges claims within one run; here two runs meet.
 *
 * A change is one when the stratified permutation test says so at the level alpha after Holm's
 * correction over all curves, and it is as large as the floor. Either alone is no news: a test
 * finds the smallest difference with trials enough, and a large one may be an accident.
 */
#ifndef CB_HARNESS_DECIDE_JUDGE_H
#define CB_HARNESS_DECIDE_JUDGE_H

#include "harness/book/interval.h"

struct cb_judge_rules {
	double alpha;       /* of all curves together */
	double alpha_alone; /* at which a change needs no fresh trials to be believed */
	double power;       /* of the smallest shift that could have been seen */
	uint64_t seed;
};
#define CB_JUDGE_CONFIDENCE 0.95 /* of intervals */
/* alpha_alone is what two tests at alpha have together. */
#define CB_JUDGE_RULES                                                        \
	{                                                                     \
		.alpha = 0.05, .alpha_alone = 0.0025, .power = 0.8, .seed = 1 \
	}

/* One point of a curve. */
struct cb_judged_point {
	struct cb_interval shift; /* candidate less base */
	double p, p_holm;         /* one-sided, in the direction looked for; corrected over the
				     curve's points: which of them it is */
	bool two_heaps;           /* the trials of a side lie in two heaps: see judge.c */
};

struct cb_judged {
	/* To be filled. */
	const struct cb_stratum *strata; /* a: the candidate, b: the base; borrowed */
	size_t n;
	int direction; /* that is looked for: +1 the candidate larger, -1 smaller */
	double floor;  /* a smaller effect is no change */

	/* Filled by cb_judge_curve. */
	struct cb_test test; /* in the direction looked for */

	/* Filled by cb_judge_curve where the test found something, and by cb_judge_describe. */
	struct cb_judged_point *points; /* n; owned; NULL: not yet */
	struct cb_interval shift;       /* of the whole curve */
	double effect; /* in the direction looked for: of the curve, or of the point where it is
			  largest, if that point by itself is beyond chance; NaN: not yet */

	/* Filled by cb_judge_describe. */
	double detectable; /* the smallest shift that so many trials would have shown */

	/* Filled by cb_judge_all. */
	double p;     /* test.p after Holm's correction; NaN: nothing to compare */
	bool too_few; /* no result at all could have been significant with so few trials */
	bool changed; /* p <= alpha, and effect >= floor */
	bool alone;   /* p <= alpha_alone, too */
};

/* To be finished, also after an error. CB_ERR_INTERNAL out of memory. */
int cb_judge_curve(struct cb_judged *j, const struct cb_judge_rules *rules, struct cb_error *err);
/* Everything else that there is to say of a curve, whether it changed or not. */
int cb_judge_describe(
	struct cb_judged *j, const struct cb_judge_rules *rules, struct cb_error *err);
void cb_judged_finish(struct cb_judged *j);

/* Correct for the number of curves, and decide. -1 out of memory. */
int cb_judge_all(struct cb_judged *const *curves, size_t n, const struct cb_judge_rules *rules);

#endif
