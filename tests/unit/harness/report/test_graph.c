/* Figures: points, .dat and .gp as text. */
#include "harness/report/graph.h"
#include "harness/report/pages.h"
#include "harness/report/script.h"

#include "tests/unit/harness/report/synthetic.h"

#define TRIAL                                                           \
	"trial:\n"                                                      \
	"  duration: 1s\n"                                              \
	"  warmup: 200ms\n"                                             \
	"  traffic: {frame_size: 64, rate: 100k}\n"                     \
	"  generator: {transmitter: packet}\n"                          \
	"  capture: {mechanism: recv, wait: poll, load: 'packzip:0'}\n" \
	"  placement: 'A:B'\n"

struct drawn {
	struct synthetic s;
	struct cb_report_data data;
	struct cb_report_cells cells;
	struct cb_graph graph;
};

static void draw(struct drawn *d)
{
	struct cb_error err = {0};

	synthetic_save(&d->s, (int64_t)d->s.n_trials, "Figures");
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

static const char rates[] =
	"name: rates\n" TRIAL "vary:\n"
	"  traffic.rate: [200k, 100k, max]\n"
	"  capture.mechanism: [recv, tpacket2]\n"
	"repetitions: 2\n"
	"figures:\n"
	"  - {id: share, title: Share, x: traffic.rate, y: captured_share, series: "
	"capture.mechanism}\n";

/* Cells in the scenario's order: 200k recv, 200k tpacket2, 100k recv, ... */
static const char wanted_data[] =
	"# share: captured_share against traffic.rate, in base units (shares 0 to 1, "
	"frames/s, ns, bytes); NaN: not available\n"
	"# x is where a point is drawn: the rate that was really offered; asked: the "
	"scenario's rate\n"
	"\n\n"
	"# block 0: series 1, a row a cell: recv\n"
	"cell x asked median min max n unknown invalid generator_limited buffer_passes "
	"ceiling_pps\n"
	"2 100000 100000 1 1 1 1 0 1 0 0 NaN\n"
	"0 195000 200000 0.625 0.5 0.75 2 0 0 1 1 NaN\n"
	"4 NaN NaN NaN NaN NaN 0 0 0 0 0 NaN\n"
	"\n\n"
	"# block 1: series 1, a row a trial\n"
	"cell x y trial attempt generator_limited\n"
	"2 100000 1 4 1 0\n"
	"0 200000 0.5 0 1 0\n"
	"0 190000 0.75 1 2 1\n"
	"\n\n"
	"# block 2: series 2, a row a cell: tpacket2\n"
	"cell x asked median min max n unknown invalid generator_limited buffer_passes "
	"ceiling_pps\n"
	"3 100000 100000 NaN NaN NaN 0 0 0 0 0 NaN\n"
	"1 200000 200000 NaN NaN NaN 0 1 0 0 0 NaN\n"
	"5 NaN NaN NaN NaN NaN 0 0 0 0 0 NaN\n"
	"\n\n"
	"# block 3: series 2, a row a trial\n"
	"cell x y trial attempt generator_limited\n"
	"1 200000 NaN 2 1 0\n";

static void test_data(void **state)
{
	struct cb_trial_record r;
	struct cb_text data = {0};
	struct drawn d;

	(void)state;
	synthetic_open(&d.s, rates);
	synthetic_add(&d.s, &(struct synthetic_trial){.trial = 0, .pps = 200000, .share = 0.5});
	synthetic_add(&d.s,
		&(struct synthetic_trial){.trial = 1,
			.repetition = 1,
			.attempt = 2,
			.pps = 190000,
			.share = 0.75,
			.buffer_frames = 50000,
			.state = CB_TRIAL_GENERATOR_LIMITED});
	synthetic_record(&d.s,
		&(struct synthetic_trial){.trial = 2, .cell = 1, .pps = 200000, .share = 0.5}, &r);
	r.views[0].book.captured_share = NAN;
	synthetic_add_record(&d.s, &r);
	cb_trial_record_finish(&r);
	synthetic_add(
		&d.s, &(struct synthetic_trial){.trial = 4, .cell = 2, .pps = 100000, .share = 1});
	synthetic_add(&d.s,
		&(struct synthetic_trial){.trial = 5,
			.cell = 2,
			.pps = 100000,
			.share = 0.1,
			.state = CB_TRIAL_INVALID});
	draw(&d);
	cb_graph_data(&d.graph, &data);
	assert_string_equal(cb_text_get(&data), wanted_data);
	/* The trial at 200 000 lies right of its median, and inside of the picture. */
	cb_text_clear(&data);
	cb_graph_script(&d.graph, "", &data);
	assert_says(cb_text_get(&data), "set xrange [0:206]");
	cb_text_finish(&data);
	undraw(&d);
}

static const char many[] =
	"name: many\n" TRIAL "vary:\n"
	"  traffic.rate: [100k, 200k]\n"
	"  capture.mechanism: [recv, tpacket2]\n"
	"  capture.load: ['packzip:0', 'packzip:3', 'packzip:9']\n"
	"figures:\n"
	"  - {id: share, title: Share, x: traffic.rate, y: captured_share, series: "
	"[capture.mechanism, capture.load]}\n";

/* Of many series the best is told, and how many more came as far. */
static void test_words(void **state)
{
	/* 100k: recv with each load, tpacket2; 200k */
	static const double shares[] = {1, 1, 0.9, 1, 0.8, 0.7, 0.5, 0.4, 0.6, 0.3, 0.2, 0.1};
	struct cb_text words = {0};
	struct drawn d;

	(void)state;
	synthetic_open(&d.s, many);
	for (int64_t cell = 0; cell < 12; cell++)
		synthetic_add(&d.s,
			&(struct synthetic_trial){.trial = cell,
				.cell = cell,
				.pps = cell < 6 ? 100000 : 200000,
				.share = shares[cell]});
	draw(&d);
	cb_words_figure(&d.graph, &words);
	assert_says(cb_text_get(&words), "all frames up to 100 kpps (recv, load packzip:0");
	assert_says(cb_text_get(&words), " and 2 more) at best, at no point (");
	cb_text_finish(&words);
	undraw(&d);
}

/* 100k before 200k before max, whatever the order in the file. */
static void test_scale(void **state)
{
	struct drawn d;

	(void)state;
	synthetic_open(&d.s, rates);
	draw(&d);
	assert_true(d.graph.offered && !d.graph.category);
	assert_int_equal(d.graph.n_categories, 3);
	assert_int_equal(json_integer_value(d.graph.categories[0]), 100000);
	assert_int_equal(json_integer_value(d.graph.categories[1]), 200000);
	assert_string_equal(json_string_value(d.graph.categories[2]), "max");
	assert_int_equal(d.graph.n_series, 2);
	assert_string_equal(d.graph.series[0].label, "recv");
	undraw(&d);
}

/* Names that don't fit side by side hang from their tics, and the picture grows for them. */
static void test_long_categories(void **state)
{
	static const char yaml[] = "name: bars\n" TRIAL "vary:\n"
				   "  capture.load: ['packzip:1', 'packzip:2', 'packzip:3', "
				   "'packzip:4', 'packzip:5',\n"
				   "    'packzip:6', 'packzip:7', 'packzip:8', 'packzip:9']\n"
				   "repetitions: 1\n"
				   "figures:\n"
				   "  - {id: bars, x: capture.load, y: captured_share}\n";
	struct cb_script_room room;
	struct cb_text script = {0};
	struct drawn d;

	(void)state;
	synthetic_open(&d.s, yaml);
	for (int64_t i = 0; i < 9; i++)
		synthetic_add(&d.s,
			&(struct synthetic_trial){
				.trial = i, .cell = i, .pps = 100000, .share = 0.25});
	draw(&d);
	room = cb_script_tics_room(&d.graph);
	assert_true(room.slanting);
	/* 9 characters at 45 degrees */
	assert_in_range(room.below_px, 36, 54);
	assert_int_equal(room.left_px, 0);
	cb_graph_script(&d.graph, "small", &script);
	assert_says(cb_text_get(&script), " rotate by 45 right");
	assert_says(cb_text_get(&script), "set rmargin at screen");
	cb_text_finish(&script);
	undraw(&d);
}

static void test_categories(void **state)
{
	static const char yaml[] = "name: bars\n" TRIAL "vary:\n"
				   "  capture.mechanism: [tpacket2, recv]\n"
				   "repetitions: 1\n"
				   "figures:\n"
				   "  - {id: bars, x: capture.mechanism, y: captured_share}\n";
	struct cb_text data = {0}, script = {0};
	struct drawn d;

	(void)state;
	synthetic_open(&d.s, yaml);
	for (int64_t i = 0; i < 2; i++)
		synthetic_add(&d.s,
			&(struct synthetic_trial){
				.trial = i, .cell = i, .pps = 100000, .share = 0.25});
	draw(&d);
	assert_true(d.graph.category);
	assert_int_equal(d.graph.n_series, 1);
	assert_true(d.graph.series[0].points[1].x == 2);
	cb_graph_data(&d.graph, &data);
	assert_says(cb_text_get(&data), "# x = 1: tpacket2\n# x = 2: recv\n");
	cb_graph_script(&d.graph, "small", &script);
	assert_says(cb_text_get(&script), "set xtics ('tpacket2' 1, 'recv' 2)");
	assert_says(cb_text_get(&script), "with boxes");
	cb_text_finish(&data);
	cb_text_finish(&script);
	undraw(&d);
}

/* Titles come from a file: nothing in them may be carried out by gnuplot. */
static void test_hostile_title(void **state)
{
	static const char yaml[] =
		"name: hostile\n" TRIAL "vary:\n"
		"  capture.load.level: [0, 9]\n"
		"repetitions: 1\n"
		"figures:\n"
		"  - {id: level, title: \"it's `id` \\\"; system('id') # \\\\\", x: "
		"capture.load.level, y: captured_share}\n";
	struct cb_text script = {0};
	const char *from;
	struct drawn d;

	(void)state;
	synthetic_open(&d.s, yaml);
	draw(&d);
	cb_graph_script(&d.graph, "small `id`", &script);
	assert_says(
		cb_text_get(&script), "set label 1 'it''s `id` \"; system(''id'') # \\' at screen");
	assert_says(cb_text_get(&script), "set label 2 'small `id`' at");
	/* Nowhere outside of single quotes. */
	for (from = strstr(cb_text_get(&script), "# This figure."); (from = strchr(from, '`'));
		from++) {
		size_t quotes = 0;

		for (const char *c = from; c[-1] != '\n'; c--)
			quotes += c[-1] == '\'';
		assert_int_equal(quotes % 2, 1);
	}
	cb_text_finish(&script);
	undraw(&d);
}

static void test_ceilings(void **state)
{
	struct cb_graph_ceiling ceilings[CB_GRAPH_CEILINGS_MAX];
	struct cb_text script = {0}, caption = {0};
	struct cb_error err = {0};
	struct drawn d;

	(void)state;
	synthetic_open(&d.s, rates);
	for (int64_t i = 0; i < 4; i++)
		synthetic_add(&d.s,
			&(struct synthetic_trial){.trial = i,
				.cell = i,
				.pps = i < 2 ? 200000 : 100000,
				.share = 0.25});
	synthetic_save(&d.s, 4, "Ceilings");
	synthetic_write(&d.s, "calibration.jsonl",
		"{\"cells\":[0,2,4],\"ceiling_pps\":190000}\n"
		"{\"cells\":[1,3,5],\"ceiling_pps\":990000}\n");
	if (cb_report_data_load(&d.data, d.s.directory, &test_registry, &err) ||
		cb_report_cells_make(&d.cells, &d.data, &err) ||
		cb_graph_make(
			&d.graph, &d.data.scenario->figures[0], 1, &d.cells, &test_registry, &err))
		fail_msg("%s", err.text);
	assert_int_equal(cb_graph_ceilings(&d.graph, ceilings), 2);
	assert_true(ceilings[0].pps == 190000 && ceilings[1].pps == 990000);
	assert_string_equal(ceilings[0].label, "recv");
	assert_string_equal(ceilings[1].label, "tpacket2");
	/* The one far outside is told in words only. */
	cb_graph_script(&d.graph, "", &script);
	assert_says(cb_text_get(&script), "set arrow from 190, graph 0");
	assert_null(strstr(cb_text_get(&script), "set arrow from 990"));
	cb_graph_caption(&d.graph, &d.data, &caption);
	assert_says(cb_text_get(&caption), "190 kpps with recv, 990 kpps with tpacket2");
	cb_text_finish(&script);
	cb_text_finish(&caption);
	undraw(&d);
}

static void test_caption(void **state)
{
	struct cb_text caption = {0};
	struct drawn d;

	(void)state;
	synthetic_open(&d.s, rates);
	for (int64_t i = 0; i < 4; i++)
		synthetic_add(&d.s,
			&(struct synthetic_trial){.trial = i,
				.cell = i / 2,
				.repetition = i % 2,
				.pps = 200000,
				.share = 0.25});
	draw(&d);
	cb_graph_caption(&d.graph, &d.data, &caption);
	assert_says(cb_text_get(&caption), "of n = 2 trials a point");
	assert_says(cb_text_get(&caption), "64 B frames");
	assert_says(cb_text_get(&caption), "1 s a trial");
	assert_says(cb_text_get(&caption), "Test CPU, 2 CPUs, virtual machine, Linux 6.1.0");
	/* What varies is in the picture, not in the caption. */
	assert_null(strstr(cb_text_get(&caption), "tpacket2"));
	cb_text_finish(&caption);
	undraw(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_categories),
		cmocka_unit_test(test_long_categories),
		cmocka_unit_test(test_hostile_title),
		cmocka_unit_test(test_ceilings),
		cmocka_unit_test(test_caption),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
