/* `run`: measure a scenario and draw its report. */
#include "harness/run/run.h"

#include "harness/base/clock.h"
#include "harness/cli/compare_args.h"
#include "harness/cli/report_verb.h"
#include "harness/cli/scenario_args.h"
#include "harness/decide/compare_page.h"
#include "harness/decide/variants.h"
#include "harness/report/report.h"

#include <stdio.h>
#include <unistd.h>

struct args {
	struct cb_scenario_args scenario;
	struct cb_compare_args compare;
	char out[1024], resume[1024];
	char testbed[1024];
	bool no_report, no_pictures, keep_going;
	int64_t host_timeout_ns;
};

static const struct cb_option options[] = {
	CB_SCENARIO_OPTION_ROWS(struct args, scenario),
	{.name = "out",
		CB_OPTION_TEXT_AT(struct args, out),
		.fallback = "",
		.metavar = "DIR",
		.help = "Run directory to make; without it results/<scenario>/<time>-<id>"},
	{.name = "resume",
		CB_OPTION_TEXT_AT(struct args, resume),
		.fallback = "",
		.metavar = "DIR",
		.help = "Finish the missing trials of this run directory"},
	{.name = "testbed",
		CB_OPTION_TEXT_AT(struct args, testbed),
		.fallback = "",
		.metavar = "FILE",
		.help = "Measure on the hosts of this file, over SSH, instead of on this machine"},
	{.name = "keep-going",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct args, keep_going),
		.fallback = "false",
		.help = "When a host is lost, go on with the trials that don't need it"},
	{.name = "host-timeout",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct args, host_timeout_ns),
		.fallback = "40s",
		.max = (int64_t)(3600 * CB_NS_PER_SEC),
		.help = "How long a host that is lost may take to come back"},
	{.name = "no-report",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct args, no_report),
		.fallback = "false",
		.help = "Measure only; `capbench report DIR` draws later"},
	{.name = "no-pictures",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct args, no_pictures),
		.fallback = "false",
		.help = "Write the report without running gnuplot"},
	CB_COMPARE_OPTION_ROWS(struct args, compare),
	CB_OPTION_END,
};

static const struct cb_repeat_row repeats[] = {
	CB_SCENARIO_REPEAT_ROWS(struct args, scenario),
	CB_COMPARE_REPEAT_ROWS(struct args, compare),
	{.name = NULL},
};

/* The scenario to measure: the file, or what the run directory holds. */
static int load(struct cb_scenario **s, const struct cb_invocation *call, struct cb_error *err)
{
	const struct args *a = call->args;
	char path[1200];

	if (call->positional[0])
		return cb_scenario_args_load(s, call->positional[0], &a->scenario, err);
	if (!a->resume[0])
		return cb_error_set(err, CB_ERR_USAGE,
			"SCENARIO is missing: a YAML file, or --resume DIR (capbench run --help)");
	if (a->scenario.profile[0] || a->scenario.variants[0] || a->scenario.set.n ||
		a->scenario.only.n || a->scenario.seed)
		return cb_error_set(err, CB_ERR_USAGE,
			"--resume takes the scenario as it was started: leave out --profile, "
			"--variants, --set, --only and --seed");
	snprintf(path, sizeof(path), "%s/scenario.resolved.yaml", a->resume);
	return cb_scenario_args_load(s, path, &(struct cb_scenario_args){0}, err);
}

/* The file named, or that of the run to be finished; NULL: the built-in test-bed. */
static int load_testbed(struct cb_bed **bed, const struct args *a, struct cb_error *err)
{
	char path[1200];

	*bed = NULL;
	if (a->testbed[0])
		return cb_bed_load(bed, a->testbed, NULL, err);
	if (!a->resume[0])
		return 0;
	snprintf(path, sizeof(path), "%s/testbed.yaml", a->resume);
	return access(path, F_OK) ? 0 : cb_bed_load(bed, path, NULL, err);
}

/* What the numbers are worth decides the exit status. */
static int judge(const struct cb_run_outcome *o, struct cb_error *err)
{
	if (o->lost)
		return cb_error_set(err, CB_ERR_HOST,
			"%lld of %lld trials could not be measured: %s (to finish: capbench run "
			"--resume %s)",
			(long long)o->lost, (long long)o->trials, o->failure.text, o->directory);
	if (o->invalid)
		return cb_error_set(err, CB_ERR_INCONCLUSIVE,
			"%lld of %lld trials are invalid (their reasons are in the report; %s)",
			(long long)o->invalid, (long long)o->trials, o->directory);
	return 0;
}

