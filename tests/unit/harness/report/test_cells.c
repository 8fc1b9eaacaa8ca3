/* Loading and gathering: which attempts count, what enters a statistic, what is marked. */
#include "harness/report/books.h"
#include "harness/report/cells.h"

#include "tests/unit/harness/report/synthetic.h"

static const char yaml[] = "name: cells\n"
			   "trial:\n"
			   "  duration: 1s\n"
			   "  warmup: 200ms\n"
			   "  traffic: {frame_size: 64, rate: 100k}\n"
			   "  generator: {transmitter: packet}\n"
			   "  capture: {mechanism: recv, wait: poll, load: discard}\n"
			   "  placement: 'A:B'\n"
			   "vary:\n"
			   "  traffic.rate: [100k, 200k]\n"
			   "repetitions: 3\n";

struct loaded {
	struct synthetic s;
	struct cb_report_data data;
	struct cb_report_cells cells;
	struct cb_report_totals totals;
};

static void load(struct loaded *l)
{
	struct cb_error err = {0};

	synthetic_save(&l->s, 6, "Cells");
	if (cb_report_data_load(&l->data, l->s.directory, &test_registry, &err) ||
		cb_report_cells_make(&l->cells, &l->data, &err))
		fail_msg("%s", err.text);
	cb_report_totals_make(&l->totals, &l->data);
}

static void unload(struct loaded *l)
{
	cb_report_cells_finish(&l->cells);
	cb_report_data_finish(&l->data);
	synthetic_close(&l->s);
}

static bool noted(const struct loaded *l, const char *part)
{
	for (size_t i = 0; i < json_array_size(l->data.notes); i++) {
		if (strstr(json_string_value(json_array_get(l->data.notes, i)), part))
			return true;
	}
	return false;
}

static double median(const struct loaded *l, size_t cell, size_t *n)
{
	struct cb_summary s = cb_report_cell_summary(
		cb_report_cell_at(&l->cells, cell), cb_metric_find("captured_share"));

	*n = s.n;
	return s.median;
}

static void test_last_attempt_counts(void **state)
{
	struct loaded l;
	size_t n;

	(void)state;
	synthetic_open(&l.s, yaml);
	/* Out of order on purpose: a file may have been put together from two. */
	synthetic_add(&l.s,
		&(struct synthetic_trial){.trial = 0, .attempt = 2, .pps = 1e5, .share = 0.5});
	synthetic_add(&l.s,
		&(struct synthetic_trial){.trial = 0,
			.attempt = 1,
			.pps = 1e5,
			.share = 0.1,
			.state = CB_TRIAL_INVALID,
			.reason = "stolen"});
	synthetic_add(&l.s, &(struct synthetic_trial){.trial = 1, .pps = 1e5, .share = 0.7});
	load(&l);
	assert_int_equal(l.totals.trials, 2);
	assert_int_equal(l.totals.earlier, 1);
	assert_int_equal(l.totals.valid, 2);
	assert_int_equal(l.totals.invalid, 0);
	assert_int_equal(l.totals.missing, 4);
	assert_true(median(&l, 0, &n) == 0.6);
	assert_int_equal(n, 2);
	assert_int_equal(cb_report_cell_at(&l.cells, 0)->missing, 1);
	assert_int_equal(cb_report_cell_at(&l.cells, 1)->missing, 3);
	assert_true(isnan(median(&l, 1, &n)));
	assert_int_equal(n, 0);
	unload(&l);
}

static void test_states(void **state)
{
	static const enum cb_trial_state states[] = {
		CB_TRIAL_VALID, CB_TRIAL_GENERATOR_LIMITED, CB_TRIAL_INVALID};
	const struct cb_report_cell *cell;
	struct loaded l;
	size_t n;

	(void)state;
	synthetic_open(&l.s, yaml);
	for (int64_t i = 0; i < 3; i++)
		synthetic_add(&l.s,
			&(struct synthetic_trial){.trial = i,
				.repetition = i,
				.pps = 1e5,
				.share = 0.2 + 0.2 * (double)i,
				.state = states[i]});
	load(&l);
	cell = cb_report_cell_at(&l.cells, 0);
	/* 0.2 and 0.4; the invalid trial's 0.6 is left out. */
	assert_true(fabs(median(&l, 0, &n) - 0.3) < 1e-12);
	assert_int_equal(n, 2);
	assert_int_equal(cell->n_trials, 3);
	assert_int_equal(cell->n, 2);
	assert_int_equal(cell->invalid, 1);
	assert_int_equal(cell->generator_limited, 1);
	assert_int_equal(cell->missing, 0);
	unload(&l);
}

