/* Names of a trend's lines. */
#include "harness/decide/trend_legend.h"

#include <string.h>

#include "tests/unit/cmocka.h"

static struct cb_trend_legend legend;

static const char *name(size_t i)
{
	return cb_text_get(&legend.names[i]);
}

static const char *small(void)
{
	return cb_text_get(&legend.small);
}

static int tear_down(void **state)
{
	cb_trend_legend_finish(&legend);
	return 0;
}

static void what_all_have_stands_once(void **state)
{
	const char *labels[] = {
		"A:B, recv, 64 B frames", "A:B, tpacket3, 64 B frames", "A:A, recv, 64 B frames"};

	cb_trend_legend_make(&legend, labels, 3, 20);
	assert_string_equal(name(0), "A:B, recv");
	assert_string_equal(name(1), "A:B, tpacket3");
	assert_string_equal(name(2), "A:A, recv");
	assert_string_equal(small(), "all: 64 B frames");
	assert_int_equal(legend.widest, strlen("A:B, tpacket3"));
}

/* "64 B" is a part of one label and only the beginning of a part of the other. */
static void only_whole_parts_are_alike(void **state)
{
	const char *labels[] = {"64 B, recv", "64 B frames, recv"};

	cb_trend_legend_make(&legend, labels, 2, 20);
	assert_string_equal(name(0), "64 B");
	assert_string_equal(name(1), "64 B frames");
	assert_string_equal(small(), "all: recv");
}

static void one_curve_keeps_its_name(void **state)
{
	const char *labels[] = {"level"};

	cb_trend_legend_make(&legend, labels, 1, 20);
	assert_string_equal(name(0), "level");
	assert_string_equal(small(), "");
}

static void nothing_in_common_takes_nothing_off(void **state)
{
	const char *labels[] = {"recv", "tpacket3"};

	cb_trend_legend_make(&legend, labels, 2, 8);
	assert_string_equal(name(0), "recv");
	assert_string_equal(name(1), "tpacket3");
	assert_string_equal(small(), "");
}

/* What a label lacks tells it apart, too; and no two are called the same. */
static void what_would_not_tell_apart_stays_whole(void **state)
{
	const char *lacks[] = {"recv", "recv, poll"}, *order[] = {"1, 2, x", "2, 1, x", "1, 1, y"};

	cb_trend_legend_make(&legend, lacks, 2, 20);
	assert_string_equal(name(0), "recv");
	assert_string_equal(name(1), "recv, poll");
	assert_string_equal(small(), "");
	cb_trend_legend_finish(&legend);
	cb_trend_legend_make(&legend, order, 3, 20);
	assert_string_equal(name(0), "1, 2, x");
	assert_string_equal(name(1), "2, 1, x");
	assert_string_equal(name(2), "1, 1, y");
}

/* No name is cut: where one would be, all are numbers, and the small print says what they are. */
static void what_does_not_fit_is_numbered(void **state)
{
	const char *labels[] = {"recv, poll, A:B", "tpacket3, spin, A:B"};

	cb_trend_legend_make(&legend, labels, 2, strlen("tpacket3, spin"));
	assert_string_equal(name(1), "tpacket3, spin");
	cb_trend_legend_finish(&legend);
	cb_trend_legend_make(&legend, labels, 2, strlen("tpacket3, spin") - 1);
	assert_string_equal(name(0), "1");
	assert_string_equal(name(1), "2");
	assert_string_equal(small(), "all: A:B; 1: recv, poll; 2: tpacket3, spin");
	assert_int_equal(legend.widest, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_all_have_stands_once),
		TEST(only_whole_parts_are_alike),
		TEST(one_curve_keeps_its_name),
		TEST(nothing_in_common_takes_nothing_off),
		TEST(what_would_not_tell_apart_stays_whole),
		TEST(what_does_not_fit_is_numbered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
