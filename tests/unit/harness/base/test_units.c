#include "harness/base/units.h"

#include <errno.h>
#include <math.h>

#include "tests/unit/harness/base/check.h"

struct reading {
	enum cb_unit unit;
	const char *text;
	int64_t value;
};

static void every_unit_is_read(void **state)
{
	static const struct reading cases[] = {
		{CB_UNIT_TIME, "64ns", 64},
		{CB_UNIT_TIME, "2us", 2000},
		{CB_UNIT_TIME, "2\xc2\xb5s", 2000},
		{CB_UNIT_TIME, "250ms", 250000000},
		{CB_UNIT_TIME, "5s", INT64_C(5000000000)},
		{CB_UNIT_TIME, "10min", INT64_C(600000000000)},
		{CB_UNIT_TIME, "1h", INT64_C(3600000000000)},
		{CB_UNIT_TIME, "0", 0},
		{CB_UNIT_TIME, "0s", 0},
		{CB_UNIT_RATE, "100000", 100000},
		{CB_UNIT_RATE, "1270k", 1270000},
		{CB_UNIT_RATE, "1270K", 1270000},
		{CB_UNIT_RATE, "1.2M", 1200000},
		{CB_UNIT_RATE, "1Mpps", 1000000},
		{CB_UNIT_RATE, "1kpps", 1000},
		{CB_UNIT_RATE, "7pps", 7},
		{CB_UNIT_RATE, "1G", 1000000000},
		{CB_UNIT_RATE, "max", CB_RATE_MAX},
		{CB_UNIT_BYTES, "64", 64},
		{CB_UNIT_BYTES, "64B", 64},
		{CB_UNIT_BYTES, "128KiB", 131072},
		{CB_UNIT_BYTES, "32MiB", 33554432},
		{CB_UNIT_BYTES, "2GiB", INT64_C(2147483648)},
		{CB_UNIT_BYTES, "1TiB", INT64_C(1099511627776)},
		{CB_UNIT_BYTES, "1kB", 1000},
		{CB_UNIT_BYTES, "10MB", 10000000},
		{CB_UNIT_BYTES, "1GB", 1000000000},
		{CB_UNIT_COUNT, "3", 3},
		{CB_UNIT_COUNT, "10k", 10000},
		{CB_UNIT_COUNT, "1M", 1000000},
		{CB_UNIT_COUNT, "-1", -1},
		{CB_UNIT_RATIO, "0.5%", 5000},
		{CB_UNIT_RATIO, "0.005", 5000},
		{CB_UNIT_RATIO, "1", 1000000},
		{CB_UNIT_RATIO, "100%", 1000000},
		{CB_UNIT_COUNT, " 10 k ", 10000},
		{CB_UNIT_COUNT, "9223372036854775807", INT64_MAX},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t value = -7;

		print_message("%s\n", cases[i].text);
		assert_int_equal(cb_unit_parse(cases[i].unit, cases[i].text, &value, NULL), 0);
		assert_true(value == cases[i].value);
	}
}

static void fractions_must_come_out_whole(void **state)
{
	int64_t value = -7;
	const char *why;

	assert_int_equal(cb_unit_parse(CB_UNIT_TIME, "1.5us", &value, NULL), 0);
	assert_int_equal(value, 1500);
	assert_int_equal(cb_unit_parse(CB_UNIT_BYTES, "0.5KiB", &value, NULL), 0);
	assert_int_equal(value, 512);
	assert_int_equal(
		cb_unit_parse(CB_UNIT_RATE, "0.001000000000000000000000k", &value, NULL), 0);
	assert_int_equal(value, 1);
	/* 0.1 has no exact double; the arithmetic must not go through one */
	assert_int_equal(cb_unit_parse(CB_UNIT_RATE, "4503599627370.4963k", &value, NULL), -EINVAL);
	assert_int_equal(cb_unit_parse(CB_UNIT_RATE, "4503599627370.497k", &value, NULL), 0);
	assert_true(value == INT64_C(4503599627370497));

	value = -7;
	assert_int_equal(cb_unit_parse(CB_UNIT_TIME, "1.5ns", &value, &why), -EINVAL);
	assert_says(why, "whole number of nanoseconds");
	assert_int_equal(cb_unit_parse(CB_UNIT_BYTES, "0.3KiB", &value, &why), -EINVAL);
	assert_says(why, "whole number of bytes");
	assert_int_equal(cb_unit_parse(CB_UNIT_COUNT, "2.5", &value, &why), -EINVAL);
	assert_int_equal(
		cb_unit_parse(CB_UNIT_TIME, "0.1234567890123456789s", &value, &why), -EINVAL);
	assert_int_equal(value, -7);
}

