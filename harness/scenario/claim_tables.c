/* The option tables of `claims:`. */
#include "harness/scenario/scenario.h"
#include "harness/scenario/tables.h"

const char *const cb_expect_names[] = {"greater", "less", "at_least", "equivalent", "most", "least",
	"spreads", "rises", "falls", "rises_with", "falls_with", NULL};

#define CLAIM(key, field)      .name = (key), .offset = offsetof(struct cb_claim, field)
#define CLAIM_TEXT(key, field) .name = (key), CB_OPTION_TEXT_AT(struct cb_claim, field)

const struct cb_option cb_claim_options[] = {
	{CLAIM_TEXT("id", id), .fallback = NULL, .help = "A short name: c02"},
	{CLAIM_TEXT("says", says), .fallback = NULL, .help = "The claim as a sentence"},
	{CLAIM_TEXT("section", section), .fallback = "", .help = "Where the paper says it"},
	{CLAIM_TEXT("figure", figure), .fallback = "", .help = "The figure that shows it"},
	{CLAIM_TEXT("analogue", analogue), .fallback = "",
		.help = "What stands in for which system of the paper"},
	{CLAIM_TEXT("otherwise", otherwise), .fallback = "",
		.help = "What a reader should know when it is not reproduced"},
	{CLAIM("needs.cores", needs_cores), .type = CB_OPT_COUNT, .fallback = "0", .min = 0,
		.max = 1024, .help = "Cores without which it can't be decided"},
	{CLAIM("needs.sensors", needs_sensors), .type = CB_OPT_COUNT, .fallback = "0", .min = 0,
		.max = 64, .help = "Capturing hosts without which it can't be decided"},
	{CLAIM("needs.nic", needs_nic), .type = CB_OPT_BOOL, .fallback = "no",
		.help = "Whether it takes a real network card"},
	CB_OPTION_END,
};

const char *const cb_claim_sections[] = {"expect", NULL};

#define EXPECT(key, field)      .name = (key), .offset = offsetof(struct cb_expectation, field)
#define EXPECT_TEXT(key, field) .name = (key), CB_OPTION_TEXT_AT(struct cb_expectation, field)

const struct cb_option cb_expectation_options[] = {
	{EXPECT_TEXT("metric", metric), .fallback = "captured_share", .help = "What is compared"},
	{EXPECT_TEXT("at_ceiling", at_ceiling), .fallback = "",
		.help = "A cost per frame that is compared where everything is captured"},
	{EXPECT_TEXT("along", along), .fallback = "",
		.help = "The parameter that differs within a curve"},
	{EXPECT("by", by), .type = CB_OPT_RATIO, .fallback = "0.5%", .min = 0, .max = 1000000,
		.help = "A smaller effect does not count"},
	{EXPECT("within", within), .type = CB_OPT_RATIO, .fallback = "2%", .min = 1, .max = 1000000,
		.help = "What counts as no difference"},
	CB_OPTION_END,
};

const char *const cb_expectation_sections[] = {"greater", "less", "at_least", "equivalent", "most",
	"least", "spreads", "rises", "falls", "rises_with", "falls_with", "where", NULL};
