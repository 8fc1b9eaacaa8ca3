/* `report`: redraw everything from the data of a run. */
#include "harness/report/report.h"

#include "harness/base/text.h"
#include "harness/cli/answer.h"
#include "harness/cli/report_verb.h"
#include "harness/cli/terminal.h"
#include "harness/cli/verb.h"
#include "harness/decide/search_report.h"
#include "harness/decide/tune_run.h"

#include <stdio.h>
#include <string.h>

struct args {
	bool no_pictures;
};

static const struct cb_option options[] = {
	{.name = "no-pictures",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct args, no_pictures),
		.fallback = "false",
		.help = "Write data and gnuplot scripts only, run no gnuplot"},
	CB_OPTION_END,
};

int cb_cli_report(const char *directory, bool pictures, bool json, struct cb_error *err)
{
	struct cb_report_options o = {.pictures = pictures};
	struct cb_error report_err = {0};
	struct cb_text text = {0};
	json_t *summary = NULL;
	int r, printed = 0;

	r = cb_report_write(directory, &cb_cli_registry, &o, &summary, &report_err);
	if (summary && json) {
		printed = cb_cli_print_json(json_incref(summary), err);
	} else if (summary) {
		cb_report_print(summary, cb_terminal_columns(), &text);
		fputs(cb_text_get(&text), stdout);
		printf("\nreport     %s/report/report.html\n", directory);
	}
	cb_text_finish(&text);
	json_decref(summary);
	if (r)
		*err = report_err;
	return r ? r : printed;
}

static int run(const struct cb_invocation *call, struct cb_error *err)
{
	const struct args *a = call->args;
	char kind[32];

	cb_run_kind(call->positional[0], kind, sizeof(kind));
	if (strcmp(kind, "search") == 0)
		return cb_cli_answer(cb_search_report, call->positional[0], !a->no_pictures,
			call->common.json, err);
	if (strcmp(kind, "tune") == 0)
		return cb_cli_answer(
			cb_tune_report, call->positional[0], false, call->common.json, err);
	return cb_cli_report(call->positional[0], !a->no_pictures, call->common.json, err);
}

static const char *const examples[] = {"capbench report results/quick/20261121T214005Z-1a2b", NULL};

const struct cb_verb cb_verb_report = {
	.name = "report",
	.help = "Redraw figures and pages from the data of a run",
	.description =
		"Reads the data in the run directory DIR and writes DIR/report/: report.html, "
		"report.md, summary.json, trials.csv, and each figure as .svg, .pdf, .png, .dat "
		"and .gp. Nothing is measured again.",
	.positional = {{.metavar = "DIR",
		.help = "a run directory, results/<scenario>/<time>-<id>"}},
	.options = options,
	.args_size = sizeof(struct args),
	.examples = examples,
	.run = run,
};
