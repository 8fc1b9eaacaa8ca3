#include "harness/run/counters.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "tests/unit/cmocka.h"

static json_t *reply(int64_t time_ns, uint32_t dropped, int64_t steal_ns)
{
	return json_pack("{s:I, s:I, s:n, s:I, s:{s:I, s:I, s:I, s:I, s:I, s:n, s:I},"
			 " s:[{s:i, s:I, s:I, s:I, s:I, s:I}]}",
		"time_ns", (json_int_t)time_ns, "real_ns", (json_int_t)time_ns, "napi_thread_ns",
		"interrupts", (json_int_t)(time_ns / 10), "link", "rx_packets", (json_int_t)1,
		"tx_packets", (json_int_t)2, "rx_dropped", (json_int_t)3, "tx_dropped",
		(json_int_t)4, "rx_missed", (json_int_t)5, "nic_ring_dropped", "xdp_refused",
		(json_int_t)6, "cpus", "cpu", 1, "processed", (json_int_t)10, "dropped",
		(json_int_t)dropped, "squeezed", (json_int_t)0, "rps", (json_int_t)0, "steal_ns",
		(json_int_t)steal_ns);
}

static void read_reply(struct cb_counters *c, json_t *json)
{
	struct cb_error err = {0};

	assert_non_null(json);
	if (cb_counters_read(c, json, &err))
		fail_msg("%s", err.text);
	json_decref(json);
}

static void reads_every_field(void **state)
{
	struct cb_counters c;

	(void)state;
	read_reply(&c, reply(1000, 7, 9));
	assert_int_equal(c.time_ns, 1000);
	assert_true(c.napi_thread_ns == CB_UNKNOWN);
	assert_int_equal(c.tx_dropped, 4);
	assert_int_equal(c.rx_missed, 5);
	assert_int_equal(c.xdp_refused, 6);
	assert_int_equal(c.n_cpus, 2);
	assert_int_equal(c.cpu[0].present, 0);
	assert_int_equal(c.cpu[1].dropped, 7);
	assert_int_equal(c.cpu[1].steal_ns, 9);
}

static void names_what_is_missing(void **state)
{
	struct cb_counters c;
	struct cb_error err = {0};
	json_t *json = reply(1, 2, 3);

	(void)state;
	json_object_del(json_object_get(json, "link"), "tx_dropped");
	assert_int_not_equal(cb_counters_read(&c, json, &err), 0);
	assert_non_null(strstr(err.text, "tx_dropped"));
	json_decref(json);
}

static void refuses_a_cpu_out_of_range(void **state)
{
	struct cb_counters c;
	struct cb_error err = {0};
	json_t *json = reply(1, 2, 3);

	(void)state;
	json_object_set_new(json_array_get(json_object_get(json, "cpus"), 0), "cpu",
		json_integer(CB_COUNTERS_CPUS));
	assert_int_equal(cb_counters_read(&c, json, &err), CB_ERR_HOST);
	json_decref(json);
}

static void softnet_wraps_at_32_bits(void **state)
{
	struct cb_counters before, after;
	struct cb_evidence_record e;

	(void)state;
	cb_evidence_record_init(&e);
	read_reply(&before, reply(0, UINT32_MAX - 1, 0));
	read_reply(&after, reply(1000, 3, 0));
	cb_counters_evidence(&before, &after, &e);
	assert_int_equal(e.softnet_dropped, 5);
	assert_int_equal(e.interrupts, 100);
}

static void one_tick_of_steal_is_rounding(void **state)
{
	struct cb_counters before, after;
	struct cb_evidence_record e;

	(void)state;
	cb_evidence_record_init(&e);
	read_reply(&before, reply(0, 0, 0));
	read_reply(&after, reply(100000000, 0, 10000000));
	cb_counters_evidence(&before, &after, &e);
	assert_true(e.steal_share == 0.0);
	assert_int_equal(e.steal_ns, 10000000);
	read_reply(&after, reply(100000000, 0, 30000000));
	cb_counters_evidence(&before, &after, &e);
	assert_true(fabs(e.steal_share - 0.2) < 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_field),
		cmocka_unit_test(names_what_is_missing),
		cmocka_unit_test(refuses_a_cpu_out_of_range),
		cmocka_unit_test(softnet_wraps_at_32_bits),
		cmocka_unit_test(one_tick_of_steal_is_rounding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
