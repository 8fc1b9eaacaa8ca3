/* Two variants of one run, and the fresh trials that confirm what was found. */
#include "harness/decide/compare_page.h"

#include "tests/unit/harness/decide/compared_runs.h"

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

static void what_each_sets_is_told(void **state)
{
	struct cb_text told = {0};
	struct synthetic s;
	struct cb_compare c;

	(void)state;
	make_variants(&s, 0, 5);
	compare(&c, &s, NULL, &plain);
	cb_compare_print_settings(&c, CB_COMPARE_CAND, &told);
	assert_string_equal(cb_text_get(&told), "wait spin");
	cb_text_clear(&told);
	cb_compare_text(&c, false, &told);
	assert_says(cb_text_get(&told), "): wait poll\nmine ");
	cb_compare_finish(&c);
	/* two runs set nothing */
	compare(&c, &s, &s, &plain);
	cb_text_clear(&told);
	cb_compare_print_settings(&c, CB_COMPARE_CAND, &told);
	assert_string_equal(cb_text_get(&told), "");
	cb_text_finish(&told);
	cb_compare_finish(&c);
	synthetic_close(&s);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variants_of_one_run),
		cmocka_unit_test(what_each_sets_is_told),
		cmocka_unit_test(fresh_trials_confirm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
