/* Runs gnuplot on a figure's script. */
#ifndef CB_HARNESS_REPORT_PICTURE_H
#define CB_HARNESS_REPORT_PICTURE_H

#include "harness/base/error.h"
#include "harness/base/text.h"

#include <stdbool.h>

/*
 * Run `gnuplot <id>.gp` in `directory`, without a shell and without the user's own gnuplot
 * settings. Blocks for up to a minute. CB_ERR_IMPOSSIBLE: there is no gnuplot (the text says how to
 * get it); CB_ERR_INTERNAL with gnuplot's own words when it fails.
 */
int cb_picture_draw(const char *directory, const char *id, struct cb_error *err);

/*
 * The <svg> element of directory/<id>.svg, fit to stand inside an HTML page with others: no XML
 * prolog, ids made unique by `id`, `title` as its accessible name. Returns false when there is no
 * such file, or when there is anything in it that a drawing does not need (scripts, foreign
 * objects).
 */
bool cb_picture_inline(
	const char *directory, const char *id, const char *title, struct cb_text *out);

#endif
