/* Two runs, from their directories to the verdict. */
#include "harness/decide/compared.h"

#include "tests/unit/harness/decide/compared_runs.h"

static void same_runs_are_the_same(void **state)
{
	struct synthetic base, cand;
	struct cb_compare c;

	(void)state;
	make(&base, TWO_CURVES, &(struct shape){0});
	make(&cand, TWO_CURVES, &(struct shape){0});
	compare(&c, &base, &cand, &plain);
	assert_int_equal(c.n, 6); /* three metrics of two curves */
	assert_string_equal(c.match.along, "traffic.rate");
	assert_string_equal(find(&c, "captured_share", 1)->curve->label, "tpacket3");
	assert_int_equal(find(&c, "captured_share", 1)->curve->n, 3);
	assert_int_equal(c.outcome, CB_OUTCOME_SAME);
	assert_int_equal(json_array_size(c.environment), 0);
	cb_compare_finish(&c);
	synthetic_close(&base);
	synthetic_close(&cand);
}

static void loss_of_one_curve_is_found(void **state)
{
	struct cb_compare_options improvements = plain;
	struct synthetic base, cand;
	struct cb_compare c;

	(void)state;
	make(&base, TWO_CURVES, &(struct shape){0});
	make(&cand, TWO_CURVES, &(struct shape){.loss = 0.02});
	compare(&c, &base, &cand, &plain);
	assert_int_equal(c.outcome, CB_OUTCOME_CONFIRMED); /* 1 in 252^3, times 6 */
	assert_int_equal(find(&c, "captured_share", 0)->outcome, CB_OUTCOME_SAME);
	assert_int_equal(find(&c, "captured_share", 1)->outcome, CB_OUTCOME_CONFIRMED);
	assert_true(fabs(find(&c, "captured_share", 1)->judged.shift.estimate + 0.02) < 1e-4);
	assert_int_equal(find(&c, "captured_pps", 1)->outcome, CB_OUTCOME_CONFIRMED);
	assert_int_equal(find(&c, "cpu_ns_per_frame", 1)->outcome, CB_OUTCOME_SAME);
	cb_compare_finish(&c);
	improvements.improvements = true;
	compare(&c, &base, &cand, &improvements);
	assert_int_equal(c.outcome, CB_OUTCOME_SAME);
	cb_compare_finish(&c);
	compare(&c, &cand, &base, &improvements);
	assert_int_equal(c.outcome, CB_OUTCOME_CONFIRMED);
	cb_compare_finish(&c);
	synthetic_close(&base);
	synthetic_close(&cand);
}

/* Where the effect is that of a point it is told of which, beside that of the curve. */
static void an_effect_has_its_place(void **state)
{
	struct synthetic base, cand;
	struct cb_text told = {0};
	struct cb_compare c;

	(void)state;
	make(&base, TWO_CURVES, &(struct shape){0});
	make(&cand, TWO_CURVES, &(struct shape){.loss = 0.02, .knee = 0.3});
	compare(&c, &base, &cand, &plain);
	cb_compared_print_effect(find(&c, "captured_share", 1), &c, &told);
	assert_says(cb_text_get(&told), "-32.0 points at 400 kpps, -2.");
	assert_says(cb_text_get(&told), " points over the curve");
	cb_compare_finish(&c);
	synthetic_close(&cand);
	make(&cand, TWO_CURVES, &(struct shape){.loss = 0.02});
	compare(&c, &base, &cand, &plain);
	cb_text_clear(&told);
	cb_compared_print_effect(find(&c, "captured_share", 1), &c, &told);
	assert_string_equal(cb_text_get(&told), "-2.00 points");
	cb_text_finish(&told);
	cb_compare_finish(&c);
	synthetic_close(&base);
	synthetic_close(&cand);
}

/* What is no regression must not pass for one, nor for none. */
static void assert_unclear(const struct shape *shape, const char *why, const char *metric)
{
	struct synthetic base, cand;
	struct cb_compare c;

	make(&base, TWO_CURVES, &(struct shape){0});
	make(&cand, TWO_CURVES, shape);
	compare(&c, &base, &cand, &plain);
	assert_int_equal(c.outcome, CB_OUTCOME_UNCLEAR);
	assert_int_equal(cb_outcome_code(c.outcome), CB_ERR_INCONCLUSIVE);
	if (!says(metric ? find(&c, metric, 0)->reasons : c.reasons, why) &&
		!(metric && says(find(&c, metric, 1)->reasons, why)))
		fail_msg("no reason says %s", why);
	cb_compare_finish(&c);
	synthetic_close(&base);
	synthetic_close(&cand);
}

static void broken_measurements_are_unclear(void **state)
{
	(void)state;
	assert_unclear(&(struct shape){.invalid = 2}, "candidate at 100 kpps: 3 of 5 trials",
		"captured_share");
	assert_unclear(&(struct shape){.invalid = 5}, "0 of 5 trials", "cpu_ns_per_frame");
	assert_unclear(&(struct shape){.release = "6.2.0", .loss = 0.05},
		"the environments differ (kernel.release", NULL);
	assert_unclear(&(struct shape){.slower_rate = 300000}, "not offered the same at 400 kpps",
		"captured_share");
}

