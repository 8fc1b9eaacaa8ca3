/* The search's strategy on devices whose throughput is known, against plain bisection. */
#include "harness/decide/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/harness/decide/device.h"

#define TRIALS_MAX 400
#define SEEDS      200

static const struct cb_search_goal two_goals[] = {
	{.loss = 0, .exceed = 0.5, .width = 0.01, .initial = 0.2, .final = 1, .sum = 5},
	{.loss = 0.005, .exceed = 0.5, .width = 0.01, .initial = 0.2, .final = 1, .sum = 5},
};

static const struct cb_search two = {
	.goals = two_goals,
	.n_goals = 2,
	.least = 1000,
	.most = INFINITY,
	.invalid_max = 5,
	.trials_max = TRIALS_MAX,
};

struct done {
	struct cb_search_trial trials[TRIALS_MAX];
	size_t n;
	struct cb_search_result results[4];
	struct cb_search_step last;
};

static void search(const struct cb_search *s, struct device *d, struct done *o)
{
	o->n = 0;
	for (;;) {
		cb_search_next(s, o->trials, o->n, &o->last, o->results);
		if (o->last.done)
			return;
		assert_true(o->n < TRIALS_MAX);
		assert_true(o->last.load >= s->least);
		o->trials[o->n++] = device_try(d, o->last.load, o->last.length);
	}
}

/*
 * RFC 2544 26.1 as most people write it: halve the interval between the least load and what the
 * generator can. With the same certainty: trials have the full length, a load is judged by the same
 * rule as in the last phase of the search, and goals share what was tried.
 */
static void bisect(const struct cb_search *s, struct device *d, struct done *o)
{
	o->n = 0;
	do
		o->trials[o->n++] = device_try(d, INFINITY, s->goals[0].final);
	while (o->trials[o->n - 1].invalid);
	for (size_t g = 0; g < s->n_goals; g++) {
		struct cb_search_target t = cb_search_target(&s->goals[g], CB_SEARCH_PHASES - 1);
		double low = s->least, high = cb_search_ceiling(o->trials, o->n);

		while (high > low * (1 + t.width)) {
			double load = round(sqrt(low * high));
			enum cb_search_class c;

			while ((c = cb_search_classify(&t, o->trials, o->n, load)) ==
				CB_LOAD_UNDECIDED) {
				assert_true(o->n < TRIALS_MAX);
				o->trials[o->n++] = device_try(d, load, t.length);
			}
			*(c == CB_LOAD_LOW ? &low : &high) = load;
		}
		o->results[g] = (struct cb_search_result){CB_SEARCH_FOUND, low, high, 0, 0, 0};
	}
}

static struct device quiet_device(uint64_t seed)
{
	return (struct device){
		.capacity = 430000, .generator = 1100000, .overhead = 0.4, .random = {seed}};
}

static void check_interval(
	const struct cb_search_result *r, double truth, double width, double slack)
{
	assert_int_equal(r->state, CB_SEARCH_FOUND);
	assert_true(r->high <= r->low * (1 + width) + 1);
	assert_true(r->low <= truth * (1 + slack) && truth * (1 - slack) <= r->high);
}

