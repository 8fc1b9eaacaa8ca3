/* A comparison as pages: text for a terminal, Markdown for a pull request, JUnit for a CI system,
 * HTML with both curves in one figure. All of them say the same, in the same words and numbers. */
#ifndef CB_HARNESS_DECIDE_COMPARE_PAGE_H
#define CB_HARNESS_DECIDE_COMPARE_PAGE_H

#include "harness/decide/compare.h"
#include "harness/decide/table.h"

void cb_compare_text(const struct cb_compare *c, bool points, struct cb_text *out);
void cb_compare_markdown(const struct cb_compare *c, struct cb_text *out);
void cb_compare_junit(const struct cb_compare *c, struct cb_text *out);

/*
 * Write compare.json, compare.md, junit.xml, compare.html, and with `pictures` the figures, to
 * `directory`, which is made. Blocks for up to a minute a figure. A missing gnuplot is a warning.
 */
int cb_compare_write(
	const struct cb_compare *c, const char *directory, bool pictures, struct cb_error *err);

/* ---- what pages are made of ---- */

/* "No regression": the outcome in a sentence. */
void cb_compare_headline(const struct cb_compare *c, struct cb_text *out);
/* A row a curve and metric; a row a point of it; a row a fact of the environments. To be finished.
 */
void cb_compare_curves_table(const struct cb_compare *c, struct cb_table *t);
void cb_compare_points_table(
	const struct cb_compare *c, const struct cb_compared *x, struct cb_table *t);
void cb_compare_environment_table(const struct cb_compare *c, struct cb_table *t);
/* What a variant sets, "wait spin": nothing where the sides are two runs. Into an empty text. */
void cb_compare_print_settings(const struct cb_compare *c, int side, struct cb_text *out);
/* Reasons and notes of everything, each once, with what it is about; strings; a new reference. */
json_t *cb_compare_remarks(const struct cb_compare *c);
/* "no regression", "REGRESSION", "cannot tell": of one curve. */
const char *cb_compare_word(const struct cb_compare *c, enum cb_outcome outcome);

void cb_compare_html(const struct cb_compare *c, const char *directory, struct cb_text *out);

/* Figures: one for each curve and metric, at most CB_COMPARE_FIGURES_MAX, what changed first. */
#define CB_COMPARE_FIGURES_MAX 24
int cb_compare_figures_write(
	const struct cb_compare *c, const char *directory, bool pictures, struct cb_error *err);
/* <section>s with the pictures that are in `directory`. */
void cb_compare_figures_html(
	const struct cb_compare *c, const char *directory, struct cb_text *out);

#endif
