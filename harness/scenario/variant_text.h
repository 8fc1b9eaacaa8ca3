/* Variants as they are given on a command line. */
#ifndef CB_HARNESS_SCENARIO_VARIANT_TEXT_H
#define CB_HARNESS_SCENARIO_VARIANT_TEXT_H

#include "harness/base/error.h"
#include "harness/base/text.h"

/*
 * "base=capture.wait=poll,cand=capture.wait=spin" as what --set takes: "variants={...}". Several
 * settings of one variant stand between semicolons, or as a YAML map in braces, which a value with
 * commas needs; nothing is a variant that changes nothing. CB_ERR_USAGE.
 */
int cb_variants_overlay(const char *text, struct cb_text *out, struct cb_error *err);

#endif
