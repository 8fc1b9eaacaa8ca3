/* `compare`: two runs, or the two variants of one. */
#include "harness/decide/compare.h"

#include "harness/cli/calibrate.h"
#include "harness/cli/compare_args.h"
#include "harness/decide/compare_page.h"

#include <stdio.h>

struct args {
	struct cb_compare_args compare;
	char along[64], out[1024], confirm_base[1024], confirm_cand[1024];
	bool gate, no_pictures;
	struct cb_repeat across, accept;
	struct cb_calibrate_args calibrate;
};

#define TEXT(field) CB_OPTION_TEXT_AT(struct args, field), .fallback = ""

static const struct cb_option options[] = {
	{.name = "gate",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct args, gate),
		.fallback = "false",
		.help = "Exit status 3 for a confirmed regression, 6 where it can't be told"},
	CB_COMPARE_OPTION_ROWS(struct args, compare),
	CB_CALIBRATE_OPTION_ROWS(struct args, calibrate),
	{.name = "along",
		TEXT(along),
		.metavar = "PATH",
		.help = "The parameter along which a curve runs; without it the rate, or what the "
			"scenario draws against"},
	{.name = "confirm-base",
		TEXT(confirm_base),
		.metavar = "DIR",
		.help = "Fresh trials of the base: what was found counts if it is found there, "
			"too"},
	{.name = "confirm-candidate",
		TEXT(confirm_cand),
		.metavar = "DIR",
		.help = "Fresh trials of the candidate"},
	{.name = "out",
		TEXT(out),
		.metavar = "DIR",
		.help = "Write compare.html, compare.md, compare.json, junit.xml and the figures "
			"there"},
	{.name = "no-pictures",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct args, no_pictures),
		.fallback = "false",
		.help = "Write no picture: data and gnuplot scripts only"},
	CB_OPTION_END,
};

static const struct cb_repeat_row repeats[] = {
	CB_COMPARE_REPEAT_ROWS(struct args, compare),
	CB_CALIBRATE_REPEAT_ROWS(struct args, calibrate),
	{"across", "PATH",
		"This parameter differs on purpose, e.g. capture.mechanism (may be repeated)",
		offsetof(struct args, across)},
	{"accept", "FACT",
		"This fact of the hosts differs on purpose, e.g. kernel.release (may be repeated)",
		offsetof(struct args, accept)},
	{.name = NULL},
};

/* Lists are as long as CB_REPEATS_MAX at most, and so are their places. */
_Static_assert(CB_REPEATS_MAX <= CB_MATCH_ACROSS_MAX, "all paths have a place");
_Static_assert(CB_REPEATS_MAX <= CB_ENVIRONMENT_ACCEPTED_MAX, "all facts have a place");

static void take_lists(const struct args *a, struct cb_compare_options *o)
{
	o->along = a->along[0] ? a->along : NULL;
	for (size_t i = 0; i < a->across.n; i++)
		o->across[o->n_across++] = a->across.items[i];
	for (size_t i = 0; i < a->accept.n; i++)
		o->accepted.facts[o->accepted.n++] = a->accept.items[i];
}

static int run(const struct cb_invocation *call, struct cb_error *err)
{
	const struct args *a = call->args;
	const struct cb_compare_source source = {.base = call->positional[0],
		.cand = call->positional[1],
		.fresh_base = a->confirm_base[0] ? a->confirm_base : NULL,
		.fresh_cand = a->confirm_cand[0] ? a->confirm_cand : NULL};
	struct cb_compare_options o;
	struct cb_compare c = {0};
	json_t *noise = NULL;
	int rc;

	if (a->calibrate.calibrate)
		return cb_cli_calibrate(
			call, &a->compare, &a->calibrate, a->out[0] ? a->out : NULL, err);
	rc = cb_compare_args_options(&a->compare, !source.cand, &o, &noise, err);

	if (!rc && source.cand && !source.fresh_base != !source.fresh_cand)
		rc = cb_error_set(
			err, CB_ERR_USAGE, "--confirm-base and --confirm-candidate go together");
	if (!rc) {
		take_lists(a, &o);
		rc = cb_compare_make(&c, &source, &o, &cb_cli_registry, err);
	}
	if (!rc && a->out[0])
		rc = cb_compare_write(&c, a->out, !a->no_pictures, err);
	if (!rc)
		rc = cb_compare_args_print(&c, &a->compare, &call->common, err);
	if (!rc && a->out[0] && !call->common.json && a->compare.format == CB_COMPARE_TEXT)
		printf("\nreport     %s/compare.html\n", a->out);
	if (!rc && a->gate)
		rc = cb_compare_args_gate(&c, err);
	cb_compare_finish(&c);
	json_decref(noise);
	return rc;
}

static const char *const examples[] = {
	"capbench compare results/nightly/20261120T020000Z-1a2b results/new/20261121T020000Z-3c4d",
	"capbench compare BASE CANDIDATE --gate --format markdown --out gate/",
	"capbench compare --calibrate scenarios/ci/gate.yaml",
	"capbench compare BASE CANDIDATE --across capture.mechanism --metric cpu_ns_per_frame",
	NULL,
};

const struct cb_verb cb_verb_compare = {
	.name = "compare",
	.help = "Compare two runs: is one worse?",
	.description =
		"Matches the cells of two runs by their parameters and judges each curve by a "
		"permutation test over its trials: loss, throughput and CPU time per frame. With "
		"one "
		"run directory, compares the two variants that were measured in it. For a gate, "
		"`capbench run --variants` is better than two runs: it measures both in turn, and "
		"again what it suspects.",
	.positional =
		{{.metavar = "BASE",
			 .help = "a run directory; with --calibrate, a scenario or such a run"},
			{.metavar = "CANDIDATE",
				.help = "another; left out where BASE holds two variants",
				.optional = true}},
	.options = options,
	.repeats = repeats,
	.args_size = sizeof(struct args),
	.examples = examples,
	.run = run,
};
