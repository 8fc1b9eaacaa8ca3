/* What `run` and `plan` share: the options that choose and overlay a scenario. */
#ifndef CB_HARNESS_CLI_SCENARIO_ARGS_H
#define CB_HARNESS_CLI_SCENARIO_ARGS_H

#include "harness/cli/verb.h"
#include "harness/scenario/plan.h"

struct cb_scenario_args {
	char profile[64], variants[4096];
	int64_t seed;
	struct cb_repeat set, only;
};

/* Rows for a verb whose args are `args_type` with a struct cb_scenario_args called `part`. */
#define CB_SCENARIO_OPTION_ROWS(args_type, part)                                                \
	{.name = "profile",                                                                     \
		CB_OPTION_TEXT_AT(args_type, part.profile),                                     \
		.fallback = "",                                                                 \
		.metavar = "NAME",                                                              \
		.help = "Overlay the values of this profile of the scenario"},                  \
		{.name = "variants",                                                            \
			CB_OPTION_TEXT_AT(args_type, part.variants),                            \
			.fallback = "",                                                         \
			.metavar = "BASE=...,CAND=...",                                         \
			.help = "Measure each cell in two variants, turn and turn about, and "  \
				"compare "                                                      \
				"them: base=capture.wait=poll,cand=capture.wait=spin"},         \
	{                                                                                       \
		.name = "seed", .type = CB_OPT_COUNT, .offset = offsetof(args_type, part.seed), \
		.fallback = "0", .min = 0, .max = INT64_MAX,                                    \
		.help = "Seed of the trials' order; 0: the scenario's, or one from the clock"   \
	}

#define CB_SCENARIO_REPEAT_ROWS(args_type, part)                                            \
	{"set", "KEY=VALUE", "Overlay one value, e.g. trial.duration=1s (may be repeated)", \
		offsetof(args_type, part.set)},                                             \
	{                                                                                   \
		"only", "KEY=VALUE", "Keep only cells with this value (may be repeated)",   \
			offsetof(args_type, part.only)                                      \
	}

int cb_scenario_args_load(struct cb_scenario **s, const char *path,
	const struct cb_scenario_args *args, struct cb_error *err);

#endif
