/* The options of a comparison, for `compare` and for `run` with variants. */
#ifndef CB_HARNESS_CLI_COMPARE_ARGS_H
#define CB_HARNESS_CLI_COMPARE_ARGS_H

#include "harness/cli/verb.h"
#include "harness/decide/compare.h"

enum cb_compare_format { CB_COMPARE_TEXT, CB_COMPARE_MARKDOWN, CB_COMPARE_JUNIT };

struct cb_compare_args {
	char noise[1024];
	int64_t alpha, floor_share, floor_ratio; /* ppm */
	int format;                              /* enum cb_compare_format */
	bool improvements;
	struct cb_repeat metrics;
};

extern const char *const cb_compare_format_names[];

/* Rows for a verb whose args are `args_type` with a struct cb_compare_args called `part`. */
#define CB_COMPARE_OPTION_ROWS(args_type, part)                                                    \
	{.name = "improvements",                                                                   \
		.type = CB_OPT_BOOL,                                                               \
		.offset = offsetof(args_type, part.improvements),                                  \
		.fallback = "false",                                                               \
		.help = "Look for what is better instead of worse"},                               \
		{.name = "alpha",                                                                  \
			.type = CB_OPT_RATIO,                                                      \
			.offset = offsetof(args_type, part.alpha),                                 \
			.fallback = "5%",                                                          \
			.min = 1,                                                                  \
			.max = 200000,                                                             \
			.help = "How often, at most, a first look may find what is not there"},    \
		{.name = "floor",                                                                  \
			.type = CB_OPT_RATIO,                                                      \
			.offset = offsetof(args_type, part.floor_share),                           \
			.fallback = "0.1%",                                                        \
			.min = 0,                                                                  \
			.max = 1000000,                                                            \
			.help = "Smaller shifts of a share are no change, in points"},             \
		{.name = "floor-relative",                                                         \
			.type = CB_OPT_RATIO,                                                      \
			.offset = offsetof(args_type, part.floor_ratio),                           \
			.fallback = "1%",                                                          \
			.min = 0,                                                                  \
			.max = 1000000,                                                            \
			.help = "Smaller shifts of rates and times are no change"},                \
		{.name = "noise",                                                                  \
			CB_OPTION_TEXT_AT(args_type, part.noise),                                  \
			.fallback = "",                                                            \
			.metavar = "FILE",                                                         \
			.help = "What --calibrate found of this test-bed (calibrate.json): "       \
				"shifts "                                                          \
				"below three times its noise are no change"},                      \
	{                                                                                          \
		.name = "format", .type = CB_OPT_ENUM, .offset = offsetof(args_type, part.format), \
		.fallback = "text", .choices = cb_compare_format_names,                            \
		.help = "What is printed (--json: JSON)"                                           \
	}

#define CB_COMPARE_REPEAT_ROWS(args_type, part)                                              \
	{                                                                                    \
		"metric", "NAME",                                                            \
			"Compare this metric (may be repeated); without it captured_share, " \
			"captured_pps and cpu_ns_per_frame",                                 \
			offsetof(args_type, part.metrics)                                    \
	}

/*
 * Options for cb_compare_make from what was given, for two runs, or for `beside` each other
 * measured variants of one; *noise (new reference, may be NULL) is what they borrow. CB_ERR_USAGE:
 * the noise file can't be read, too many metrics.
 */
int cb_compare_args_options(const struct cb_compare_args *args, bool beside,
	struct cb_compare_options *options, json_t **noise, struct cb_error *err);

/* Print the comparison on stdout as was asked for. */
int cb_compare_args_print(const struct cb_compare *c, const struct cb_compare_args *args,
	const struct cb_common *common, struct cb_error *err);

/* What a gate ends with: 0, or an error that says the verdict. */
int cb_compare_args_gate(const struct cb_compare *c, struct cb_error *err);

#endif