/* The report, and the comparison beside it; only the comparison is printed. */
static int report_variants(const struct cb_invocation *call, const char *directory,
	const struct cb_compare *c, struct cb_error *err)
{
	const struct args *a = call->args;
	const struct cb_report_options o = {.pictures = !a->no_pictures};
	char path[4200];
	int rc = 0;

	snprintf(path, sizeof(path), "%s/report", directory);
	if (!a->no_report)
		rc = cb_report_write(directory, &cb_cli_registry, &o, NULL, err);
	if (!rc && !a->no_report)
		rc = cb_compare_write(c, path, !a->no_pictures, err);
	if (!rc)
		rc = cb_compare_args_print(c, &a->compare, &call->common, err);
	if (!rc && !a->no_report && !call->common.json && a->compare.format == CB_COMPARE_TEXT)
		printf("\nreport     %s/compare.html\n", path);
	return rc;
}

/* Both variants in one run; the exit status is the gate's. */
static int run_variants(const struct cb_invocation *call, const struct cb_scenario *s,
	const struct cb_run_options *o, struct cb_error *err)
{
	const struct args *a = call->args;
	struct cb_run_outcome outcome = {0};
	struct cb_compare_options compare;
	struct cb_compare c = {0};
	json_t *noise = NULL;
	int rc = cb_compare_args_options(&a->compare, true, &compare, &noise, err);

	if (!rc)
		rc = cb_variants_run(s, o, &compare, &cb_cli_registry, &outcome, &c, err);
	if (!rc)
		rc = report_variants(call, outcome.directory, &c, err);
	if (!rc)
		rc = outcome.lost ? judge(&outcome, err) : cb_compare_args_gate(&c, err);
	cb_compare_finish(&c);
	json_decref(noise);
	return rc;
}

static int run_plain(const struct cb_invocation *call, const struct cb_scenario *s,
	const struct cb_run_options *o, struct cb_error *err)
{
	const struct args *a = call->args;
	struct cb_run_outcome outcome = {0};
	int r = cb_run(s, o, &outcome, err);

	if (!r && !a->no_report)
		r = cb_cli_report(outcome.directory, !a->no_pictures, call->common.json, err);
	else if (!r && call->common.json)
		r = cb_cli_print_json(json_pack("{s:s}", "directory", outcome.directory), err);
	else if (!r)
		printf("results    %s\n", outcome.directory);
	return r ? r : judge(&outcome, err);
}

static int run(const struct cb_invocation *call, struct cb_error *err)
{
	const struct args *a = call->args;
	struct cb_run_options o = {
		.out = a->out[0] ? a->out : NULL,
		.resume = a->resume[0] ? a->resume : NULL,
		.command_line = call->command_line,
		.seed = (uint64_t)a->scenario.seed,
		.keep_going = a->keep_going,
		.host_timeout_ns = a->host_timeout_ns,
	};
	struct cb_scenario *s = NULL;
	struct cb_bed *bed = NULL;
	int r;

	if (o.out && o.resume)
		return cb_error_set(err, CB_ERR_USAGE, "--out and --resume exclude each other");
	r = load(&s, call, err);
	if (!r)
		r = load_testbed(&bed, a, err);
	o.bed = bed;
	/* What can run on other hosts shows there. */
	if (!r && !bed)
		cb_scenario_probe(s, &cb_cli_registry);
	if (!r && s)
		r = s->n_variants ? run_variants(call, s, &o, err) : run_plain(call, s, &o, err);
	cb_scenario_destroy(s);
	cb_bed_destroy(bed);
	return r;
}

static const char *const examples[] = {
	"capbench run scenarios/quick.yaml",
	"capbench run scenarios/quick.yaml --only capture.mechanism=tpacket3 --set repetitions=5",
	"capbench run scenarios/ci/gate.yaml --variants main=,mine=capture.wait=spin",
	"capbench run scenarios/quick.yaml --testbed scenarios/testbeds/figure4.yaml",
	"capbench run --resume results/quick/20261121T214005Z-1a2b",
	NULL,
};

const struct cb_verb cb_verb_run = {
	.name = "run",
	.help = "Measure a scenario and draw its report",
	.description =
		"Carries out every trial of SCENARIO on the built-in test-bed (two network "
		"namespaces and a veth pair on this machine) or on the hosts of a test-bed "
		"file, keeps the books of every frame, and draws the report. A run that was "
		"broken off is finished by --resume. With two variants it measures both in "
		"turn, compares them, measures again what looks changed, and ends with 3 for "
		"a confirmed regression and 6 where it can't be told.",
	.positional = {{.metavar = "SCENARIO",
		.help = "a YAML file; may be left out with --resume",
		.optional = true}},
	.options = options,
	.repeats = repeats,
	.args_size = sizeof(struct args),
	.examples = examples,
	.run = run,
};
