#include "harness/decide/tune.h"

#include "harness/base/random.h"
#include "harness/book/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ATTEMPTS_MAX 3UL /* of one candidate in one round */
#define ALPHA        0.05

/* One candidate in one round. */
struct entry {
	size_t candidate;
	double share, cost;
	size_t attempts;
	bool valid;
};

static struct entry look(const struct cb_tune_trial *trials, size_t n, size_t candidate, int round)
{
	struct entry e = {.candidate = candidate, .share = NAN, .cost = NAN};

	for (size_t i = 0; i < n; i++) {
		if (trials[i].candidate != candidate || trials[i].round != round)
			continue;
		e.attempts++;
		if (trials[i].invalid || isnan(trials[i].share) || e.valid)
			continue;
		e.valid = true;
		e.share = trials[i].share;
		e.cost = trials[i].cost;
	}
	return e;
}

static int by_share(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->share != y->share)
		return x->share < y->share ? 1 : -1;
	return (x->candidate > y->candidate) - (x->candidate < y->candidate);
}

static int by_cost(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	double cost = isnan(x->cost) ? INFINITY : x->cost,
	       other = isnan(y->cost) ? INFINITY : y->cost;

	if (cost != other)
		return cost > other ? 1 : -1;
	return (x->candidate > y->candidate) - (x->candidate < y->candidate);
}

/* Those as good as the best by their cost, then the others by what they captured. */
static void sort(struct entry *e, size_t n)
{
	size_t alike = 0;

	qsort(e, n, sizeof(*e), by_share);
	while (alike < n && e[alike].share >= e[0].share - CB_TUNE_TOLERANCE)
		alike++;
	qsort(e, alike, sizeof(*e), by_cost);
}

/* Fisher and Yates, with a stream of its own for each round. */
static void shuffle(size_t *list, size_t n, uint64_t seed, int round)
{
	struct cb_random random = {seed + (uint64_t)round * UINT64_C(0x9e3779b97f4a7c15)};

	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)cb_random_below(&random, i), swap = list[i - 1];

		list[i - 1] = list[j];
		list[j] = swap;
	}
}

/* Who of `list` goes on after `round`: the better half, and the default. */
static size_t survive(
	const struct cb_tune_trial *trials, size_t n, int round, size_t *list, size_t count)
{
	struct entry entries[CB_TUNE_CANDIDATES_MAX];
	size_t valid = 0, kept = 1, half;

	for (size_t i = 0; i < count; i++) {
		struct entry e = look(trials, n, list[i], round);

		if (e.valid && e.candidate != 0)
			entries[valid++] = e;
	}
	sort(entries, valid);
	half = (valid + 1) / 2;
	list[0] = 0;
	for (size_t i = 0; i < half; i++)
		list[kept++] = entries[i].candidate;
	return kept;
}

static double length_of(const struct cb_tune *t, int round)
{
	return fmin(t->last, t->first * pow(2, round));
}

/* Time used, and what trials take beside their length, as those so far show. */
struct clock {
	double spent, overhead;
};

static struct clock look_at_clock(
	const struct cb_tune *t, const struct cb_tune_trial *trials, size_t n)
{
	struct clock c = {0, 0};

	for (size_t i = 0; i < n; i++) {
		c.spent += trials[i].seconds;
		c.overhead += fmax(0, trials[i].seconds - length_of(t, trials[i].round));
	}
	c.overhead = n ? c.overhead / (double)n : t->overhead;
	return c;
}

/* Whether a trial of `length` seconds leaves so much of the budget. */
static bool affordable(
	const struct cb_tune *t, const struct clock *c, double length, double reserve)
{
	return c->spent + length + c->overhead <= t->budget - reserve;
}

/* Where trials are slow, the comparison has fewer. */
static double reserve_of(const struct cb_tune *t, const struct clock *c)
{
	return fmin(2 * CB_TUNE_PAIRS * (t->last + c->overhead), t->budget / 2);
}

