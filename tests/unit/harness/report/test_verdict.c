/* Each kind of expectation, on made-up trials. */
#include "tests/unit/harness/report/judged.h"

static struct outcome alike(const json_t *params, int64_t repetition)
{
	return (struct outcome){
		.share = 1 - rate_of(params) / 100 * 0.05 - noise(params, repetition)};
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reproduced),
		cmocka_unit_test(not_reproduced),
		cmocka_unit_test(no_difference_is_shown_not_assumed),
		cmocka_unit_test(trends),
		cmocka_unit_test(evidence_explains),
		cmocka_unit_test(spread_is_compared),
		cmocka_unit_test(several_arms),
		cmocka_unit_test(the_best_is_paid_for),
		cmocka_unit_test(all_expectations_must_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
