#include "harness/base/text.h"

#include "tests/unit/harness/base/check.h"

static void a_text_grows(void **state)
{
	struct cb_text t = {0};

	assert_string_equal(cb_text_get(&t), "");
	cb_text_add(&t, "");
	assert_string_equal(cb_text_get(&t), "");
	for (int i = 0; i < 1000; i++)
		cb_text_addf(&t, "%03d,", i);
	assert_int_equal(t.length, 4000);
	assert_false(t.failed);
	assert_memory_equal(cb_text_get(&t) + 3996, "999,", 5);
	cb_text_clear(&t);
	assert_string_equal(cb_text_get(&t), "");
	cb_text_add_n(&t, "a\0b", 3);
	assert_int_equal(t.length, 3);
	assert_memory_equal(cb_text_get(&t), "a\0b", 4);
	cb_text_finish(&t);
	assert_null(t.data);
	cb_text_finish(&t);
}

static void no_memory_is_remembered(void **state)
{
	struct cb_text t = {0};

	cb_text_add(&t, "kept");
	cb_text_add_n(&t, "x", SIZE_MAX / 2);
	assert_true(t.failed);
	cb_text_add(&t, "!");
	assert_string_equal(cb_text_get(&t), "kept");
	cb_text_finish(&t);
}

static void the_nearest_name_is_found(void **state)
{
	static const char *const names[] = {"poll", "spin", "sleep", "yield", "adaptive-sleep"};
	static const struct {
		const char *wrong, *nearest;
	} cases[] = {
		{"pol", "poll"},
		{"plol", "poll"}, /* a swap is one edit */
		{"POLL", "poll"},
		{"sleap", "sleep"},
		{"adaptve-slep", "adaptive-sleep"},
		{"yeld", "yield"},
		{"busy", NULL},
		{"", NULL},
		{"p", NULL},
		{"ssss", NULL},
		{"a-name-that-is-much-longer-than-any-that-a-table-of-this-program-holds", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *nearest = cb_text_nearest(cases[i].wrong, names, 5);

		print_message("%s\n", cases[i].wrong);
		if (cases[i].nearest)
			assert_string_equal(nearest, cases[i].nearest);
		else
			assert_null(nearest);
	}
	assert_null(cb_text_nearest("poll", names, 0));
	/* of two at hand the nearer one, not the first */
	assert_string_equal(
		cb_text_nearest("retired", (const char *const[]){"retried", "retire"}, 2),
		"retried");
}

static void a_name_without_a_letter_in_common_is_not_near(void **state)
{
	assert_null(cb_text_nearest("x", (const char *const[]){"y"}, 1));
	assert_string_equal(cb_text_nearest("x", (const char *const[]){"x1"}, 1), "x1");
}

static void copies_fit_or_are_empty(void **state)
{
	char out[4] = "zzz";

	assert_true(cb_text_copy(out, sizeof(out), "abc"));
	assert_string_equal(out, "abc");
	assert_false(cb_text_copy(out, sizeof(out), "abcd"));
	assert_string_equal(out, "");
	assert_false(cb_text_copy(out, 0, ""));
	assert_true(cb_text_starts_with("tpacket3:retire", "tpacket3"));
	assert_true(cb_text_starts_with("x", ""));
	assert_false(cb_text_starts_with("tpacket", "tpacket3"));
}

/* The parts joined with "|", then how it ended. */
static void check_split(const char *text, const char *expected, int end)
{
	struct cb_text_split split = {.rest = text, .separator = ','};
	struct cb_text joined = {0};
	char part[16];
	int rc;

	while ((rc = cb_text_split_next(&split, part, sizeof(part))) > 0)
		cb_text_addf(&joined, "%s|", part);
	assert_int_equal(rc, end);
	assert_string_equal(cb_text_get(&joined), expected);
	/* it stays at its end */
	assert_int_equal(cb_text_split_next(&split, part, sizeof(part)), 0);
	cb_text_finish(&joined);
}

static void splits_outside_of_brackets(void **state)
{
	check_split("a,b", "a|b|", 0);
	check_split("", "|", 0);
	check_split(" a , , b\t", "a||b|", 0);
	check_split("a,", "a||", 0);
	check_split("x=[1,2],y", "x=[1,2]|y|", 0);
	check_split("{a: [1,(2,3)]},b", "{a: [1,(2,3)]}|b|", 0);
	check_split("a),b", "a)|b|", 0);
	check_split("(a,b", "(a,b|", 0);
	check_split("123456789012345,b", "123456789012345|b|", 0);
	check_split("a,1234567890123456,b", "a|", -1);
	check_split(NULL, "", 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_grows),
		cmocka_unit_test(no_memory_is_remembered),
		cmocka_unit_test(the_nearest_name_is_found),
		cmocka_unit_test(a_name_without_a_letter_in_common_is_not_near),
		cmocka_unit_test(copies_fit_or_are_empty),
		cmocka_unit_test(splits_outside_of_brackets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
