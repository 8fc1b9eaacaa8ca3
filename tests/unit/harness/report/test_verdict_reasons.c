/* What stands between a claim and a verdict (too few trials, a ceiling, a test-bed that lacks
 * something, many claims at once), and how the pages tell it. */
#include "harness/report/pages.h"
#include "harness/report/report.h"

#include "tests/unit/harness/report/judged.h"

static struct outcome everything(const json_t *params, int64_t repetition)
{
	return (struct outcome){.share = 1,
		.cpu_ns = (placed(params, "A:B") ? 300 : 200) + 1000 * noise(params, repetition)};
}

static void undecided_tells_how_many_would_decide(void **state)
{
	struct judged j;

	check(CLAIM("greater: " ARMS ", where: {traffic.rate: highest}"), hard_to_tell,
		CB_VERDICT_UNDECIDED, " repetitions in place of 5 would decide");
	judge(&j, CLAIM("greater: " ARMS ", where: {traffic.rate: highest}"), hard_to_tell, NULL);
	assert_true(j.verdicts[0].p > CB_VERDICT_ALPHA);
	forget(&j);
}

static void everything_captured_tells_nothing(void **state)
{
	check(CLAIM("greater: " ARMS), everything, CB_VERDICT_UNDECIDED,
		"both at the ceiling: everything was captured on all sides");
	check(CLAIM("equivalent: " ARMS), everything, CB_VERDICT_UNDECIDED, "both at the ceiling");
	check(CLAIM("falls: traffic.rate"), everything, CB_VERDICT_UNDECIDED,
		"both at the ceiling");
}

/* Then what it cost decides, where the claim says so: A:A is cheaper. */
static void the_cost_decides_at_the_ceiling(void **state)
{
	check(CLAIM("at_least: [{placement: \"A:A\"}, {placement: \"A:B\"}], at_ceiling: "
		    "cpu_ns_per_frame"),
		everything, CB_VERDICT_REPRODUCED,
		"capture CPU time per frame, A:B against A:A: +4");
	check(CLAIM("greater: " ARMS ", at_ceiling: cpu_ns_per_frame"), everything,
		CB_VERDICT_NOT_REPRODUCED, "where both captured everything");
}

static struct outcome nothing(const json_t *params, int64_t repetition)
{
	return (struct outcome){.share = NAN};
}

static void check_needs(
	const char *needs, const char *testbed, enum cb_verdict_kind kind, const char *says)
{
	char yaml[1024];
	json_t *run = json_loads(testbed, 0, NULL);
	struct cb_text text = {0};
	struct judged j;

	assert_non_null(run);
	snprintf(yaml, sizeof(yaml),
		HEAD "claims: [{id: c, says: so, needs: {%s}, expect: {greater: " ARMS "}}]\n",
		needs);
	judge(&j, yaml, apart, run);
	cb_verdict_print(&j.verdicts[0], &text);
	assert_int_equal(j.verdicts[0].kind, kind);
	assert_string_equal(cb_text_get(&text), says);
	cb_text_finish(&text);
	forget(&j);
	json_decref(run);
}

static void what_the_test_bed_lacks_is_said(void **state)
{
	const char *two = "{\"testbed\": {\"kind\": \"local\", \"cores\": 2}}",
		   *four = "{\"testbed\": {\"kind\": \"ssh\", \"cores\": 4, \"sensors\": 2}}";

	check_needs("cores: 3", two, CB_VERDICT_NEEDS, "needs 3 cores: there were 2");
	check_needs("sensors: 2", two, CB_VERDICT_NEEDS, "needs 2 sensors: there was 1");
	check_needs("nic: yes", two, CB_VERDICT_NEEDS,
		"needs a network card: the link was a veth pair, which has no interrupts");
	check_needs("cores: 3, sensors: 2, nic: yes", four, CB_VERDICT_REPRODUCED, "reproduced");
}

