#include "harness/base/units.h"

#include <stdlib.h>

#include "tests/unit/harness/scenario/load.h"

static json_t *param(const struct cb_scenario *s, size_t cell, const char *path)
{
	json_t *value = json_object_get(s->cells[cell].params, path);

	if (!value)
		fail_msg("cell %zu has no %s", cell, path);
	return value;
}

static int64_t number(const struct cb_scenario *s, size_t cell, const char *path)
{
	json_t *value = param(s, cell, path);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static const char *text(const struct cb_scenario *s, size_t cell, const char *path)
{
	json_t *value = param(s, cell, path);

	assert_true(json_is_string(value));
	return json_string_value(value);
}

static void the_shortest_one_gets_defaults(void **state)
{
	struct cb_scenario *s = load(SHORT);
	const struct cb_trial_spec *spec = &s->cells[0].spec;

	assert_string_equal(s->name, "t");
	assert_string_equal(s->title, "t");
	assert_string_equal(s->question, "");
	assert_int_equal(s->repetitions, 5);
	assert_int_equal(s->retries, 2);
	assert_int_equal(s->order, CB_ORDER_SHUFFLE);
	assert_int_equal(s->seed, 0);
	assert_int_equal(s->n_axes, 0);
	assert_int_equal(s->n_figures, 0);
	assert_int_equal(s->n_cells, 1);
	assert_string_equal(s->source, SHORT);
	assert_int_equal(spec->duration_ns, 1000000000);
	assert_int_equal(spec->warmup_ns, 100000000);
	assert_int_equal(spec->drain_ns, 1000000000);
	assert_int_equal(spec->traffic.frame_size, 64);
	assert_int_equal(spec->traffic.rate, 100000);
	assert_string_equal(spec->capture.mechanism, "tpacket2");
	assert_string_equal(spec->capture.wait, "poll");
	assert_string_equal(spec->capture.load, "discard");
	assert_int_equal(spec->capture.processes, 1);
	assert_int_equal(spec->capture.buffer, 2 << 20);
	assert_int_equal(spec->capture.snaplen, 128);
	assert_string_equal(spec->placement, "auto");
	assert_int_equal(spec->receive, CB_RECEIVE_CHOICE_AUTO);
	assert_int_equal(spec->evidence, 0);
	assert_int_equal(s->cells[0].placement_line, 0);
	cb_scenario_destroy(s);
}

/* "auto" is resolved, so that the results say what sent the frames. */
static void an_automatic_transmitter_stamps_and_holds_a_rate(void **state)
{
	struct cb_scenario *s = load(SHORT);

	assert_string_equal(s->cells[0].spec.generator.transmitter, "packet");
	assert_string_equal(text(s, 0, "generator.transmitter"), "packet");
	cb_scenario_destroy(s);
}

static const char everything[] = "name: imc10-fig05\n"
				 "title: Scheduling effects\n"
				 "question: Does it matter where it runs?\n"
				 "paper: {figure: 5, section: \"4.1\"}\n"
				 "x-anything: {goes: [here]}\n"
				 "trial:\n"
				 "  duration: 100s\n"
				 "  warmup: 0\n"
				 "  drain: 250ms\n"
				 "  traffic: {frame_size: 1518, rate: max}\n"
				 "  generator: {transmitter: 'burst'}\n"
				 "  capture:\n"
				 "    mechanism: tpacket3:1MiB,4ms\n"
				 "    wait: {name: batch, time: 2ms}\n"
				 "    load: {stream: frame, name: packzip, level: 9}\n"
				 "    processes: 3\n"
				 "    buffer: 32MiB\n"
				 "    snaplen: 60\n"
				 "  placement: A:B,C\n"
				 "  receive: threaded\n"
				 "  evidence: light\n"
				 "repetitions: 3\n"
				 "retries: 0\n"
				 "order: as-written\n"
				 "seed: 42\n";

static void every_key_is_read(void **state)
{
	struct cb_scenario *s = load(everything);
	const struct cb_trial_spec *spec = &s->cells[0].spec;

	assert_string_equal(s->title, "Scheduling effects");
	assert_string_equal(s->question, "Does it matter where it runs?");
	assert_int_equal(s->paper_figure, 5);
	assert_string_equal(s->paper_section, "4.1");
	assert_int_equal(s->repetitions, 3);
	assert_int_equal(s->retries, 0);
	assert_int_equal(s->order, CB_ORDER_AS_WRITTEN);
	assert_int_equal(s->seed, 42);
	assert_int_equal(spec->duration_ns, INT64_C(100000000000));
	assert_int_equal(spec->warmup_ns, 0);
	assert_int_equal(spec->drain_ns, 250000000);
	assert_int_equal(spec->traffic.frame_size, 1518);
	assert_int_equal(spec->traffic.rate, CB_RATE_MAX);
	assert_string_equal(spec->generator.transmitter, "burst");
	assert_string_equal(spec->capture.mechanism, "tpacket3:block=1MiB,retire=4ms");
	assert_string_equal(spec->capture.wait, "batch:time=2ms");
	assert_string_equal(spec->capture.load, "packzip:level=9,stream=frame");
	assert_int_equal(spec->capture.processes, 3);
	assert_int_equal(spec->capture.buffer, 32 << 20);
	assert_int_equal(spec->capture.snaplen, 60);
	assert_string_equal(spec->placement, "A:B,C");
	assert_int_equal(spec->receive, CB_RECEIVE_CHOICE_THREADED);
	assert_int_equal(spec->evidence, 1);
	assert_int_equal(s->cells[0].placement_line, 19);
	assert_int_equal(s->cells[0].placement_column, 14);
	cb_scenario_destroy(s);
}

static void parameters_are_in_base_units_and_name_every_option(void **state)
{
	struct cb_scenario *s = load(everything);

	assert_int_equal(number(s, 0, "duration"), INT64_C(100000000000));
	assert_int_equal(number(s, 0, "traffic.frame_size"), 1518);
	assert_string_equal(text(s, 0, "traffic.rate"), "max");
	assert_string_equal(text(s, 0, "capture.mechanism"), "tpacket3:block=1MiB,retire=4ms");
	assert_string_equal(text(s, 0, "capture.mechanism.name"), "tpacket3");
	assert_int_equal(number(s, 0, "capture.mechanism.block"), 1 << 20);
	assert_int_equal(number(s, 0, "capture.mechanism.retire"), 4000000);
	assert_string_equal(text(s, 0, "capture.wait.name"), "batch");
	assert_int_equal(number(s, 0, "capture.wait.frames"), 512); /* a default */
	assert_int_equal(number(s, 0, "capture.wait.time"), 2000000);
	assert_int_equal(number(s, 0, "capture.load.level"), 9);
	assert_string_equal(text(s, 0, "capture.load.stream"), "frame");
	assert_string_equal(text(s, 0, "placement"), "A:B,C");
	assert_string_equal(text(s, 0, "receive"), "threaded");
	assert_string_equal(text(s, 0, "evidence"), "light");
	assert_null(json_object_get(s->cells[0].params, "title"));
	cb_scenario_destroy(s);
}

static void assert_same_cells(const struct cb_scenario *a, const struct cb_scenario *b)
{
	assert_int_equal(a->n_cells, b->n_cells);
	for (size_t i = 0; i < a->n_cells; i++) {
		assert_string_equal(a->cells[i].id, b->cells[i].id);
		assert_true(json_equal(a->cells[i].params, b->cells[i].params));
		assert_memory_equal(
			&a->cells[i].spec.traffic, &b->cells[i].spec.traffic, sizeof(int64_t[2]));
	}
}

/* One measurement has one id, however it is spelled; any other measurement has another. */
static void ids_depend_on_what_is_measured_only(void **state)
{
	struct cb_scenario *a = load(SHORT "title: one\nrepetitions: 3\n");
	struct cb_scenario *b = load("name: other\n"
				     "trial:\n"
				     "  placement: \"auto\"\n"
				     "  capture: {load: {name: discard}, mechanism: 'tpacket2'}\n"
				     "  traffic: {frame_size: 64B, rate: 0.1M}\n");
	struct cb_scenario *c = load(SHORT "  evidence: light\n");

	assert_same_cells(a, b);
	assert_int_equal(strlen(a->cells[0].id), 16);
	assert_int_equal(strspn(a->cells[0].id, "0123456789abcdef"), 16);
	assert_string_not_equal(a->cells[0].id, c->cells[0].id);
	cb_scenario_destroy(a);
	cb_scenario_destroy(b);
	cb_scenario_destroy(c);
}

/* Ids are compared between runs of different builds, so they must not change by chance. */
static void an_id_stays_what_it_is(void **state)
{
	struct cb_scenario *s = load(SHORT);

	assert_string_equal(s->cells[0].id, "dd497656f62790f2");
	cb_scenario_destroy(s);
}

static void what_is_resolved_reads_back_to_the_same(void **state)
{
	static const char source[] =
		"name: t\n"
		"x-base: &base {rate: 100k, frame_size: 64}\n"
		"title: 'quotes \" and: colons'\n"
		"question: |\n"
		"  Two lines,\n"
		"  indeed.\n"
		"trial:\n"
		"  traffic: {<<: *base, frame_size: 128}\n"
		"  capture: {mechanism: recv, load: packzip}\n"
		"  placement: {generator: 0, receive: [1], capture: [1, 2]}\n"
		"vary:\n"
		"  - traffic.rate: {from: 100k, to: 300k, step: 100k}\n"
		"    capture.load.level: [0, 9]\n"
		"  - {capture.mechanism: [recv, 'tpacket3:retire=4ms'], traffic.rate: 1M}\n"
		"exclude: [{traffic.rate: 200k, capture.load.level: 9}]\n"
		"figures:\n"
		"  - {id: f, x: traffic.rate, y: captured_share, series: "
		"[capture.load.level, capture.mechanism]}\n"
		"profiles: {p: {repetitions: 2, trial.drain: 2s}}\n";
	struct cb_scenario *a = load_with(source,
		&(struct asked){
			.profile = "p",
			.sets = {"capture.load.stream=frame", "title='~x: y'"},
			.only = {"capture.mechanism=recv", "traffic.rate=[100k, 300k]"},
		});
	struct cb_scenario *b = load(a->resolved);

	assert_int_equal(a->n_cells, 4);
	assert_int_equal(a->repetitions, 2);
	assert_string_equal(text(a, 0, "capture.load.stream"), "frame");
	assert_same_cells(a, b);
	assert_string_equal(a->title, b->title);
	assert_string_equal(a->question, b->question);
	assert_string_equal(a->question, "Two lines,\nindeed.\n");
	assert_int_equal(a->repetitions, b->repetitions);
	assert_int_equal(b->n_figures, 1);
	assert_string_equal(a->resolved, b->resolved);
	assert_null(strstr(a->resolved, "profiles"));
	assert_null(strstr(a->resolved, "x-base"));
	cb_scenario_destroy(a);
	cb_scenario_destroy(b);
}

static void wrong_keys_and_values_are_refused(void **state)
{
	static const struct refusal cases[] = {
		{"- a\n", "t.yaml:1:1: a scenario is a map of keys, not a list"},
		{"name: t\n",
			"t.yaml:1:1: trial: is missing: what a trial does, with at least "
			"traffic.rate and capture.mechanism"},
		{"trial: {}\n",
			"t.yaml:1:1: name: is missing: Names the results: letters, digits, "
			"- _ . (TEXT)"},
		{"name: ../x\ntrial: {}\n",
			"t.yaml:1:7: name: \"../x\" names files: letters, digits, - _ . are "
			"allowed"},
		{"name:\ntrial: {}\n", "t.yaml:1:6: name: has no value"},
		{"name: [a]\ntrial: {}\n", "t.yaml:1:7: name: is a list: one value is wanted"},
		{"name: t\ntrial: 5\n", "t.yaml:2:8: trial: is a value: a map of keys is wanted"},
		{"name: t\ntrial:\n", "t.yaml:2:7: trial: is empty: a map of keys is wanted"},
		{SHORT "repetition: 3\n",
			"t.yaml:5:1: repetition: unknown key; did you mean \"repetitions\"?"},
		{SHORT "claims: []\n",
			"t.yaml:5:1: claims: unknown key; known here: name, title, "
			"question, paper, repetitions, retries, order, seed, trial, "
			"vary, exclude, only, figures, profiles"},
		{SHORT "  trafic: {}\n",
			"t.yaml:5:3: trial.trafic: unknown key; did you mean \"traffic\"?"},
		{"name: t\ntrial:\n  traffic: {rat: 1}\n",
			"t.yaml:3:13: trial.traffic.rat: unknown key; did you mean \"rate\"?"},
		{"name: t\ntrial:\n  traffic: {zzz: 1}\n",
			"t.yaml:3:13: trial.traffic.zzz: unknown key; known here: frame_size, "
			"rate"},
		{"name: t\ntrial:\n  traffic.rate: 5\n",
			"t.yaml:3:3: trial.traffic.rate: dotted paths are for vary, exclude, only, "
			"where and profiles: write maps here"},
		{"name: t\ntrial:\n  traffic: fast\n",
			"t.yaml:3:12: trial.traffic: is a value: a map of keys is wanted"},
		{"name: t\ntrial:\n  capture: {mechanism: recv}\n",
			"t.yaml:3:3: trial.traffic.rate: is missing: Frames a second, or max: as "
			"fast as the transmitter goes (RATE)"},
		{"name: t\ntrial:\n  traffic: {rate: 1k}\n",
			"t.yaml:3:3: trial.capture.mechanism: is missing: How a frame crosses from "
			"kernel to process (mechanism)"},
		{SHORT "  duration: 5\n",
			"t.yaml:5:13: trial.duration: \"5\" is not a time: a number with ns, us, "
			"ms, s, min or h, as in 250ms"},
		{SHORT "  duration: 1us\n",
			"t.yaml:5:13: trial.duration: \"1us\" is out of range: 1ms to 24h"},
		{SHORT "  receive: rsp\n",
			"t.yaml:5:12: trial.receive: \"rsp\" is none of auto, softirq, rps, "
			"threaded; did you mean \"rps\"?"},
		{SHORT "repetitions: 0\n",
			"t.yaml:5:14: repetitions: \"0\" is out of range: 1 to 1k"},
		{SHORT "repetitions: 1001\n",
			"t.yaml:5:14: repetitions: \"1001\" is out of range: 1 to 1k"},
		{SHORT "retries: 11\n", "t.yaml:5:10: retries: \"11\" is out of range: 0 to 10"},
		{SHORT "seed: -1\n", "t.yaml:5:7: seed: \"-1\" is too small: at least 0"},
		{SHORT "order: random\n",
			"t.yaml:5:8: order: \"random\" is none of shuffle, "
			"interleave, as-written"},
		{SHORT "paper: 5\n", "t.yaml:5:8: paper: is a value: a map of keys is wanted"},
		{SHORT "paper: {chapter: 5}\n",
			"t.yaml:5:9: paper.chapter: unknown key; known "
			"here: figure, section"},
	};

	refuse_all(cases, COUNT(cases));
}

static void wrong_members_are_refused(void **state)
{
	static const struct refusal cases[] = {
		{"name: t\ntrial:\n  traffic: {rate: 1k}\n  capture: {mechanism: tpackt2}\n",
			"t.yaml:4:24: trial.capture.mechanism: mechanism \"tpackt2\" is not known; "
			"did you mean \"tpacket2\"? (capbench list mechanisms)"},
		{"name: t\ntrial:\n  traffic: {rate: 1k}\n  capture: {mechanism: [recv]}\n",
			"t.yaml:4:24: trial.capture.mechanism: is a list: the name of a mechanism "
			"is wanted, or a map with it"},
		{"name: t\ntrial:\n  traffic: {rate: 1k}\n  capture: {mechanism: }\n",
			"t.yaml:4:24: trial.capture.mechanism: has no value: the name of a "
			"mechanism is wanted, or a map with it"},
	};

	refuse_all(cases, COUNT(cases));
}

#define WITH_LOAD(load)                                                                       \
	"name: t\ntrial:\n  traffic: {rate: 100k}\n  capture:\n    mechanism: tpacket2\n    " \
	"load: " load "\n"

static void wrong_options_are_refused_where_they_stand(void **state)
{
	static const struct refusal cases[] = {
		{WITH_LOAD("packzip:level=10"),
			"t.yaml:6:11: trial.capture.load: load packzip: level: \"10\" is out of "
			"range: 0 to 9"},
		{WITH_LOAD("packzip:lvel=1"),
			"t.yaml:6:11: trial.capture.load: option \"lvel\" of load packzip is not "
			"known; did you mean \"level\"?"},
		{WITH_LOAD("work"),
			"t.yaml:6:11: trial.capture.load: load work needs its option "
			"\"time\": work:time=TIME"},
		{WITH_LOAD("{level: 6}"),
			"t.yaml:6:11: trial.capture.load: the key \"name\" is "
			"missing: which load?"},
		{WITH_LOAD("{name: [a]}"),
			"t.yaml:6:18: trial.capture.load: \"name\" must be the name of a load"},
		{WITH_LOAD("{name: packzp}"),
			"t.yaml:6:18: trial.capture.load: load \"packzp\" is not known; did you "
			"mean \"packzip\"? (capbench list loads)"},
		{WITH_LOAD("{name: packzip, lvel: 6}"),
			"t.yaml:6:27: trial.capture.load.lvel: load packzip has no such option; "
			"did you mean \"level\"?"},
		{WITH_LOAD("{name: packzip, level: six}"),
			"t.yaml:6:34: trial.capture.load.level: \"six\" is not a whole number: a "
			"whole number, as in 3 or 10k"},
		{WITH_LOAD("{name: packzip, level: [6]}"),
			"t.yaml:6:34: trial.capture.load.level: is a list: one value is wanted"},
		{WITH_LOAD("{name: 'write:a,b', path: c}"),
			"t.yaml:6:18: trial.capture.load: \"b\" is not understood in the options "
			"of "
			"write"},
		{WITH_LOAD("{name: write, path: 'a,b'}"),
			"t.yaml:6:31: trial.capture.load.path: at most 255 bytes, and no comma or "
			"bracket in them"},
	};

	refuse_all(cases, COUNT(cases));
}

static void options_in_a_map_win_over_the_short_form(void **state)
{
	struct cb_scenario *s = load(WITH_LOAD("{name: 'packzip:1,frame', level: 3}"));

	assert_string_equal(s->cells[0].spec.capture.load, "packzip:level=3,stream=frame");
	cb_scenario_destroy(s);
}

#define WITH_CAPTURE(capture) "name: t\ntrial:\n  traffic: {rate: 100k}\n  capture: {" capture "}\n"

static void combinations_that_make_no_sense_are_refused(void **state)
{
	static const struct refusal cases[] = {
		{WITH_CAPTURE("mechanism: 'null', wait: poll"),
			"t.yaml:4:38: trial.capture.wait: wait poll needs a readiness that can be "
			"waited for, which mechanism null does not have"},
		/* nothing in the file says poll: the trial is to blame */
		{WITH_CAPTURE("mechanism: 'null'"),
			"t.yaml:3:3: trial.capture.wait: wait poll needs a readiness that can be "
			"waited for, which mechanism null does not have"},
		{WITH_CAPTURE("mechanism: recv, wait: busy-poll"),
			"t.yaml:4:36: trial.capture.wait: wait busy-poll needs a known NAPI "
			"instance, which mechanism recv does not have"},
		{WITH_CAPTURE("mechanism: recv, load: share"),
			"t.yaml:4:36: trial.capture.load: load share needs frames shared out among "
			"processes, which mechanism recv does not have"},
		{WITH_CAPTURE("mechanism: af-xdp, processes: 3"),
			"t.yaml:4:43: trial.capture.processes: 3 processes need a copy of every "
			"frame for each process, which mechanism af-xdp does not have; those that "
			"do: recv, tpacket2, tpacket3, null"},
		{WITH_CAPTURE("mechanism: recv, snaplen: 59"),
			"t.yaml:4:39: trial.capture.snaplen: \"59\" is out of range: 60 to 65535 "
			"(the stamp ends 60 bytes into the frame)"},
		{SHORT "  generator: {transmitter: burst}\n",
			"t.yaml:3:19: trial.traffic.rate: transmitter burst cannot hold a rate: "
			"use "
			"rate: max"},
		{SHORT "  generator: {transmitter: picky}\n",
			"t.yaml:5:28: trial.generator.transmitter: transmitter picky needs a known "
			"NAPI instance, which mechanism tpacket2 does not have"},
		{"name: t\ntrial:\n  duration: 1ms\n  traffic: {rate: 999}\n"
		 "  capture: {mechanism: recv}\n",
			"t.yaml:3:13: trial.duration: too short: not one frame falls into it at "
			"this rate"},
		{"name: t\ntrial:\n  traffic: {rate: 1k, frame_size: 63}\n"
		 "  capture: {mechanism: recv}\n",
			"t.yaml:3:35: trial.traffic.frame_size: \"63\" is out of range: 64 to 9018 "
			"(Ethernet 14, IPv4 20, UDP 8, the stamp 18 and the FCS 4 bytes make 64)"},
		{"name: t\ntrial:\n  traffic: {rate: 1k, frame_size: 9019}\n"
		 "  capture: {mechanism: recv}\n",
			"t.yaml:3:35: trial.traffic.frame_size: \"9019\" is out of range: 64 to "
			"9018 (Ethernet 14, IPv4 20, UDP 8, the stamp 18 and the FCS 4 bytes make "
			"64)"},
	};

	refuse_all(cases, COUNT(cases));
}

static void the_edges_of_what_makes_sense_are_allowed(void **state)
{
	static const char *const cases[] = {
		WITH_CAPTURE("mechanism: 'null', wait: spin, processes: 64"),
		WITH_CAPTURE("mechanism: af-xdp, wait: busy-poll, load: share"),
		WITH_CAPTURE("mechanism: recv, snaplen: 60"),
		"name: t\ntrial:\n  duration: 1ms\n  traffic: {rate: 1000, frame_size: 9018}\n"
		"  capture: {mechanism: recv}\n",
		"name: t\ntrial: {traffic: {rate: max}, capture: {mechanism: recv}, generator: "
		"{transmitter: burst}}\n",
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		cb_scenario_destroy(load(cases[i]));
}

static void placements_have_one_spelling(void **state)
{
	static const struct {
		const char *written, *canonical;
	} cases[] = {
		{"A:A", "A:A"},
		{"\"A:B, C\"", "A:B,C"},
		{"auto", "auto"},
		{"{capture: 1, receive: [0]}", "{receive: [0], capture: [1]}"},
		{"\"{ capture: [1,2] }\"", "{capture: [1, 2]}"},
		{"{generator: 0}", "{generator: [0]}"},
	};
	char yaml[256];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cb_scenario *s;

		snprintf(yaml, sizeof(yaml), "%s  placement: %s\n", SHORT, cases[i].written);
		s = load(yaml);
		assert_string_equal(s->cells[0].spec.placement, cases[i].canonical);
		cb_scenario_destroy(s);
	}
}

static void wrong_placements_are_refused(void **state)
{
	static const struct refusal cases[] = {
		{SHORT "  placement: B:A\n",
			"t.yaml:5:14: trial.placement: \"B:A\" is no placement: A:A (same core), "
			"A:B "
			"(different cores), A:B,C (processes in turn), auto, or {generator: [0], "
			"receive: [1], capture: [2]}"},
		{SHORT "  placement: A:C\n",
			"t.yaml:5:14: trial.placement: \"A:C\": letters come in order: B before C"},
		{SHORT "  placement: 'A:'\n",
			"t.yaml:5:14: trial.placement: \"A:\": letters from A to Z, parted by "
			"commas, are wanted after the colon"},
		{SHORT "  placement: A:1\n",
			"t.yaml:5:14: trial.placement: \"A:1\": letters from A to Z, parted by "
			"commas, are wanted after the colon"},
		{SHORT "  placement: [A:A]\n",
			"t.yaml:5:14: trial.placement: A:A, A:B, auto or a "
			"map of cores is wanted"},
		{SHORT "  placement: {}\n",
			"t.yaml:5:14: trial.placement: is empty: generator, "
			"receive, capture are wanted"},
		{SHORT "  placement: {core: 1}\n",
			"t.yaml:5:15: trial.placement.core: unknown key; known here: generator, "
			"receive, capture"},
		{SHORT "  placement: {receive: [1, 2]}\n",
			"t.yaml:5:24: trial.placement: receive: at most 1 core"},
		{SHORT "  placement: {receive: []}\n",
			"t.yaml:5:24: trial.placement: receive: a core or a list of cores is "
			"wanted, as in [1]"},
		{SHORT "  placement: {receive: 1024}\n",
			"t.yaml:5:24: trial.placement: a core's number from 0 to 1023 is wanted"},
		{SHORT "  placement: {receive: -1}\n",
			"t.yaml:5:24: trial.placement: a core's number from 0 to 1023 is wanted"},
	};

	refuse_all(cases, COUNT(cases));
}

static void files_that_cannot_be_read_are_the_users_error(void **state)
{
	struct cb_scenario_source source = {.path = "/nonexistent/x.yaml"};
	struct cb_scenario *s;
	struct cb_error err = {0};

	assert_int_equal(cb_scenario_load(&s, &source, &fake_registry, &err), CB_ERR_USAGE);
	assert_null(s);
	assert_says(err.text, "/nonexistent/x.yaml");
	/* nor does anything break when nobody wants to know */
	assert_int_equal(cb_scenario_load(&s, &source, &fake_registry, NULL), CB_ERR_USAGE);
	source.text = "name: [";
	assert_int_equal(cb_scenario_load(&s, &source, &fake_registry, NULL), CB_ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_shortest_one_gets_defaults),
		cmocka_unit_test(an_automatic_transmitter_stamps_and_holds_a_rate),
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(parameters_are_in_base_units_and_name_every_option),
		cmocka_unit_test(ids_depend_on_what_is_measured_only),
		cmocka_unit_test(an_id_stays_what_it_is),
		cmocka_unit_test(what_is_resolved_reads_back_to_the_same),
		cmocka_unit_test(wrong_keys_and_values_are_refused),
		cmocka_unit_test(wrong_members_are_refused),
		cmocka_unit_test(wrong_options_are_refused_where_they_stand),
		cmocka_unit_test(options_in_a_map_win_over_the_short_form),
		cmocka_unit_test(combinations_that_make_no_sense_are_refused),
		cmocka_unit_test(the_edges_of_what_makes_sense_are_allowed),
		cmocka_unit_test(placements_have_one_spelling),
		cmocka_unit_test(wrong_placements_are_refused),
		cmocka_unit_test(files_that_cannot_be_read_are_the_users_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
