#include <stdlib.h>

#include "tests/unit/harness/scenario/load.h"

static const char source[] = "name: t\n"
			     "trial:\n"
			     "  traffic: {rate: 100k}\n"
			     "  capture: {mechanism: recv, load: packzip:1}\n"
			     "vary:\n"
			     "  placement: [A:A, A:B]\n"
			     "  capture.wait.time: [1ms, 2ms]\n"
			     "  capture.wait: sleep\n"
			     "profiles:\n"
			     "  quick: {trial.duration: 10ms, warmup: 0, repetitions: 2}\n"
			     "  one: {vary: {placement: A:B}, capture.wait: spin}\n"
			     "  bad: {trial.placement: A:A}\n";

static void a_profile_lays_values_over_the_file(void **state)
{
	struct cb_scenario *s = load_with(source, &(struct asked){.profile = "quick"});

	assert_int_equal(s->repetitions, 2);
	assert_int_equal(s->n_cells, 4);
	assert_int_equal(s->cells[0].spec.duration_ns, 10000000);
	assert_int_equal(s->cells[0].spec.warmup_ns, 0);
	assert_string_equal(s->source, source);
	cb_scenario_destroy(s);
	s = load_with(source, &(struct asked){.profile = "one"});
	assert_int_equal(s->n_cells, 1);
	assert_string_equal(s->cells[0].spec.capture.wait, "spin");
	cb_scenario_destroy(s);
}

static void sets_come_after_the_profile_and_in_order(void **state)
{
	struct cb_scenario *s = load_with(source,
		&(struct asked){
			.profile = "quick",
			.sets = {"trial.duration=30ms", "repetitions=3", "repetitions=4",
				"traffic.frame_size=128"},
		});

	assert_int_equal(s->cells[0].spec.duration_ns, 30000000);
	assert_int_equal(s->cells[0].spec.traffic.frame_size, 128);
	assert_int_equal(s->cells[0].spec.warmup_ns, 0);
	assert_int_equal(s->repetitions, 4);
	cb_scenario_destroy(s);
}

static void sets_make_what_is_not_there(void **state)
{
	struct cb_scenario *s = load_with(source,
		&(struct asked){
			.sets = {"paper.figure=7", "trial.generator.transmitter=packet:batch=8",
				"exclude=[{placement: A:A}]", "title='a: b'"},
		});

	assert_int_equal(s->paper_figure, 7);
	assert_int_equal(s->n_cells, 2);
	assert_string_equal(s->title, "a: b");
	assert_string_equal(s->cells[0].spec.generator.transmitter, "packet:batch=8");
	cb_scenario_destroy(s);
}

static void options_of_members_are_set_one_by_one(void **state)
{
	struct cb_scenario *s = load_with(source,
		&(struct asked){
			.sets = {"capture.load.stream=frame", "capture.load.level=3",
				"generator.transmitter.batch=2"},
		});

	assert_string_equal(s->cells[0].spec.capture.load, "packzip:level=3,stream=frame");
	/* a default, which the file does not say */
	assert_string_equal(s->cells[0].spec.generator.transmitter, "packet:batch=2");
	cb_scenario_destroy(s);
}

static void a_sweep_is_set_by_its_path(void **state)
{
	struct cb_scenario *s = load_with(source,
		&(struct asked){
			.sets = {"vary.placement=auto", "vary.traffic.rate=[100k,200k]",
				"vary.capture.wait.time={from: 1ms, to: 3ms, step: 1ms}"},
		});

	assert_int_equal(s->n_cells, 6);
	assert_string_equal(s->cells[0].spec.placement, "auto");
	assert_string_equal(s->axes[3], "traffic.rate");
	cb_scenario_destroy(s);
}

static void in_a_list_a_sweep_is_set_wherever_it_is(void **state)
{
	static const char list[] = SHORT "vary:\n"
					 "  - {placement: [A:A, A:B], traffic.rate: 1k}\n"
					 "  - {traffic.rate: 2k}\n"
					 "  - {traffic.rate: 3k, placement: auto}\n";
	struct cb_scenario *s =
		load_with(list, &(struct asked){.sets = {"vary.placement=[A:B, 'A:B,C']"}});

	assert_int_equal(s->n_cells, 5);
	assert_string_equal(s->cells[1].spec.placement, "A:B,C");
	assert_string_equal(s->cells[4].spec.placement, "A:B,C");
	cb_scenario_destroy(s);
	refuse_with(list, &(struct asked){.sets = {"vary.receive=rps"}},
		"--set vary.receive=rps: vary.receive: vary is a list, and no map in it sweeps "
		"receive: set vary as a whole");
}

