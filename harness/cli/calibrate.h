/* `compare --calibrate`: the same against itself. */
#ifndef CB_HARNESS_CLI_CALIBRATE_H
#define CB_HARNESS_CLI_CALIBRATE_H

#include "harness/cli/compare_args.h"

struct cb_calibrate_args {
	bool calibrate;
	int64_t pairs;
	char profile[64];
	struct cb_repeat set, only;
};

/* Rows for a verb whose args are `args_type` with a struct cb_calibrate_args called `part`. */
#define CB_CALIBRATE_OPTION_ROWS(args_type, part)                                                \
	{.name = "calibrate",                                                                    \
		.type = CB_OPT_BOOL,                                                             \
		.offset = offsetof(args_type, part.calibrate),                                   \
		.fallback = "false",                                                             \
		.help = "Measure the scenario BASE against itself: how often would the gate be " \
			"wrong here, and how large is the noise?"},                              \
		{.name = "pairs",                                                                \
			.type = CB_OPT_COUNT,                                                    \
			.offset = offsetof(args_type, part.pairs),                               \
			.fallback = "10",                                                        \
			.min = 2,                                                                \
			.max = 100,                                                              \
			.help = "With --calibrate: how often the scenario is measured twice"},   \
	{                                                                                        \
		.name = "profile", CB_OPTION_TEXT_AT(args_type, part.profile), .fallback = "",   \
		.metavar = "NAME", .help = "With --calibrate: overlay this profile"              \
	}

#define CB_CALIBRATE_REPEAT_ROWS(args_type, part)                                              \
	{"set", "KEY=VALUE",                                                                   \
		"With --calibrate: overlay one value of the scenario (may be repeated)",       \
		offsetof(args_type, part.set)},                                                \
	{                                                                                      \
		"only", "KEY=VALUE",                                                           \
			"With --calibrate: keep only cells with this value (may be repeated)", \
			offsetof(args_type, part.only)                                         \
	}

/* Run the scenario (or take the run) that the first word names, print what came out, and write
 * report/calibrate.json below the run. `out`: the run directory to make, NULL: one below results/.
 */
int cb_cli_calibrate(const struct cb_invocation *call, const struct cb_compare_args *compare,
	const struct cb_calibrate_args *args, const char *out, struct cb_error *err);

#endif
