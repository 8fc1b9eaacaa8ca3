/* Addresses: what is taken, what is refused, and that the option is named. */
#include "generators/traffic/address.h"

#include <string.h>

#include "tests/unit/cmocka.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static void mac_addresses(void **state)
{
	static const uint8_t expected[6] = {0x02, 0xaB, 0xcd, 0x00, 0x9f, 0xff};
	static const char *const wrong[] = {"", "02", "02:00:00:00:00", "02:00:00:00:00:0",
		"02:00:00:00:00:01:", "02:00:00:00:00:01:02", "02-00-00-00-00-01", "2:0:0:0:0:1",
		"0g:00:00:00:00:01", " 02:00:00:00:00:01", "02:00:00:00:00:01 ",
		"02:00:00:00:00:-1", "+2:00:00:00:00:01"};
	uint8_t mac[6] = {0};
	struct cb_error err;

	assert_int_equal(cb_address_mac("02:aB:Cd:00:9f:FF", "source-mac", mac, &err), 0);
	assert_memory_equal(mac, expected, 6);
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		assert_int_equal(cb_address_mac(wrong[i], "source-mac", mac, &err), CB_ERR_USAGE);
		assert_non_null(strstr(err.text, "source-mac"));
		assert_non_null(strstr(err.text, wrong[i]));
		assert_memory_equal(mac, expected, 6);
	}
}

static void ipv4_addresses(void **state)
{
	static const char *const wrong[] = {"", "198.18.0", "198.18.0.256", "198.18.0.1/15", "::1",
		"198.18.0.1 ", "host", "0x7f.0.0.1"};
	static const uint8_t expected[4] = {198, 18, 0, 1};
	struct in_addr address;
	struct cb_error err;

	assert_int_equal(cb_address_ipv4("198.18.0.1", "source-ip", &address, &err), 0);
	assert_memory_equal(&address, expected, 4);
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		assert_int_equal(
			cb_address_ipv4(wrong[i], "source-ip", &address, &err), CB_ERR_USAGE);
		assert_non_null(strstr(err.text, "source-ip"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mac_addresses),
		cmocka_unit_test(ipv4_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