static void only_picks_cells(void **state)
{
	static const struct {
		const char *only[4];
		size_t n;
	} cases[] = {
		{{"placement=A:B"}, 2},
		{{"trial.placement=A:B", "capture.wait.time=2000us"}, 1},
		{{"placement=A:B", "placement=A:A"}, 4},
		{{"placement=[A:B, A:A]", "capture.wait=sleep:1ms"}, 2},
		{{"capture.wait=sleep"}, 4},
		{{"capture.wait=sleep:time=2ms", "capture.wait=sleep:1ms"}, 4},
		{{"capture.load.name=packzip", "traffic.rate=0.1M",
			 "capture.load={name: packzip, "
			 "level: 1}"},
			4},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct asked asked = {.profile = NULL};
		struct cb_scenario *s;

		memcpy(asked.only, cases[i].only, sizeof(asked.only));
		s = load_with(source, &asked);
		assert_int_equal(s->n_cells, cases[i].n);
		cb_scenario_destroy(s);
	}
}

/* The command line narrows what the file picks of the same path, and leaves the rest. */
static void only_replaces_what_the_file_picks(void **state)
{
	static const char with[] = SHORT "vary: {placement: [A:A, A:B], traffic.rate: [1k, 2k]}\n"
					 "only: {placement: A:A, traffic.rate: [1k]}\n";
	struct cb_scenario *s = load(with);

	assert_int_equal(s->n_cells, 1);
	cb_scenario_destroy(s);
	s = load_with(with, &(struct asked){.only = {"traffic.rate=2k"}});
	assert_int_equal(s->n_cells, 1);
	assert_string_equal(s->cells[0].spec.placement, "A:A");
	assert_int_equal(s->cells[0].spec.traffic.rate, 2000);
	cb_scenario_destroy(s);
}

/* A figure may lose its cells; what it says must be right all the same. */
static void only_takes_figures_with_its_cells(void **state)
{
	static const char with[] =
		SHORT "vary: {placement: [A:A, A:B], traffic.rate: [1k, 2k]}\n"
		      "figures:\n"
		      "  - {id: a, x: traffic.rate, y: captured_share, where: {placement: A:A}}\n"
		      "  - {id: b, x: traffic.rate, y: captured_share, where: {placement: A:B}}\n";
	struct cb_scenario *s = load_with(with, &(struct asked){.only = {"placement=A:B"}});

	assert_int_equal(s->n_figures, 1);
	assert_string_equal(s->figures[0].id, "b");
	cb_scenario_destroy(s);
}

struct overlay_refusal {
	struct asked asked;
	const char *error;
};

static const struct overlay_refusal wrong_overlays[] = {
	{{.profile = "quik"},
		"t.yaml:10:3: profiles: there is no profile \"quik\"; did you "
		"mean \"quick\"?"},
	{{.profile = "bad"},
		"t.yaml:12:9: placement: vary sweeps placement, so this would have no "
		"effect: set vary.placement, or pick cells with --only"},
	{{.sets = {"trial.duration"}},
		"--set trial.duration: KEY=VALUE is wanted, as in trial.duration=1s"},
	{{.sets = {"=1s"}},
		"--set =1s: : unknown key; paths are like traffic.rate, "
		"repetitions, vary.traffic.rate"},
	{{.sets = {"duration="}}, "--set duration=: duration: has no value"},
	{{.sets = {"duration=~"}}, "--set duration=~: trial.duration: has no value"},
	{{.sets = {"duration=10"}},
		"--set duration=10: trial.duration: \"10\" is not a time: a number with "
		"ns, "
		"us, ms, s, min or h, as in 250ms"},
	{{.sets = {"duration=[1s"}},
		"--set duration=[1s: this is not YAML: did not find expected ',' or ']', "
		"while parsing a flow sequence"},
	{{.sets = {"traffic.rat=1k"}},
		"--set traffic.rat=1k: traffic.rat: unknown key; did "
		"you mean \"traffic.rate\"?"},
	{{.sets = {"trial.traffic.rat=1k"}},
		"--set trial.traffic.rat=1k: trial.traffic.rat: unknown key; did you mean "
		"\"rate\"?"},
	{{.sets = {"repetition=1"}},
		"--set repetition=1: repetition: unknown key; did you "
		"mean \"repetitions\"?"},
	{{.sets = {"vary.traffic.rat=1k"}},
		"--set vary.traffic.rat=1k: vary.traffic.rat: unknown key; did you mean "
		"\"rate\"?"},
	{{.sets = {"placement=A:A"}},
		"--set placement=A:A: placement: vary sweeps placement, so this would have "
		"no effect: set vary.placement, or pick cells with --only"},
	/* an option of a member that is swept over */
	{{.sets = {"capture.wait.time=1ms"}},
		"--set capture.wait.time=1ms: capture.wait.time: vary sweeps "
		"capture.wait.time, so this would have no effect: set "
		"vary.capture.wait.time, "
		"or pick cells with --only"},
	{{.sets = {"capture.wait.x=1ms"}},
		"--set capture.wait.x=1ms: capture.wait.x: vary sweeps capture.wait, so "
		"this "
		"would have no effect: set vary.capture.wait, or pick cells with --only"},
	{{.sets = {"trial={}"}},
		"--set trial={}: trial: cannot be set as a whole: set its "
		"keys, as in trial.duration"},
	{{.sets = {"profiles={}"}},
		"--set profiles={}: profiles: cannot be set as a whole: set what the "
		"profile sets"},
	{{.sets = {"traffic=1"}},
		"--set traffic=1: trial.traffic: is a map: write the whole "
		"path, as in traffic.rate"},
	{{.sets = {"capture.load.level=12"}},
		"--set capture.load.level=12: trial.capture.load.level: \"12\" is out of "
		"range: 0 to 9"},
	{{.sets = {"capture.load.lvl=1"}},
		"--set capture.load.lvl=1: trial.capture.load.lvl: load packzip has no "
		"such "
		"option"},
	{{.sets = {"capture.load.level.x=1"}},
		"--set capture.load.level.x=1: capture.load.level.x: unknown key; paths are like "
		"traffic.rate, repetitions, vary.traffic.rate"},
	{{.sets = {"capture.load.=1"}},
		"--set capture.load.=1: capture.load.: unknown key; did you mean "
		"\"capture.load\"?"},
	{{.only = {"placement"}}, "--only placement: KEY=VALUE is wanted, as in placement=A:B"},
	{{.only = {"placment=A:A"}},
		"--only placment=A:A: only.placment: unknown key; did you mean "
		"\"placement\"?"},
	{{.only = {"placement=auto"}},
		"--only placement=auto: only: no cell has this; placement is one of "
		"\"A:A\", "
		"\"A:B\""},
	{{.only = {"traffic.rate=5k"}},
		"--only traffic.rate=5k: only: no cell has this; traffic.rate is one of "
		"100000"},
	{{.only = {"capture.load=packzip:2"}},
		"--only capture.load=packzip:2: only: no cell has this; capture.load is "
		"one "
		"of \"packzip:level=1\""},
};

