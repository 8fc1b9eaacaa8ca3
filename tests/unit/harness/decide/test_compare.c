/* Two runs, or two variants of one, from their directories to verdict and pages. */
#include "harness/decide/compare.h"
#include "harness/decide/compare_page.h"

#include "tests/unit/cmocka.h"
#include "tests/unit/harness/report/synthetic.h"

#define TWO_CURVES                                    \
	"name: two\n"                                 \
	"trial:\n"                                    \
	"  traffic: {rate: 100k}\n"                   \
	"  capture: {mechanism: tpacket2}\n"          \
	"vary:\n"                                     \
	"  capture.mechanism: [tpacket2, tpacket3]\n" \
	"  traffic.rate: [100k, 200k, 400k]\n"        \
	"repetitions: 5\n"

#define VARIANTS                               \
	"name: twins\n"                        \
	"trial:\n"                             \
	"  traffic: {rate: 100k}\n"            \
	"  capture: {mechanism: tpacket2}\n"   \
	"variants:\n"                          \
	"  main: {capture.wait: poll}\n"       \
	"  mine: {capture.wait: spin}\n"       \
	"vary:\n"                              \
	"  traffic.rate: [100k, 200k, 400k]\n" \
	"repetitions: 5\n"

/* How a made-up run differs from the plainest one. */
struct shape {
	double loss;         /* more than the others, in the second half of the cells */
	int64_t invalid;     /* trials of the first cell */
	int64_t repetitions; /* 0: five */
	const char *release; /* of the kernel; NULL: the usual */
	double slower_rate;  /* of the last cell, offered: 0 as asked */
};

static void make(struct synthetic *s, const char *yaml, const struct shape *shape)
{
	int64_t n = shape->repetitions ? shape->repetitions : 5, trial = 0;

	synthetic_open(s, yaml);
	for (size_t cell = 0; cell < s->scenario->n_cells; cell++) {
		for (int64_t k = 0; k < n; k++) {
			bool hit = cell >= s->scenario->n_cells / 2;
			double pps = (double)s->scenario->cells[cell].spec.traffic.rate;

			if (cell + 1 == s->scenario->n_cells && shape->slower_rate > 0)
				pps = shape->slower_rate;
			synthetic_add(s,
				&(struct synthetic_trial){.trial = trial++,
					.cell = (int64_t)cell,
					.repetition = k,
					.pps = pps,
					.share = 0.95 - 0.001 * (double)k - (hit ? shape->loss : 0),
					.state = !cell && k < shape->invalid ? CB_TRIAL_INVALID
									     : CB_TRIAL_VALID});
		}
	}
	synthetic_save(s, trial, "Two");
	if (shape->release) {
		struct cb_text facts = {0};

		cb_text_addf(&facts,
			"{\"cpu\": {\"model\": \"Test CPU\", \"online\": 2, \"mhz\": 2000}, "
			"\"kernel\": {\"release\": \"%s\"}, \"boot_id\": \"c\"}\n",
			shape->release);
		synthetic_write(s, "hosts/local/facts.json", cb_text_get(&facts));
		cb_text_finish(&facts);
	}
}

static const struct cb_compare_options plain = {.rules = CB_JUDGE_RULES};

static void compare(struct cb_compare *c, const struct synthetic *base,
	const struct synthetic *cand, const struct cb_compare_options *options)
{
	const struct cb_compare_source source = {
		.base = base->directory, .cand = cand ? cand->directory : NULL};
	struct cb_error err = {0};

	if (cb_compare_make(c, &source, options, &test_registry, &err))
		fail_msg("%s", err.text);
}

static const struct cb_compared *find(const struct cb_compare *c, const char *metric, size_t curve)
{
	for (size_t i = 0; i < c->n; i++) {
		if (!strcmp(c->list[i].measure->metric->name, metric) && !curve--)
			return &c->list[i];
	}
	fail_msg("there is no %s", metric);
	return NULL;
}

static bool says(const json_t *list, const char *what)
{
	json_t *text;
	size_t i;

	json_array_foreach(list, i, text)
	{
		if (strstr(json_string_value(text), what))
			return true;
	}
	return false;
}

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

/* The loss stands in the second half of the cells: those of the second variant, if they are sorted
 * so. */
static void make_variants(struct synthetic *s, double loss, int64_t repetitions)
{
	int64_t trial = 0;

	synthetic_open(s, VARIANTS);
	for (size_t cell = 0; cell < s->scenario->n_cells; cell++) {
		const struct cb_trial_spec *spec = &s->scenario->cells[cell].spec;
		bool mine = strcmp(spec->variant, "mine") == 0;

		for (int64_t k = 0; k < repetitions; k++)
			synthetic_add(s,
				&(struct synthetic_trial){.trial = trial++,
					.cell = (int64_t)cell,
					.repetition = k,
					.pps = (double)spec->traffic.rate,
					.share = 0.9 + 0.001 * (double)k - (mine ? loss : 0)});
	}
	synthetic_save(s, trial, "Twins");
}

