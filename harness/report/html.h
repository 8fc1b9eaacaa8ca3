/* Pieces of HTML: every text from outside goes through cb_html_text or cb_format_html. */
#ifndef CB_HARNESS_REPORT_HTML_H
#define CB_HARNESS_REPORT_HTML_H

#include "harness/report/pages.h"

/* <TAG>text</TAG>, escaped. `tag` may have attributes ("p class=\"note\""). */
void cb_html_text(struct cb_text *out, const char *tag, const char *text);

/* The same for a text of several lines. */
void cb_html_lines(struct cb_text *out, const char *tag, const char *text);

/* <ul>, an item a string of `list`; nothing for an empty list. */
void cb_html_list(struct cb_text *out, const json_t *list);

/* A table in a box of its own that scrolls sideways. */
void cb_html_table_open(struct cb_text *out);
void cb_html_caption(struct cb_text *out, const char *text);
void cb_html_table_close(struct cb_text *out);

/*
 * A page from a skeleton of plots/: `add` is called for each {{NAME}} in it, with `arg`, and
 * appends what stands in its place.
 */
void cb_html_fill(const char *skeleton,
	void (*add)(const void *arg, const char *name, size_t length, struct cb_text *out),
	const void *arg, struct cb_text *out);

/* The parts of the page by the names that plots/report.html gives them. */
void cb_html_claims_link(const struct cb_report *r, struct cb_text *out);
void cb_html_claims(const struct cb_report *r, struct cb_text *out);
/* What names of members, and the report's own words, stand for. */
void cb_html_names(const struct cb_report *r, struct cb_text *out);
void cb_html_figures(const struct cb_report *r, struct cb_text *out);
void cb_html_losses(const struct cb_report *r, struct cb_text *out);
void cb_html_books(const struct cb_report *r, struct cb_text *out);
void cb_html_trials(const struct cb_report *r, struct cb_text *out);
void cb_html_evidence(const struct cb_report *r, struct cb_text *out);
void cb_html_hosts(const struct cb_report *r, struct cb_text *out);
void cb_html_missing(const struct cb_report *r, struct cb_text *out);

#endif