/* The candidate of this round that is to be tried next; SIZE_MAX: all were. */
static size_t waiting(const struct cb_tune *t, const struct cb_tune_trial *trials, size_t n,
	int round, const size_t *list, size_t count)
{
	size_t order[CB_TUNE_CANDIDATES_MAX];

	memcpy(order, list, count * sizeof(*list));
	shuffle(order, count, t->seed, round);
	for (size_t i = 0; i < count; i++) {
		struct entry e = look(trials, n, order[i], round);

		if (!e.valid && e.attempts < ATTEMPTS_MAX)
			return order[i];
	}
	return SIZE_MAX;
}

/* Whether another candidate than the default can be compared with it by now. */
static bool has_challenger(const struct cb_tune *t, const struct cb_tune_trial *trials, size_t n)
{
	for (size_t c = 1; c < t->n_candidates; c++) {
		if (look(trials, n, c, 0).valid)
			return true;
	}
	return false;
}

/* What began is not gone back on, should trials turn out quicker than it seemed. */
static bool compares_already(const struct cb_tune_trial *trials, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (trials[i].round == CB_TUNE_CONFIRM)
			return true;
	}
	return false;
}

/* The rounds. True: `step` is the next trial. */
static bool halve(const struct cb_tune *t, const struct cb_tune_trial *trials, size_t n,
	struct cb_tune_step *step)
{
	size_t list[CB_TUNE_CANDIDATES_MAX], count = t->n_candidates;
	struct clock c = look_at_clock(t, trials, n);
	double reserve = has_challenger(t, trials, n) ? reserve_of(t, &c) : 0;

	for (size_t i = 0; i < count; i++)
		list[i] = i;
	if (compares_already(trials, n))
		return false;
	for (int round = 0; count > 1; round++) {
		size_t next = waiting(t, trials, n, round, list, count);

		if (next != SIZE_MAX && !affordable(t, &c, length_of(t, round), reserve))
			return false;
		if (next != SIZE_MAX) {
			*step = (struct cb_tune_step){.candidate = next,
				.round = round,
				.length = length_of(t, round),
				.left = count};
			return true;
		}
		if (count == 2)
			return false;
		count = survive(trials, n, round, list, count);
	}
	return false;
}

size_t cb_tune_ranking(const struct cb_tune *t, const struct cb_tune_trial *trials, size_t n,
	struct cb_tune_rank ranks[CB_TUNE_CANDIDATES_MAX])
{
	size_t count = 0, done = 0;
	int last = 0;

	for (size_t i = 0; i < n; i++)
		last = trials[i].round != CB_TUNE_CONFIRM && trials[i].round > last
			? trials[i].round
			: last;
	for (int round = last; round >= 0; round--) {
		struct entry entries[CB_TUNE_CANDIDATES_MAX];

		for (size_t c = count = 0; c < t->n_candidates; c++) {
			struct entry e = look(trials, n, c, round);
			bool there = !e.valid;

			for (size_t i = 0; i < done; i++)
				there |= ranks[i].candidate == c;
			if (!there)
				entries[count++] = e;
		}
		sort(entries, count);
		for (size_t i = 0; i < count; i++)
			ranks[done++] = (struct cb_tune_rank){.candidate = entries[i].candidate,
				.round = round,
				.share = entries[i].share,
				.cost = entries[i].cost};
	}
	for (size_t i = 0; i < done; i++) {
		for (size_t k = 0; k < n; k++)
			ranks[i].trials += trials[k].candidate == ranks[i].candidate;
	}
	return done;
}

static size_t challenger_of(const struct cb_tune *t, const struct cb_tune_trial *trials, size_t n)
{
	struct cb_tune_rank ranks[CB_TUNE_CANDIDATES_MAX];
	size_t count = cb_tune_ranking(t, trials, n, ranks);

	for (size_t i = 0; i < count; i++) {
		if (ranks[i].candidate != 0)
			return ranks[i].candidate;
	}
	return SIZE_MAX;
}

/* Fresh trials of one side; *valid: of them those that count. */
static size_t fresh(const struct cb_tune_trial *trials, size_t n, size_t candidate, size_t *valid)
{
	size_t all = 0;

	*valid = 0;
	for (size_t i = 0; i < n; i++) {
		if (trials[i].round != CB_TUNE_CONFIRM || trials[i].candidate != candidate)
			continue;
		all++;
		*valid += !trials[i].invalid && !isnan(trials[i].share);
	}
	return all;
}

