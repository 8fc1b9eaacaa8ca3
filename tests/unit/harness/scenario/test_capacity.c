#include "harness/scenario/capacity.h"
#include "harness/scenario/plan.h"

#include "tests/unit/harness/scenario/load.h"

#define TRIAL                                                   \
	"name: t\ntrial:\n  traffic: {rate: 80% of capacity}\n" \
	"  capture: {mechanism: recv, wait: spin, load: work:2us, buffer: 4MiB, processes: 2}\n"

static const char *rate_of(const struct cb_scenario *s, size_t cell)
{
	return json_string_value(json_object_get(s->cells[cell].params, "traffic.rate"));
}

static void a_share_is_read(void **state)
{
	struct cb_scenario *s = load(TRIAL);
	const struct cb_trial_spec *r;

	assert_int_equal(s->cells[0].spec.traffic.capacity_ppm, 800000);
	assert_int_equal(s->cells[0].spec.traffic.rate, 800000);
	assert_string_equal(rate_of(s, 0), "80% of capacity");
	assert_int_equal(s->n_capacities, 1);
	assert_string_equal(s->cells[0].capacity, s->capacities[0].id);
	r = &s->capacities[0].reference;
	assert_string_equal(r->capture.mechanism, "tpacket2");
	assert_string_equal(r->capture.wait, "poll");
	assert_string_equal(r->capture.load, "work:time=2us");
	assert_int_equal(r->capture.processes, 1);
	assert_int_equal(r->capture.buffer, 512 << 10);
	cb_scenario_destroy(s);
}

/* 20 to 150 in eight steps: whole percents between, both ends exact. */
static void a_range_of_shares(void **state)
{
	static const char *const wanted[] = {
		"20%", "39%", "57%", "76%", "94%", "113%", "131%", "150%"};
	struct cb_scenario *s = load(TRIAL "vary: {traffic.rate: {of: capacity, from: 20%, to: "
					   "150%, points: 8}}\n");
	char text[64];

	assert_int_equal(s->n_cells, 8);
	for (size_t i = 0; i < 8; i++) {
		snprintf(text, sizeof(text), "%s of capacity", wanted[i]);
		assert_string_equal(rate_of(s, i), text);
	}
	assert_int_equal(s->n_capacities, 1);
	cb_scenario_destroy(s);
}

static void rates_of_both_kinds_go_together(void **state)
{
	struct cb_scenario *s = load(TRIAL "vary: {traffic.rate: [50% of capacity, 100k, max]}\n"
					   "exclude: [{traffic.rate: max}]\n"
					   "only: {traffic.rate: [50.0% of capacity, 100k]}\n");

	assert_int_equal(s->n_cells, 2);
	assert_int_equal(s->cells[0].spec.traffic.capacity_ppm, 500000);
	assert_int_equal(s->cells[1].spec.traffic.capacity_ppm, 0);
	assert_int_equal(s->cells[1].spec.traffic.rate, 100000);
	assert_string_equal(s->cells[1].capacity, "");
	cb_scenario_destroy(s);
}

/* One for each kind of frames, that of the first cell that has them: arms that are compared get the
 * same rates. */
static void arms_share_a_capacity(void **state)
{
	struct cb_scenario *s = load(TRIAL "vary: {capture.mechanism: [tpacket3, recv], placement: "
					   "[A:A, A:B], traffic.frame_size: [64, 512]}\n"),
			   *again;

	assert_int_equal(s->n_cells, 8);
	assert_int_equal(s->n_capacities, 2);
	assert_string_equal(s->capacities[0].reference.placement, "A:A");
	for (size_t i = 0; i < 8; i++)
		assert_string_equal(s->cells[i].capacity, s->capacities[i % 2].id);
	again = load(s->resolved);
	assert_string_equal(again->cells[3].id, s->cells[3].id);
	cb_scenario_destroy(again);
	cb_scenario_destroy(s);
	/* another load, another capacity: the cell is another one */
	s = load(TRIAL);
	again = load_with(TRIAL, &(struct asked){.sets = {"trial.capture.load=discard"}});
	assert_string_not_equal(s->capacities[0].id, again->capacities[0].id);
	cb_scenario_destroy(again);
	cb_scenario_destroy(s);
}

static void what_is_wrong_is_told(void **state)
{
	static const struct refusal cases[] = {
		{"name: t\ntrial: {traffic: {rate: 0% of capacity}, capture: {mechanism: recv}}\n",
			"t.yaml:2:25: trial.traffic.rate: \"0% of capacity\": a share between 0 "
			"and "
			"1000% is wanted, as in 80% of capacity"},
		{"name: t\ntrial: {traffic: {rate: fast of capacity}, capture: {mechanism: "
		 "recv}}\n",
			"t.yaml:2:25: trial.traffic.rate: \"fast of capacity\": a share, as in "
			"0.5% or 0.005"},
		{TRIAL "vary: {capture.buffer: {of: capacity, from: 20%, to: 50%, points: 3}}\n",
			"t.yaml:5:29: vary.capture.buffer.of: capacity is for traffic.rate"},
		{TRIAL "vary: {traffic.rate: {of: capacity, from: 200k, to: 500k, points: 3}}\n",
			""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cb_scenario *s = NULL;
		struct cb_error err = {0};

		assert_int_equal(
			load_asked(&s, cases[i].text, &(struct asked){0}, &err), CB_ERR_USAGE);
		if (*cases[i].error)
			assert_string_equal(err.text, cases[i].error);
	}
}

#define LEAVE "impossible: leave-out\n"

static const struct cb_testbed_shape two_cores = {
	.cores = 2, .shared = true, .inline_receive = true, .rps = true, .threaded = true};

/* What has too few cores is left out where the scenario says so, and refused otherwise. */
static void the_impossible_is_left_out(void **state)
{
	static const char text[] =
		SHORT LEAVE "vary: {placement: [\"A:B\", \"A:B,C\"]}\nrepetitions: 3\n";
	struct cb_scenario *s = load(text);
	struct cb_error err = {0};
	struct cb_plan *p = NULL;

	assert_int_equal(cb_plan_make(&p, s, &two_cores, 1, &err), 0);
	assert_int_equal(p->n_trials, 3);
	assert_string_equal(p->left_out[0], "");
	assert_says(p->left_out[1], "needs 3 cores");
	for (size_t i = 0; i < p->n_trials; i++)
		assert_int_equal(p->trials[i].cell, 0);
	cb_plan_destroy(p);
	snprintf(s->cells[0].why_not, sizeof(s->cells[0].why_not), "it is not installed");
	assert_int_equal(cb_plan_make(&p, s, &two_cores, 1, &err), CB_ERR_IMPOSSIBLE);
	assert_says(err.text, "nothing of it can be measured here: it is not installed");
	s->leave_out = false;
	s->cells[0].why_not[0] = '\0';
	assert_int_equal(cb_plan_make(&p, s, &two_cores, 1, &err), CB_ERR_IMPOSSIBLE);
	cb_scenario_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_share_is_read),
		cmocka_unit_test(a_range_of_shares),
		cmocka_unit_test(rates_of_both_kinds_go_together),
		cmocka_unit_test(arms_share_a_capacity),
		cmocka_unit_test(what_is_wrong_is_told),
		cmocka_unit_test(the_impossible_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
