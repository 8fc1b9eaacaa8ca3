#include "harness/report/books.h"

#include <string.h>

size_t cb_books_views(const struct cb_report_cell *cell)
{
	size_t n = 0;

	for (size_t i = 0; i < cell->n_trials; i++) {
		const struct cb_trial_record *r = cell->trials[i];

		if (cb_report_trial_enters(r) && r->n_views > n)
			n = r->n_views;
	}
	return n;
}

static void add(int64_t *sum, int64_t count)
{
	*sum = cb_count_add(*sum, count);
}

static void add_trial(
	struct cb_books *b, const struct cb_trial_record *r, const struct cb_view_book *view)
{
	b->n++;
	add(&b->intended, r->generator.book.intended);
	add(&b->offered, r->generator.book.offered);
	add(&b->unoffered, r->generator.unoffered);
	add(&b->path_dropped,
		cb_count_add(r->path.link_dropped,
			cb_count_add(r->path.nic_dropped, r->path.backlog_dropped)));
	add(&b->tap_dropped, view->tap_dropped);
	add(&b->unread, view->unread);
	add(&b->unique, view->unique);
	add(&b->damaged, view->damaged);
	add(&b->duplicate, view->duplicate);
	add(&b->foreign, view->foreign);
	/* Sizes, so that a surplus in one trial does not hide a deficit in another. */
	add(&b->unaccounted,
		view->unaccounted == CB_UNKNOWN ? CB_UNKNOWN
			: view->unaccounted < 0 ? -view->unaccounted
						: view->unaccounted);
}

void cb_books_sum(struct cb_books *b, const struct cb_report_cell *cell, size_t view)
{
	memset(b, 0, sizeof(*b));
	for (size_t i = 0; i < cell->n_trials; i++) {
		const struct cb_trial_record *r = cell->trials[i];

		if (cb_report_trial_enters(r) && view < r->n_views)
			add_trial(b, r, &r->views[view].book);
	}
}

#define AT(field) offsetof(struct cb_books, field)
const struct cb_books_column cb_books_columns[] = {
	{"intended",
		"slots of the generator's schedule, warm-up included; not known at maximum rate",
		AT(intended)},
	{"offered", "frames handed to the link, each with its own sequence number, once",
		AT(offered)},
	{"unoffered",
		"slots that the generator missed: its fault, never the capturer's (intended - "
		"offered)",
		AT(unoffered)},
	{"path drops",
		"frames lost before the tap: by the link, the receiving device or the kernel's "
		"backlog",
		AT(path_dropped)},
	{"tap drops", "frames lost at the tap, because its buffer was full when they came",
		AT(tap_dropped)},
	{"unread", "frames still in the tap's buffer when it was taken down", AT(unread)},
	{"captured", "own frames that the capture process saw, each counted once", AT(unique)},
	{"damaged", "own frames that came with a broken stamp", AT(damaged)},
	{"unaccounted",
		"offered less all of these, as sizes summed over the trials: 0 when the books "
		"balance",
		AT(unaccounted)},
	{"duplicate", "own frames seen again; not part of the balance", AT(duplicate)},
	{"foreign", "frames of someone else; not part of the balance", AT(foreign)},
	{0},
};

int64_t cb_books_value(const struct cb_books *b, const struct cb_books_column *column)
{
	int64_t value;

	memcpy(&value, (const char *)b + column->offset, sizeof(value));
	return b->n ? value : CB_UNKNOWN;
}
