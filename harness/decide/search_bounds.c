/* What the trials of a search say about loads. */
#include "harness/decide/search.h"

#include <math.h>

#define EPSILON 1e-9 /* lengths are sums of floating-point seconds */
#define PACED   0.98 /* of the most that it can, a generator can keep to a schedule */

const char *const cb_search_state_names[] = {
	[CB_SEARCH_UNFINISHED] = "unfinished",
	[CB_SEARCH_FOUND] = "found",
	[CB_SEARCH_LIMITED] = "generator-limited",
	[CB_SEARCH_AT_MOST] = "at-most",
	[CB_SEARCH_NOTHING] = "nothing",
};

/* Lengths grow evenly on a logarithmic scale; a width halves from phase to phase. One trial decides
 * in the first phase; after it a good one is enough still, but a loss must be seen again: it may
 * have been a hiccup, and to learn so in the last phase costs most. */
struct cb_search_target cb_search_target(const struct cb_search_goal *goal, int phase)
{
	bool last = phase == CB_SEARCH_PHASES - 1;
	double share = (double)phase / (CB_SEARCH_PHASES - 1),
	       length = goal->initial * pow(goal->final / goal->initial, share);

	return (struct cb_search_target){
		.loss = goal->loss,
		.exceed = goal->exceed,
		.width = goal->width * (double)(1 << (CB_SEARCH_PHASES - 1 - phase)),
		.length = last ? goal->final : length,
		.sum = last ? goal->sum : fmin(length * (1 + phase), goal->sum),
	};
}

/* Time of one load's trials. */
struct times {
	double long_good, long_bad, short_good, short_bad;
};

static bool tells(const struct cb_search_trial *t)
{
	return !t->invalid && isfinite(t->loss);
}

static void add_time(
	struct times *sum, const struct cb_search_target *target, const struct cb_search_trial *t)
{
	bool is_long = t->length >= target->length - EPSILON, bad = t->loss > target->loss;

	if (t->limited && !bad)
		return;
	if (is_long)
		*(bad ? &sum->long_bad : &sum->long_good) += t->length;
	else
		*(bad ? &sum->short_bad : &sum->short_good) += t->length;
}

enum cb_search_class cb_search_classify(const struct cb_search_target *target,
	const struct cb_search_trial *trials, size_t n, double load)
{
	struct times sum = {0};
	double made_up_for, bad, whole;

	for (size_t i = 0; i < n; i++) {
		if (trials[i].load == load && tells(&trials[i]))
			add_time(&sum, target, &trials[i]);
	}
	made_up_for = sum.short_good * target->exceed / fmax(1 - target->exceed, EPSILON);
	bad = sum.long_bad + fmax(0, sum.short_bad - made_up_for);
	whole = fmax(sum.long_good + bad, target->sum);
	if (whole - sum.long_good <= whole * target->exceed + EPSILON)
		return CB_LOAD_LOW;
	return bad > whole * target->exceed + EPSILON ? CB_LOAD_HIGH : CB_LOAD_UNDECIDED;
}

/* Whether an earlier trial has this load: each is looked at once. */
static bool seen_before(const struct cb_search_trial *trials, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (trials[k].load == trials[i].load)
			return true;
	}
	return false;
}

struct cb_search_bounds cb_search_bounds(
	const struct cb_search_target *target, const struct cb_search_trial *trials, size_t n)
{
	struct cb_search_bounds b = {NAN, NAN};

	/* fmin and fmax pass over NaN. A load that is as much as the generator can is none. */
	for (size_t i = 0; i < n; i++) {
		if (isfinite(trials[i].load) && !seen_before(trials, i) &&
			cb_search_classify(target, trials, n, trials[i].load) == CB_LOAD_HIGH)
			b.high = fmin(b.high, trials[i].load);
	}
	for (size_t i = 0; i < n; i++) {
		if (isfinite(trials[i].load) && !seen_before(trials, i) &&
			!(trials[i].load >= b.high) &&
			cb_search_classify(target, trials, n, trials[i].load) == CB_LOAD_LOW)
			b.low = fmax(b.low, trials[i].load);
	}
	return b;
}

/* What the generator offered of `load`; INFINITY while it may be able to offer it. */
static double failed_at(const struct cb_search_trial *trials, size_t n, double load)
{
	double offered = 0;
	size_t limited = 0;

	for (size_t i = 0; i < n; i++) {
		if (trials[i].load != load || !tells(&trials[i]))
			continue;
		if (!trials[i].limited)
			return INFINITY;
		limited++;
		offered = fmax(offered, trials[i].offered);
	}
	return limited > 1 ? offered : INFINITY;
}

double cb_search_ceiling(const struct cb_search_trial *trials, size_t n)
{
	double ceiling = INFINITY, most = NAN, seen = 0;

	for (size_t i = 0; i < n; i++) {
		if (!tells(&trials[i]))
			continue;
		seen = fmax(seen, trials[i].offered);
		if (isinf(trials[i].load))
			most = fmax(most, trials[i].offered);
		else
			ceiling = fmin(ceiling, failed_at(trials, n, trials[i].load));
	}
	/* what it offered once it can offer: what failed below that was a stall, not a limit */
	return floor(fmax(fmin(ceiling, PACED * most), PACED * seen));
}
