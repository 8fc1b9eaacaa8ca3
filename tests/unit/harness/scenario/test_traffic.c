/* What `trial.traffic` takes: headers, and rates in bits; and what can't be made. */
#include <stdio.h>

#include "tests/unit/harness/scenario/load.h"

static void traffic_that_cannot_be_made(void **state)
{
	static const struct refusal cases[] = {
		{"name: t\ntrial:\n  traffic: {rate: max, arrival: bursts}\n"
		 "  capture: {mechanism: recv}\n",
			"t.yaml:3:33: trial.traffic.arrival: bursts needs a rate to go by: rate is "
			"max"},
		{"name: t\ntrial:\n  traffic: {rate: max, sizes: imix}\n"
		 "  generator: {transmitter: burst}\n  capture: {mechanism: recv}\n",
			"t.yaml:3:31: trial.traffic.sizes: needs frames that differ in more than "
			"their stamp, which transmitter burst does not have"},
		{"name: t\ntrial:\n  traffic: {rate: max, flows: 2}\n"
		 "  generator: {transmitter: burst}\n  capture: {mechanism: recv}\n",
			"t.yaml:3:31: trial.traffic.flows: needs frames that differ in more than "
			"their stamp, which transmitter burst does not have"},
		{"name: t\ntrial:\n  traffic: {rate: 1Gbit, sizes: imix}\n"
		 "  capture: {mechanism: recv}\n",
			"t.yaml:3:19: trial.traffic.rate: \"1Gbit\" depends on the frame size, and "
			"traffic.sizes is imix: use frames a second"},
	};

	refuse_all(cases, COUNT(cases));
}

#define WITH_FRAME(more, frame) \
	"name: t\ntrial:\n  traffic: {rate: max, " more "frame: " frame "}\n"

static void headers_in_a_map_need_no_name(void **state)
{
	static const struct {
		const char *text, *frame;
	} cases[] = {
		{"udp", "udp"},
		{"{}", "udp"},
		{"{vlan: 100}", "udp:vlan=100"},
		{"{vlan: [100, 200]}", "udp:vlan=100/200"},
		{"{name: udp, vlan: 100/200}", "udp:vlan=100/200"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cb_scenario *s;
		char text[512];

		snprintf(text, sizeof(text),
			"name: t\ntrial:\n  traffic: {rate: 1k, frame_size: 512, frame: %s}\n"
			"  generator: {transmitter: packet}\n"
			"  capture: {mechanism: recv, snaplen: 200}\n",
			cases[i].text);
		s = load(text);
		assert_string_equal(s->cells[0].spec.traffic.frame, cases[i].frame);
		cb_scenario_destroy(s);
	}
}

static void headers_that_cannot_be_made(void **state)
{
	static const struct refusal cases[] = {
		{WITH_FRAME("", "{vlan: 100}") "  generator: {transmitter: burst}\n  capture: "
					       "{mechanism: recv}\n",
			"t.yaml:3:31: trial.traffic.frame: needs headers of one's own choice, "
			"which transmitter burst does not have"},
		{WITH_FRAME(
			 "frame_size: 103, ", "{vlan: 100}") "  generator: {transmitter: packet}\n "
							     " capture: {mechanism: recv}\n",
			"t.yaml:3:36: trial.traffic.frame_size: 103 bytes have no room for the "
			"stamp behind the headers of traffic.frame: at least 104"},
		{WITH_FRAME("frame_size: 144, ",
			 "{vlan: [1, 2]}") "  generator: {transmitter: packet}\n  capture: "
					   "{mechanism: recv}\n",
			"t.yaml:3:3: trial.capture.snaplen: 128 bytes cut the stamp off, which "
			"stands behind the headers of traffic.frame: at least 140"},
		{WITH_FRAME("", "{vlna: 100}") "  capture: {mechanism: recv}\n",
			"t.yaml:3:32: trial.traffic.frame.vlna: frame udp has no such option; did "
			"you mean \"vlan\"?"},
		{WITH_FRAME("", "{vlan: [1, {a: b}]}") "  capture: {mechanism: recv}\n",
			"t.yaml:3:38: trial.traffic.frame.vlan: is a list: one value is wanted"},
		{WITH_FRAME("", "[udp]") "  capture: {mechanism: recv}\n",
			"t.yaml:3:31: trial.traffic.frame: is a list: the name of a frame is "
			"wanted, or a map with it"},
	};

	refuse_all(cases, COUNT(cases));
}

/* Frames a second at the cell's own frame size, whichever of the two varies. */
static void rates_in_bits_follow_the_frame_size(void **state)
{
	struct cb_scenario *s = load("name: t\ntrial:\n  traffic: {rate: 100% of 1G}\n"
				     "  capture: {mechanism: recv}\n"
				     "vary: {traffic.frame_size: [64, 1518]}\n"),
			   *all;

	assert_int_equal(s->n_cells, 2);
	assert_int_equal(s->cells[0].spec.traffic.rate, 1488095);
	assert_int_equal(s->cells[1].spec.traffic.rate, 81274);
	assert_int_equal(
		json_integer_value(json_object_get(s->cells[1].params, "traffic.rate")), 81274);
	/* what a run keeps of it reads back to the same */
	all = load(s->resolved);
	assert_string_equal(all->cells[1].id, s->cells[1].id);
	cb_scenario_destroy(all);
	cb_scenario_destroy(s);
	s = load("name: t\ntrial:\n  traffic: {frame_size: 128, rate: 1k}\n"
		 "  capture: {mechanism: recv}\nvary: {traffic.rate: [512Mbit L2, 592Mbit L1]}\n");
	assert_int_equal(s->n_cells, 1); /* two spellings of one rate are one cell */
	assert_int_equal(s->cells[0].spec.traffic.rate, 500000);
	cb_scenario_destroy(s);
}

static void wrong_rates_are_refused(void **state)
{
	static const struct refusal cases[] = {
		{"name: t\ntrial:\n  traffic: {rate: 100%}\n  capture: {mechanism: recv}\n",
			"t.yaml:3:19: trial.traffic.rate: \"100%\" is not a rate: frames a second "
			"as "
			"in 1270k, max, bits as in 500Mbit or 500Mbit L1, or a share of a line "
			"rate "
			"as in 100% of 1G"},
		{"name: t\ntrial:\n  traffic: {rate: 10 bit}\n  capture: {mechanism: recv}\n",
			"t.yaml:3:19: trial.traffic.rate: \"10 bit\" is not a rate: it comes to "
			"less "
			"than one frame a second, or to more than can be counted"},
		{"name: t\ntrial:\n  traffic: {rate: 100% of 1000000G}\n"
		 "  capture: {mechanism: recv}\n",
			"t.yaml:3:19: trial.traffic.rate: \"100% of 1000000G\" is 1488095238095 "
			"frames a second: at most 1000000000"},
	};

	refuse_all(cases, COUNT(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(traffic_that_cannot_be_made),
		cmocka_unit_test(headers_in_a_map_need_no_name),
		cmocka_unit_test(headers_that_cannot_be_made),
		cmocka_unit_test(rates_in_bits_follow_the_frame_size),
		cmocka_unit_test(wrong_rates_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
