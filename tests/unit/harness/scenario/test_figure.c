#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/harness/scenario/load.h"

#define SWEPT                                                                                    \
	SHORT "vary:\n"                                                                          \
	      "  - {traffic.rate: [100k, 200k], placement: [A:A, A:B], capture.load: discard}\n" \
	      "  - {capture.load: packzip, capture.load.level: [0, 9]}\n"

#define FIGURE(figure) SWEPT "figures:\n  - {" figure "}\n"

static void a_figure_is_read(void **state)
{
	struct cb_scenario *s = load(FIGURE("id: fig05, title: Shares, x: trial.traffic.rate, y: "
					    "captured_share, series: placement, where: "
					    "{capture.load: discard}, caption: It falls"));
	const struct cb_figure *f = &s->figures[0];

	assert_int_equal(s->n_figures, 1);
	assert_string_equal(f->id, "fig05");
	assert_string_equal(f->title, "Shares");
	assert_string_equal(f->x, "traffic.rate");
	assert_string_equal(f->y, "captured_share");
	assert_string_equal(f->series[0], "placement");
	assert_string_equal(f->series[1], "");
	assert_int_equal(f->errors, 0);
	assert_string_equal(f->caption, "It falls");
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(f->where, "capture.load"), "name")),
		"discard");
	cb_scenario_destroy(s);
}

static void what_may_be_left_out_gets_defaults(void **state)
{
	struct cb_scenario *s = load(SHORT "vary: {traffic.rate: [1k, 2k]}\n"
					   "figures:\n  - {id: f, x: traffic.rate, y: offered_pps, "
					   "errors: none}\n");
	const struct cb_figure *f = &s->figures[0];

	assert_string_equal(f->title, "f");
	assert_int_equal(f->errors, 1);
	assert_null(f->where);
	assert_string_equal(f->series[0], "");
	assert_string_equal(f->caption, "");
	cb_scenario_destroy(s);
}

static void series_may_be_several(void **state)
{
	struct cb_scenario *s = load(
		FIGURE("id: f, x: capture.load.level, y: cpu_ns_per_frame, series: [placement, "
		       "trial.traffic.rate, capture.load.name], where: {capture.load: [packzip, "
		       "work:2us]}"));

	assert_string_equal(s->figures[0].series[1], "traffic.rate");
	assert_string_equal(s->figures[0].series[2], "capture.load.name");
	assert_string_equal(s->figures[0].series[3], "");
	cb_scenario_destroy(s);
}

static void every_metric_is_known(void **state)
{
	for (size_t i = 0; cb_metric_names[i]; i++) {
		char yaml[256];

		snprintf(yaml, sizeof(yaml), "%sfigures: [{id: f, x: placement, y: %s}]\n", SHORT,
			cb_metric_names[i]);
		cb_scenario_destroy(load(yaml));
	}
}

static size_t count_matches(const struct cb_scenario *s, const json_t *where)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_cells; i++)
		n += cb_cell_matches(where, s->cells[i].params);
	return n;
}

/* Values are decoded as the trial's are, whatever the spelling. */
static void where_picks_cells(void **state)
{
	static const struct {
		const char *where;
		size_t n;
	} cases[] = {
		{"traffic.rate: 200k", 2},
		{"traffic.rate: [0.1M, 200000], placement: A:B", 2},
		{"capture.load: packzip", 2},
		{"capture.load: packzip:9", 1},
		{"capture.load: {name: packzip, level: 0}", 1},
		{"capture.load.level: [0, 9]", 2},
		{"capture.load.name: [packzip, work]", 2},
		{"capture.load: [discard, 'packzip:level=9'], traffic.rate: 100k", 3},
		{"placement: auto", 2},
	};
	char yaml[1024];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cb_scenario *s;

		snprintf(yaml, sizeof(yaml),
			"%sfigures: [{id: f, x: traffic.rate, y: captured_share, series: "
			"[placement, "
			"capture.load], where: {%s}}]\n",
			SWEPT, cases[i].where);
		s = load(yaml);
		assert_int_equal(count_matches(s, s->figures[0].where), cases[i].n);
		assert_int_equal(count_matches(s, NULL), 6);
		cb_scenario_destroy(s);
	}
}