/* The comparison. */
static int compare(const struct cb_tune *t, const struct cb_tune_trial *trials, size_t n,
	size_t challenger, struct cb_tune_step *step, struct cb_error *err)
{
	struct clock c = look_at_clock(t, trials, n);
	size_t a, b, all_a = fresh(trials, n, 0, &a), all_b = fresh(trials, n, challenger, &b);

	if (a >= CB_TUNE_PAIRS && b >= CB_TUNE_PAIRS)
		return 0;
	if (all_a >= ATTEMPTS_MAX * CB_TUNE_PAIRS || all_b >= ATTEMPTS_MAX * CB_TUNE_PAIRS)
		return cb_error_set(err, CB_ERR_INCONCLUSIVE,
			"too many invalid trials in the comparison with the default");
	if (!affordable(t, &c, t->last, 0)) {
		if (a >= CB_TUNE_PAIRS_MIN && b >= CB_TUNE_PAIRS_MIN)
			return 0;
		return cb_error_set(err, CB_ERR_INCONCLUSIVE,
			"the budget is used up before the default and its challenger have %d valid "
			"trials each in their comparison: give it more (--budget)",
			CB_TUNE_PAIRS_MIN);
	}
	/* A B B A: whoever has fewer, and of as many each side in turn first */
	*step = (struct cb_tune_step){.candidate = a < b || (a == b && a % 2 == 0) ? 0 : challenger,
		.round = CB_TUNE_CONFIRM,
		.length = t->last,
		.left = 2};
	return 0;
}

int cb_tune_next(const struct cb_tune *t, const struct cb_tune_trial *trials, size_t n,
	struct cb_tune_step *step, struct cb_error *err)
{
	size_t challenger;

	*step = (struct cb_tune_step){.done = true};
	if (t->n_candidates < 2 || halve(t, trials, n, step))
		return 0;
	challenger = challenger_of(t, trials, n);
	if (challenger == SIZE_MAX)
		return cb_error_set(
			err, CB_ERR_INCONCLUSIVE, "no candidate but the default has a valid trial");
	return compare(t, trials, n, challenger, step, err);
}

/* The fresh values of one side. */
struct side {
	double share[ATTEMPTS_MAX * CB_TUNE_PAIRS + 1], cost[ATTEMPTS_MAX * CB_TUNE_PAIRS + 1];
	size_t n;
};

static void collect(
	const struct cb_tune_trial *trials, size_t n, size_t candidate, struct side *side)
{
	side->n = 0;
	for (size_t i = 0; i < n && side->n < ATTEMPTS_MAX * CB_TUNE_PAIRS; i++) {
		const struct cb_tune_trial *t = &trials[i];

		if (t->round != CB_TUNE_CONFIRM || t->candidate != candidate || t->invalid ||
			isnan(t->share))
			continue;
		side->share[side->n] = t->share;
		side->cost[side->n++] = t->cost;
	}
}

int cb_tune_judge(const struct cb_tune *t, const struct cb_tune_trial *trials, size_t n,
	struct cb_tune_verdict *v, struct cb_error *err)
{
	struct side best, base;
	struct cb_stratum share, cost;
	int rc;

	*v = (struct cb_tune_verdict){.challenger = challenger_of(t, trials, n)};
	collect(trials, n, v->challenger, &best);
	collect(trials, n, 0, &base);
	v->n = best.n;
	v->n_default = base.n;
	v->share = cb_summarise(best.share, best.n).median;
	v->share_default = cb_summarise(base.share, base.n).median;
	v->cost = cb_summarise(best.cost, best.n).median;
	v->cost_default = cb_summarise(base.cost, base.n).median;
	share = (struct cb_stratum){best.share, base.share, best.n, base.n};
	cost = (struct cb_stratum){base.cost, best.cost, base.n, best.n};
	rc = cb_permutation_greater(&share, 1, 0, t->seed, &v->share_test, err);
	if (!rc)
		rc = cb_permutation_greater(&cost, 1, 0, t->seed, &v->cost_test, err);
	v->better = v->share_test.p <= ALPHA && v->share > v->share_default + CB_TUNE_TOLERANCE;
	v->by_cost = !v->better && v->cost_test.p <= ALPHA &&
		v->share >= v->share_default - CB_TUNE_TOLERANCE;
	v->better |= v->by_cost;
	return rc;
}