/* A value that is not known is no value: it lowers n, and is not 0. */
static void test_unknown_values(void **state)
{
	struct cb_trial_record r;
	struct cb_summary s;
	struct loaded l;

	(void)state;
	synthetic_open(&l.s, yaml);
	for (int64_t i = 0; i < 3; i++) {
		synthetic_record(
			&l.s, &(struct synthetic_trial){.trial = i, .pps = 1e5, .share = 0.5}, &r);
		if (i == 1) {
			r.views[0].wakeups = CB_UNKNOWN;
			r.views[0].book.tap_dropped = CB_UNKNOWN;
			r.views[0].book.unaccounted = CB_UNKNOWN;
		}
		if (i == 2)
			r.views[0].book.unaccounted = -7;
		synthetic_add_record(&l.s, &r);
		cb_trial_record_finish(&r);
	}
	load(&l);
	s = cb_report_cell_summary(
		cb_report_cell_at(&l.cells, 0), cb_metric_find("frames_per_wakeup"));
	assert_int_equal(s.n, 2);
	assert_int_equal(s.unknown, 1);
	assert_true(s.median == 20);
	assert_int_equal(l.totals.unaccounted, 7);
	assert_int_equal(l.totals.unaccounted_trials, 1);
	assert_int_equal(l.totals.unaccounted_unknown, 1);
	unload(&l);
}

/* Surplus and deficit must not cancel out, and a sum with an unknown term is unknown. */
static void test_books(void **state)
{
	static const int64_t unaccounted[] = {5, -5, 0};
	struct cb_trial_record r;
	struct cb_books b;
	struct loaded l;

	(void)state;
	synthetic_open(&l.s, yaml);
	for (int64_t i = 0; i < 3; i++) {
		synthetic_record(&l.s,
			&(struct synthetic_trial){
				.trial = i, .pps = 1e5, .share = 0.5, .views = i ? 1 : 2},
			&r);
		r.views[0].book.unaccounted = unaccounted[i];
		if (i == 2)
			r.views[0].book.unread = CB_UNKNOWN;
		synthetic_add_record(&l.s, &r);
		cb_trial_record_finish(&r);
	}
	load(&l);
	assert_int_equal(cb_books_views(cb_report_cell_at(&l.cells, 0)), 2);
	cb_books_sum(&b, cb_report_cell_at(&l.cells, 0), 0);
	assert_int_equal(b.n, 3);
	assert_int_equal(b.unaccounted, 10);
	assert_int_equal(b.offered, 3 * 120000);
	assert_int_equal(b.tap_dropped, 3 * 50000);
	assert_true(b.unread == CB_UNKNOWN);
	/* The second view is there in one trial only. */
	cb_books_sum(&b, cb_report_cell_at(&l.cells, 0), 1);
	assert_int_equal(b.n, 1);
	assert_int_equal(b.offered, 120000);
	unload(&l);
}

static void check_buffer(int64_t buffer_frames, bool wanted)
{
	struct loaded l;

	synthetic_open(&l.s, yaml);
	synthetic_add(&l.s,
		&(struct synthetic_trial){
			.trial = 0, .pps = 1e5, .share = 0.5, .buffer_frames = buffer_frames});
	load(&l);
	assert_int_equal(cb_report_cell_at(&l.cells, 0)->buffer_passes, wanted);
	unload(&l);
}

/* 100 000 frames in the window, 20 000 before it. */
static void test_buffer_mark(void **state)
{
	(void)state;
	check_buffer(900, false);   /* less than 1 % */
	check_buffer(20000, false); /* filled by the warm-up */
	check_buffer(20001, true);
	check_buffer(CB_UNKNOWN, false);
}

