/* Each verdict, on made-up trials. */
#include "harness/report/pages.h"
#include "harness/report/report.h"
#include "harness/report/verdict.h"

#include "tests/unit/harness/report/synthetic.h"

#define HEAD                                                              \
	"name: t\nrepetitions: 5\n"                                       \
	"trial:\n  traffic: {rate: 100k}\n  capture: {mechanism: recv}\n" \
	"vary:\n  placement: [A:A, A:B]\n"                                \
	"  traffic.rate: [100k, 200k, 300k, 400k]\n"
#define CLAIM(expect)                       \
	HEAD "claims:\n"                    \
	     "  - {id: c, says: It is so, " \
	     "expect: {" expect "}}\n"
#define ARMS "[{placement: \"A:B\"}, {placement: \"A:A\"}]"

/* What a repetition of a cell comes to. */
struct outcome {
	double share;
	double cpu_ns;  /* per frame; 0: as the synthetic trial has it */
	double wakeups; /* per frame */
};
typedef struct outcome outcome_of(const json_t *params, int64_t repetition);

static double rate_of(const json_t *params)
{
	return json_number_value(json_object_get(params, "traffic.rate")) / 1000;
}

static bool placed(const json_t *params, const char *placement)
{
	return strcmp(json_string_value(json_object_get(params, "placement")), placement) == 0;
}

/* A little noise that is different for every cell and repetition. */
static double noise(const json_t *params, int64_t repetition)
{
	return (double)((repetition * 7 + (int64_t)rate_of(params) / 100 * 3 +
				placed(params, "A:B") * 5) %
		       11) /
		1000;
}

struct judged {
	struct synthetic s;
	struct cb_report_data data;
	struct cb_report_cells cells;
	struct cb_verdict *verdicts;
	size_t n;
};

static void add_trials(struct judged *j, outcome_of *outcome)
{
	struct synthetic *s = &j->s;

	for (size_t c = 0; c < s->scenario->n_cells; c++) {
		const json_t *params = s->scenario->cells[c].params;

		for (int64_t r = 0; r < s->scenario->repetitions; r++) {
			struct outcome o = outcome(params, r);
			struct synthetic_trial t = {.trial = s->n_trials,
				.cell = (int64_t)c,
				.repetition = r,
				.pps = rate_of(params) * 1000,
				.share = o.share};
			struct cb_trial_record record;

			if (isnan(o.share))
				continue;
			synthetic_record(s, &t, &record);
			if (o.cpu_ns > 0)
				record.views[0].cpu_ns =
					(int64_t)(o.cpu_ns * (double)record.views[0].book.received);
			if (o.wakeups > 0)
				record.views[0].wakeups = (int64_t)(o.wakeups *
					(double)record.views[0].book.received);
			synthetic_add_record(s, &record);
			cb_trial_record_finish(&record);
		}
	}
	synthetic_save(s, s->n_trials, "test");
}

static void judge(struct judged *j, const char *yaml, outcome_of *outcome, json_t *run)
{
	memset(j, 0, sizeof(*j));
	synthetic_open(&j->s, yaml);
	add_trials(j, outcome);
	assert_int_equal(cb_report_data_load(&j->data, j->s.directory, &test_registry, NULL), 0);
	assert_int_equal(cb_report_cells_make(&j->cells, &j->data, NULL), 0);
	assert_int_equal(cb_verdicts_make(&j->verdicts, &j->n, j->data.scenario, &j->cells,
				 run ? run : j->data.run, NULL),
		0);
}

static void forget(struct judged *j)
{
	free(j->verdicts);
	cb_report_cells_finish(&j->cells);
	cb_report_data_finish(&j->data);
	synthetic_close(&j->s);
}

/* The first claim's verdict must be this, and say this. */
static void check(
	const char *yaml, outcome_of *outcome, enum cb_verdict_kind kind, const char *says)
{
	struct cb_text text = {0};
	struct judged j;

	judge(&j, yaml, outcome, NULL);
	cb_verdict_print(&j.verdicts[0], &text);
	cb_text_add(&text, " | ");
	cb_verdict_effect(&j.verdicts[0], &test_registry, &text);
	if (j.verdicts[0].kind != kind)
		fail_msg("%s (p_holds %g, p_fails %g)", cb_text_get(&text),
			j.verdicts[0].finding.p_holds, j.verdicts[0].finding.p_fails);
	assert_says(cb_text_get(&text), says);
	cb_text_finish(&text);
	forget(&j);
}

