#include "harness/base/option.h"
#include "harness/base/units.h"

#include "tests/unit/harness/base/check.h"

struct sample {
	bool on;
	int64_t count, core, time, rate, bytes, ratio;
	int colour;
	char text[8];
	char member[16];
};

static const char *const colours[] = {"red", "green", "blue", NULL};

#define AT(field) .offset = offsetof(struct sample, field)

static const struct cb_option table[] = {
	{.name = "on", .type = CB_OPT_BOOL, AT(on), .fallback = "yes"},
	{.name = "count", .type = CB_OPT_COUNT, AT(count), .fallback = "3", .min = 1, .max = 64},
	{.name = "core", .type = CB_OPT_COUNT, AT(core), .fallback = "-1", .min = -1, .max = 1023},
	{.name = "time", .type = CB_OPT_TIME, AT(time), .fallback = "8ms"},
	{.name = "rate",
		.type = CB_OPT_RATE,
		AT(rate),
		.fallback = "max",
		.min = 1,
		.max = 100000000},
	{.name = "bytes",
		.type = CB_OPT_BYTES,
		AT(bytes),
		.fallback = "32MiB",
		.min = 4096,
		.max = CB_OPTION_COUNT_MAX},
	{.name = "ratio", .type = CB_OPT_RATIO, AT(ratio), .fallback = "0.5%", .max = 1000000},
	{.name = "colour",
		.type = CB_OPT_ENUM,
		AT(colour),
		.fallback = "green",
		.choices = colours},
	{.name = "text", .type = CB_OPT_TEXT, AT(text), .fallback = "", .text_size = 8},
	{.name = "member",
		.type = CB_OPT_MEMBER,
		AT(member),
		.fallback = "poll",
		.text_size = 16,
		.axis = "wait"},
	CB_OPTION_END,
};

static void defaults_are_decoded(void **state)
{
	struct sample s = {0};

	cb_option_defaults(table, &s);
	assert_true(s.on);
	assert_int_equal(s.count, 3);
	assert_int_equal(s.core, -1);
	assert_int_equal(s.time, 8000000);
	assert_true(s.rate == CB_RATE_MAX);
	assert_int_equal(s.bytes, 32 << 20);
	assert_int_equal(s.ratio, 5000);
	assert_int_equal(s.colour, 1);
	assert_string_equal(s.text, "");
	assert_string_equal(s.member, "poll");
	cb_option_defaults(NULL, NULL);
}

static void a_required_option_has_no_default(void **state)
{
	static const struct cb_option required[] = {
		{.name = "count", .type = CB_OPT_COUNT, AT(count)}, CB_OPTION_END};
	struct sample s = {.count = 77};

	cb_option_defaults(required, &s);
	assert_int_equal(s.count, 77);
}

static void good_values_are_taken(void **state)
{
	struct sample s = {0};

	assert_int_equal(cb_option_set(table, "on", "off", &s, NULL), 0);
	assert_int_equal(cb_option_set(table, "count", "64", &s, NULL), 0);
	assert_int_equal(cb_option_set(table, "core", "0", &s, NULL), 0);
	assert_int_equal(cb_option_set(table, "rate", "1270k", &s, NULL), 0);
	assert_int_equal(cb_option_set(table, "colour", "blue", &s, NULL), 0);
	assert_int_equal(cb_option_set(table, "text", "1234567", &s, NULL), 0);
	assert_int_equal(cb_option_set(table, "bytes", "8MiB", &s, NULL), 0);
	assert_false(s.on);
	assert_int_equal(s.count, 64);
	assert_int_equal(s.core, 0);
	assert_int_equal(s.rate, 1270000);
	assert_int_equal(s.colour, 2);
	assert_string_equal(s.text, "1234567");
	assert_int_equal(s.bytes, 8 << 20);
	/* a bound of a rate does not stand in the way of "as fast as it goes" */
	assert_int_equal(cb_option_set(table, "rate", "max", &s, NULL), 0);
}

