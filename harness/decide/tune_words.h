/* The settings of a candidate in words that users of tcpdump, Suricata and programs of their own
 * can apply. Pure. */
#ifndef CB_HARNESS_DECIDE_TUNE_WORDS_H
#define CB_HARNESS_DECIDE_TUNE_WORDS_H

#include "harness/base/text.h"

#include <jansson.h>

/* Lines of at most some 100 columns, from the cell's params. */
void cb_tune_words(const json_t *params, struct cb_text *out);

#endif
