#include "harness/book/ledger.h"

#include <math.h>
#include <stdbool.h>

int64_t cb_count_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (a == CB_UNKNOWN || b == CB_UNKNOWN || __builtin_add_overflow(a, b, &sum))
		return CB_UNKNOWN;
	return sum;
}

int64_t cb_count_subtract(int64_t a, int64_t b)
{
	int64_t difference;

	if (a == CB_UNKNOWN || b == CB_UNKNOWN || __builtin_sub_overflow(a, b, &difference))
		return CB_UNKNOWN;
	return difference;
}

int64_t cb_ledger_unoffered(const struct cb_generator_book *g)
{
	int64_t unoffered = cb_count_subtract(g->intended, g->offered);

	/* an open-ended schedule may be cut off between two readings: no debt */
	return unoffered < 0 && unoffered != CB_UNKNOWN ? 0 : unoffered;
}

/* NaN where there is no such share; more frames captured than offered is none either. */
static double share(int64_t part, int64_t whole)
{
	if (part == CB_UNKNOWN || whole == CB_UNKNOWN || whole <= 0 || part < 0 || part > whole)
		return (double)NAN;
	return (double)part / (double)whole;
}

void cb_ledger_settle(const struct cb_generator_book *generator, const struct cb_path_book *path,
	struct cb_view_book *view)
{
	bool by_number = generator->unstamped > 0; /* CB_UNKNOWN is below */
	const int64_t terms[] = {path->link_dropped, path->nic_dropped, path->backlog_dropped,
		view->tap_dropped, view->unread, by_number ? view->received : view->unique,
		by_number ? 0 : view->damaged};

	view->unaccounted = generator->offered;
	for (size_t i = 0; i < sizeof(terms) / sizeof(*terms); i++)
		view->unaccounted = cb_count_subtract(view->unaccounted, terms[i]);
	if (by_number)
		view->captured_share = share(view->received, generator->offered);
	else if (view->window_unique == CB_UNKNOWN)
		view->captured_share = share(view->unique, generator->offered);
	else
		view->captured_share = share(view->window_unique, generator->window_offered);
}

int64_t cb_ledger_slack(const struct cb_view_book *view)
{
	return view->foreign;
}
