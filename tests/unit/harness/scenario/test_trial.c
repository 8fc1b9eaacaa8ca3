/* What `trial:` and the root take, and what they refuse, with its place. */
#include <stdio.h>

#include "tests/unit/harness/scenario/load.h"

static const struct refusal wrong_keys_and_values[] = {
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
	{SHORT "verdicts: []\n",
		"t.yaml:5:1: verdicts: unknown key; known here: name, title, "
		"question, paper, repetitions, retries, order, impossible, seed, "
		"include, host, trial, vary, variants, exclude, only, figures, claims, "
		"goals, "
		"profiles"},
	{SHORT "  trafic: {}\n",
		"t.yaml:5:3: trial.trafic: unknown key; did you mean \"traffic\"?"},
	{"name: t\ntrial:\n  traffic: {rat: 1}\n",
		"t.yaml:3:13: trial.traffic.rat: unknown key; did you mean \"rate\"?"},
	{"name: t\ntrial:\n  traffic: {zzz: 1}\n",
		"t.yaml:3:13: trial.traffic.zzz: unknown key; known here: frame_size, "
		"rate, arrival, sizes, payload, frame, flows, flow_order, flow_field"},
	{"name: t\ntrial:\n  traffic.rate: 5\n",
		"t.yaml:3:3: trial.traffic.rate: dotted paths are for vary, exclude, only, "
		"where and profiles: write maps here"},
	{"name: t\ntrial:\n  traffic: fast\n",
		"t.yaml:3:12: trial.traffic: is a value: a map of keys is wanted"},
	{"name: t\ntrial:\n  capture: {mechanism: recv}\n",
		"t.yaml:3:3: trial.traffic.rate: is missing: Frames a second, 500Mbit "
		"[L1], "
		"100% of 1G, or max: as fast as it goes (RATE)"},
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
		"threaded, host; did you mean \"rps\"?"},
	{SHORT "repetitions: 0\n", "t.yaml:5:14: repetitions: \"0\" is out of range: 1 to 1k"},
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

static void wrong_keys_and_values_are_refused(void **state)
{
	refuse_all(wrong_keys_and_values, COUNT(wrong_keys_and_values));
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
		{WITH_CAPTURE("mechanism: single, processes: 3"),
			"t.yaml:4:43: trial.capture.processes: 3 processes need a copy of every "
			"frame for each process, which mechanism single does not have; those that "
			"do: recv, tpacket2, tpacket3, null"},
		{WITH_CAPTURE("mechanism: af-xdp, processes: 3") "  link: {queues: 2}\n",
			"t.yaml:4:43: trial.capture.processes: af-xdp gives the frames of an RX "
			"queue to one process, so 3 processes need as many queues, and link.queues "
			"is 2"},
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
		WITH_CAPTURE("mechanism: af-xdp, processes: 3") "  link: {queues: 3}\n",
		WITH_CAPTURE("mechanism: recv, snaplen: 60"),
		"name: t\ntrial:\n  duration: 1ms\n  traffic: {rate: 1000, frame_size: 9018}\n"
		"  capture: {mechanism: recv}\n",
		"name: t\ntrial: {traffic: {rate: max}, capture: {mechanism: recv}, generator: "
		"{transmitter: burst}}\n",
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		cb_scenario_destroy(load(cases[i]));
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
		cmocka_unit_test(wrong_keys_and_values_are_refused),
		cmocka_unit_test(wrong_members_are_refused),
		cmocka_unit_test(wrong_options_are_refused_where_they_stand),
		cmocka_unit_test(options_in_a_map_win_over_the_short_form),
		cmocka_unit_test(combinations_that_make_no_sense_are_refused),
		cmocka_unit_test(the_edges_of_what_makes_sense_are_allowed),
		cmocka_unit_test(files_that_cannot_be_read_are_the_users_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
