#include "harness/base/json.h"
#include "harness/report/format.h"
#include "harness/report/metric.h"
#include "harness/report/param.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness/base/check.h"
#include "tests/unit/harness/report/members.h"

#define CHECK(call, wanted)                                     \
	do {                                                    \
		struct cb_text out = {0};                       \
		call;                                           \
		assert_string_equal(cb_text_get(&out), wanted); \
		cb_text_finish(&out);                           \
	} while (0)

static void test_percent(void **state)
{
	(void)state;
	CHECK(cb_format_percent(&out, 1), "100.0");
	CHECK(cb_format_percent(&out, 0), "0.0");
	CHECK(cb_format_percent(&out, 0.6034), "60.3");
	/* Loss must not be rounded away, nor the last captured frame. */
	CHECK(cb_format_percent(&out, 0.9996), "99.96");
	CHECK(cb_format_percent(&out, 0.999999), "99.9999");
	CHECK(cb_format_percent(&out, 1 - 1e-9), "99.9999");
	CHECK(cb_format_percent(&out, 0.0001), "0.01");
	CHECK(cb_format_percent(&out, 1e-9), "0.0001");
}

static void test_count(void **state)
{
	(void)state;
	CHECK(cb_format_count(&out, 0), "0");
	CHECK(cb_format_count(&out, 1234), "1234");
	CHECK(cb_format_count(&out, 12345), "12\u00a0345");
	CHECK(cb_format_count(&out, -1234567), "-1\u00a0234\u00a0567");
	CHECK(cb_format_count(&out, INT64_MAX),
		"9\u00a0223\u00a0372\u00a0036\u00a0854\u00a0775\u00a0807");
	CHECK(cb_format_count(&out, CB_UNKNOWN), "-");
}

static void test_number(void **state)
{
	(void)state;
	CHECK(cb_format_number(&out, 0), "0");
	CHECK(cb_format_number(&out, 368.4), "368");
	CHECK(cb_format_number(&out, 1.5), "1.50");
	CHECK(cb_format_number(&out, 0.01234), "0.0123");
	CHECK(cb_format_number(&out, 81234.4), "81\u00a0234");
	CHECK(cb_format_number(&out, NAN), "-");
	CHECK(cb_format_number(&out, INFINITY), "-");
	CHECK(cb_format_number(&out, 1e300), "1e+300");
}

static void test_escapes(void **state)
{
	(void)state;
	CHECK(cb_format_html(&out, "<a href='x' id=\"y\">&\n"),
		"&lt;a href=&#39;x&#39; id=&quot;y&quot;&gt;&amp; ");
	CHECK(cb_format_markdown(&out, "a|b *c* _d_ [e](f) `g` <h> &"),
		"a\\|b \\*c\\* \\_d\\_ \\[e\\](f) \\`g\\` &lt;h&gt; &amp;");
	CHECK(cb_format_gnuplot(&out, "it's `id` @x \\\n"), "'it''s `id` @x \\ '");
	/* ESC and the one-byte CSI (U+009B) would be obeyed by a terminal. */
	CHECK(cb_format_line(&out,
		      "a\033[31mb\xc2\x9b"
		      "31mc\x7f"),
		"a [31mb 31mc ");
	CHECK(cb_format_line(&out, "\xc2\xb5s \xe2\x80\xa0"), "\xc2\xb5s \xe2\x80\xa0");
	assert_int_equal(cb_format_width("\xc2\xb5s \xe2\x80\xa0"), 4);
}

static void test_param(void **state)
{
	json_t *rate = json_integer(1270000), *max = json_string("max"), *level = json_integer(6),
	       *size = json_integer(64), *one = json_integer(1), *time = json_integer(2000);

	(void)state;
	assert_int_equal(cb_param_unit("traffic.rate", &test_registry), CB_UNIT_RATE);
	assert_int_equal(cb_param_unit("capture.load.level", &test_registry), CB_UNIT_COUNT);
	assert_int_equal(cb_param_unit("capture.load.time", &test_registry), CB_UNIT_TIME);
	assert_int_equal(cb_param_unit("capture.load.time", NULL), CB_UNIT_COUNT);
	assert_int_equal(cb_param_unit("no.such.path", &test_registry), CB_UNIT_COUNT);
	CHECK(cb_param_print(rate, CB_UNIT_RATE, &out), "1.27 Mpps");
	CHECK(cb_param_print(NULL, CB_UNIT_RATE, &out), "-");
	CHECK(cb_param_print_alone("traffic.rate", max, CB_UNIT_RATE, &out), "maximum rate");
	CHECK(cb_param_print_alone("capture.load.level", level, CB_UNIT_COUNT, &out), "level 6");
	CHECK(cb_param_print_alone("traffic.frame_size", size, CB_UNIT_BYTES, &out), "64 B frames");
	CHECK(cb_param_print_alone("capture.processes", one, CB_UNIT_COUNT, &out), "1 process");
	CHECK(cb_param_print_alone("x.y", time, CB_UNIT_TIME, &out), "x.y 2 us");
	json_decref(rate);
	json_decref(max);
	json_decref(level);
	json_decref(size);
	json_decref(one);
	json_decref(time);
}

static void test_summary_text(void **state)
{
	const struct cb_metric *share = cb_metric_find("captured_share");
	struct cb_summary five = {.n = 5, .median = 0.227, .min = 0.219, .max = 0.23};
	struct cb_summary same = {.n = 5, .median = 1, .min = 1, .max = 1};
	struct cb_summary none = {.n = 0, .median = NAN, .min = NAN, .max = NAN};

	(void)state;
	CHECK(cb_metric_print_summary(share, &five, &out), "22.7 [21.9, 23.0]");
	CHECK(cb_metric_print_summary(share, &same, &out), "100.0");
	CHECK(cb_metric_print_summary(share, &none, &out), "-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percent),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_param),
		cmocka_unit_test(test_summary_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
