#include "harness/report/cells.h"

/* What a reader must know of a cell before trusting it. */
static bool marked_generator_limited(const struct cb_report_cell *cell)
{
	return cell->generator_limited > 0;
}

static bool marked_buffer(const struct cb_report_cell *cell)
{
	return cell->buffer_passes;
}

static bool marked_whole_attempt(const struct cb_report_cell *cell)
{
	return cell->whole_attempt;
}

static bool marked_invalid(const struct cb_report_cell *cell)
{
	return cell->invalid > 0;
}

static bool marked_missing(const struct cb_report_cell *cell)
{
	return cell->missing > 0;
}

const struct cb_cell_mark cb_cell_marks[] = {
	{"generator-limited", "*", "generator-limited", marked_generator_limited},
	{"buffer passes for capacity", "+", "the tap's buffer can pass for capacity",
		marked_buffer},
	{"whole attempt", "~",
		"counted over the whole attempt, warm-up included: which frames are of the window "
		"is not told",
		marked_whole_attempt},
	{"invalid trials left out", "!", "invalid trials left out", marked_invalid},
	{"trials missing", "?", "trials missing", marked_missing},
	{0},
};
