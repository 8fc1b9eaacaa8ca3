/*
 * Thin helpers over jansson: typed reads that name the key when something is
 * missing or of the wrong type, and "not available" as null.
 */
#ifndef CB_HARNESS_BASE_JSON_H
#define CB_HARNESS_BASE_JSON_H

#include "harness/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A count that is not available: null in JSON, never 0. */
#define CB_UNKNOWN INT64_MIN

/* Set key to an integer, or to null for CB_UNKNOWN. 0 or -1, as jansson. */
int cb_json_set_count(json_t *object, const char *key, int64_t value);
/* Set key to a real, or to null for NaN. */
int cb_json_set_real(json_t *object, const char *key, double value);
/* Bytes of a text that is not UTF-8 become "?" where they are not ASCII. */
int cb_json_set_text(json_t *object, const char *key, const char *text);

/* Reads of a member of `object`. CB_ERR_INTERNAL naming `key` when absent or of another type. */
int cb_json_count(const json_t *object, const char *key, int64_t *value, struct cb_error *err);
int cb_json_real(const json_t *object, const char *key, double *value, struct cb_error *err);
int cb_json_bool(const json_t *object, const char *key, bool *value, struct cb_error *err);
/* Copied to out[size]; too long is an error. */
int cb_json_text(
	const json_t *object, const char *key, char *out, size_t size, struct cb_error *err);
/* The member, borrowed; an error when it is not an object / array. */
int cb_json_object(const json_t *object, const char *key, json_t **value, struct cb_error *err);
int cb_json_array(const json_t *object, const char *key, json_t **value, struct cb_error *err);

/* Parse bytes that may be hostile: depth, duplicates and syntax are checked by jansson. New
 * reference. */
json_t *cb_json_parse(const void *bytes, size_t n, struct cb_error *err);

#endif
