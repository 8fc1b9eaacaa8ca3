#include "harness/book/changes.h"

#include "harness/base/random.h"
#include "harness/book/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The known values of a series, and where each stands in it. */
struct series {
	double *values, *ranks; /* ranks: of the part that is looked at */
	size_t *places;
	size_t n;
	double alpha;
	struct cb_random random;
	struct cb_change *changes;
	size_t count;
};

static void rank_part(struct series *s, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		s->ranks[i] = 0.5;
		for (size_t j = first; j < end; j++)
			s->ranks[i] += s->values[j] < s->values[i] ? 1
				: s->values[j] == s->values[i]     ? 0.5
								   : 0;
	}
}

/* The largest deviation of a sum of ranks from what it would be without a change, and its cut. */
static double largest_deviation(const double *ranks, size_t n, size_t *cut)
{
	double mean = ((double)n + 1) / 2, sum = 0, largest = -1;

	for (size_t i = 1; i + CB_CHANGES_SEGMENT <= n; i++) {
		sum += ranks[i - 1] - mean;
		if (i < CB_CHANGES_SEGMENT || fabs(sum) <= largest)
			continue;
		largest = fabs(sum);
		*cut = i;
	}
	return largest;
}

static void shuffle(struct series *s, size_t first, size_t end)
{
	for (size_t i = end; i > first + 1; i--) {
		size_t j = first + (size_t)cb_random_below(&s->random, i - first);
		double rank = s->ranks[i - 1];

		s->ranks[i - 1] = s->ranks[j];
		s->ranks[j] = rank;
	}
}

/* The part's cut and its p; 1 where it is too short. */
static double split_part(struct series *s, size_t first, size_t end, size_t *cut)
{
	size_t as_large = 1, ignored = 0;
	double seen;

	if (end - first < (size_t)2 * CB_CHANGES_SEGMENT)
		return 1;
	rank_part(s, first, end);
	seen = largest_deviation(s->ranks + first, end - first, cut);
	*cut += first;
	for (size_t i = 0; i < CB_CHANGES_SHUFFLES; i++) {
		shuffle(s, first, end);
		as_large += largest_deviation(s->ranks + first, end - first, &ignored) >= seen;
	}
	return (double)as_large / (CB_CHANGES_SHUFFLES + 1);
}

/* Parts are kept on a stack of their ends: the part in hand begins at `first`. */
static void find(struct series *s, size_t *stack)
{
	size_t depth = 1, first = 0;

	stack[0] = s->n;
	while (depth) {
		size_t end = stack[depth - 1], cut = first;
		double p = split_part(s, first, end, &cut);

		if (p <= s->alpha) {
			s->changes[s->count++] = (struct cb_change){.at = cut, .p = p};
			stack[depth++] = cut;
		} else {
			first = end;
			depth--;
		}
	}
}

static int by_place(const void *a, const void *b)
{
	const struct cb_change *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* Levels of the parts, and places in the series with its gaps. */
static void settle(struct series *s)
{
	qsort(s->changes, s->count, sizeof(*s->changes), by_place);
	for (size_t i = 0; i < s->count; i++) {
		size_t first = i ? s->changes[i - 1].at : 0, at = s->changes[i].at;
		size_t end = i + 1 < s->count ? s->changes[i + 1].at : s->n;

		s->changes[i].before = cb_summarise(s->values + first, at - first).median;
		s->changes[i].after = cb_summarise(s->values + at, end - at).median;
	}
	for (size_t i = 0; i < s->count; i++)
		s->changes[i].at = s->places[s->changes[i].at];
}

int cb_changes_find(const double *values, size_t n, double alpha, uint64_t seed,
	struct cb_change **changes, size_t *count, struct cb_error *err)
{
	struct series s = {.values = calloc(n + 1, sizeof(*s.values)),
		.ranks = calloc(n + 1, sizeof(*s.ranks)),
		.places = calloc(n + 1, sizeof(*s.places)),
		.changes = calloc(n + 1, sizeof(*s.changes)),
		.alpha = alpha,
		.random = {.state = seed}};
	size_t *stack = calloc(n + 2, sizeof(*stack));
	int rc;

	*changes = NULL;
	*count = 0;
	if (!s.values || !s.ranks || !s.places || !s.changes || !stack) {
		rc = cb_error_memory(err, "a series");
		goto out;
	}
	for (size_t i = 0; i < n; i++) {
		if (isnan(values[i]))
			continue;
		s.places[s.n] = i;
		s.values[s.n++] = values[i];
	}
	if (s.n >= CB_CHANGES_LEAST) {
		find(&s, stack);
		settle(&s);
	}
	*count = s.count;
	if (s.count)
		*changes = s.changes;
	else
		free(s.changes);
	s.changes = NULL;
	rc = 0;
out:
	free(s.values);
	free(s.ranks);
	free(s.places);
	free(s.changes);
	free(stack);
	return rc;
}
