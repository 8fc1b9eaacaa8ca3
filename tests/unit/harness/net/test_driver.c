#include "harness/base/json.h"
#include "harness/net/driver.h"

#include <string.h>

#include "tests/unit/cmocka.h"

static void ring_drops_are_told_by_their_whole_name(void **state)
{
	static const struct {
		const char *name;
		bool is;
	} cases[] = {
		{"rx_queue_0_drops", true},
		{"rx_queue_17_drops", true},
		{"rx_queue_0_xdp_drops", false},
		{"rx_queue_0_drops_total", false},
		{"rx_queue__drops", false},
		{"rx_queue_0_packets", false},
		{"tx_queue_0_drops", false},
		{"rx_drops", false},
		{"", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(cb_driver_is_ring_drop(cases[i].name), cases[i].is);
}

static void frames_refused_to_xdp_are_told_by_their_whole_name(void **state)
{
	assert_true(cb_driver_is_xdp_refused("tx_queue_0_xdp_xmit_errors"));
	assert_true(cb_driver_is_xdp_refused("tx_queue_12_xdp_xmit_errors"));
	assert_false(cb_driver_is_xdp_refused("tx_queue_0_xdp_xmit"));
	assert_false(cb_driver_is_xdp_refused("rx_queue_0_xdp_xmit_errors"));
	assert_false(cb_driver_is_xdp_refused("tx_queue__xdp_xmit_errors"));
}

static void loopback_has_no_driver(void **state)
{
	char name[32] = "untouched";
	int64_t frames = 0;

	cb_driver_name("lo", name, sizeof(name));
	assert_string_equal(name, "");
	assert_int_equal(cb_driver_ring_drops("lo", &frames, NULL), 0);
	assert_int_equal(frames, CB_UNKNOWN);
	frames = 0;
	assert_int_equal(cb_driver_xdp_refused("lo", &frames, NULL), 0);
	assert_int_equal(frames, CB_UNKNOWN);
}

static void no_such_device_is_an_error(void **state)
{
	struct cb_error err = {0};
	int64_t frames = 0;

	assert_int_not_equal(cb_driver_ring_drops("nosuchdevice0", &frames, &err), 0);
	assert_non_null(strstr(err.text, "nosuchdevice0"));
	assert_int_equal(frames, CB_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ring_drops_are_told_by_their_whole_name),
		cmocka_unit_test(frames_refused_to_xdp_are_told_by_their_whole_name),
		cmocka_unit_test(loopback_has_no_driver),
		cmocka_unit_test(no_such_device_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