static void what_is_no_number_is_refused(void **state)
{
	static const struct {
		enum cb_unit unit;
		const char *text;
	} cases[] = {
		{CB_UNIT_TIME, ""},
		{CB_UNIT_TIME, "5"},
		{CB_UNIT_TIME, "s"},
		{CB_UNIT_TIME, "-5s"},
		{CB_UNIT_TIME, "5S"},
		{CB_UNIT_TIME, "5m"},
		{CB_UNIT_TIME, "5s 3"},
		{CB_UNIT_TIME, "1.s"},
		{CB_UNIT_TIME, ".5s"},
		{CB_UNIT_TIME, "1.2.3s"},
		{CB_UNIT_TIME, "0x10ns"},
		{CB_UNIT_TIME, "1e3ns"},
		{CB_UNIT_TIME, "inf"},
		{CB_UNIT_RATE, "20q"},
		{CB_UNIT_RATE, "Max"},
		{CB_UNIT_RATE, "maximum"},
		{CB_UNIT_RATE, "-1"},
		{CB_UNIT_BYTES, "32M"},
		{CB_UNIT_BYTES, "32mib"},
		{CB_UNIT_COUNT, "max"},
		{CB_UNIT_COUNT, "--1"},
		{CB_UNIT_COUNT, "+1"},
		{CB_UNIT_COUNT, "1%"},
		{CB_UNIT_RATIO, "half"},
		{CB_UNIT_RATIO, "5%%"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *why = NULL;
		int64_t value = -7;

		print_message("\"%s\"\n", cases[i].text);
		assert_int_equal(
			cb_unit_parse(cases[i].unit, cases[i].text, &value, &why), -EINVAL);
		assert_int_equal(value, -7);
		assert_non_null(why);
	}
}

static void overflow_is_told_apart(void **state)
{
	static const struct {
		enum cb_unit unit;
		const char *text;
	} cases[] = {
		{CB_UNIT_COUNT, "9223372036854775808"}, {CB_UNIT_COUNT, "9223372036854776k"},
		{CB_UNIT_COUNT, "99999999999999999999999999999999999999"},
		{CB_UNIT_TIME, "2562048h"}, {CB_UNIT_BYTES, "8388608TiB"},
		{CB_UNIT_RATE, "9223372036854775807"}, /* is what "max" is kept as */
	};
	const char *why;
	int64_t value = -7;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		print_message("%s\n", cases[i].text);
		assert_int_equal(
			cb_unit_parse(cases[i].unit, cases[i].text, &value, &why), -ERANGE);
	}
	assert_int_equal(value, -7);
	assert_int_equal(cb_unit_parse(CB_UNIT_TIME, "2562047h", &value, NULL), 0);
	/* a wrong unit is the more useful thing to say */
	assert_int_equal(
		cb_unit_parse(CB_UNIT_TIME, "99999999999999999999q", &value, NULL), -EINVAL);
}

