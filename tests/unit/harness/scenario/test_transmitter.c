/* "auto": one transmitter for all cells that leave it open, and what transmitters must have. */
#include "tests/unit/harness/scenario/load.h"

#define HEAD "name: t\ntrial:\n"
#define TAIL "  capture: {mechanism: tpacket2}\n"

static const char *transmitter_of(const struct cb_scenario *s, size_t cell)
{
	const struct cb_cell *c = &s->cells[cell];

	assert_string_equal(c->spec.generator.transmitter,
		json_string_value(json_object_get(c->params, "generator.transmitter")));
	return c->spec.generator.transmitter;
}

static void the_best_that_can_do_what_is_asked(void **state)
{
	static const struct {
		const char *text, *transmitter, *why;
	} cases[] = {
		{HEAD "  traffic: {rate: 100k}\n" TAIL, "packet",
			"auto: packet, because a thread of it makes 1 Mpps, and 100 kpps is asked "
			"for"},
		/* the regime is never changed for its sake ... */
		{HEAD "  traffic: {rate: max}\n" TAIL, "packet",
			"auto: packet, because it makes most of those that will do (1 Mpps a "
			"thread; asked for: max); xdp makes more, but the receiving end has no "
			"NAPI, which napi: on would give it"},
		/* ... but what is there is used */
		{HEAD "  traffic: {rate: max}\n  napi: on\n" TAIL, "xdp",
			"auto: xdp, because it makes most of those that will do (8 Mpps a thread; "
			"asked for: max)"},
		{HEAD "  traffic: {rate: max}\n  capture: {mechanism: af-xdp}\n", "xdp", NULL},
		{HEAD "  traffic: {rate: 1M}\n  napi: on\n" TAIL, "packet", NULL},
		{HEAD "  traffic: {rate: 2M}\n  napi: on\n" TAIL, "xdp", NULL},
		{HEAD "  traffic: {rate: 2M}\n  generator: {threads: 2}\n  napi: on\n" TAIL,
			"packet", NULL},
		{HEAD "  traffic: {rate: max, flows: 2}\n  napi: on\n" TAIL, "packet",
			"auto: packet, because it makes most of those that will do (1 Mpps a "
			"thread; asked for: max); xdp makes more, but it lacks frames that differ "
			"in more than their stamp"},
		{HEAD "  traffic: {rate: max, sizes: imix}\n  napi: on\n" TAIL, "packet", NULL},
		{HEAD "  traffic: {rate: max, payload: random}\n  napi: on\n" TAIL, "packet", NULL},
		{HEAD "  traffic: {rate: max, frame_size: 4000}\n  napi: on\n" TAIL, "packet",
			NULL},
		{HEAD "  traffic: {rate: max}\n  generator: {transmitter: auto}\n  napi: on\n" TAIL,
			"xdp", NULL},
		/* who is named is not chosen */
		{HEAD "  traffic: {rate: max}\n  generator: {transmitter: packet}\n  napi: "
		      "on\n" TAIL,
			"packet", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cb_scenario *s = load(cases[i].text);

		if (strcmp(transmitter_of(s, 0), cases[i].transmitter) != 0)
			fail_msg("case %zu: %s", i, transmitter_of(s, 0));
		if (cases[i].why)
			assert_string_equal(s->cells[0].spec.generator.why, cases[i].why);
		cb_scenario_destroy(s);
	}
}

/* The parameters are those of the member that was chosen, and of no other. */
static void parameters_follow(void **state)
{
	struct cb_scenario *s = load(HEAD "  traffic: {rate: max}\n  napi: on\n" TAIL);
	const json_t *params = s->cells[0].params;

	assert_string_equal(
		json_string_value(json_object_get(params, "generator.transmitter.name")), "xdp");
	assert_null(json_object_get(params, "generator.transmitter.batch"));
	assert_int_equal(json_integer_value(json_object_get(params, "generator.threads")), 1);
	cb_scenario_destroy(s);
}

/* Arms that are compared are sent alike: the cell that asks least has what the others need. */
static void all_cells_have_one(void **state)
{
	struct cb_scenario *s = load(HEAD "  traffic: {rate: max}\n  napi: on\n" TAIL
					  "vary: {traffic.rate: [1k, 5M]}\n");

	assert_string_equal(transmitter_of(s, 0), "xdp");
	assert_string_equal(transmitter_of(s, 1), "xdp");
	cb_scenario_destroy(s);
	s = load(HEAD "  traffic: {rate: 5M}\n  napi: on\n" TAIL "vary: {traffic.flows: [1, 2]}\n");
	assert_string_equal(transmitter_of(s, 0), "packet");
	assert_string_equal(transmitter_of(s, 1), "packet");
	cb_scenario_destroy(s);
	s = load(HEAD "  traffic: {rate: 5M}\n" TAIL "vary: {napi: [on, off]}\n");
	assert_string_equal(transmitter_of(s, 0), "packet");
	cb_scenario_destroy(s);
}

/* A cell that names what auto comes to at first is not changed with it. */
static void who_is_named_stays(void **state)
{
	static const char *const orders[] = {"[auto, packet]", "[packet, auto]"};

	for (size_t i = 0; i < COUNT(orders); i++) {
		char text[256];
		struct cb_scenario *s;

		snprintf(text, sizeof(text),
			HEAD "  traffic: {rate: 5M}\n  napi: on\n" TAIL
			     "vary: {generator.transmitter: %s}\n",
			orders[i]);
		s = load(text);
		assert_int_equal(s->n_cells, 1);
		assert_string_equal(transmitter_of(s, 0), "packet");
		cb_scenario_destroy(s);
	}
}

static int asked;

static int runs_nowhere(const struct cb_member *member, struct cb_error *err)
{
	asked++;
	assert_string_equal(member->name, "xdp");
	return cb_error_set(err, CB_ERR_IMPOSSIBLE, "it takes root");
}

static void what_cannot_run_is_not_taken(void **state)
{
	struct cb_registry registry = fake_registry;
	struct cb_scenario_source source = {
		.path = "t.yaml", .text = HEAD "  traffic: {rate: max}\n  napi: on\n" TAIL};
	struct cb_scenario *s = NULL;

	registry.runs = runs_nowhere;
	assert_int_equal(cb_scenario_load(&s, &source, &registry, NULL), 0);
	assert_int_equal(asked, 1);
	assert_string_equal(transmitter_of(s, 0), "packet");
	assert_says(s->cells[0].spec.generator.why,
		"xdp makes more, but it can't run here: it takes root");
	cb_scenario_destroy(s);
	source.text = HEAD "  traffic: {rate: 1k}\n  napi: on\n" TAIL;
	assert_int_equal(cb_scenario_load(&s, &source, &registry, NULL), 0);
	assert_int_equal(asked, 1); /* nobody would take it */
	cb_scenario_destroy(s);
}

/* ---- what others need of a transmitter ---- */

static void needs_of_a_transmitter(void **state)
{
	static const struct refusal cases[] = {
		{HEAD "  traffic: {rate: 1k}\n  generator: {transmitter: blind}\n"
		      "  capture: {mechanism: tpacket2, load: exact}\n",
			"t.yaml:5:40: trial.capture.load: load exact needs a stamp of its own in "
			"every frame, which transmitter blind does not have"},
		{HEAD "  traffic: {rate: 1k, arrival: trace}\n" TAIL,
			"t.yaml:3:32: trial.traffic.arrival: arrival trace needs frames with times "
			"of their own, a file's, which transmitter packet does not have"},
		{HEAD "  traffic: {rate: 1k}\n  generator: {transmitter: blind, threads: 2}\n" TAIL,
			"t.yaml:4:44: trial.generator.threads: several threads need a stamp of its "
			"own in every frame, which transmitter blind does not have"},
	};
	struct cb_scenario *s;

	refuse_all(cases, COUNT(cases));
	s = load(HEAD "  traffic: {rate: 1k}\n  capture: {mechanism: tpacket2, load: exact}\n");
	cb_scenario_destroy(s);
}

static void mixes_are_told(void **state)
{
	static const struct {
		const char *text;
		bool mixed;
	} cases[] = {
		{HEAD "  traffic: {rate: 1k}\n" TAIL, false},
		{HEAD "  traffic: {rate: 1k, sizes: imix}\n" TAIL, true},
		{HEAD "  traffic: {rate: 1k}\n  generator: {transmitter: blind}\n" TAIL, true},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cb_scenario *s = load(cases[i].text);

		assert_int_equal(s->cells[0].spec.traffic.mixed, cases[i].mixed);
		cb_scenario_destroy(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_that_can_do_what_is_asked),
		cmocka_unit_test(parameters_follow),
		cmocka_unit_test(all_cells_have_one),
		cmocka_unit_test(who_is_named_stays),
		cmocka_unit_test(what_cannot_run_is_not_taken),
		cmocka_unit_test(needs_of_a_transmitter),
		cmocka_unit_test(mixes_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
