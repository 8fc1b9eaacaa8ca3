/* What a comparison leaves in its directory. */
#include "harness/decide/compare_page.h"

#include "tests/unit/harness/decide/compared_runs.h"

static void pages_are_written(void **state)
{
	struct synthetic base, cand, out = {.directory = "/tmp/capbench-report-XXXXXX"};
	struct cb_error err = {0};
	struct cb_compare c;
	char *text;

	(void)state;
	assert_non_null(mkdtemp(out.directory));
	make(&base, TWO_CURVES, &(struct shape){0});
	make(&cand, TWO_CURVES, &(struct shape){.loss = 0.02, .release = "<6.2>"});
	compare(&c, &base, &cand, &plain);
	if (cb_compare_write(&c, out.directory, false, &err))
		fail_msg("%s", err.text);
	text = synthetic_read(&out, "compare.html");
	assert_null(strstr(text, "{{"));
	assert_null(strstr(text, "<6.2>"));
	assert_non_null(strstr(text, "cannot tell"));
	free(text);
	text = synthetic_read(&out, "junit.xml");
	assert_non_null(strstr(text, "tests=\"6\" failures=\"0\" errors=\"6\""));
	free(text);
	text = synthetic_read(&out, "compare.md");
	assert_non_null(strstr(text, "| captured share | tpacket3 |"));
	free(text);
	assert_true(synthetic_has(&out, "compare-1-captured_share.dat"));
	text = synthetic_read(&out, "compare-1-captured_share.gp");
	assert_non_null(strstr(text, "title 'candidate'"));
	assert_non_null(strstr(text, "title 'base'"));
	free(text);
	cb_compare_finish(&c);
	synthetic_close(&out);
	synthetic_close(&base);
	synthetic_close(&cand);
}

/* What is wrong with a cell is wrong for all metrics: it is said once, and of one metric with its
 * name. */
static void remarks_are_said_once(void **state)
{
	struct synthetic base, cand;
	struct cb_compare c;
	json_t *list;

	(void)state;
	make(&base, TWO_CURVES, &(struct shape){0});
	make(&cand, TWO_CURVES, &(struct shape){.invalid = 2, .slower_rate = 300000});
	compare(&c, &base, &cand, &plain);
	list = cb_compare_remarks(&c);
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(json_string_value(json_array_get(list, 0)),
		"tpacket2: candidate at 100 kpps: 3 of 5 trials can be used (2 invalid, 0 missing, "
		"0 without this "
		"value)");
	assert_string_equal(json_string_value(json_array_get(list, 1)),
		"captured share, captured rate of tpacket3: not offered the same at 400 kpps: 400 "
		"kpps and 300 kpps");
	json_decref(list);
	cb_compare_finish(&c);
	synthetic_close(&base);
	synthetic_close(&cand);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_written),
		cmocka_unit_test(remarks_are_said_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
