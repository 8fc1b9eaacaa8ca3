#include "harness/base/json.h"

#include <math.h>

#include "tests/unit/harness/base/check.h"

static json_t *parse(const char *text)
{
	struct cb_error err = {0};
	json_t *json = cb_json_parse(text, strlen(text), &err);

	if (!json)
		fail_msg("%s: %s", text, err.text);
	return json;
}

static void what_is_not_known_is_null(void **state)
{
	json_t *object = json_object();
	char *text;

	assert_int_equal(cb_json_set_count(object, "a", 0), 0);
	assert_int_equal(cb_json_set_count(object, "b", CB_UNKNOWN), 0);
	assert_int_equal(cb_json_set_real(object, "c", 0.5), 0);
	assert_int_equal(cb_json_set_real(object, "d", (double)NAN), 0);
	assert_int_equal(cb_json_set_real(object, "e", (double)INFINITY), 0);
	assert_int_equal(cb_json_set_text(object, "f", "x\"y"), 0);
	text = json_dumps(object, JSON_COMPACT);
	assert_string_equal(
		text, "{\"a\":0,\"b\":null,\"c\":0.5,\"d\":null,\"e\":null,\"f\":\"x\\\"y\"}");
	free(text);
	json_decref(object);
	assert_int_equal(cb_json_set_count(NULL, "a", 0), -1);
}

static void a_text_that_is_not_utf8_is_kept_where_it_can(void **state)
{
	json_t *object = json_object();

	assert_int_equal(cb_json_set_text(object, "a", "caf\xe9 1"), 0);
	assert_string_equal(json_string_value(json_object_get(object, "a")), "caf? 1");
	assert_int_equal(cb_json_set_text(object, "a", "caf\xc3\xa9"), 0);
	assert_string_equal(json_string_value(json_object_get(object, "a")), "caf\xc3\xa9");
	json_decref(object);
}

static void members_are_read_by_type(void **state)
{
	json_t *json = parse("{\"n\":-7,\"u\":null,\"r\":2.5,\"b\":true,\"t\":\"abc\",\"o\":{},"
			     "\"a\":[]}");
	int64_t count = 1;
	double real = 1;
	bool yes = false;
	char text[4];
	json_t *value;

	assert_int_equal(cb_json_count(json, "n", &count, NULL), 0);
	assert_int_equal(count, -7);
	assert_int_equal(cb_json_count(json, "u", &count, NULL), 0);
	assert_true(count == CB_UNKNOWN);
	assert_int_equal(cb_json_real(json, "r", &real, NULL), 0);
	assert_true(real == 2.5);
	assert_int_equal(cb_json_real(json, "n", &real, NULL), 0);
	assert_true(real == -7);
	assert_int_equal(cb_json_real(json, "u", &real, NULL), 0);
	assert_true(isnan(real));
	assert_int_equal(cb_json_bool(json, "b", &yes, NULL), 0);
	assert_true(yes);
	assert_int_equal(cb_json_text(json, "t", text, sizeof(text), NULL), 0);
	assert_string_equal(text, "abc");
	assert_int_equal(cb_json_object(json, "o", &value, NULL), 0);
	assert_true(json_is_object(value));
	assert_int_equal(cb_json_array(json, "a", &value, NULL), 0);
	assert_true(json_is_array(value));
	json_decref(json);
}

static void mistakes_name_the_key(void **state)
{
	json_t *json = parse("{\"n\":7,\"r\":2.5,\"t\":\"abcd\",\"o\":{}}");
	struct cb_error err = {0};
	int64_t count;
	double real;
	bool yes;
	char text[4];
	json_t *value;

	assert_int_equal(cb_json_count(json, "gone", &count, &err), CB_ERR_INTERNAL);
	assert_string_equal(err.text, "\"gone\" is missing");
	assert_int_equal(cb_json_count(json, "r", &count, &err), CB_ERR_INTERNAL);
	assert_string_equal(err.text, "\"r\" is not a whole number or null");
	assert_int_equal(cb_json_real(json, "t", &real, &err), CB_ERR_INTERNAL);
	assert_string_equal(err.text, "\"t\" is not a number or null");
	assert_int_equal(cb_json_bool(json, "n", &yes, &err), CB_ERR_INTERNAL);
	assert_string_equal(err.text, "\"n\" is not true or false");
	assert_int_equal(cb_json_text(json, "n", text, sizeof(text), &err), CB_ERR_INTERNAL);
	assert_string_equal(err.text, "\"n\" is not a text");
	assert_int_equal(cb_json_text(json, "t", text, sizeof(text), &err), CB_ERR_INTERNAL);
	assert_string_equal(err.text, "\"t\" is longer than 3 bytes");
	assert_int_equal(cb_json_object(json, "n", &value, &err), CB_ERR_INTERNAL);
	assert_string_equal(err.text, "\"n\" is not an object");
	assert_int_equal(cb_json_array(json, "o", &value, &err), CB_ERR_INTERNAL);
	assert_string_equal(err.text, "\"o\" is not an array");
	assert_int_equal(cb_json_count(NULL, "n", &count, &err), CB_ERR_INTERNAL);
	json_decref(json);
}

static void bad_bytes_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} cases[] = {{"", 0}, {"{", 1}, {"{}x", 3}, {"{\"a\":1,\"a\":2}", 13}, {"\xff", 1},
		{"{\"a\0\":1}", 8}, {"{\"a\":\"\\u0000\"}", 14}, {"[1e999]", 7},
		{"[99999999999999999999]", 22}, {"\"\xed\xa0\x80\"", 5}};
	struct cb_error err = {0};
	char deep[10000];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_null(cb_json_parse(cases[i].bytes, cases[i].n, &err));
		assert_says(err.text, "not JSON: line 1, column ");
	}
	memset(deep, '[', sizeof(deep));
	assert_null(cb_json_parse(deep, sizeof(deep), &err));
	assert_null(cb_json_parse("{", 1, NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_known_is_null),
		cmocka_unit_test(a_text_that_is_not_utf8_is_kept_where_it_can),
		cmocka_unit_test(members_are_read_by_type),
		cmocka_unit_test(mistakes_name_the_key),
		cmocka_unit_test(bad_bytes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
