/*
 * The words of a program's command line, made from a template: {interface} and other names in
 * braces stand for what the capture job says; {{ is a brace. No shell is involved.
 */
#ifndef CB_CAPTURERS_EXTERNAL_WORDS_H
#define CB_CAPTURERS_EXTERNAL_WORDS_H

#include "capturers/capture.h"
#include "capturers/external_program.h"

#define CB_EXTERNAL_ARGS_MAX (CB_EXTERNAL_WORDS_MAX + CB_EXTERNAL_WORDS_MAX)

/* Zero-initialise. */
struct cb_external_words {
	char *argv[CB_EXTERNAL_ARGS_MAX + 1]; /* owned; NULL ends */
	size_t n;
};

/* Are all placeholders of `word` known? CB_ERR_USAGE naming the one that is not, and all that are.
 */
int cb_external_words_check(const char *word, struct cb_error *err);

/* The program's command line for `job`. CB_ERR_USAGE when it has no way to be given the job's
 * filter. */
int cb_external_words_make(struct cb_external_words *w, const struct cb_external_program *program,
	const struct cb_capture_job *job, struct cb_error *err);
void cb_external_words_finish(struct cb_external_words *w);

#endif