static void finds_both_goals_without_noise(void **state)
{
	static struct done o;

	for (uint64_t seed = 0; seed < 50; seed++) {
		struct device d = quiet_device(seed);

		d.capacity = 3000 * pow(1.123, (double)seed);
		search(&two, &d, &o);
		check_interval(&o.results[0], device_truth(&d, 0, 1), 0.01, 1e-4);
		check_interval(&o.results[1], device_truth(&d, 0.005, 1), 0.01, 1e-4);
		assert_true(o.results[0].low_good >= 3);
		assert_int_equal(o.results[0].inconsistent, 0);
	}
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Seconds that a strategy takes over many seeds, and how far it is off. */
static void times(struct device model,
	void (*strategy)(const struct cb_search *, struct device *, struct done *),
	double seconds[SEEDS], double errors[SEEDS])
{
	static struct done o;

	for (uint64_t i = 0; i < SEEDS; i++) {
		struct device d = model;

		d.random.state = i * 7919 + 1;
		d.capacity = model.capacity * (1 + 0.6 * device_uniform(&d));
		strategy(&two, &d, &o);
		seconds[i] = d.seconds;
		errors[i] = fabs(o.results[1].low / device_truth(&d, 0.005, 1) - 1);
	}
	qsort(seconds, SEEDS, sizeof(*seconds), by_value);
	qsort(errors, SEEDS, sizeof(*errors), by_value);
}

static void takes_half_the_time_of_bisection(void **state)
{
	static double ours[SEEDS], theirs[SEEDS], off[SEEDS], off_theirs[SEEDS];
	struct device models[] = {quiet_device(1), quiet_device(1), quiet_device(1)};

	models[1].noise = 0.003;
	models[1].hiccups = 0.05;
	models[2].noise = 0.005;
	models[2].hiccups = 0.1;
	models[2].tired = 0.05;
	models[2].faults = 0.05;
	models[2].stalls = 0.05;
	models[2].buffer = 2000;
	for (size_t m = 0; m < 3; m++) {
		double mean = 0, mean_theirs = 0;

		times(models[m], search, ours, off);
		times(models[m], bisect, theirs, off_theirs);
		for (size_t i = 0; i < SEEDS; i++) {
			mean += ours[i] / SEEDS;
			mean_theirs += theirs[i] / SEEDS;
		}
		print_message("device %zu: search %.1f s (95 %%: %.1f), bisection %.1f s; off by "
			      "%.2f %% (95 %%: %.2f), bisection %.2f %% (%.2f)\n",
			m, mean, ours[SEEDS * 95 / 100], mean_theirs, 100 * off[SEEDS / 2],
			100 * off[SEEDS * 95 / 100], 100 * off_theirs[SEEDS / 2],
			100 * off_theirs[SEEDS * 95 / 100]);
		assert_true(mean <= 0.5 * mean_theirs);
		assert_true(off[SEEDS / 2] <= 0.01);
		assert_true(off[SEEDS * 95 / 100] <= 0.03);
	}
}

static void says_that_the_generator_limits(void **state)
{
	static struct done o;
	struct device d = quiet_device(3);

	d.generator = 300000;
	search(&two, &d, &o);
	for (size_t g = 0; g < 2; g++) {
		assert_int_equal(o.results[g].state, CB_SEARCH_LIMITED);
		assert_true(o.results[g].low >= 0.97 * 300000 && o.results[g].low <= 300000);
		assert_true(isnan(o.results[g].high));
	}
	/* A generator that is slower on a schedule than at full speed is found out. */
	struct cb_search to = two;

	to.most = 400000;
	search(&to, &d, &o);
	assert_int_equal(o.results[0].state, CB_SEARCH_LIMITED);
	assert_true(o.results[0].low == 300000);
}

static void goes_no_higher_than_asked(void **state)
{
	static struct done o;
	struct device d = quiet_device(4);
	struct cb_search s = two;

	s.most = 200000;
	search(&s, &d, &o);
	assert_int_equal(o.results[0].state, CB_SEARCH_AT_MOST);
	assert_true(o.results[0].low == 200000);
	assert_int_equal(o.results[0].low_good, o.results[0].low_trials);
}

static void says_that_nothing_is_kept(void **state)
{
	static struct done o;
	struct device d = quiet_device(5);

	d.capacity = 100;
	search(&two, &d, &o);
	assert_int_equal(o.results[0].state, CB_SEARCH_NOTHING);
	assert_true(isnan(o.results[0].low) && o.results[0].high == 1000);
}

static void gives_up_on_a_broken_test_bed(void **state)
{
	static struct done o;
	struct device d = quiet_device(6);

	d.faults = 1;
	search(&two, &d, &o);
	assert_true(o.last.gave_up);
	assert_int_equal(o.n, two.invalid_max + 1);
	assert_int_equal(o.results[0].state, CB_SEARCH_UNFINISHED);
	assert_true(isnan(o.results[0].low) && isnan(o.results[0].high));
}

/* A device in which half of the trials lose something at any load: the search ends, and does not
 * claim what it can't know. */
static void ends_on_a_hopeless_device(void **state)
{
	static struct done o;

	for (uint64_t seed = 0; seed < 50; seed++) {
		struct device d = quiet_device(seed);

		d.hiccups = 0.5;
		d.noise = 0.05;
		d.tired = 0.2;
		d.faults = 0.1;
		search(&two, &d, &o);
		assert_true(o.n < TRIALS_MAX);
		if (o.results[1].state == CB_SEARCH_FOUND)
			assert_true(fabs(o.results[1].low / 430000 - 1) < 0.15);
	}
}

/* Resume: whatever the trials so far are, asking again gives the same step; and a search that goes
 * on from the first half of its trials ends as the whole one did. */
static void is_resumed_by_asking_again(void **state)
{
	static struct done o;
	struct device d = quiet_device(7);
	struct cb_search_step again;
	struct cb_search_result results[2];

	d.noise = 0.01;
	search(&two, &d, &o);
	for (size_t i = 0; i < o.n; i++) {
		cb_search_next(&two, o.trials, i, &again, results);
		assert_false(again.done);
		assert_true(again.load == o.trials[i].load && again.length == o.trials[i].length);
	}
}

static void lower_loads_come_first(void **state)
{
	/* both goals want to know more: the one that asks for less is heard */
	const struct cb_search_trial trials[] = {
		{.load = INFINITY, .length = 0.2, .loss = 0.5, .offered = 1000000},
		{.load = 500000, .length = 0.2, .loss = 0.004, .offered = 500000},
	};
	struct cb_search_step step;
	struct cb_search_result results[2];

	cb_search_next(&two, trials, 2, &step, results);
	assert_false(step.done);
	assert_int_equal(step.goal, 0);
	assert_true(step.load < 500000);
}

/* A burst is a load in frames with a length of one trial; the device loses what its buffer has no
 * room for. */
static void finds_the_longest_burst(void **state)
{
	const struct cb_search_goal goal = {
		.loss = 0, .exceed = 0.5, .width = 0.01, .initial = 1, .final = 1, .sum = 5};
	struct cb_search s = {.goals = &goal,
		.n_goals = 1,
		.least = 1,
		.most = 2000000,
		.invalid_max = 5,
		.trials_max = TRIALS_MAX};
	static struct done o;

	for (size_t frames = 1; frames < 3000000; frames = frames * 3 + 1) {
		double room = (double)frames;

		o.n = 0;
		for (;;) {
			double lost;

			cb_search_next(&s, o.trials, o.n, &o.last, o.results);
			if (o.last.done)
				break;
			assert_true(o.n < TRIALS_MAX && o.last.load >= 1);
			assert_true(o.last.length == 1);
			lost = fmax(0, o.last.load - room) * 0.6;
			o.trials[o.n++] = (struct cb_search_trial){.load = o.last.load,
				.length = 1,
				.loss = ceil(lost) / o.last.load,
				.offered = o.last.load};
		}
		if (room >= 2000000) {
			assert_int_equal(o.results[0].state, CB_SEARCH_AT_MOST);
			continue;
		}
		assert_int_equal(o.results[0].state, CB_SEARCH_FOUND);
		assert_true(o.results[0].low <= room && room <= o.results[0].high);
		assert_true(o.n < 80);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_both_goals_without_noise),
		cmocka_unit_test(takes_half_the_time_of_bisection),
		cmocka_unit_test(says_that_the_generator_limits),
		cmocka_unit_test(goes_no_higher_than_asked),
		cmocka_unit_test(says_that_nothing_is_kept),
		cmocka_unit_test(gives_up_on_a_broken_test_bed),
		cmocka_unit_test(ends_on_a_hopeless_device),
		cmocka_unit_test(is_resumed_by_asking_again),
		cmocka_unit_test(lower_loads_come_first),
		cmocka_unit_test(finds_the_longest_burst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
