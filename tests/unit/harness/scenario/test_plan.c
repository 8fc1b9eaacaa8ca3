#include "harness/scenario/plan.h"

#include <stdlib.h>
#include <time.h>

#include "tests/unit/harness/scenario/load.h"

static const struct cb_testbed_shape two_cores = {
	.cores = 2, .shared = true, .inline_receive = true, .rps = true};

#define CELLS(order)                                                                     \
	SHORT "vary: {traffic.rate: [1k, 2k, 3k], placement: [A:A, A:B]}\nrepetitions: " \
	      "4\norder: " order "\n"

static struct cb_plan *plan(const struct cb_scenario *s, uint64_t seed)
{
	struct cb_plan *p = NULL;
	struct cb_error err = {0};

	if (cb_plan_make(&p, s, &two_cores, seed, &err))
		fail_msg("%s", err.text);
	return p;
}

/* Whatever the order: each repetition of each cell, once. */
static void assert_complete(const struct cb_plan *p)
{
	bool seen[6][4] = {{false}};

	assert_int_equal(p->n_trials, 24);
	for (size_t i = 0; i < p->n_trials; i++) {
		const struct cb_planned_trial *t = &p->trials[i];

		assert_in_range(t->cell, 0, 5);
		assert_in_range(t->repetition, 0, 3);
		assert_false(seen[t->cell][t->repetition]);
		seen[t->cell][t->repetition] = true;
	}
}

static bool same_order(const struct cb_plan *a, const struct cb_plan *b)
{
	for (size_t i = 0; i < a->n_trials; i++) {
		if (a->trials[i].cell != b->trials[i].cell ||
			a->trials[i].repetition != b->trials[i].repetition)
			return false;
	}
	return true;
}

static void as_written_is_cell_by_cell(void **state)
{
	struct cb_scenario *s = load(CELLS("as-written"));
	struct cb_plan *p = plan(s, 0);

	assert_complete(p);
	for (size_t i = 0; i < p->n_trials; i++) {
		assert_int_equal(p->trials[i].cell, i / 4);
		assert_int_equal(p->trials[i].repetition, i % 4);
	}
	cb_plan_destroy(p);
	cb_scenario_destroy(s);
}

static void interleaved_is_repetition_by_repetition(void **state)
{
	struct cb_scenario *s = load(CELLS("interleave"));
	struct cb_plan *p = plan(s, 0);

	assert_complete(p);
	for (size_t i = 0; i < p->n_trials; i++) {
		assert_int_equal(p->trials[i].cell, i % 6);
		assert_int_equal(p->trials[i].repetition, i / 6);
	}
	cb_plan_destroy(p);
	cb_scenario_destroy(s);
}

static void shuffling_depends_on_the_seed_alone(void **state)
{
	struct cb_scenario *s = load(CELLS("shuffle"));
	struct cb_plan *a = plan(s, 7), *b = plan(s, 7), *c = plan(s, 8);

	assert_complete(a);
	assert_complete(c);
	assert_true(same_order(a, b));
	assert_false(same_order(a, c));
	/* written down for good: resume and other machines count on it */
	assert_int_equal(a->trials[0].cell * 10 + a->trials[0].repetition, 40);
	cb_plan_destroy(a);
	cb_plan_destroy(b);
	cb_plan_destroy(c);
	cb_scenario_destroy(s);
}

static void the_seed_is_asked_or_written_or_drawn(void **state)
{
	struct cb_scenario *s = load(CELLS("shuffle") "seed: 5\n");
	struct cb_plan *asked = plan(s, 9), *written = plan(s, 0), *one, *other;

	assert_int_equal(asked->seed, 9);
	assert_int_equal(written->seed, 5);
	cb_plan_destroy(asked);
	cb_plan_destroy(written);
	cb_scenario_destroy(s);
	s = load(CELLS("shuffle"));
	one = plan(s, 0);
	other = plan(s, 0);
	assert_int_not_equal(one->seed, 0);
	assert_true(one->seed < UINT64_C(1) << 53);
	assert_int_not_equal(one->seed, other->seed);
	cb_plan_destroy(one);
	cb_plan_destroy(other);
	cb_scenario_destroy(s);
}