static void accepted_differences_do_not_stop(void **state)
{
	struct cb_compare_options accepting = plain;
	struct synthetic base, cand;
	struct cb_compare c;

	(void)state;
	make(&base, TWO_CURVES, &(struct shape){0});
	make(&cand, TWO_CURVES, &(struct shape){.release = "6.2.0", .loss = 0.05});
	accepting.accepted.facts[accepting.accepted.n++] = "kernel";
	compare(&c, &base, &cand, &accepting);
	assert_int_equal(c.outcome, CB_OUTCOME_CONFIRMED);
	/* told all the same: the release, the boot, a speed that only one of them knows */
	assert_true(json_array_size(c.environment) >= 3);
	cb_compare_finish(&c);
	synthetic_close(&base);
	synthetic_close(&cand);
}

static void too_few_trials_are_unclear(void **state)
{
	struct synthetic base, cand;
	struct cb_compare c;
	static const char yaml[] = "name: one\ntrial: {traffic: {rate: 100k}, capture: "
				   "{mechanism: recv}}\nrepetitions: 3\n";

	(void)state;
	make(&base, yaml, &(struct shape){.repetitions = 3});
	make(&cand, yaml, &(struct shape){.repetitions = 3, .loss = 0.5});
	compare(&c, &base, &cand, &plain);
	assert_int_equal(c.outcome, CB_OUTCOME_UNCLEAR);
	assert_true(says(find(&c, "captured_share", 0)->reasons, "too few trials"));
	assert_true(says(find(&c, "captured_share", 0)->reasons, "4 repetitions a side could"));
	cb_compare_finish(&c);
	synthetic_close(&base);
	synthetic_close(&cand);
}

static void cells_without_a_match_are_unclear(void **state)
{
	struct cb_compare_options across = plain;
	struct synthetic base, cand;
	struct cb_compare c;
	static const char other[] = "name: two\ntrial:\n  traffic: {rate: 100k}\n  capture: "
				    "{mechanism: recv}\nvary:\n  traffic.rate: [100k, 200k, 400k]\n"
				    "repetitions: 5\n";
	static const char some[] = "name: two\ntrial:\n  traffic: {rate: 100k}\n  capture: "
				   "{mechanism: tpacket2}\nvary:\n  traffic.rate: [100k, 200k]\n"
				   "repetitions: 5\n";

	(void)state;
	make(&base, TWO_CURVES, &(struct shape){0});
	make(&cand, some, &(struct shape){0});
	compare(&c, &base, &cand, &plain);
	assert_int_equal(c.outcome, CB_OUTCOME_UNCLEAR);
	assert_true(says(c.reasons, "4 cells of the base are not in the candidate"));
	cb_compare_finish(&c);
	/* the other way round nothing is missing */
	compare(&c, &cand, &base, &plain);
	assert_int_equal(c.outcome, CB_OUTCOME_SAME);
	assert_true(says(c.notes, "4 cells of the candidate are not in the base"));
	cb_compare_finish(&c);
	synthetic_close(&base);
	make(&base, other, &(struct shape){0});
	compare(&c, &base, &cand, &plain);
	assert_true(says(c.reasons, "they differ in capture.mechanism"));
	assert_int_equal(c.n, 0);
	cb_compare_finish(&c);
	across.across[across.n_across++] = "capture.mechanism";
	compare(&c, &base, &cand, &across);
	assert_int_equal(c.match.curves[0].n, 2);
	cb_compare_finish(&c);
	synthetic_close(&base);
	synthetic_close(&cand);
}

static void wrong_questions_are_refused(void **state)
{
	struct cb_compare_options o = plain;
	struct cb_error err = {0};
	struct synthetic s;
	struct cb_compare c;
	struct cb_compare_source source = {.base = s.directory};

	(void)state;
	make(&s, TWO_CURVES, &(struct shape){0});
	assert_int_equal(cb_compare_make(&c, &source, &plain, &test_registry, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "holds no variants"));
	cb_compare_finish(&c);
	source.cand = "/nonexistent";
	assert_int_equal(cb_compare_make(&c, &source, &plain, &test_registry, &err), CB_ERR_USAGE);
	cb_compare_finish(&c);
	source.cand = s.directory;
	o.metrics[o.n_metrics++] = "captured_shar";
	assert_int_equal(cb_compare_make(&c, &source, &o, &test_registry, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "did you mean \"captured_share\""));
	cb_compare_finish(&c);
	o.metrics[0] = "steal_share";
	assert_int_equal(cb_compare_make(&c, &source, &o, &test_registry, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "neither more nor less"));
	cb_compare_finish(&c);
	synthetic_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_runs_are_the_same),
		cmocka_unit_test(loss_of_one_curve_is_found),
		cmocka_unit_test(an_effect_has_its_place),
		cmocka_unit_test(broken_measurements_are_unclear),
		cmocka_unit_test(accepted_differences_do_not_stop),
		cmocka_unit_test(too_few_trials_are_unclear),
		cmocka_unit_test(cells_without_a_match_are_unclear),
		cmocka_unit_test(wrong_questions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