static void move_below(const struct synthetic *fresh, const struct synthetic *main)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/confirm", main->directory);
	assert_int_equal(rename(fresh->directory, path), 0);
}

static void variants_of_one_run(void **state)
{
	struct synthetic s, fresh;
	struct cb_compare c;

	(void)state;
	make_variants(&s, 0.05, 5);
	compare(&c, &s, NULL, &plain);
	assert_string_equal(c.labels[0], "main");
	assert_string_equal(c.labels[1], "mine");
	assert_int_equal(c.match.n, 1);
	assert_int_equal(c.match.curves[0].n, 3);
	assert_int_equal(find(&c, "captured_share", 0)->outcome, CB_OUTCOME_CONFIRMED);
	assert_null(find(&c, "captured_share", 0)->again);
	cb_compare_finish(&c);
	/* fresh trials that don't show it */
	make_variants(&fresh, 0, 10);
	move_below(&fresh, &s);
	compare(&c, &s, NULL, &plain);
	assert_non_null(find(&c, "captured_share", 0)->again);
	assert_int_equal(find(&c, "captured_share", 0)->outcome, CB_OUTCOME_SAME);
	assert_true(says(find(&c, "captured_share", 0)->notes, "but not in fresh trials"));
	assert_int_equal(c.outcome, CB_OUTCOME_SAME);
	cb_compare_finish(&c);
	synthetic_close(&s);
	cb_scenario_destroy(fresh.scenario);
	cb_text_finish(&fresh.trials);
}

static void fresh_trials_confirm(void **state)
{
	struct synthetic s, fresh;
	struct cb_compare c;

	(void)state;
	make_variants(&s, 0.05, 5);
	make_variants(&fresh, 0.05, 10);
	move_below(&fresh, &s);
	compare(&c, &s, NULL, &plain);
	assert_int_equal(find(&c, "captured_share", 0)->outcome, CB_OUTCOME_CONFIRMED);
	assert_int_equal(find(&c, "captured_share", 0)->again->strata[0].n_a, 10);
	assert_int_equal(cb_outcome_code(c.outcome), CB_ERR_REGRESSION);
	cb_compare_finish(&c);
	synthetic_close(&s);
	cb_scenario_destroy(fresh.scenario);
	cb_text_finish(&fresh.trials);
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

static void pages_are_written(void **state)
{
	struct synthetic base, cand, out = {.directory = "/tmp/capbench-report-XXXXXX"};
	struct cb_error err = {0};
	struct cb_compare c;
	char *text;

	(void)state;
	assert_non_null(mkdtemp(out.directory));
	make(&base, TWO_CURVES, &(struct shape){0});
	make(&cand, TWO_CURVES, &(struct shape){.loss = 0.02, .release = "<6.2>"});
	compare(&c, &base, &cand, &plain);
	if (cb_compare_write(&c, out.directory, false, &err))
		fail_msg("%s", err.text);
	text = synthetic_read(&out, "compare.html");
	assert_null(strstr(text, "{{"));
	assert_null(strstr(text, "<6.2>"));
	assert_non_null(strstr(text, "cannot tell"));
	free(text);
	text = synthetic_read(&out, "junit.xml");
	assert_non_null(strstr(text, "tests=\"6\" failures=\"0\" errors=\"6\""));
	free(text);
	text = synthetic_read(&out, "compare.md");
	assert_non_null(strstr(text, "| captured share | tpacket3 |"));
	free(text);
	assert_true(synthetic_has(&out, "compare-1-captured_share.dat"));
	text = synthetic_read(&out, "compare-1-captured_share.gp");
	assert_non_null(strstr(text, "title 'candidate'"));
	assert_non_null(strstr(text, "title 'base'"));
	free(text);
	cb_compare_finish(&c);
	synthetic_close(&out);
	synthetic_close(&base);
	synthetic_close(&cand);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_runs_are_the_same),
		cmocka_unit_test(loss_of_one_curve_is_found),
		cmocka_unit_test(broken_measurements_are_unclear),
		cmocka_unit_test(accepted_differences_do_not_stop),
		cmocka_unit_test(too_few_trials_are_unclear),
		cmocka_unit_test(cells_without_a_match_are_unclear),
		cmocka_unit_test(variants_of_one_run),
		cmocka_unit_test(fresh_trials_confirm),
		cmocka_unit_test(wrong_questions_are_refused),
		cmocka_unit_test(pages_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