static void bad_values_say_what_would_be_right(void **state)
{
	static const struct {
		const char *name, *text, *says;
	} cases[] = {
		{"rate", "20q",
			"rate: \"20q\" is not a rate: a number with k, M or G, as in 1270k, or "
			"max"},
		{"rate", "101M", "rate: \"101M\" is out of range: 1 to 100M"},
		{"rate", "0", "out of range"},
		{"count", "0", "count: \"0\" is out of range: 1 to 64"},
		{"count", "65", "count: \"65\" is out of range: 1 to 64"},
		{"count", "-3", "out of range"},
		{"count", "1.5", "it must come to a whole number"},
		{"count", "99999999999999999999", "too large a number"},
		{"core", "-2", "out of range: -1 to 1023"},
		{"time", "8", "time: \"8\" is not a time: a number with ns, us, ms"},
		{"time", "-8ms", "is not a time"},
		{"bytes", "1kB", "bytes: \"1kB\" is too small: at least 4KiB"},
		{"ratio", "101%", "ratio: \"101%\" is out of range: 0 to 100%"},
		{"colour", "gren", "none of red, green, blue; did you mean \"green\"?"},
		{"colour", "purple-grey", "colour: \"purple-grey\" is none of red, green, blue"},
		{"on", "maybe", "on: \"maybe\" is neither true nor false"},
		{"text", "12345678", "too long: at most 7 bytes"},
		{"cuont", "1", "option \"cuont\" is not known; did you mean \"count\"?"},
		{"zzz", "1", "option \"zzz\" is not known"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sample s, before;
		struct cb_error err = {0};

		memset(&s, 0x5a, sizeof(s));
		before = s;
		assert_int_equal(
			cb_option_set(table, cases[i].name, cases[i].text, &s, &err), CB_ERR_USAGE);
		assert_int_equal(err.code, CB_ERR_USAGE);
		assert_says(err.text, cases[i].says);
		assert_memory_equal(&s, &before, sizeof(s));
		assert_int_equal(
			cb_option_set(table, cases[i].name, cases[i].text, &s, NULL), CB_ERR_USAGE);
	}
}

static void without_bounds_only_negatives_are_refused(void **state)
{
	static const struct cb_option any[] = {
		{.name = "count", .type = CB_OPT_COUNT, AT(count)}, CB_OPTION_END};
	struct sample s = {0};

	assert_int_equal(cb_option_set(any, "count", "9223372036854775807", &s, NULL), 0);
	assert_int_equal(cb_option_set(any, "count", "0", &s, NULL), 0);
	assert_int_equal(cb_option_set(any, "count", "-1", &s, NULL), CB_ERR_USAGE);
}

static void what_is_printed_decodes_to_the_same(void **state)
{
	static const char *const values[][2] = {{"on", "false"}, {"count", "17"}, {"core", "5"},
		{"time", "1500us"}, {"rate", "1270k"}, {"bytes", "5000"}, {"ratio", "12.5%"},
		{"colour", "blue"}, {"text", "a b"}, {"member", "batch:n=3"}};
	struct sample s, back;
	struct cb_text text = {0};

	memset(&s, 0, sizeof(s));
	memset(&back, 0, sizeof(back));
	cb_option_defaults(table, &s);
	cb_option_defaults(table, &back);
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		assert_int_equal(cb_option_set(table, values[i][0], values[i][1], &s, NULL), 0);
	for (const struct cb_option *row = table; row->name; row++) {
		cb_text_clear(&text);
		cb_option_print(row, &s, &text);
		assert_int_equal(cb_option_decode(row, cb_text_get(&text), &back, NULL), 0);
	}
	assert_memory_equal(&s, &back, sizeof(s));
	cb_text_finish(&text);
}

static void json_is_in_base_units(void **state)
{
	static const char *const expected =
		"[true,3,-1,8000000,\"max\",33554432,5000,\"green\",\"\",\"poll\"]";
	json_t *array = json_array();
	struct sample s = {0};
	char *text;

	cb_option_defaults(table, &s);
	for (const struct cb_option *row = table; row->name; row++)
		json_array_append_new(array, cb_option_json(row, &s));
	text = json_dumps(array, JSON_COMPACT);
	assert_string_equal(text, expected);
	free(text);
	json_decref(array);
}

static void metavars_fit_their_types(void **state)
{
	static const char *const expected[] = {"yes|no", "N", "N", "TIME", "RATE", "SIZE", "SHARE",
		"red|green|blue", "TEXT", "wait"};
	struct cb_text text = {0};
	struct cb_option own = table[0];

	for (size_t i = 0; table[i].name; i++) {
		cb_text_clear(&text);
		cb_option_metavar(&table[i], &text);
		assert_string_equal(cb_text_get(&text), expected[i]);
	}
	own.metavar = "FILE";
	cb_text_clear(&text);
	cb_option_metavar(&own, &text);
	assert_string_equal(cb_text_get(&text), "FILE");
	cb_text_finish(&text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_decoded),
		cmocka_unit_test(a_required_option_has_no_default),
		cmocka_unit_test(good_values_are_taken),
		cmocka_unit_test(bad_values_say_what_would_be_right),
		cmocka_unit_test(without_bounds_only_negatives_are_refused),
		cmocka_unit_test(what_is_printed_decodes_to_the_same),
		cmocka_unit_test(json_is_in_base_units),
		cmocka_unit_test(metavars_fit_their_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
