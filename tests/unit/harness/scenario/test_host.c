/* `host:`: settings of the machines, for all, by role, and for one. */
#include "harness/scenario/host.h"

#include "tests/unit/harness/scenario/load.h"

#define AS_HOST                     \
	"name: t\n"                 \
	"trial:\n"                  \
	"  traffic: {rate: 100k}\n" \
	"  receive: host\n"         \
	"  capture: {mechanism: tpacket2}\n"

static const char *value_of(const json_t *settings, const char *name)
{
	return json_string_value(json_object_get(json_object_get(settings, name), "value"));
}

static bool required(const json_t *settings, const char *name)
{
	return json_is_true(json_object_get(json_object_get(settings, name), "required"));
}

static void roles_have_the_last_word(void **state)
{
	struct cb_scenario *s = load(SHORT "host:\n"
					   "  governor: performance\n"
					   "  mtu: 1500\n"
					   "  sensors: {mtu: 9000, ring: {rx: 1024, tx: 512}}\n"
					   "  generators:\n"
					   "    required: false\n"
					   "    sysctl: {net.core.netdev_budget: 600}\n");
	json_t *sensor = cb_host_for(&s->host, true, NULL),
	       *generator = cb_host_for(&s->host, false, NULL);

	assert_string_equal(value_of(sensor, "governor"), "performance");
	assert_string_equal(value_of(sensor, "mtu"), "9000");
	assert_string_equal(value_of(sensor, "ring.rx"), "1024");
	assert_string_equal(value_of(sensor, "ring.tx"), "512");
	assert_null(value_of(sensor, "sysctl.net.core.netdev_budget"));
	assert_string_equal(value_of(generator, "mtu"), "1500");
	assert_string_equal(value_of(generator, "sysctl.net.core.netdev_budget"), "600");
	assert_true(required(generator, "governor"));
	assert_false(required(generator, "sysctl.net.core.netdev_budget"));
	assert_string_equal(cb_host_place(sensor, "mtu"), "t.yaml:8:18");
	assert_null(cb_host_place(sensor, "ring"));
	json_decref(sensor);
	json_decref(generator);
	cb_scenario_destroy(s);
}

static void what_is_not_required_is_so_below(void **state)
{
	struct cb_scenario *s = load(SHORT "host:\n"
					   "  required: false\n"
					   "  mtu: 1500\n"
					   "  sensors: {mtu: 9000}\n"
					   "  generators: {required: true, mtu: 3000}\n");
	json_t *sensor = cb_host_for(&s->host, true, NULL),
	       *generator = cb_host_for(&s->host, false, NULL);

	assert_false(required(sensor, "mtu"));
	assert_true(required(generator, "mtu"));
	json_decref(sensor);
	json_decref(generator);
	cb_scenario_destroy(s);
}

static void lists_and_sets(void **state)
{
	struct cb_scenario *s = load_with(AS_HOST "host: {sensors: {rps: [2, 3]}}\n",
		&(struct asked){.sets = {"host.ring.rx=64", "host.sensors.ring.tx=32",
					"host.sysctl.net.core.netdev_budget=7"}});
	json_t *sensor = cb_host_for(&s->host, true, NULL);

	assert_string_equal(value_of(sensor, "rps"), "2,3");
	assert_string_equal(value_of(sensor, "ring.rx"), "64");
	assert_string_equal(value_of(sensor, "ring.tx"), "32");
	assert_string_equal(value_of(sensor, "sysctl.net.core.netdev_budget"), "7");
	json_decref(sensor);
	cb_scenario_destroy(s);
}

static void receive_host_knows_of_threads(void **state)
{
	struct cb_scenario *s =
		load(AS_HOST "host: {sensors: {threaded: on, offload: {gro: on}}}\n");

	assert_true(s->cells[0].spec.host_threaded);
	assert_int_equal(s->cells[0].spec.napi, CB_NAPI_ON);
	assert_false(cb_host_is_empty(&s->host));
	cb_scenario_destroy(s);
	s = load(AS_HOST);
	assert_false(s->cells[0].spec.host_threaded);
	assert_int_equal(s->cells[0].spec.napi, CB_NAPI_OFF);
	assert_true(cb_host_is_empty(&s->host));
	cb_scenario_destroy(s);
}

static void a_run_is_the_same_when_read_back(void **state)
{
	struct cb_scenario *s = load(SHORT "host: {mtu: 1500, sensors: {ring: {rx: 7}}}\n"), *again;
	json_t *sensor;

	again = load(s->resolved);
	sensor = cb_host_for(&again->host, true, NULL);
	assert_string_equal(value_of(sensor, "ring.rx"), "7");
	json_decref(sensor);
	cb_scenario_destroy(again);
	cb_scenario_destroy(s);
}

static void what_is_wrong_has_its_place(void **state)
{
	static const struct refusal cases[] = {
		{SHORT "host: 5\n", "t.yaml:5:7: host: is a value: a map of keys is wanted"},
		{SHORT "host: {mtv: 5}\n", "t.yaml:5:8: host.mtv: there is no such setting"},
		{SHORT "host: {ring: 5}\n", "t.yaml:5:8: host.ring: there is no such setting"},
		{SHORT "host: {mtu: bad}\n", "t.yaml:5:13: host.mtu: \"bad\" is no value"},
		{SHORT "host: {mtu: }\n", "t.yaml:5:13: host.mtu: has no value"},
		{SHORT "host: {mtu: [[1]]}\n",
			"t.yaml:5:14: host.mtu: a list of values is wanted, as in [0, 1]"},
		{SHORT "host: {sensors: {sensors: {mtu: 5}}}\n",
			"t.yaml:5:28: host.sensors.sensors.mtu: there is no such setting"},
		{SHORT "host: {sensors: 7}\n",
			"t.yaml:5:17: host.sensors: is a value: a map of keys is wanted"},
		{SHORT "host: {required: perhaps}\n",
			"t.yaml:5:18: host.required: \"perhaps\" is neither true nor false"},
		{SHORT "host: {sensors: {rps: [1]}}\n",
			"t.yaml:5:23: host.rps: trials with receive: auto set this themselves, "
			"each anew: leave it out here, or set trial.receive: host"},
		{SHORT "host: {threaded: on}\n",
			"t.yaml:5:18: host.threaded: trials with receive: auto set this "
			"themselves, each anew: leave it out here, or set trial.receive: host"},
	};

	refuse_all(cases, COUNT(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_have_the_last_word),
		cmocka_unit_test(what_is_not_required_is_so_below),
		cmocka_unit_test(lists_and_sets),
		cmocka_unit_test(receive_host_knows_of_threads),
		cmocka_unit_test(a_run_is_the_same_when_read_back),
		cmocka_unit_test(what_is_wrong_has_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
