#include "harness/base/rate.h"
#include "harness/base/units.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/harness/base/check.h"

/* Line rates as RFC 2544's successors print them for Ethernet. */
static void rates_in_frames_of_a_size(void **state)
{
	static const struct {
		const char *text;
		int64_t size, pps;
	} cases[] = {
		{"100% of 1G", 64, 1488095},
		{"100% of 1G", 128, 844594},
		{"100% of 1G", 256, 452898},
		{"100% of 1G", 512, 234962},
		{"100% of 1G", 1024, 119731},
		{"100% of 1G", 1280, 96153},
		{"100% of 1G", 1518, 81274},
		{"100% of 10G", 64, 14880952},
		{"100% of 100M", 64, 148809},
		{"50% of 1G", 64, 744047},
		{"50% of 1 Gbit/s", 64, 744047},
		{"0.1% of 10Gbit", 64, 14880},
		{" 100 % of 1G ", 64, 1488095},
		{"672Mbit L1", 64, 1000000},
		{"512Mbit", 64, 1000000},
		{"512Mbit L2", 64, 1000000},
		{"512 Mbit/s", 64, 1000000},
		{"512Mbit/s L2", 64, 1000000},
		{"1Gbit", 1518, 82345},
		{"1270k", 64, 1270000},
		{"1.5Mpps", 9018, 1500000},
		{"7", 64, 7},
		{"max", 64, CB_RATE_MAX},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t pps = -1;

		print_message("%s\n", cases[i].text);
		assert_int_equal(cb_rate_parse(cases[i].text, cases[i].size, &pps, NULL), 0);
		assert_int_equal(pps, cases[i].pps);
	}
}

static void what_is_no_rate(void **state)
{
	static const struct {
		const char *text;
		int code;
	} cases[] = {
		{"", -EINVAL},
		{"fast", -EINVAL},
		{"100%", -EINVAL},
		{"100% of", -EINVAL},
		{"100% of ", -EINVAL},
		{"0.5 of 1G", -EINVAL},
		{"100% of max", -EINVAL},
		{"100% of 1Gpps", -EINVAL},
		{"100% of 1G/s", -EINVAL},
		{"-5% of 1G", -EINVAL},
		{"max of 1G", -EINVAL},
		{"bit", -EINVAL},
		{"500Mbits", -EINVAL},
		{"500Mbit L3", -EINVAL},
		{"500MbitL", -EINVAL},
		{"500M L1", -EINVAL},
		{"max bit", -EINVAL},
		{"500Mppsbit", -EINVAL},
		{"0% of 1G", -ERANGE},
		{"511bit", -ERANGE},
		{"99999999999999999999bit", -ERANGE},
		{"9223372036854775807% of 9000000000G", -ERANGE},
		{"1111111111111111111111111111111111111111111111111111111111", -EINVAL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *why = NULL;
		int64_t pps = -1;

		print_message("%s\n", cases[i].text);
		assert_int_equal(cb_rate_parse(cases[i].text, 64, &pps, &why), cases[i].code);
		assert_int_equal(pps, -1);
		assert_non_null(why);
		assert_true(strlen(why) > 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_in_frames_of_a_size),
		cmocka_unit_test(what_is_no_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
