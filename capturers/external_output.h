/*
 * What a program prints, looked through line by line for the sign that it is ready and for its
 * counts. A line ends with a newline or a carriage return. Whatever a program prints, it costs no
 * more than a line's memory.
 */
#ifndef CB_CAPTURERS_EXTERNAL_OUTPUT_H
#define CB_CAPTURERS_EXTERNAL_OUTPUT_H

#include "capturers/external_program.h"
#include "harness/base/json.h"

#include <regex.h>
#include <stdbool.h>

#define CB_EXTERNAL_LINE 1024 /* of a longer line, the rest is not looked at */

/* Zero-initialise. */
struct cb_external_output {
	bool is_ready;
	int64_t counts[CB_EXTERNAL_COUNTS]; /* the last ones printed; CB_UNKNOWN: none were */
	char last[256], before[256];        /* the last lines that are not empty; once it is
					ready, since then; for errors */

	/* Its own. */
	const struct cb_external_program *program;
	regex_t ready, patterns[CB_EXTERNAL_COUNTS];
	bool have_ready, have[CB_EXTERNAL_COUNTS]; /* compiled */
	char line[CB_EXTERNAL_LINE];
	size_t length;
};

/* CB_ERR_USAGE when a pattern is wrong; to be finished all the same. */
int cb_external_output_init(struct cb_external_output *o, const struct cb_external_program *program,
	struct cb_error *err);
void cb_external_output_finish(struct cb_external_output *o);

void cb_external_output_feed(struct cb_external_output *o, const char *bytes, size_t n);
/* No more will come: what stands there without a line's end is a line too. */
void cb_external_output_end(struct cb_external_output *o);

/* The keys that name a program's counts, in a description. */
extern const char *const cb_external_count_names[CB_EXTERNAL_COUNTS];

#endif
