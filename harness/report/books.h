/* The books of a cell: exact integers, summed over the trials that enter its statistics. */
#ifndef CB_HARNESS_REPORT_BOOKS_H
#define CB_HARNESS_REPORT_BOOKS_H

#include "harness/report/cells.h"

/* One view of one cell. Path and generator are the same for all views of a trial. A sum with a term
 * that is not available is CB_UNKNOWN. */
struct cb_books {
	size_t n; /* trials */
	int64_t intended, offered, unoffered;
	int64_t path_dropped; /* link + nic + backlog */
	int64_t tap_dropped, unread, unique, damaged, unaccounted;
	int64_t duplicate, foreign;
};

/* How many views the cell's trials have at most. */
size_t cb_books_views(const struct cb_report_cell *cell);

void cb_books_sum(struct cb_books *b, const struct cb_report_cell *cell, size_t view);

/* A column of the books as tables show it. */
struct cb_books_column {
	const char *label;
	const char *help; /* what the word means, one sentence */
	size_t offset;    /* of an int64_t in struct cb_books */
};
extern const struct cb_books_column cb_books_columns[]; /* ends with a NULL label */
int64_t cb_books_value(const struct cb_books *b, const struct cb_books_column *column);

#endif
