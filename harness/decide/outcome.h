/* What a comparison comes to, and what the program says of it. */
#ifndef CB_HARNESS_DECIDE_OUTCOME_H
#define CB_HARNESS_DECIDE_OUTCOME_H

enum cb_outcome {
	CB_OUTCOME_SAME,      /* nothing of what is looked for */
	CB_OUTCOME_UNCLEAR,   /* the measurements can't tell; always with a reason */
	CB_OUTCOME_SUSPECT,   /* found once; not confirmed yet */
	CB_OUTCOME_CONFIRMED, /* found, and found again (or beyond doubt) */
};
extern const char *const cb_outcome_names[]; /* "same", "unclear", "suspect", "confirmed" */

/*
 * Of several curves the one that counts. What is confirmed is so whatever is unclear elsewhere: a
 * curve with nothing sound to stand on is unclear itself.
 */
enum cb_outcome cb_outcome_worst(enum cb_outcome a, enum cb_outcome b);

/* What a gate says of it: 0, or -cb_code. A suspicion is no verdict: CB_ERR_INCONCLUSIVE. */
int cb_outcome_code(enum cb_outcome outcome);

#endif
