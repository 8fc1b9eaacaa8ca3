/* The option tables of a scenario: every key that it may have, once. */
#ifndef CB_HARNESS_SCENARIO_TABLES_H
#define CB_HARNESS_SCENARIO_TABLES_H

#include "harness/base/option.h"

#include <stddef.h>
#include <stdint.h>

#define CB_TRIAL_ROWS_MAX 32 /* rows of cb_trial_options at most */

/* Index into cb_trial_options of the row called `path`, or SIZE_MAX. */
size_t cb_trial_row(const char *path);
/* Index of the member row that `path` is below ("capture.load" for "capture.load.level"), or
 * SIZE_MAX; *option: the part behind it. */
size_t cb_trial_member_row(const char *path, const char **option);
/* Why a row has its bounds, to be added to an error; "" when it goes without saying. */
const char *cb_trial_reason(const struct cb_option *row);

/* The scalars at the root of a file. */
struct cb_root_values {
	char name[64], title[256], question[1024];
	int64_t repetitions, retries, seed, paper_figure;
	int order, impossible;
	char paper_section[16];
};
extern const struct cb_option cb_root_options[]; /* over struct cb_root_values */
extern const char *const cb_root_sections[];     /* the other keys of the root; NULL-terminated */

extern const struct cb_option cb_figure_options[]; /* over struct cb_figure */
extern const char *const cb_figure_sections[];

extern const struct cb_option cb_claim_options[]; /* over struct cb_claim */
extern const char *const cb_claim_sections[];
extern const struct cb_option cb_expectation_options[]; /* over struct cb_expectation */
/* The other keys of an expectation: the kinds are cb_expect_names. */
extern const char *const cb_expectation_sections[];

#endif
