/* Made-up runs to compare, and what is asked of a comparison. */
#ifndef CB_TESTS_DECIDE_COMPARED_RUNS_H
#define CB_TESTS_DECIDE_COMPARED_RUNS_H

#include "harness/decide/compare.h"

#include "tests/unit/cmocka.h"
#include "tests/unit/harness/report/synthetic.h"

#define TWO_CURVES                                    \
	"name: two\n"                                 \
	"trial:\n"                                    \
	"  traffic: {rate: 100k}\n"                   \
	"  capture: {mechanism: tpacket2}\n"          \
	"vary:\n"                                     \
	"  capture.mechanism: [tpacket2, tpacket3]\n" \
	"  traffic.rate: [100k, 200k, 400k]\n"        \
	"repetitions: 5\n"

/* How a made-up run differs from the plainest one. */
struct shape {
	double loss;         /* more than the others, in the second half of the cells */
	int64_t invalid;     /* trials of the first cell */
	int64_t repetitions; /* 0: five */
	const char *release; /* of the kernel; NULL: the usual */
	double slower_rate;  /* of the last cell, offered: 0 as asked */
	double knee;         /* loss of the last cell, too */
};

static UNUSED void make(struct synthetic *s, const char *yaml, const struct shape *shape)
{
	int64_t n = shape->repetitions ? shape->repetitions : 5, trial = 0;

	synthetic_open(s, yaml);
	for (size_t cell = 0; cell < s->scenario->n_cells; cell++) {
		for (int64_t k = 0; k < n; k++) {
			bool hit = cell >= s->scenario->n_cells / 2;
			bool last = cell + 1 == s->scenario->n_cells;
			double pps = (double)s->scenario->cells[cell].spec.traffic.rate;
			double loss = (hit ? shape->loss : 0) + (last ? shape->knee : 0);

			if (last && shape->slower_rate > 0)
				pps = shape->slower_rate;
			synthetic_add(s,
				&(struct synthetic_trial){.trial = trial++,
					.cell = (int64_t)cell,
					.repetition = k,
					.pps = pps,
					.share = 0.95 - 0.001 * (double)k - loss,
					.state = !cell && k < shape->invalid ? CB_TRIAL_INVALID
									     : CB_TRIAL_VALID});
		}
	}
	synthetic_save(s, trial, "Two");
	if (shape->release) {
		struct cb_text facts = {0};

		cb_text_addf(&facts,
			"{\"cpu\": {\"model\": \"Test CPU\", \"online\": 2, \"mhz\": 2000}, "
			"\"kernel\": {\"release\": \"%s\"}, \"boot_id\": \"c\"}\n",
			shape->release);
		synthetic_write(s, "hosts/local/facts.json", cb_text_get(&facts));
		cb_text_finish(&facts);
	}
}

static const struct cb_compare_options plain = {.rules = CB_JUDGE_RULES};

static UNUSED void compare(struct cb_compare *c, const struct synthetic *base,
	const struct synthetic *cand, const struct cb_compare_options *options)
{
	const struct cb_compare_source source = {
		.base = base->directory, .cand = cand ? cand->directory : NULL};
	struct cb_error err = {0};

	if (cb_compare_make(c, &source, options, &test_registry, &err))
		fail_msg("%s", err.text);
}

static UNUSED const struct cb_compared *find(
	const struct cb_compare *c, const char *metric, size_t curve)
{
	for (size_t i = 0; i < c->n; i++) {
		if (!strcmp(c->list[i].measure->metric->name, metric) && !curve--)
			return &c->list[i];
	}
	fail_msg("there is no %s", metric);
	return NULL;
}

static UNUSED bool says(const json_t *list, const char *what)
{
	json_t *text;
	size_t i;

	json_array_foreach(list, i, text)
	{
		if (strstr(json_string_value(text), what))
			return true;
	}
	return false;
}

#endif
