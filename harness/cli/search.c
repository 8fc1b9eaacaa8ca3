/* `search`: the highest rate within each goal of a scenario. */
#include "harness/base/clock.h"
#include "harness/cli/answer.h"
#include "harness/cli/scenario_args.h"
#include "harness/decide/search_report.h"
#include "harness/decide/search_run.h"

struct args {
	struct cb_scenario_args scenario;
	struct cb_answer_args answer;
	int64_t patience_ns;
};

static const struct cb_option options[] = {
	CB_SCENARIO_OPTION_ROWS(struct args, scenario),
	CB_ANSWER_OPTION_ROWS(struct args, answer),
	{.name = "patience",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct args, patience_ns),
		.fallback = "3min",
		.min = 0,
		.max = (int64_t)(CB_NS_PER_SEC * 3600 * 24),
		.help = "How long to wait, all in all, for a host that something else disturbs"},
	CB_OPTION_END,
};

static const struct cb_repeat_row repeats[] = {
	CB_SCENARIO_REPEAT_ROWS(struct args, scenario),
	{.name = NULL},
};

static int load(struct cb_scenario **s, const struct cb_invocation *call, struct cb_error *err)
{
	const struct args *a = call->args;

	if (a->answer.resume[0])
		return cb_answer_resume(s, &a->answer, &a->scenario, call->positional[0], err);
	if (!call->positional[0])
		return cb_error_set(err, CB_ERR_USAGE,
			"SCENARIO is missing: a YAML file, or --resume DIR (capbench search "
			"--help)");
	return cb_scenario_args_load(s, call->positional[0], &a->scenario, err);
}

static int run(const struct cb_invocation *call, struct cb_error *err)
{
	const struct args *a = call->args;
	struct cb_stepwise_options o = {.kind = "search",
		.command_line = call->command_line,
		.seed = (uint64_t)a->scenario.seed};
	char directory[CB_RUN_PATH_MAX];
	struct cb_scenario *s = NULL;
	struct cb_bed *bed = NULL;
	int rc = cb_answer_options(&a->answer, &o, &bed, err);

	if (!rc)
		rc = load(&s, call, err);
	if (!rc) {
		cb_scenario_probe(s, &cb_cli_registry);
		rc = cb_search_run(s, &o, (uint64_t)a->patience_ns, directory, err);
	}
	cb_scenario_destroy(s);
	cb_bed_destroy(bed);
	return rc ? rc
		  : cb_cli_answer(cb_search_report, directory, !a->answer.no_pictures,
			    call->common.json, err);
}

static const char *const examples[] = {
	"capbench search scenarios/search.yaml",
	"capbench search scenarios/search.yaml --set trial.capture.load=packzip:3",
	"capbench search --resume results/search/20261121T214005Z-1a2b",
	NULL,
};

const struct cb_verb cb_verb_search = {
	.name = "search",
	.help = "Find the highest rate within each goal of a scenario",
	.description =
		"Looks for the highest rate (or the longest burst) at which each cell of SCENARIO "
		"keeps each of its goals: throughput without loss, partial-drop rates, "
		"back-to-back frames. Short trials first, long ones where the answer must lie, in "
		"the manner of RFC 2544 and MLRsearch. The result is an interval with the number "
		"of trials behind it; a generator that can't offer more is said as such.",
	.positional = {{.metavar = "SCENARIO",
		.help = "a YAML file, with goals (without: throughput and pdr); may be left out "
			"with --resume",
		.optional = true}},
	.options = options,
	.repeats = repeats,
	.args_size = sizeof(struct args),
	.examples = examples,
	.run = run,
};