static void what_was_left_out_is_said(void **state)
{
	json_t *run = json_loads("{\"left_out\": [{\"cells\": [0, 1, 2, 3], \"why\": \"PF_RING: it "
				 "is not installed\"}]}",
		0, NULL);
	struct judged j;

	judge(&j, CLAIM("greater: " ARMS), nothing, run);
	assert_int_equal(j.verdicts[0].kind, CB_VERDICT_NEEDS);
	assert_string_equal(j.verdicts[0].why, "PF_RING: it is not installed");
	forget(&j);
	json_decref(run);
	check(CLAIM("greater: " ARMS), nothing, CB_VERDICT_UNDECIDED,
		"nothing was measured that could tell");
}

static void an_analogue_is_told(void **state)
{
	check(HEAD "claims: [{id: c, says: so, analogue: this for that, expect: {greater: " ARMS
		   "}}]\n",
		apart, CB_VERDICT_REPRODUCED, "reproduced on an analogue");
}

/* What one claim alone would show does not do among forty. */
static void many_claims_are_corrected_for(void **state)
{
	struct cb_text yaml = {0};
	struct judged j;

	cb_text_add(&yaml, HEAD "claims:\n");
	for (int i = 0; i < 40; i++)
		cb_text_addf(&yaml,
			"  - {id: c%d, says: so, expect: {greater: " ARMS
			", where: {traffic.rate: highest}}}\n",
			i);
	judge(&j, cb_text_get(&yaml), apart, NULL);
	assert_true(j.verdicts[0].finding.p_holds < 0.004);
	assert_int_equal(j.verdicts[0].kind, CB_VERDICT_UNDECIDED);
	assert_says(j.verdicts[0].why, "about 10 repetitions in place of 5 would decide");
	cb_text_finish(&yaml);
	forget(&j);
}

static void pages_have_the_table(void **state)
{
	static const char *const wanted[] = {"Claims", "It is so", "reproduced", "points [", "4.1"};
	struct synthetic *s;
	struct judged j;
	json_t *summary = NULL, *claim;
	char *html, *markdown;

	judge(&j,
		HEAD "figures: [{id: f, x: traffic.rate, y: captured_share, series: placement}]\n"
		     "claims: [{id: c, says: It is so, section: \"4.1\", figure: f, expect: "
		     "{greater: " ARMS "}}]\n",
		apart, NULL);
	s = &j.s;
	assert_int_equal(cb_report_write(s->directory, &test_registry,
				 &(struct cb_report_options){.pictures = false}, &summary, NULL),
		0);
	claim = json_array_get(json_object_get(summary, "claims"), 0);
	assert_string_equal(json_string_value(json_object_get(claim, "verdict")), "reproduced");
	assert_true(fabs(json_real_value(
				 json_object_get(json_object_get(claim, "effect"), "estimate")) -
			    12.5) < 1);
	assert_says(json_string_value(json_array_get(json_object_get(summary, "results"), 0)),
		"1 claim: 1 reproduced (c), 0 not reproduced, 0 undecided, 0 that");
	html = synthetic_read(s, "report/report.html");
	markdown = synthetic_read(s, "report/report.md");
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		assert_says(html, wanted[i]);
		if (i < 3)
			assert_says(markdown, wanted[i]);
	}
	assert_says(html, "<a href=\"#figure-f\">f</a>");
	/* and what the names in it stand for, of those that were measured */
	assert_says(html, "<dt>recv</dt><dd>copy</dd>");
	assert_says(html, "<dt>A:B</dt><dd>Placement: ");
	assert_null(strstr(html, "<dt>tpacket3</dt>"));
	free(html);
	free(markdown);
	json_decref(summary);
	forget(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(undecided_tells_how_many_would_decide),
		cmocka_unit_test(everything_captured_tells_nothing),
		cmocka_unit_test(the_cost_decides_at_the_ceiling),
		cmocka_unit_test(what_the_test_bed_lacks_is_said),
		cmocka_unit_test(what_was_left_out_is_said),
		cmocka_unit_test(an_analogue_is_told),
		cmocka_unit_test(many_claims_are_corrected_for),
		cmocka_unit_test(pages_have_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