static void the_estimate_adds_everything_up(void **state)
{
	struct cb_scenario *s =
		load(SHORT "  duration: 2s\n"
			   "  warmup: 500ms\n"
			   "vary: {traffic.rate: [1k, 2k], placement: [A:A, A:B], "
			   "capture.load: [discard, packzip], traffic.frame_size: [64, "
			   "512, 64B]}\n"
			   "repetitions: 3\n");
	struct cb_plan *p = plan(s, 1);

	assert_int_equal(s->n_cells, 16);
	/* 48 trials of 2.65 s; two frame sizes with two layouts are calibrated */
	assert_int_equal(
		p->estimated_ns, INT64_C(48) * 2650 * 1000000 + 4 * INT64_C(600) * 1000000);
	assert_int_equal(p->cores_needed, 2);
	cb_plan_destroy(p);
	cb_scenario_destroy(s);
}

static void an_endless_plan_does_not_overflow(void **state)
{
	struct cb_scenario *s = load(SHORT "  duration: 24h\n"
					   "vary: {traffic.rate: {from: 1k, to: 1999, step: 10}}\n"
					   "repetitions: 1000\n");
	struct cb_plan *p = plan(s, 1);

	assert_int_equal(p->n_trials, 100000);
	assert_true(p->estimated_ns > INT64_C(8000000000000000000));
	cb_plan_destroy(p);
	cb_scenario_destroy(s);
}

static void layouts_go_with_their_cells(void **state)
{
	struct cb_scenario *s = load(CELLS("as-written"));
	struct cb_plan *p = plan(s, 0);

	for (size_t i = 0; i < s->n_cells; i++) {
		bool same = !strcmp(s->cells[i].spec.placement, "A:A");

		assert_int_equal(p->layouts[i].receive, same ? 1 : 0);
		assert_int_equal(p->layouts[i].capture[0], 1);
	}
	assert_ptr_equal(p->scenario, s);
	cb_plan_destroy(p);
	cb_scenario_destroy(s);
}

static void a_layout_that_is_impossible_is_told_with_its_place(void **state)
{
	struct cb_scenario *s = load(SHORT "vary: {placement: [A:B, 'A:B,C']}\n");
	struct cb_plan *p = NULL;
	struct cb_error err = {0};

	assert_int_equal(cb_plan_make(&p, s, &two_cores, 0, &err), CB_ERR_IMPOSSIBLE);
	assert_null(p);
	assert_string_equal(err.text,
		"t.yaml:5:25: trial.placement: A:B,C needs 3 cores, and this "
		"test-bed has 2");
	cb_scenario_destroy(s);
	s = load_with(SHORT, &(struct asked){.sets = {"placement=A:B,C"}});
	assert_int_equal(cb_plan_make(&p, s, &two_cores, 0, &err), CB_ERR_IMPOSSIBLE);
	assert_string_equal(
		err.text, "t.yaml: trial.placement: A:B,C needs 3 cores, and this test-bed has 2");
	cb_scenario_destroy(s);
}

/* Ten thousand cells with all that costs: members with options, figures, excludes. */
static void large_plans_are_quick(void **state)
{
	clock_t start = clock();
	struct cb_scenario *s =
		load(SHORT "vary:\n"
			   "  traffic.rate: {from: 100, to: 100k, points: 100}\n"
			   "  capture.load: [packzip, 'packzip:stream=frame']\n"
			   "  capture.load.level: {from: 0, to: 9, step: 1}\n"
			   "  placement: [A:A, A:B, auto, '{capture: [1]}', '{capture: [0]}']\n"
			   "exclude:\n"
			   "  - {traffic.rate: 100, placement: [A:A, A:B]}\n"
			   "figures:\n"
			   "  - {id: f, x: traffic.rate, y: captured_share, series: [capture.load, "
			   "placement]}\n"
			   "repetitions: 10\n");
	struct cb_plan *p = plan(s, 3);
	/* CPU time, of which other processes take none. Sanitizers make it a few times as slow. */
	double took_s = (double)(clock() - start) / CLOCKS_PER_SEC;

	assert_int_equal(s->n_cells, 10000 - 40);
	assert_int_equal(p->n_trials, 99600);
	print_message("10000 cells took %.3f s of CPU\n", took_s);
#ifdef CB_SANITIZE
	assert_true(took_s < 10);
#else
	assert_true(took_s < 1);
#endif
	cb_plan_destroy(p);
	cb_scenario_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_written_is_cell_by_cell),
		cmocka_unit_test(interleaved_is_repetition_by_repetition),
		cmocka_unit_test(shuffling_depends_on_the_seed_alone),
		cmocka_unit_test(the_seed_is_asked_or_written_or_drawn),
		cmocka_unit_test(the_estimate_adds_everything_up),
		cmocka_unit_test(an_endless_plan_does_not_overflow),
		cmocka_unit_test(layouts_go_with_their_cells),
		cmocka_unit_test(a_layout_that_is_impossible_is_told_with_its_place),
		cmocka_unit_test(large_plans_are_quick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