static void wrong_overlays_are_refused(void **state)
{
	for (size_t i = 0; i < COUNT(wrong_overlays); i++)
		refuse_with(source, &wrong_overlays[i].asked, wrong_overlays[i].error);
}

static void only_may_match_nothing_in_several_ways(void **state)
{
	static const char with[] = SHORT "vary: {placement: [A:A, A:B], traffic.rate: [1k, 2k]}\n"
					 "exclude: [{placement: A:A, traffic.rate: 2k}]\n";

	refuse_with(with, &(struct asked){.only = {"placement=A:A", "traffic.rate=2k"}},
		"--only placement=A:A: only: no cell has all of this at once");
}

static void profiles_are_checked_though_nobody_asks(void **state)
{
	static const struct refusal cases[] = {
		{SHORT "profiles: {p: {repetition: 1}}\n",
			"t.yaml:5:16: repetition: unknown key; did you mean \"repetitions\"?"},
		{SHORT "profiles: {p: {trial.durations: 1s}}\n",
			"t.yaml:5:16: trial.durations: unknown key; did you mean \"duration\"?"},
		{SHORT "profiles: {p: 5}\n",
			"t.yaml:5:15: profiles: is a value: a map of keys is wanted"},
		{SHORT "profiles: 5\n",
			"t.yaml:5:11: profiles: is a value: a map of keys is wanted"},
	};

	refuse_all(cases, COUNT(cases));
	refuse_with(SHORT, &(struct asked){.profile = "p"},
		"t.yaml:1:1: profiles: there are none, so there is no profile \"p\"");
}

/* Both maps come from one anchor: a value set in one must not appear in the other. */
static void aliases_are_not_changed_from_behind(void **state)
{
	struct cb_scenario *s = load_with("name: t\n"
					  "x-load: &load {name: packzip, level: 1}\n"
					  "trial:\n"
					  "  traffic: {rate: 1k}\n"
					  "  capture: {mechanism: recv, load: *load}\n"
					  "vary:\n"
					  "  - {traffic.rate: 1k}\n"
					  "  - {traffic.rate: 2k, capture.load: *load}\n",
		&(struct asked){.sets = {"capture.mechanism=tpacket2", "trial.drain=5s"}});

	assert_int_equal(s->n_cells, 2);
	assert_string_equal(s->cells[0].spec.capture.load, "packzip:level=1");
	cb_scenario_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_profile_lays_values_over_the_file),
		cmocka_unit_test(sets_come_after_the_profile_and_in_order),
		cmocka_unit_test(sets_make_what_is_not_there),
		cmocka_unit_test(options_of_members_are_set_one_by_one),
		cmocka_unit_test(a_sweep_is_set_by_its_path),
		cmocka_unit_test(in_a_list_a_sweep_is_set_wherever_it_is),
		cmocka_unit_test(only_picks_cells),
		cmocka_unit_test(only_replaces_what_the_file_picks),
		cmocka_unit_test(only_takes_figures_with_its_cells),
		cmocka_unit_test(wrong_overlays_are_refused),
		cmocka_unit_test(only_may_match_nothing_in_several_ways),
		cmocka_unit_test(profiles_are_checked_though_nobody_asks),
		cmocka_unit_test(aliases_are_not_changed_from_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