static void test_damaged_lines(void **state)
{
	struct loaded l;

	(void)state;
	synthetic_open(&l.s, yaml);
	synthetic_add(&l.s, &(struct synthetic_trial){.trial = 0, .pps = 1e5, .share = 0.5});
	cb_text_add(&l.s.trials, "rubbish\n[1]\n{\"schema\": 99}\n\n");
	/* The same attempt twice: it counts once, as it was written last. */
	synthetic_add(&l.s, &(struct synthetic_trial){.trial = 1, .pps = 1e5, .share = 0.1});
	synthetic_add(&l.s, &(struct synthetic_trial){.trial = 1, .pps = 1e5, .share = 0.9});
	synthetic_add(&l.s, &(struct synthetic_trial){.trial = CB_TRIALS_MAX, .pps = 1e5});
	cb_text_add(&l.s.trials, "{\"schema\": 1, \"trial\": 2");
	load(&l);
	assert_int_equal(l.totals.trials, 2);
	assert_true(cb_report_cell_at(&l.cells, 0)->trials[1]->views[0].book.captured_share == 0.9);
	assert_true(noted(&l, "trials.jsonl:2 is left out"));
	assert_true(noted(&l, "trials.jsonl:3 is left out"));
	assert_true(noted(&l, "trials.jsonl:4 is left out"));
	assert_true(
		noted(&l, "trials.jsonl:6 is left out: attempt 1 of trial 1 stands there again"));
	assert_true(noted(&l, "trials.jsonl:8 is left out: its indices"));
	assert_true(noted(&l, "trials.jsonl:9 is left out: the line was never finished"));
	unload(&l);
}

/* A flood of damage is told once. */
static void test_notes_end(void **state)
{
	struct loaded l;

	(void)state;
	synthetic_open(&l.s, yaml);
	for (int i = 0; i < 1000; i++)
		cb_text_add(&l.s.trials, "rubbish\n");
	load(&l);
	assert_int_equal(json_array_size(l.data.notes), CB_REPORT_NOTES_MAX + 1);
	assert_true(noted(&l, "More notes"));
	unload(&l);
}

static void test_optional_files(void **state)
{
	struct loaded l;

	(void)state;
	synthetic_open(&l.s, NULL);
	synthetic_add(&l.s, &(struct synthetic_trial){.trial = 0, .pps = 1e5, .share = 0.5});
	synthetic_write(&l.s, "trials.jsonl", cb_text_get(&l.s.trials));
	assert_int_equal(cb_report_data_load(&l.data, l.s.directory, &test_registry, NULL), 0);
	assert_int_equal(cb_report_cells_make(&l.cells, &l.data, NULL), 0);
	cb_report_totals_make(&l.totals, &l.data);
	assert_int_equal(l.cells.n, 1);
	assert_int_equal(l.totals.trials, 1);
	assert_true(l.totals.planned == CB_UNKNOWN && l.totals.missing == CB_UNKNOWN);
	assert_true(noted(&l, "run.json cannot be read"));
	assert_true(noted(&l, "scenario.resolved.yaml cannot be read"));
	assert_true(noted(&l, "hosts/ is missing"));
	assert_true(noted(&l, "calibration.jsonl is missing"));
	unload(&l);
}

static void test_no_run_directory(void **state)
{
	struct cb_report_data data;
	struct cb_error err = {0};

	(void)state;
	assert_int_equal(
		cb_report_data_load(&data, "/nonexistent/x", &test_registry, &err), CB_ERR_USAGE);
	assert_says(err.text, "/nonexistent/x is not a run directory");
	cb_report_data_finish(&data);
}

static void test_calibration(void **state)
{
	struct loaded l;

	(void)state;
	synthetic_open(&l.s, yaml);
	synthetic_save(&l.s, 6, "Cells");
	synthetic_write(&l.s, "calibration.jsonl",
		"{\"schema\":1,\"params\":{\"receive_core\":1},\"cells\":[1],\"ceiling_pps\":"
		"750000.0}\n"
		"{\"schema\":1,\"cells\":[0],\"ceiling_pps\":0}\n"
		"{\"schema\":1,\"cells\":[-1],\"ceiling_pps\":5}\n"
		"{\"schema\":1,\"cells\":[],\"ceiling_pps\":5}\n");
	assert_int_equal(cb_report_data_load(&l.data, l.s.directory, &test_registry, NULL), 0);
	assert_int_equal(cb_report_cells_make(&l.cells, &l.data, NULL), 0);
	assert_true(cb_report_cell_at(&l.cells, 1)->ceiling_pps == 750000);
	assert_true(isnan(cb_report_cell_at(&l.cells, 0)->ceiling_pps));
	assert_true(noted(&l, "calibration.jsonl:2"));
	assert_true(noted(&l, "calibration.jsonl:3"));
	assert_true(noted(&l, "calibration.jsonl:4"));
	unload(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_attempt_counts),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_unknown_values),
		cmocka_unit_test(test_books),
		cmocka_unit_test(test_buffer_mark),
		cmocka_unit_test(test_damaged_lines),
		cmocka_unit_test(test_notes_end),
		cmocka_unit_test(test_optional_files),
		cmocka_unit_test(test_no_run_directory),
		cmocka_unit_test(test_calibration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
