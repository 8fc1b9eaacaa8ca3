/* Successive halving on simulated candidates whose worth is known. */
#include "harness/base/random.h"
#include "harness/decide/tune.h"

#include <math.h>
#include <string.h>

#include "tests/unit/cmocka.h"

#define TRIALS_MAX 2000

/* What a candidate is worth, and how much that varies from trial to trial. */
struct box {
	double share[64], cost[64];
	double noise, faults;
	double overhead, late; /* seconds of a trial beside its length, and how much that varies */
	struct cb_random random;
};

struct done {
	struct cb_tune_trial trials[TRIALS_MAX];
	size_t n;
	struct cb_tune_verdict verdict;
	int rc;
};

static double uniform(struct box *b)
{
	return (double)(cb_random_next(&b->random) >> 11) / 9007199254740992.0;
}

static const struct cb_tune asked = {
	.n_candidates = 40, .first = 0.2, .last = 1, .budget = 300, .overhead = 0.5, .seed = 7};

static void tune(const struct cb_tune *t, struct box *b, struct done *o)
{
	struct cb_tune_step step;

	o->n = 0;
	for (;;) {
		o->rc = cb_tune_next(t, o->trials, o->n, &step, NULL);
		if (o->rc || step.done)
			break;
		assert_true(o->n < TRIALS_MAX && step.candidate < t->n_candidates);
		o->trials[o->n++] = (struct cb_tune_trial){
			.candidate = step.candidate,
			.round = step.round,
			.share = fmin(1, b->share[step.candidate] + b->noise * (uniform(b) - 0.5)),
			.cost = b->cost[step.candidate] * (1 + 10 * b->noise * (uniform(b) - 0.5)),
			.seconds = step.length + b->overhead + b->late * uniform(b),
			.invalid = uniform(b) < b->faults,
		};
	}
	assert_int_equal(cb_tune_judge(t, o->trials, o->n, &o->verdict, NULL), 0);
}

static struct box alike(uint64_t seed)
{
	struct box b = {.noise = 0.01, .overhead = 0.4, .random = {seed}};

	for (size_t i = 0; i < 64; i++) {
		b.share[i] = 0.7;
		b.cost[i] = 1000;
	}
	return b;
}

static void finds_what_captures_more(void **state)
{
	static struct done o;
	size_t found = 0;

	for (uint64_t seed = 0; seed < 50; seed++) {
		struct box b = alike(seed);

		b.faults = 0.05;
		b.share[seed % 39 + 1] = 0.8;
		tune(&asked, &b, &o);
		assert_int_equal(o.rc, 0);
		found += o.verdict.challenger == seed % 39 + 1 && o.verdict.better &&
			!o.verdict.by_cost;
	}
	assert_true(found >= 49);
}

/* Where all capture everything, the cheapest wins, and the verdict says why. */
static void finds_what_costs_less(void **state)
{
	static struct done o;

	for (uint64_t seed = 0; seed < 50; seed++) {
		struct box b = alike(seed);

		for (size_t i = 0; i < 64; i++)
			b.share[i] = 1;
		b.noise = 0.001;
		b.cost[17] = 500;
		tune(&asked, &b, &o);
		assert_int_equal(o.verdict.challenger, 17);
		assert_true(o.verdict.better && o.verdict.by_cost);
	}
}

/* A winner among many alike looks better than it is; fresh trials must not be fooled by that. */
static void says_that_the_default_is_best(void **state)
{
	static struct done o;
	size_t wrong = 0;

	for (uint64_t seed = 0; seed < 200; seed++) {
		struct box b = alike(seed);

		tune(&asked, &b, &o);
		wrong += o.verdict.better;
		b.share[0] = 0.75;
		tune(&asked, &b, &o);
		assert_false(o.verdict.better);
		assert_true(o.verdict.challenger != 0);
	}
	/* two tests of 5 % each, and an effect floor below them */
	assert_true(wrong <= 200 * 12 / 100);
}