static const struct refusal wrong_figures[] = {
	{SHORT "figures: {id: f}\n", "t.yaml:5:10: figures: is a map: a list of figures is wanted"},
	{SHORT "figures: [f]\n", "t.yaml:5:11: figures[0]: is a value: a map of keys is wanted"},
	{FIGURE("x: traffic.rate, y: captured_share"),
		"t.yaml:9:5: figures[0].id: is missing: Names the figure's files: letters, "
		"digits, - _ . (TEXT)"},
	{FIGURE("id: f, y: captured_share"),
		"t.yaml:9:5: figures[0].x: is missing: The "
		"parameter on the x axis (TEXT)"},
	{FIGURE("id: f, x: traffic.rate"),
		"t.yaml:9:5: figures[0].y: is missing: The metric "
		"on the y axis (TEXT)"},
	{FIGURE("id: ../f, x: traffic.rate, y: captured_share"),
		"t.yaml:9:10: figures[0].id: \"../f\" names files: letters, digits, - _ . "
		"are allowed"},
	{FIGURE("id: f, x: traffic.rat, y: captured_share"),
		"t.yaml:9:16: figures[0].x: traffic.rat: unknown key; did you mean "
		"\"rate\"?"},
	{FIGURE("id: f, x: traffic.rate, y: captured_shar"),
		"t.yaml:9:33: figures[0].y: \"captured_shar\" is no metric; did you mean "
		"\"captured_share\"?"},
	{FIGURE("id: f, x: traffic.rate, y: loss"),
		"t.yaml:9:33: figures[0].y: \"loss\" is no metric: it may be "
		"captured_share, captured_share_min, attempt_share, captured_pps, "
		"offered_pps, unoffered_share, path_dropped_share, tap_dropped_share, "
		"cpu_ns_per_frame, cpu_share, receive_ns_per_frame, frames_per_wakeup, "
		"frames_per_batch, syscalls_per_frame, context_switches_per_second, "
		"softnet_squeezed, interrupts_per_second, interrupts_per_frame, "
		"steal_share, generator_cpu_ns_per_frame, "
		"generator_lateness_p99_ns, generator_gap_p99_ns, "
		"generator_gap_within_1us_share, generator_back_to_back_share, "
		"generator_drift_ppm"},
	{FIGURE("id: f, x: traffic.rate, y: captured_share, serie: placement"),
		"t.yaml:9:49: figures[0].serie: unknown key; did you mean \"series\"?"},
	{FIGURE("id: f, x: traffic.rate, y: captured_share, series: {}"),
		"t.yaml:9:57: figures[0].series: a parameter's path is wanted, as in "
		"traffic.rate"},
	{FIGURE("id: f, x: traffic.rate, y: captured_share, series: [placement, duration, "
		"warmup, drain, receive]"),
		"t.yaml:9:57: figures[0].series: at most 4 paths"},
	{FIGURE("id: f, x: traffic.rate, y: captured_share, errors: stddev"),
		"t.yaml:9:57: figures[0].errors: \"stddev\" is none of minmax, none"},
	{FIGURE("id: f, x: traffic.rate, y: captured_share, where: {placement: 'A:B,C'}"),
		"t.yaml:9:56: figures[0].where: no cell has all of this"},
	{FIGURE("id: f, x: traffic.rate, y: captured_share, where: {placment: A:A}"),
		"t.yaml:9:57: figures[0].where.placment: unknown key; did you mean "
		"\"placement\"?"},
	{FIGURE("id: f, x: capture.load.level, y: captured_share, where: {placement: "
		"[A:A]}"),
		"t.yaml:9:16: figures[0].x: none of the figure's cells has "
		"capture.load.level"},
	{FIGURE("id: f, x: capture.load.level, y: captured_share"),
		"t.yaml:9:16: figures[0].x: 4 of the figure's 6 cells have no "
		"capture.load.level: leave them out with where"},
};

static void wrong_figures_are_refused(void **state)
{
	refuse_all(wrong_figures, COUNT(wrong_figures));
}

static void an_axis_that_nobody_sees_is_refused(void **state)
{
	static const struct refusal cases[] = {
		{FIGURE("id: f, x: traffic.rate, y: captured_share, series: placement"),
			"t.yaml:9:5: figures[0]: cells that differ in capture.load fall on "
			"one "
			"point: add capture.load to series, or pick one value of it with "
			"where"},
		{FIGURE("id: f, x: traffic.rate, y: captured_share, where: {capture.load: "
			"discard}"),
			"t.yaml:9:5: figures[0]: cells that differ in placement fall on one point: "
			"add placement to series, or pick one value of it with where"},
	};

	refuse_all(cases, COUNT(cases));
}

static void two_figures_cannot_have_one_name(void **state)
{
	refuse_with(SHORT "figures:\n"
			  "  - {id: f, x: placement, y: captured_share}\n"
			  "  - {id: f, x: placement, y: offered_pps}\n",
		&(struct asked){.profile = NULL},
		"t.yaml:7:10: figures[1].id: \"f\" is there twice");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_figure_is_read),
		cmocka_unit_test(what_may_be_left_out_gets_defaults),
		cmocka_unit_test(series_may_be_several),
		cmocka_unit_test(every_metric_is_known),
		cmocka_unit_test(where_picks_cells),
		cmocka_unit_test(wrong_figures_are_refused),
		cmocka_unit_test(an_axis_that_nobody_sees_is_refused),
		cmocka_unit_test(two_figures_cannot_have_one_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
