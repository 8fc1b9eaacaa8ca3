#include "harness/base/units.h"

#include <stdlib.h>

#include "tests/unit/harness/scenario/load.h"

static int64_t rate(const struct cb_scenario *s, size_t cell)
{
	return s->cells[cell].spec.traffic.rate;
}

static void assert_rates(const char *vary, const int64_t *rates, size_t n)
{
	char yaml[512];
	struct cb_scenario *s;

	snprintf(yaml, sizeof(yaml), "%svary: {traffic.rate: %s}\n", SHORT, vary);
	s = load(yaml);
	assert_int_equal(s->n_cells, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(rate(s, i), rates[i]);
	cb_scenario_destroy(s);
}

#define RATES(vary, ...) \
	assert_rates(vary, (const int64_t[]){__VA_ARGS__}, COUNT(((const int64_t[]){__VA_ARGS__})))

static void values_are_lists_single_or_ranges(void **state)
{
	RATES("[1k, 2k, max]", 1000, 2000, CB_RATE_MAX);
	RATES("3k", 3000);
	RATES("{from: 1k, to: 3k, step: 1k}", 1000, 2000, 3000);
	/* the end is left out where the steps miss it */
	RATES("{from: 1k, to: 3999, step: 1k}", 1000, 2000, 3000);
	RATES("{from: 5k, to: 5k, step: 1}", 5000);
	RATES("{from: 200k, to: 1270k, points: 8}", 200000, 352857, 505714, 658571, 811429, 964286,
		1117143, 1270000);
	RATES("{from: 1, to: 3, points: 3}", 1, 2, 3);
	RATES("{from: 1k, to: 1M, points: 4, scale: log}", 1000, 10000, 100000, 1000000);
	RATES("{from: 1k, to: 2k, points: 3, scale: log}", 1000, 1414, 2000);
	RATES("{from: 1k, to: 2k, points: 2, scale: linear}", 1000, 2000);
}

static void ranges_are_in_the_unit_of_their_path(void **state)
{
	struct cb_scenario *s =
		load(SHORT "vary:\n"
			   "  duration: {from: 100ms, to: 1s, points: 2}\n"
			   "  capture.buffer: {from: 1MiB, to: 4MiB, step: 1536KiB}\n"
			   "  capture.load: [packzip]\n"
			   "  capture.load.level: {from: 0, to: 9, step: 3}\n");

	assert_int_equal(s->n_cells, 2 * 3 * 4);
	assert_int_equal(s->cells[0].spec.duration_ns, 100000000);
	assert_int_equal(s->cells[4].spec.capture.buffer, 2621440);
	assert_string_equal(s->cells[2].spec.capture.load, "packzip"); /* 6 is the default */
	assert_string_equal(s->cells[3].spec.capture.load, "packzip:level=9");
	assert_int_equal(s->n_axes, 4);
	assert_string_equal(s->axes[3], "capture.load.level");
	cb_scenario_destroy(s);
}

/* The member may be named after its options, in the trial, or not at all. */
static void the_unit_of_an_option_is_found_wherever_its_member_stands(void **state)
{
	struct cb_scenario *s = load(SHORT "vary:\n"
					   "  capture.wait.time: {from: 1ms, to: 2ms, points: 2}\n"
					   "  capture.wait: {name: sleep}\n");

	assert_int_equal(s->n_cells, 2);
	assert_string_equal(s->cells[0].spec.capture.wait, "sleep:time=1ms");
	cb_scenario_destroy(s);
	s = load(
		"name: t\ntrial:\n  traffic: {rate: 1k}\n  capture: {mechanism: recv, load: work}\n"
		"vary: {capture.load.time: {from: 1us, to: 3us, step: 2us}}\n");
	assert_int_equal(s->n_cells, 2);
	assert_string_equal(s->cells[1].spec.capture.load, "work:time=3us");
	cb_scenario_destroy(s);
}

static void the_first_axis_changes_slowest(void **state)
{
	struct cb_scenario *s = load(SHORT "vary: {traffic.rate: [1k, 2k], placement: [A:A, A:B, "
					   "auto], capture.processes: 2}\n");

	assert_int_equal(s->n_cells, 6);
	assert_int_equal(rate(s, 2), 1000);
	assert_string_equal(s->cells[2].spec.placement, "auto");
	assert_int_equal(rate(s, 3), 2000);
	assert_string_equal(s->cells[3].spec.placement, "A:A");
	assert_int_equal(s->cells[3].spec.capture.processes, 2);
	assert_int_equal(s->cells[3].placement_line, 5);
	assert_string_equal(s->axes[0], "traffic.rate");
	assert_string_equal(s->axes[2], "capture.processes");
	cb_scenario_destroy(s);
}

static void a_list_of_maps_is_a_union(void **state)
{
	struct cb_scenario *s =
		load(SHORT "vary:\n"
			   "  - {traffic.rate: [1k, 2k], capture.load: work:2us}\n"
			   "  - {capture.load: packzip, capture.load.level: [0, 9]}\n"
			   "  - {traffic.rate: 2k, capture.load: 'work:time=2000ns'}\n"
			   "  - {}\n");

	assert_int_equal(s->n_cells, 5);
	assert_string_equal(s->cells[1].spec.capture.load, "work:time=2us");
	assert_string_equal(s->cells[3].spec.capture.load, "packzip:level=9");
	assert_int_equal(rate(s, 3), 100000);
	assert_string_equal(s->cells[4].spec.capture.load, "discard");
	assert_int_equal(s->n_axes, 3);
	cb_scenario_destroy(s);
}

static void one_cell_is_kept_once(void **state)
{
	struct cb_scenario *s = load(SHORT "vary: {traffic.rate: [100k, 0.1M, 100kpps, 5k]}\n");

	assert_int_equal(s->n_cells, 2);
	assert_int_equal(rate(s, 1), 5000);
	cb_scenario_destroy(s);
}

static void members_take_options_from_below(void **state)
{
	struct cb_scenario *s =
		load(SHORT "vary:\n"
			   "  - {capture.load: [packzip:1, {name: packzip, stream: frame}], "
			   "capture.load.level: [2, 3]}\n"
			   "  - {generator.transmitter.batch: [1, 2]}\n");

	assert_int_equal(s->n_cells, 6);
	assert_string_equal(s->cells[0].spec.capture.load, "packzip:level=2");
	assert_string_equal(s->cells[3].spec.capture.load, "packzip:level=3,stream=frame");
	/* below the default */
	assert_string_equal(s->cells[4].spec.generator.transmitter, "packet:batch=1");
	cb_scenario_destroy(s);
}

/* A member that needs an option may get it from vary alone. */
static void options_below_make_a_member_whole(void **state)
{
	struct cb_scenario *s =
		load("name: t\ntrial:\n  traffic: {rate: 1k}\n"
		     "  capture: {mechanism: recv, load: work}\nvary: {capture.load.time: [1us, "
		     "2us]}\n");

	assert_int_equal(s->n_cells, 2);
	assert_string_equal(s->cells[1].spec.capture.load, "work:time=2us");
	assert_int_equal(
		json_integer_value(json_object_get(s->cells[1].params, "capture.load.time")), 2000);
	cb_scenario_destroy(s);
}

static void what_varies_may_be_missing_in_the_trial(void **state)
{
	struct cb_scenario *s = load("name: t\ntrial: {}\n"
				     "vary: {traffic.rate: [1k], capture.mechanism: [recv]}\n");

	assert_int_equal(s->n_cells, 1);
	cb_scenario_destroy(s);
}

static void wrong_sweeps_are_refused(void **state)
{
	static const struct refusal cases[] = {
		{SHORT "vary: 5\n", "t.yaml:5:7: vary: is a value: a map of keys is wanted"},
		{SHORT "vary:\n", "t.yaml:5:6: vary: is empty: a map of keys is wanted"},
		{SHORT "vary: []\n", "t.yaml:5:7: vary: an empty list: no cell"},
		{SHORT "vary: [5]\n", "t.yaml:5:8: vary: is a value: a map of keys is wanted"},
		{SHORT "vary: {traffic.rate: []}\n",
			"t.yaml:5:22: vary.traffic.rate: an empty list: no value, no cell"},
		{SHORT "vary: {traffic.rate: }\n", "t.yaml:5:22: vary.traffic.rate: has no value"},
		{SHORT "vary: {traffic.rat: [1]}\n",
			"t.yaml:5:8: vary.traffic.rat: unknown key; did you mean \"rate\"?"},
		{SHORT "vary: {traffic: {rate: [1]}}\n",
			"t.yaml:5:8: vary.traffic: is a map: write the whole path, as in "
			"traffic.rate"},
		{SHORT "vary: {repetitions: [1]}\n",
			"t.yaml:5:8: vary.repetitions: unknown key; known here: duration, warmup, "
			"drain, traffic, generator, capture, link, variant, placement, sensor, "
			"receive, "
			"napi, "
			"evidence"},
		{SHORT "vary: {traffic.rate: 1k, trial.traffic.rate: 2k}\n",
			"t.yaml:5:26: vary.traffic.rate: varies twice"},
		{SHORT "vary: {traffic.rate: [1k, [2k]]}\n",
			"t.yaml:5:27: trial.traffic.rate: is a list: one value is wanted"},
		{SHORT "vary: {traffic.rate: [1k, 2q]}\n",
			"t.yaml:5:27: trial.traffic.rate: \"2q\" is not a rate: a number with k, M "
			"or G, as in 1270k, or max"},
		{SHORT "vary: {capture.load.level: [1, 2]}\n",
			"t.yaml:5:29: trial.capture.load.level: load discard has no such option"},
		{SHORT "vary: {capture.load.name: [work]}\n",
			"t.yaml:5:8: vary.capture.load.name: vary capture.load itself"},
		{"name: t\ntrial: {traffic: {rate: 1q}}\nvary: {traffic.rate: 1k, "
		 "capture.mechanism: recv}\n",
			"t.yaml:2:25: trial.traffic.rate: \"1q\" is not a rate: a number with k, M "
			"or G, as in 1270k, or max"},
	};

	refuse_all(cases, COUNT(cases));
}

#define WITH_RANGE(range) SHORT "vary: {traffic.rate: {" range "}}\n"

static void wrong_ranges_are_refused(void **state)
{
	static const struct refusal cases[] = {
		{WITH_RANGE("from: 2k, to: 1k, step: 1"),
			"t.yaml:5:22: vary.traffic.rate: from 2k is above to 1k"},
		{WITH_RANGE("from: 1k, to: 2k, step: 0"),
			"t.yaml:5:22: vary.traffic.rate.step: must be above 0"},
		{WITH_RANGE("from: 1k, to: 2k, step: -1"),
			"t.yaml:5:47: vary.traffic.rate.step: \"-1\" is not understood: a number "
			"with k, M or G, as in 1270k, or max"},
		{WITH_RANGE("from: 1k, to: 2k"),
			"t.yaml:5:22: vary.traffic.rate: a range has either step or points"},
		{WITH_RANGE("from: 1k, to: 2k, step: 1k, points: 2"),
			"t.yaml:5:22: vary.traffic.rate: a range has either step or points"},
		{WITH_RANGE("from: 1k, to: 2k, points: 1"),
			"t.yaml:5:22: vary.traffic.rate.points: at least 2: both ends are points"},
		{WITH_RANGE("from: 1k, to: 2k, points: -2"),
			"t.yaml:5:49: vary.traffic.rate.points: \"-2\" is out of range: 0 to 10k"},
		{WITH_RANGE("from: 1k, points: 2"),
			"t.yaml:5:22: vary.traffic.rate.to: is missing: Last value (TEXT)"},
		{WITH_RANGE("from: 1k, too: 2k, points: 2"),
			"t.yaml:5:33: vary.traffic.rate.too: unknown key; did you mean \"to\"?"},
		{WITH_RANGE("from: 1k, to: max, points: 2"),
			"t.yaml:5:37: vary.traffic.rate.to: \"max\" is no number: put it into a "
			"list"},
		{WITH_RANGE("from: 1, to: 3, points: 4"),
			"t.yaml:5:22: vary.traffic.rate: 4 points are more than there are whole "
			"values from from to to"},
		{WITH_RANGE("from: 5, to: 5, points: 2"),
			"t.yaml:5:22: vary.traffic.rate: 2 points are more than there are whole "
			"values from from to to"},
		{WITH_RANGE("from: 0, to: 5, points: 2, scale: log"),
			"t.yaml:5:22: vary.traffic.rate: scale: log needs a from above 0"},
		{WITH_RANGE("from: 1, to: 5, step: 2, scale: log"),
			"t.yaml:5:22: vary.traffic.rate: scale: log goes with points, not with "
			"step"},
		{WITH_RANGE("from: 1k, to: 2G, points: 2"),
			"t.yaml:5:22: trial.traffic.rate: \"2G\" is out of range: 1 to 1G"},
		{SHORT "vary: {receive: {from: 1, to: 2, step: 1}}\n",
			"t.yaml:5:17: vary.receive: a range is for numbers: list the values, as in "
			"[a, b]"},
		{SHORT "vary: {capture.load.level: {from: 1, to: 2, step: 1}}\n",
			"t.yaml:5:28: vary.capture.load.level: the member has no such option, or "
			"is "
			"not known; a list of maps under vary keeps the options of different "
			"members "
			"apart"},
	};

	refuse_all(cases, COUNT(cases));
}

static void absurd_sizes_are_refused_before_they_are_written_out(void **state)
{
	static const struct refusal cases[] = {
		{WITH_RANGE("from: 1, to: 1G, step: 1"),
			"t.yaml:5:22: vary.traffic.rate: this range has more than 10000 values"},
		{WITH_RANGE("from: 1, to: 1G, points: 10001"),
			"t.yaml:5:48: vary.traffic.rate.points: \"10001\" is out of range: 0 to "
			"10k"},
		/* 10^12 cells */
		{SHORT "vary:\n  traffic.rate: {from: 1, to: 10k, step: 1}\n"
		       "  capture.buffer: {from: 1MiB, to: 2MiB, points: 10000}\n"
		       "  duration: {from: 1s, to: 2s, points: 10000}\n",
			"t.yaml:6:3: vary: more than 10000 cells: fewer values, or a list of "
			"smaller "
			"maps"},
		{SHORT "vary:\n  - traffic.rate: {from: 1, to: 5001, step: 1}\n"
		       "  - traffic.rate: {from: 1, to: 5000, step: 1}\n",
			"t.yaml:7:5: vary: more than 10000 cells in all"},
		{SHORT "vary: {traffic.rate: {from: 10, to: 1009, step: 1}}\nrepetitions: 101\n",
			"t.yaml:6:14: repetitions: 1000 cells times 101 repetitions are more than "
			"100000 trials"},
	};

	refuse_all(cases, COUNT(cases));
}

static void numbers_at_the_edge_do_not_overflow(void **state)
{
	static const struct refusal cases[] = {
		{SHORT "vary: {capture.buffer: {from: 0, to: 9223372036854775807, step: 1}}\n",
			"t.yaml:5:24: vary.capture.buffer: this range has more than 10000 values"},
		{SHORT "vary: {capture.buffer: {from: 0, to: 9223372036854775807, points: "
		       "10000}}\n",
			"t.yaml:5:24: trial.capture.buffer: \"0\" is out of range: 4KiB to 4GiB"},
		{SHORT "vary: {capture.buffer: {from: 9223372036854775806, to: "
		       "9223372036854775807, points: 2, scale: log}}\n",
			"t.yaml:5:24: trial.capture.buffer: \"9223372036854775806\" is out of "
			"range: 4KiB to 4GiB"},
		{SHORT "vary: {capture.buffer: {from: 9223372036854775808, to: 1, points: 2}}\n",
			"t.yaml:5:31: vary.capture.buffer.from: \"9223372036854775808\" is not "
			"understood: it is too large"},
	};

	refuse_all(cases, COUNT(cases));
}

static void the_largest_matrix_is_allowed(void **state)
{
	struct cb_scenario *s = load(SHORT "vary: {traffic.rate: {from: 1, to: 10k, step: 1}}\n"
					   "repetitions: 10\n");

	assert_int_equal(s->n_cells, CB_CELLS_MAX);
	assert_int_equal(rate(s, 9999), 10000);
	cb_scenario_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_lists_single_or_ranges),
		cmocka_unit_test(ranges_are_in_the_unit_of_their_path),
		cmocka_unit_test(the_unit_of_an_option_is_found_wherever_its_member_stands),
		cmocka_unit_test(the_first_axis_changes_slowest),
		cmocka_unit_test(a_list_of_maps_is_a_union),
		cmocka_unit_test(one_cell_is_kept_once),
		cmocka_unit_test(members_take_options_from_below),
		cmocka_unit_test(options_below_make_a_member_whole),
		cmocka_unit_test(what_varies_may_be_missing_in_the_trial),
		cmocka_unit_test(wrong_sweeps_are_refused),
		cmocka_unit_test(wrong_ranges_are_refused),
		cmocka_unit_test(absurd_sizes_are_refused_before_they_are_written_out),
		cmocka_unit_test(numbers_at_the_edge_do_not_overflow),
		cmocka_unit_test(the_largest_matrix_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
