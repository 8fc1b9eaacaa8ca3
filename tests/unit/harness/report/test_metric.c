#include "harness/base/clock.h"
#include "harness/report/metric.h"
#include "harness/scenario/scenario.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness/base/check.h"

static double value(const char *name, const struct cb_trial_record *r)
{
	const struct cb_metric *m = cb_metric_find(name);

	assert_non_null(m);
	return m->value(r);
}

static void add_views(struct cb_trial_record *r, size_t n)
{
	r->views = calloc(n, sizeof(*r->views));
	assert_non_null(r->views);
	for (r->n_views = 0; r->n_views < n; r->n_views++)
		cb_view_record_init(&r->views[r->n_views]);
}

/* What nobody counted is not 0. */
static void test_unknown(void **state)
{
	struct cb_trial_record r;

	(void)state;
	for (size_t views = 0; views < 3; views++) {
		cb_trial_record_init(&r);
		if (views)
			add_views(&r, views);
		for (const struct cb_metric *m = cb_metrics; m->name; m++) {
			if (!isnan(m->value(&r)))
				fail_msg("%s is %g", m->name, m->value(&r));
		}
		cb_trial_record_finish(&r);
	}
}

static void test_views(void **state)
{
	struct cb_trial_record r;

	(void)state;
	cb_trial_record_init(&r);
	add_views(&r, 2);
	r.views[0].book.captured_share = 1;
	r.views[1].book.captured_share = 0.5;
	r.views[0].cpu_ns = 3000;
	r.views[1].cpu_ns = 1000;
	r.views[0].book.received = 30;
	r.views[1].book.received = 10;
	r.views[0].wakeups = 4;
	r.views[1].wakeups = 0;
	r.views[0].book.window_unique = 20;
	r.views[1].book.window_unique = 10;
	r.generator.window_elapsed_ns = (int64_t)CB_NS_PER_SEC / 2;
	assert_true(value("captured_share", &r) == 0.75);
	assert_true(value("captured_share_min", &r) == 0.5);
	assert_true(value("cpu_ns_per_frame", &r) == 100);
	assert_true(value("frames_per_wakeup", &r) == 10);
	assert_true(value("captured_pps", &r) == 30);
	/* One view that is not known makes the number of all unknown. */
	r.views[1].book.captured_share = NAN;
	r.views[1].cpu_ns = CB_UNKNOWN;
	r.views[1].wakeups = CB_UNKNOWN;
	assert_true(isnan(value("captured_share", &r)));
	assert_true(isnan(value("captured_share_min", &r)));
	assert_true(isnan(value("cpu_ns_per_frame", &r)));
	assert_true(isnan(value("frames_per_wakeup", &r)));
	cb_trial_record_finish(&r);
}

static void test_divisor_zero(void **state)
{
	struct cb_trial_record r;

	(void)state;
	cb_trial_record_init(&r);
	add_views(&r, 1);
	r.views[0].book.received = 0;
	r.views[0].cpu_ns = 100;
	r.views[0].wakeups = 0;
	assert_true(isnan(value("cpu_ns_per_frame", &r)));
	assert_true(isnan(value("frames_per_wakeup", &r)));
	cb_trial_record_finish(&r);
}

static void test_rates(void **state)
{
	struct cb_trial_record r;

	(void)state;
	cb_trial_record_init(&r);
	add_views(&r, 2);
	for (size_t i = 0; i < 2; i++) {
		r.views[i].context_switches_voluntary = 90;
		r.views[i].context_switches_involuntary = 10;
		r.views[i].elapsed_ns = (int64_t)(2 * CB_NS_PER_SEC);
		r.views[i].book.tap_dropped = 10;
	}
	r.generator.book.offered = 100;
	r.path = (struct cb_path_book){1, 2, 3};
	/* 200 switches in 2 s, side by side. */
	assert_true(value("context_switches_per_second", &r) == 100);
	assert_true(value("path_dropped_share", &r) == 0.06);
	assert_true(value("tap_dropped_share", &r) == 0.1);
	r.path.nic_dropped = CB_UNKNOWN;
	assert_true(isnan(value("path_dropped_share", &r)));
	cb_trial_record_finish(&r);
}

/* Threads are part of the receive path where there are any. */
static void test_receive_path(void **state)
{
	struct cb_trial_record r;

	(void)state;
	cb_trial_record_init(&r);
	r.generator.book.offered = 10;
	r.evidence.receive_softirq_ns = 1000;
	assert_true(value("receive_ns_per_frame", &r) == 100);
	r.evidence.napi_thread_ns = 500;
	assert_true(value("receive_ns_per_frame", &r) == 150);
	r.evidence.receive_softirq_ns = CB_UNKNOWN;
	assert_true(isnan(value("receive_ns_per_frame", &r)));
	cb_trial_record_finish(&r);
}

/* A view that knows how many, but not which of them are of the window. */
static void test_whole_attempt(void **state)
{
	struct cb_trial_record r;

	(void)state;
	cb_trial_record_init(&r);
	add_views(&r, 2);
	r.generator.book.offered = 1000;
	r.generator.elapsed_ns = 2 * (int64_t)CB_NS_PER_SEC;
	r.generator.window_elapsed_ns = (int64_t)CB_NS_PER_SEC;
	for (size_t i = 0; i < 2; i++) {
		r.views[i].book.unique = i ? 900 : 500;
		r.views[i].book.window_unique = 400;
	}
	assert_false(cb_metric_whole_attempt(&r));
	assert_true(value("captured_pps", &r) == 400);
	assert_true(value("attempt_share", &r) == 0.7);
	r.views[1].book.window_unique = CB_UNKNOWN;
	assert_true(cb_metric_whole_attempt(&r));
	assert_true(value("captured_pps", &r) == 350);
	assert_true(value("attempt_share", &r) == 0.7);
	/* who knows neither is not known at all */
	r.views[1].book.unique = CB_UNKNOWN;
	assert_false(cb_metric_whole_attempt(&r));
	assert_true(isnan(value("captured_pps", &r)));
	assert_true(isnan(value("attempt_share", &r)));
	cb_trial_record_finish(&r);
}

/* A scenario may ask for every metric that the report knows, and for no other. */
static void test_scenario_names(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; cb_metrics[i].name && cb_metric_names[i]; i++)
		assert_string_equal(cb_metric_names[i], cb_metrics[i].name);
	assert_null(cb_metrics[i].name);
	assert_null(cb_metric_names[i]);
	assert_null(cb_metric_find("no_such_metric"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_divisor_zero),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_receive_path),
		cmocka_unit_test(test_whole_attempt),
		cmocka_unit_test(test_scenario_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
