/* Numbers and foreign text as people read them, the same in every page of a report. */
#ifndef CB_HARNESS_REPORT_FORMAT_H
#define CB_HARNESS_REPORT_FORMAT_H

#include "harness/base/text.h"

#include <stdint.h>

/* A share as percent, without the sign: one decimal, but as many as it takes (up to 4) that what is
 * not 100 % (or 0 %) does not read as if it were. */
void cb_format_percent(struct cb_text *out, double share);

/* 1234567 -> "1 234 567" with no-break spaces (U+00A0); CB_UNKNOWN -> "-". */
void cb_format_count(struct cb_text *out, int64_t count);

/* Three significant digits, no exponent below 10^6: "0.0123", "1.5", "368", "81 234". */
void cb_format_number(struct cb_text *out, double value);

/* Text from outside on one line: control characters (newlines, escape sequences, marks that reorder
 * text) become blanks. */
void cb_format_line(struct cb_text *out, const char *text);

/* The same with the five characters that mean something in HTML and XML escaped; for element
 * content and quoted attributes. */
void cb_format_html(struct cb_text *out, const char *text);

/* The same for a cell of a Markdown table or running text: nothing of it is taken as markup. */
void cb_format_markdown(struct cb_text *out, const char *text);

/* A gnuplot string in single quotes: neither substitution (`...`) nor macros (@x) happen in it. */
void cb_format_gnuplot(struct cb_text *out, const char *text);

/* Columns a UTF-8 text takes on a terminal, one for each code point. */
size_t cb_format_width(const char *text);

#endif
