#include "harness/host/cpus.h"

#include <string.h>

#include "tests/unit/cmocka.h"

static void lists_are_read(void **state)
{
	static const struct {
		const char *text;
		int has, lacks;
		unsigned count;
	} good[] = {
		{"", -1, 0, 0},
		{"0", 0, 1, 1},
		{"0-3,5", 5, 4, 5},
		{"7-7", 7, 6, 1},
		{"31-32", 32, 33, 2},
		{"0-255", 255, 256, 256},
		{"3,3,3", 3, 2, 1},
	};
	static const char *const bad[] = {",", "a", "1-", "-1", "3-1", "1,", "256", "0-256", "1 2",
		"99999999999999999999999"};
	struct cb_cpus set;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(cb_cpus_parse_list(good[i].text, &set));
		assert_true(good[i].has < 0 || cb_cpus_has(&set, good[i].has));
		assert_false(cb_cpus_has(&set, good[i].lacks));
		assert_int_equal(cb_cpus_count(&set), good[i].count);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(cb_cpus_parse_list(bad[i], &set));
}

static void masks_are_read(void **state)
{
	static const struct {
		const char *text;
		int has;
		unsigned count;
	} good[] = {
		{"0", -1, 0},
		{"00000000,00000000", -1, 0},
		{"2", 1, 1},
		{"00000001,00000000", 32, 1},
		{"ff", 7, 8},
		{"80000000,00000000,00000000,00000000,00000000,00000000,00000000,00000001", 255, 2},
		/* A machine that could have more CPUs than we know, but hasn't. */
		{"00000000,00000000,00000000,00000000,00000000,00000000,00000000,00000000,00000002",
			1, 1},
	};
	static const char *const bad[] = {"", ",", "g", "1,", "123456789",
		"1,00000000,00000000,00000000,00000000,00000000,00000000,00000000,00000000"};
	struct cb_cpus set;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(cb_cpus_parse_mask(good[i].text, &set));
		assert_true(good[i].has < 0 || cb_cpus_has(&set, good[i].has));
		assert_int_equal(cb_cpus_count(&set), good[i].count);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(cb_cpus_parse_mask(bad[i], &set));
}

static void masks_are_written_as_the_kernel_takes_them(void **state)
{
	static const struct {
		int cpu;
		const char *mask;
	} cases[] = {{-1, "0"}, {0, "1"}, {5, "20"}, {31, "80000000"}, {32, "1,00000000"},
		{255, "80000000,00000000,00000000,00000000,00000000,00000000,00000000,00000000"}};
	char text[CB_CPUS_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cb_cpus set = {0}, back;

		if (cases[i].cpu >= 0)
			cb_cpus_add(&set, cases[i].cpu);
		cb_cpus_print_mask(&set, text);
		assert_string_equal(text, cases[i].mask);
		assert_true(cb_cpus_parse_mask(text, &back));
		assert_true(cb_cpus_equal(&set, &back));
	}
}

static void this_machine_has_a_cpu(void **state)
{
	struct cb_cpus set;

	assert_int_equal(cb_cpus_online(&set, NULL), 0);
	assert_true(cb_cpus_count(&set) >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_read),
		cmocka_unit_test(masks_are_read),
		cmocka_unit_test(masks_are_written_as_the_kernel_takes_them),
		cmocka_unit_test(this_machine_has_a_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