/* c29: whatever it ends at has, in its own fresh trials, captured at least as much. */
static void never_ends_at_less_than_the_default(void **state)
{
	static struct done o;

	for (uint64_t seed = 0; seed < 200; seed++) {
		struct box b = alike(seed);

		b.noise = 0.05;
		for (size_t i = 0; i < 64; i++) {
			b.share[i] = 0.5 + 0.5 * uniform(&b);
			b.cost[i] = 500 + 1000 * uniform(&b);
		}
		tune(&asked, &b, &o);
		assert_int_equal(o.verdict.n, CB_TUNE_PAIRS);
		assert_int_equal(o.verdict.n_default, CB_TUNE_PAIRS);
		if (o.verdict.better)
			assert_true(o.verdict.share >= o.verdict.share_default - CB_TUNE_TOLERANCE);
	}
}

static double seconds_of(const struct done *o)
{
	double seconds = 0;

	for (size_t i = 0; i < o->n; i++)
		seconds += o->trials[i].seconds;
	return seconds;
}

static void keeps_to_its_budget(void **state)
{
	static struct done o;
	struct cb_tune t = asked;

	for (int budget = 30; budget < 400; budget *= 3) {
		for (uint64_t seed = 0; seed < 16; seed++) {
			struct box b = alike(seed);

			/* trials that take what they seem to, and others; some in vain */
			b.late = seed % 2 ? 1.5 : 0;
			b.overhead = seed % 4 < 2 ? 0.3 : 2;
			b.faults = (double)(seed % 5) * 0.1;
			t.budget = budget;
			tune(&t, &b, &o);
			assert_true(seconds_of(&o) <= t.budget + b.late + 1e-9);
			assert_true(o.rc == 0 || o.rc == CB_ERR_INCONCLUSIVE);
			/* it uses what it has while there is something to try */
			assert_true(seconds_of(&o) >= fmin(0.8 * t.budget, 60));
		}
	}
}

/* With no time for 8 trials of each side the comparison makes do with 4; with less there is none.
 */
static void compares_less_where_time_is_short(void **state)
{
	static struct done o;
	struct cb_tune t = asked;
	struct box b = alike(5);

	b.overhead = 1.5;
	b.share[0] = 0.2;
	t.budget = 40;
	tune(&t, &b, &o);
	assert_int_equal(o.rc, 0);
	assert_true(o.verdict.n >= CB_TUNE_PAIRS_MIN && o.verdict.n < CB_TUNE_PAIRS);
	assert_true(o.verdict.n_default >= CB_TUNE_PAIRS_MIN);
	assert_true(o.verdict.better);
	t.budget = 15;
	tune(&t, &b, &o);
	assert_int_equal(o.rc, CB_ERR_INCONCLUSIVE);
	assert_true(seconds_of(&o) <= t.budget);
}

static void is_the_same_with_the_same_seed(void **state)
{
	static struct done o;
	struct box b = alike(11);
	struct cb_tune_step step;

	tune(&asked, &b, &o);
	for (size_t i = 0; i < o.n; i++) {
		assert_int_equal(cb_tune_next(&asked, o.trials, i, &step, NULL), 0);
		assert_false(step.done);
		assert_int_equal(step.candidate, o.trials[i].candidate);
		assert_int_equal(step.round, o.trials[i].round);
	}
	/* each side of the comparison leads as often as the other */
	for (size_t i = o.n - 2 * CB_TUNE_PAIRS; i < o.n; i += 4) {
		assert_true(o.trials[i].candidate == o.trials[i + 3].candidate);
		assert_true(o.trials[i + 1].candidate == o.trials[i + 2].candidate);
	}
}

static void gives_up_on_a_broken_test_bed(void **state)
{
	static struct done o;
	struct box b = alike(1);

	b.faults = 1;
	tune(&asked, &b, &o);
	assert_int_equal(o.rc, CB_ERR_INCONCLUSIVE);
	assert_false(o.verdict.better);
	assert_true(o.verdict.challenger == SIZE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_captures_more),
		cmocka_unit_test(finds_what_costs_less),
		cmocka_unit_test(says_that_the_default_is_best),
		cmocka_unit_test(never_ends_at_less_than_the_default),
		cmocka_unit_test(keeps_to_its_budget),
		cmocka_unit_test(compares_less_where_time_is_short),
		cmocka_unit_test(is_the_same_with_the_same_seed),
		cmocka_unit_test(gives_up_on_a_broken_test_bed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
