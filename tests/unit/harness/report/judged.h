/* Claims about two placements and four rates, judged on made-up trials. */
#ifndef CB_TESTS_REPORT_JUDGED_H
#define CB_TESTS_REPORT_JUDGED_H

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

static UNUSED double rate_of(const json_t *params)
{
	return json_number_value(json_object_get(params, "traffic.rate")) / 1000;
}

static UNUSED bool placed(const json_t *params, const char *placement)
{
	return strcmp(json_string_value(json_object_get(params, "placement")), placement) == 0;
}

/* A little noise that is different for every cell and repetition. */
static UNUSED double noise(const json_t *params, int64_t repetition)
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

static UNUSED void add_trials(struct judged *j, outcome_of *outcome)
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

static UNUSED void judge(struct judged *j, const char *yaml, outcome_of *outcome, json_t *run)
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

static UNUSED void forget(struct judged *j)
{
	free(j->verdicts);
	cb_report_cells_finish(&j->cells);
	cb_report_data_finish(&j->data);
	synthetic_close(&j->s);
}

/* The first claim's verdict must be this, and say this. */
static UNUSED void check(
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
static UNUSED struct outcome apart(const json_t *params, int64_t repetition)
{
	double lost = rate_of(params) / 100 * (placed(params, "A:B") ? 0.05 : 0.1);

	return (struct outcome){.share = 1 - lost - noise(params, repetition)};
}

/* A:B is better by what the noise is, in two of three repetitions. */
static UNUSED struct outcome hard_to_tell(const json_t *params, int64_t repetition)
{
	double more = placed(params, "A:B") && repetition % 3 ? 0.011 : 0;

	return (struct outcome){
		.share = 0.5 + more + (double)((repetition * 3 + placed(params, "A:B")) % 5) / 100};
}

#endif
