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

	assert_string_equal(s->cells[0].id, "16de59e90450649e");
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
