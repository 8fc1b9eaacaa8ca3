/*
 * Records of what was measured, and their JSON: the one place that knows the
 * field names of trials.jsonl, of `generate --json` and of `capture --json`.
 *
 * The fields are in tables (record.c): name, type, offset. A count that is not
 * available is CB_UNKNOWN here and null there. Readers accept unknown fields
 * (a later minor version) and refuse another schema version.
 */
#ifndef CB_HARNESS_RECORD_RECORD_H
#define CB_HARNESS_RECORD_RECORD_H

#include "harness/base/error.h"
#include "harness/base/json.h"
#include "harness/book/measured.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define CB_RECORD_SCHEMA 1

enum cb_trial_state { CB_TRIAL_VALID, CB_TRIAL_GENERATOR_LIMITED, CB_TRIAL_INVALID };
extern const char *const cb_trial_state_names[]; /* "valid", "generator-limited", "invalid", NULL */

/* What one of several sensors saw of the trial. */
struct cb_sensor_record {
	char host[64];
	struct cb_path_book path;
	struct cb_evidence_record evidence;
};

struct cb_trial_record {
	int64_t trial, cell, repetition, attempt; /* trial: index in the plan; attempt: from 1 */
	char cell_id[17];
	char started[32]; /* UTC */
	json_t *params;   /* dotted path -> value in base units; owned */
	struct cb_generator_record generator;
	struct cb_path_book path;     /* of several sensors: what is the same for all */
	struct cb_view_record *views; /* owned */
	size_t n_views;
	struct cb_evidence_record evidence; /* of several sensors: unknown */
	struct cb_sensor_record *sensors;   /* owned; none where there is one */
	size_t n_sensors;
	enum cb_trial_state state;
	json_t *reasons; /* array of sentences; owned, never NULL after init */
};

/* Every count unknown, texts empty. */
void cb_trial_record_init(struct cb_trial_record *r);
void cb_trial_record_finish(struct cb_trial_record *r);

/* New references; NULL when memory runs out. */
json_t *cb_generator_record_json(const struct cb_generator_record *r);
json_t *cb_view_record_json(const struct cb_view_record *r);
json_t *cb_trial_record_json(const struct cb_trial_record *r);

/* Into an initialised record. CB_ERR_INTERNAL naming the field. */
int cb_generator_record_read(
	struct cb_generator_record *r, const json_t *json, struct cb_error *err);
int cb_view_record_read(struct cb_view_record *r, const json_t *json, struct cb_error *err);
int cb_trial_record_read(struct cb_trial_record *r, const json_t *json, struct cb_error *err);

#endif
