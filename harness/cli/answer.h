/* What `search` and `tune` share: where their runs go, on what test-bed, and how answers are
 * printed. */
#ifndef CB_HARNESS_CLI_ANSWER_H
#define CB_HARNESS_CLI_ANSWER_H

#include "harness/base/text.h"
#include "harness/cli/scenario_args.h"
#include "harness/cli/verb.h"
#include "harness/run/stepwise.h"

struct cb_answer_args {
	char out[1024], resume[1024], testbed[1024];
	bool no_pictures;
};

/* Rows for a verb whose args are `args_type` with a struct cb_answer_args called `part`. */
#define CB_ANSWER_OPTION_ROWS(args_type, part)                                                     \
	{.name = "out",                                                                            \
		CB_OPTION_TEXT_AT(args_type, part.out),                                            \
		.fallback = "",                                                                    \
		.metavar = "DIR",                                                                  \
		.help = "Run directory to make; without it results/<scenario>/<time>-<id>"},       \
		{.name = "resume",                                                                 \
			CB_OPTION_TEXT_AT(args_type, part.resume),                                 \
			.fallback = "",                                                            \
			.metavar = "DIR",                                                          \
			.help = "Go on with this run directory"},                                  \
		{.name = "testbed",                                                                \
			CB_OPTION_TEXT_AT(args_type, part.testbed),                                \
			.fallback = "",                                                            \
			.metavar = "FILE",                                                         \
			.help = "Measure on the hosts of this file, over SSH, instead of on this " \
				"machine"},                                                        \
	{                                                                                          \
		.name = "no-pictures", .type = CB_OPT_BOOL,                                        \
		.offset = offsetof(args_type, part.no_pictures), .fallback = "false",              \
		.help = "Write the report without running gnuplot"                                 \
	}

/* out, resume and test-bed of `o`; *bed is the caller's. */
int cb_answer_options(const struct cb_answer_args *a, struct cb_stepwise_options *o,
	struct cb_bed **bed, struct cb_error *err);

/* The scenario of the run directory to go on with; `s` may not be overlaid, nor `path` be given. */
int cb_answer_resume(struct cb_scenario **s, const struct cb_answer_args *a,
	const struct cb_scenario_args *overlay, const char *path, struct cb_error *err);

typedef int cb_answer_report(const char *directory, const struct cb_registry *registry,
	bool pictures, json_t **result, struct cb_text *text, struct cb_error *err);

/* Write the report of `directory` and print it. */
int cb_cli_answer(cb_answer_report *report, const char *directory, bool pictures, bool json,
	struct cb_error *err);

#endif