/* A:B loses 5 % at each step, A:A twice that. */
static struct outcome apart(const json_t *params, int64_t repetition)
{
	double lost = rate_of(params) / 100 * (placed(params, "A:B") ? 0.05 : 0.1);

	return (struct outcome){.share = 1 - lost - noise(params, repetition)};
}

static struct outcome alike(const json_t *params, int64_t repetition)
{
	return (struct outcome){
		.share = 1 - rate_of(params) / 100 * 0.05 - noise(params, repetition)};
}

static struct outcome everything(const json_t *params, int64_t repetition)
{
	return (struct outcome){.share = 1,
		.cpu_ns = (placed(params, "A:B") ? 300 : 200) + 1000 * noise(params, repetition)};
}

static void reproduced(void **state)
{
	check(CLAIM("greater: " ARMS), apart, CB_VERDICT_REPRODUCED,
		"reproduced | captured share, A:B against A:A: +12.5 points [");
	check(CLAIM("less: [{placement: \"A:A\"}, {placement: \"A:B\"}]"), apart,
		CB_VERDICT_REPRODUCED, "40 trials at 4 points");
	check(CLAIM("at_least: " ARMS), apart, CB_VERDICT_REPRODUCED, "reproduced");
	check(CLAIM("at_least: " ARMS ", within: 2%"), alike, CB_VERDICT_REPRODUCED, "reproduced");
	check(CLAIM("greater: " ARMS ", where: {traffic.rate: highest}, by: 15%"), apart,
		CB_VERDICT_REPRODUCED, "10 trials at 1 point");
}

static void not_reproduced(void **state)
{
	check(CLAIM("less: " ARMS), apart, CB_VERDICT_NOT_REPRODUCED, "not reproduced");
	check(CLAIM("greater: " ARMS ", by: 2%"), alike, CB_VERDICT_NOT_REPRODUCED,
		"not reproduced");
	/* there, but less than what was claimed */
	check(CLAIM("greater: " ARMS ", where: {traffic.rate: lower}, by: 20%"), apart,
		CB_VERDICT_NOT_REPRODUCED, "+7.5 points");
	check(CLAIM("equivalent: " ARMS ", within: 2%, where: {traffic.rate: upper}"), apart,
		CB_VERDICT_NOT_REPRODUCED, "not reproduced");
	check(CLAIM("rises: traffic.rate"), apart, CB_VERDICT_NOT_REPRODUCED, "not reproduced");
	check(CLAIM("at_least: [{placement: \"A:A\"}, {placement: \"A:B\"}], where: "
		    "{traffic.rate: upper}"),
		apart, CB_VERDICT_NOT_REPRODUCED, "not reproduced");
}

/* A:B is better by what the noise is, in two of three repetitions. */
static struct outcome hard_to_tell(const json_t *params, int64_t repetition)
{
	double more = placed(params, "A:B") && repetition % 3 ? 0.011 : 0;

	return (struct outcome){
		.share = 0.5 + more + (double)((repetition * 3 + placed(params, "A:B")) % 5) / 100};
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

static void no_difference_is_shown_not_assumed(void **state)
{
	check(CLAIM("equivalent: " ARMS ", within: 2%"), alike, CB_VERDICT_REPRODUCED,
		"reproduced");
	check(CLAIM("equivalent: " ARMS ", within: 0.5%, where: {traffic.rate: highest}"),
		hard_to_tell, CB_VERDICT_UNDECIDED, "undecided");
}

static void trends(void **state)
{
	check(CLAIM("falls: traffic.rate"), apart, CB_VERDICT_REPRODUCED,
		"captured share along offered rate, from one end to the other: -");
	check(CLAIM("falls: traffic.rate, where: {placement: \"A:B\"}, by: 10%"), apart,
		CB_VERDICT_REPRODUCED, "20 trials at 1 point");
}

/* The share rises as wake-ups get fewer. */
static struct outcome waking(const json_t *params, int64_t repetition)
{
	return (struct outcome){
		.share = 0.5 + rate_of(params) / 2000 + noise(params, repetition) / 5,
		.wakeups = 0.5 - rate_of(params) / 1000};
}

static void evidence_explains(void **state)
{
	check(CLAIM("rises_with: frames_per_wakeup, along: traffic.rate, by: 50%"), waking,
		CB_VERDICT_REPRODUCED, "along frames per wake-up: rank correlation +0.9");
	check(CLAIM("falls_with: frames_per_wakeup, by: 50%"), waking, CB_VERDICT_NOT_REPRODUCED,
		"not reproduced");
}

static struct outcome unsteady(const json_t *params, int64_t repetition)
{
	double step = placed(params, "A:A") ? 0.1 : 0.001;

