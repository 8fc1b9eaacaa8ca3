/* One metric of one curve: its values, what is wrong with them, and what they come to. */
#ifndef CB_HARNESS_DECIDE_COMPARED_H
#define CB_HARNESS_DECIDE_COMPARED_H

#include "harness/decide/compare.h"

/* A side of a point may lack this share of its trials before it can't be trusted. */
#define CB_COMPARED_LOST_MAX 0.2

/*
 * Take the values of a curve and note what is wrong with them; nothing is judged yet. To be
 * finished, also after an error.
 */
int cb_compared_take(struct cb_compared *x, const struct cb_compare *c,
	const struct cb_match_curve *curve, const struct cb_measure *measure, struct cb_error *err);
void cb_compared_finish(struct cb_compared *x);

/* Whether both sides have values at all. */
bool cb_compared_has_values(const struct cb_compared *x);

/* From what was judged, here and again, to the outcome and its reasons. `tests`: curves judged
 * together. */
void cb_compared_decide(struct cb_compared *x, const struct cb_compare *c, size_t tests);

/* "captured share, tpacket3": what a reader calls it. */
void cb_compared_print_name(const struct cb_compared *x, struct cb_text *out);

/* "+171 % at 100 kpps, +56.6 % over the curve": the effect, and where it is that of a point, that
 * of all. */
void cb_compared_print_effect(
	const struct cb_compared *x, const struct cb_compare *c, struct cb_text *out);

/* Append a sentence to a list. */
void cb_compared_say(json_t *list, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
