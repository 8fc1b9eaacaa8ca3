/* `trend`: a series of runs. */
#include "harness/decide/trend.h"

#include "harness/cli/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct args {
	char out[1024], along[64];
	bool no_pictures;
	struct cb_repeat metrics, across;
};

static const struct cb_option options[] = {
	{.name = "out",
		CB_OPTION_TEXT_AT(struct args, out),
		.fallback = "",
		.metavar = "DIR",
		.help = "Write trend.json and a figure for each metric there"},
	{.name = "along",
		CB_OPTION_TEXT_AT(struct args, along),
		.fallback = "",
		.metavar = "PATH",
		.help = "The parameter along which a curve runs; without it the rate, or what the "
			"scenario draws against"},
	{.name = "no-pictures",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct args, no_pictures),
		.fallback = "false",
		.help = "Write data and gnuplot scripts only"},
	CB_OPTION_END,
};

static const struct cb_repeat_row repeats[] = {
	{"metric", "NAME",
		"Follow this metric (may be repeated); without it captured_share, captured_pps and "
		"cpu_ns_per_frame",
		offsetof(struct args, metrics)},
	{"across", "PATH", "This parameter may differ from run to run (may be repeated)",
		offsetof(struct args, across)},
	{.name = NULL},
};

static int take_options(const struct args *a, struct cb_compare_options *o, struct cb_error *err)
{
	*o = (struct cb_compare_options){
		.along = a->along[0] ? a->along : NULL, .rules = CB_JUDGE_RULES};
	if (a->metrics.n > CB_COMPARE_METRICS_MAX)
		return cb_error_set(err, CB_ERR_USAGE, "--metric is given more than %d times",
			CB_COMPARE_METRICS_MAX);
	for (size_t i = 0; i < a->metrics.n; i++)
		o->metrics[o->n_metrics++] = a->metrics.items[i];
	for (size_t i = 0; i < a->across.n; i++)
		o->across[o->n_across++] = a->across.items[i];
	return 0;
}

static int print(const struct cb_invocation *call, const struct cb_trend *t, struct cb_error *err)
{
	const struct args *a = call->args;
	struct cb_text text = {0};

	if (call->common.json)
		return cb_cli_print_json(cb_trend_json(t), err);
	cb_trend_text(t, &text);
	fputs(cb_text_get(&text), stdout);
	for (size_t m = 0; m < t->n_measures && a->out[0]; m++)
		printf("%sfigure     %s/trend-%s.%s\n", m ? "" : "\n", a->out,
			t->measures[m].metric->name, a->no_pictures ? "gp" : "svg");
	cb_text_finish(&text);
	return 0;
}

static int run(const struct cb_invocation *call, struct cb_error *err)
{
	const struct args *a = call->args;
	const char **directories = calloc(call->n_rest + 1, sizeof(*directories));
	struct cb_compare_options o;
	struct cb_trend t = {.n = 0};
	int rc;

	if (!directories)
		return cb_error_memory(err, "a trend");
	directories[0] = call->positional[0];
	for (size_t i = 0; i < call->n_rest; i++)
		directories[i + 1] = call->rest[i];
	rc = take_options(a, &o, err);
	if (!rc)
		rc = cb_trend_make(&t, directories, call->n_rest + 1, &o, &cb_cli_registry, err);
	if (!rc && a->out[0])
		rc = cb_trend_write(&t, a->out, !a->no_pictures, err);
	if (!rc)
		rc = print(call, &t, err);
	cb_trend_finish(&t);
	free(directories);
	return rc;
}

static const char *const examples[] = {
	"capbench trend results/nightly --out trend/",
	"capbench trend results/nightly/2026* --metric captured_share",
	NULL,
};

const struct cb_verb cb_verb_trend = {
	.name = "trend",
	.help = "Follow a series of runs, and mark where it changed",
	.description =
		"Takes runs of one scenario, by their start, and follows each curve of the last: a "
		"level for each run, and the runs from which on it is another. A change needs ten "
		"runs, and is advice where to look: `compare` tells what differs.",
	.positional = {{.metavar = "DIR",
		.help = "a run directory, or a folder of run directories",
		.repeats = true}},
	.options = options,
	.repeats = repeats,
	.args_size = sizeof(struct args),
	.examples = examples,
	.run = run,
};
