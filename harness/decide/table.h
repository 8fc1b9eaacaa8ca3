/* A table of texts that is written in every form an answer has: for a terminal, as Markdown, as
 * HTML. */
#ifndef CB_HARNESS_DECIDE_TABLE_H
#define CB_HARNESS_DECIDE_TABLE_H

#include "harness/base/text.h"

#define CB_TABLE_COLUMNS_MAX 12

struct cb_table {
	const char *heads[CB_TABLE_COLUMNS_MAX]; /* borrowed; NULL after the last */
	bool numbers[CB_TABLE_COLUMNS_MAX];      /* stands to the right */
	char *(*rows)[CB_TABLE_COLUMNS_MAX];     /* owned */
	size_t n;
	bool failed; /* out of memory: a row is missing */
};

/* Begin a row; its fields are "". */
void cb_table_row(struct cb_table *t);
/* A field of the last row: what `text` says; it is emptied. */
void cb_table_put(struct cb_table *t, size_t column, struct cb_text *text);
void cb_table_put_text(struct cb_table *t, size_t column, const char *text);
void cb_table_finish(struct cb_table *t);

/* Columns that say nothing in any row are left out, in each form. */
void cb_table_plain(const struct cb_table *t, struct cb_text *out);
void cb_table_markdown(const struct cb_table *t, struct cb_text *out);
void cb_table_html(const struct cb_table *t, const char *caption, struct cb_text *out);

#endif