static void the_shortest_text_is_written(void **state)
{
	static const struct reading cases[] = {
		{CB_UNIT_RATE, "1270k", 1270000},
		{CB_UNIT_RATE, "1250k", 1250000},
		{CB_UNIT_RATE, "1M", 1000000},
		{CB_UNIT_RATE, "1234567", 1234567},
		{CB_UNIT_RATE, "max", CB_RATE_MAX},
		{CB_UNIT_TIME, "0", 0},
		{CB_UNIT_TIME, "250ms", 250000000},
		{CB_UNIT_TIME, "1.5us", 1500},
		{CB_UNIT_TIME, "60s", INT64_C(60000000000)},
		{CB_UNIT_TIME, "1h", INT64_C(3600000000000)},
		{CB_UNIT_BYTES, "32MiB", 33554432},
		{CB_UNIT_BYTES, "64", 64},
		{CB_UNIT_BYTES, "4KiB", 4096},
		{CB_UNIT_BYTES, "10MB", 10000000},
		{CB_UNIT_BYTES, "1500", 1500},
		{CB_UNIT_COUNT, "-1", -1},
		{CB_UNIT_COUNT, "10k", 10000},
		{CB_UNIT_RATIO, "0.5%", 5000},
		{CB_UNIT_RATIO, "100%", 1000000},
		{CB_UNIT_RATIO, "0.0001%", 1},
	};
	char out[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(cb_unit_format(cases[i].unit, cases[i].value, out, sizeof(out)),
			cases[i].text);
}

static void what_is_written_reads_back(void **state)
{
	static const int64_t values[] = {0, 1, 7, 999, 1000, 1001, 1023, 1024, 1025, 1536, 65535,
		65536, 999999, 1000000, 33554432, 1234567890123, INT64_C(3600000000000),
		INT64_C(5400000000001), INT64_MAX - 1, INT64_MAX};

	for (int unit = CB_UNIT_COUNT; unit <= CB_UNIT_RATIO; unit++) {
		for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
			int64_t back = -7;
			char out[64];

			cb_unit_format((enum cb_unit)unit, values[i], out, sizeof(out));
			assert_int_equal(cb_unit_parse((enum cb_unit)unit, out, &back, NULL), 0);
			assert_true(back == values[i]);
		}
	}
}

static void people_get_few_digits(void **state)
{
	static const struct {
		enum cb_unit unit;
		double value;
		const char *text;
	} cases[] = {
		{CB_UNIT_RATE, 1270000, "1.27 Mpps"},
		{CB_UNIT_RATE, 999999.6, "1 Mpps"},
		{CB_UNIT_RATE, 600, "600 pps"},
		{CB_UNIT_RATE, 0, "0 pps"},
		{CB_UNIT_RATE, (double)CB_RATE_MAX, "max"},
		{CB_UNIT_BYTES, 33554432, "32 MiB"},
		{CB_UNIT_BYTES, 1023, "1023 B"},
		{CB_UNIT_TIME, 1.5e9, "1.5 s"},
		{CB_UNIT_TIME, 368.4, "368.4 ns"},
		{CB_UNIT_TIME, 100e9, "100 s"},
		{CB_UNIT_TIME, 150e9, "2.5 min"},
		{CB_UNIT_TIME, -2e6, "-2 ms"},
		{CB_UNIT_RATIO, 5000, "0.5 %"},
		{CB_UNIT_COUNT, 1234, "1234"},
		{CB_UNIT_COUNT, 12346, "12.35 k"},
		{CB_UNIT_COUNT, 5e15, "5000000 G"},
	};
	char out[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(cb_unit_human(cases[i].unit, cases[i].value, out, sizeof(out)),
			cases[i].text);
	assert_string_equal(cb_unit_human(CB_UNIT_TIME, (double)NAN, out, sizeof(out)), "n/a");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_unit_is_read),
		cmocka_unit_test(fractions_must_come_out_whole),
		cmocka_unit_test(what_is_no_number_is_refused),
		cmocka_unit_test(overflow_is_told_apart),
		cmocka_unit_test(the_shortest_text_is_written),
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(people_get_few_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