	return (struct outcome){.share = 0.5 + step * (double)repetition};
}

static void spread_is_compared(void **state)
{
	check(CLAIM("spreads: [{placement: \"A:A\"}, {placement: \"A:B\"}]"), unsteady,
		CB_VERDICT_REPRODUCED, "distance from the median captured share");
	check(CLAIM("spreads: " ARMS), unsteady, CB_VERDICT_NOT_REPRODUCED, "not reproduced");
}

#define RATES "[{traffic.rate: 100k}, {traffic.rate: 200k}, {traffic.rate: 300k}]"

static void several_arms(void **state)
{
	check(CLAIM("greater: " RATES), apart, CB_VERDICT_REPRODUCED, "reproduced");
	check(CLAIM("most: " RATES), apart, CB_VERDICT_REPRODUCED, "reproduced");
	check(CLAIM("least: [{traffic.rate: 400k}, {traffic.rate: 100k}]"), apart,
		CB_VERDICT_REPRODUCED, "reproduced");
	check(CLAIM("greater: [{traffic.rate: 100k}, {traffic.rate: 300k}, {traffic.rate: 200k}]"),
		apart, CB_VERDICT_NOT_REPRODUCED, "300 kpps against 200 kpps");
}

/* The best of four costs four times the p. */
static void the_best_is_paid_for(void **state)
{
	struct judged j;

	judge(&j,
		CLAIM("greater: [{traffic.rate: [100k, 200k, 300k], take: best, label: the best}, "
		      "{traffic.rate: 400k}]"),
		apart, NULL);
	assert_int_equal(j.verdicts[0].kind, CB_VERDICT_REPRODUCED);
	assert_int_equal(j.verdicts[0].finding.trials, 20);
	/* two points, five against five, all apart: 1 in 252 squared, three to choose from */
	assert_true(fabs(j.verdicts[0].finding.p_holds - 3.0 / 252 / 252) < 1e-12);
	forget(&j);
}

static void all_expectations_must_hold(void **state)
{
	check(HEAD "claims: [{id: c, says: so, expect: [{greater: " ARMS
		   "}, {falls: traffic.rate}]}]\n",
		apart, CB_VERDICT_REPRODUCED, "reproduced");
	check(HEAD "claims: [{id: c, says: so, expect: [{greater: " ARMS
		   "}, {rises: traffic.rate}]}]\n",
		apart, CB_VERDICT_NOT_REPRODUCED, "along offered rate");
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
		cmocka_unit_test(reproduced),
		cmocka_unit_test(not_reproduced),
		cmocka_unit_test(undecided_tells_how_many_would_decide),
		cmocka_unit_test(everything_captured_tells_nothing),
		cmocka_unit_test(the_cost_decides_at_the_ceiling),
		cmocka_unit_test(what_the_test_bed_lacks_is_said),
		cmocka_unit_test(what_was_left_out_is_said),
		cmocka_unit_test(no_difference_is_shown_not_assumed),
		cmocka_unit_test(trends),
		cmocka_unit_test(evidence_explains),
		cmocka_unit_test(spread_is_compared),
		cmocka_unit_test(several_arms),
		cmocka_unit_test(the_best_is_paid_for),
		cmocka_unit_test(all_expectations_must_hold),
		cmocka_unit_test(an_analogue_is_told),
		cmocka_unit_test(many_claims_are_corrected_for),
		cmocka_unit_test(pages_have_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
