/* Heat maps, and how a figure names its series. */
#include "harness/report/graph.h"
#include "harness/report/param.h"

#include "tests/unit/harness/report/synthetic.h"

#define HEAD                                                     \
	"name: heat\nrepetitions: 2\n"                           \
	"trial:\n  traffic: {frame_size: 64, rate: 100k}\n"      \
	"  capture: {mechanism: recv, wait: poll, load: work}\n" \
	"vary:\n"                                                \
	"  capture.mechanism: [recv, tpacket2]\n"                \
	"  capture.load: [work, 'work:20us', discard]\n"         \
	"figures:\n"
#define HEAT                                                                       \
	HEAD "  - {id: heat, kind: heat-map, x: capture.load, y: captured_share, " \
	     "series: capture.mechanism}\n"

struct drawn {
	struct synthetic s;
	struct cb_report_data data;
	struct cb_report_cells cells;
	struct cb_graph graph;
};

/* `n` cells have two trials, one that captured a tenth more than the other. */
static void draw(struct drawn *d, const char *yaml, int64_t n)
{
	struct cb_error err = {0};

	memset(d, 0, sizeof(*d));
	synthetic_open(&d->s, yaml);
	for (int64_t i = 0; i < 2 * n; i++)
		synthetic_add(&d->s,
			&(struct synthetic_trial){.trial = i,
				.cell = i / 2,
				.repetition = i % 2,
				.pps = 100000,
				.share = 0.25 + 0.1 * (double)(i % 2)});
	synthetic_save(&d->s, d->s.n_trials, "Heat");
	if (cb_report_data_load(&d->data, d->s.directory, &test_registry, &err) ||
		cb_report_cells_make(&d->cells, &d->data, &err) ||
		cb_graph_make(&d->graph, &d->data.scenario->figures[0], 1, &d->cells,
			&test_registry, &err))
		fail_msg("%s", err.text);
}

static void undraw(struct drawn *d)
{
	cb_graph_finish(&d->graph);
	cb_report_cells_finish(&d->cells);
	cb_report_data_finish(&d->data);
	synthetic_close(&d->s);
}

static void a_row_a_series_and_a_column_an_x(void **state)
{
	static const char *const wanted[] = {
		"set ytics ('recv' 1, 'tpacket2' 2)",
		"set xtics ('work:1us' 1, 'work:20us' 2, 'discard' 3)",
		"rows = 2\ny_top = 100\n",
		"set cblabel 'captured share (%)'",
		"set palette defined",
		"data index 2 using (column(\"x\")):(2)",
		"with boxxyerror fc palette",
		"(range(field(column(\"min\")), field(column(\"max\"))))",
	};
	struct cb_text script = {0};
	struct drawn d;

	(void)state;
	draw(&d, HEAT, 6);
	assert_true(d.graph.category);
	cb_graph_script(&d.graph, "small", &script);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		assert_says(cb_text_get(&script), wanted[i]);
	assert_null(strstr(cb_text_get(&script), "set key at"));
	cb_text_finish(&script);
	undraw(&d);
}

/* Rates are columns of a heat map, too, by what was asked for. */
static void numbers_are_columns(void **state)
{
	struct drawn d;

	(void)state;
	draw(&d,
		"name: heat\nrepetitions: 2\ntrial: {traffic: {rate: 100k}, capture: {mechanism: "
		"recv}}\nvary: {traffic.rate: [100k, 200k], placement: [A:A, A:B]}\nfigures:\n  - "
		"{id: heat, kind: heat-map, x: traffic.rate, y: captured_share, series: "
		"placement}\n",
		4);
	assert_true(d.graph.category && !d.graph.offered);
	assert_int_equal(d.graph.n_categories, 2);
	assert_true(d.graph.series[0].points[1].x == 2);
	undraw(&d);
}

static void another_kind_is_refused(void **state)
{
	struct cb_scenario_source source = {.path = "t.yaml",
		.text = HEAD "  - {id: f, kind: pie, x: capture.load, y: captured_share, series: "
			     "capture.mechanism}\n"};
	struct cb_scenario *s = NULL;
	struct cb_error err = {0};

	(void)state;
	assert_int_equal(cb_scenario_load(&s, &source, &test_registry, &err), CB_ERR_USAGE);
	assert_says(err.text, "heat-map");
	cb_scenario_destroy(s);
}

/* Only the first mechanism's cells were measured: the other has no place in the legend. */
static void who_was_not_measured_is_named_in_the_caption(void **state)
{
	struct cb_text caption = {0};
	struct drawn d;

	(void)state;
	draw(&d, HEAT, 3);
	assert_int_equal(d.graph.n_series, 1);
	assert_string_equal(d.graph.series[0].label, "recv");
	cb_graph_caption(&d.graph, &d.data, &caption);
	assert_says(cb_text_get(&caption), "Left out: tpacket2.");
	cb_text_finish(&caption);
	undraw(&d);
}

static void loads_are_told_with_what_they_depend_on(void **state)
{
	static const struct {
		size_t cell;
		const char *wanted;
	} cases[] = {{0, "load work:1us"}, {1, "load work:20us"}, {2, "load discard"}};
	struct drawn d;

	(void)state;
	draw(&d, HEAT, 6);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cb_text text = {0};

		cb_param_print_of(
			"capture.load", d.cells.cells[cases[i].cell].params, &test_registry, &text);
		assert_string_equal(cb_text_get(&text), cases[i].wanted);
		cb_text_finish(&text);
	}
	undraw(&d);
}

static void a_cell_is_named_by_its_figure(void **state)
{
	struct cb_text text = {0};
	struct drawn d;

	(void)state;
	draw(&d, HEAT, 6);
	assert_true(cb_graphs_cell_print(&d.graph, 1, &d.cells.cells[4], &text));
	assert_string_equal(cb_text_get(&text), "heat: tpacket2, load work:20us");
	assert_false(cb_graphs_cell_print(&d.graph, 0, &d.cells.cells[4], &text));
	cb_text_finish(&text);
	undraw(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_a_series_and_a_column_an_x),
		cmocka_unit_test(numbers_are_columns),
		cmocka_unit_test(another_kind_is_refused),
		cmocka_unit_test(who_was_not_measured_is_named_in_the_caption),
		cmocka_unit_test(loads_are_told_with_what_they_depend_on),
		cmocka_unit_test(a_cell_is_named_by_its_figure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
