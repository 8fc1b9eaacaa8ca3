#include "harness/record/field.h"
#include "harness/record/record.h"

#include <stdlib.h>
#include <string.h>

#define VIEWS_MAX 1024 /* more is not a trial but an attack on memory */

#define TRIAL(type, name)    CB_FIELD(CB_FIELD_##type, cb_trial_record, name)
#define PATH(name)           CB_FIELD(CB_FIELD_COUNT, cb_path_book, name)
#define EVIDENCE(type, name) CB_FIELD(CB_FIELD_##type, cb_evidence_record, name)

const char *const cb_trial_state_names[] = {
	[CB_TRIAL_VALID] = "valid",
	[CB_TRIAL_GENERATOR_LIMITED] = "generator-limited",
	[CB_TRIAL_INVALID] = "invalid",
	NULL,
};

static const struct cb_field trial_fields[] = {
	TRIAL(INDEX, trial),
	TRIAL(INDEX, cell),
	CB_FIELD_STRING(cb_trial_record, cell_id),
	TRIAL(INDEX, repetition),
	TRIAL(INDEX, attempt),
	CB_FIELD_STRING(cb_trial_record, started),
	TRIAL(OBJECT, params),
	{0},
};

static const struct cb_field path_fields[] = {
	PATH(link_dropped),
	PATH(nic_dropped),
	PATH(backlog_dropped),
	{0},
};

static const struct cb_field evidence_fields[] = {
	EVIDENCE(COUNT, receive_softirq_ns),
	EVIDENCE(COUNT, napi_thread_ns),
	EVIDENCE(COUNT, softnet_processed),
	EVIDENCE(COUNT, softnet_dropped),
	EVIDENCE(COUNT, softnet_squeezed),
	EVIDENCE(COUNT, softnet_rps),
	EVIDENCE(COUNT, steal_ns),
	EVIDENCE(REAL, steal_share),
	EVIDENCE(COUNT, elapsed_ns),
	{0},
};

/* Since 0.2; records without them are read. */
static const struct cb_field evidence_added[] = {
	EVIDENCE(COUNT, interrupts),
	{0},
};

void cb_trial_record_init(struct cb_trial_record *r)
{
	*r = (struct cb_trial_record){
		.path = {CB_UNKNOWN, CB_UNKNOWN, CB_UNKNOWN},
		.params = json_object(),
		.reasons = json_array(),
	};
	cb_generator_record_init(&r->generator);
	cb_evidence_record_init(&r->evidence);
}

static void finish_views(struct cb_trial_record *r)
{
	for (size_t i = 0; i < r->n_views; i++)
		cb_view_record_finish(&r->views[i]);
	free(r->views);
	r->views = NULL;
	r->n_views = 0;
}

void cb_trial_record_finish(struct cb_trial_record *r)
{
	finish_views(r);
	cb_generator_record_finish(&r->generator);
	json_decref(r->params);
	json_decref(r->reasons);
	r->params = r->reasons = NULL;
	free(r->sensors);
	r->sensors = NULL;
	r->n_sensors = 0;
}

static json_t *views_json(const struct cb_trial_record *r)
{
	json_t *views = json_array();

	for (size_t i = 0; i < r->n_views; i++) {
		if (json_array_append_new(views, cb_view_record_json(&r->views[i]))) {
			json_decref(views);
			return NULL;
		}
	}
	return views;
}

static const struct cb_field none_added[] = {{0}};

/* An object of its own under `key`. */
static int write_part(json_t *line, const char *key, const struct cb_field *table,
	const struct cb_field *added, const void *part)
{
	json_t *object = json_object();

	if (object &&
		(cb_record_write_fields(object, table, part) ||
			cb_record_write_fields(object, added, part))) {
		json_decref(object);
		object = NULL;
	}
	return json_object_set_new(line, key, object);
}

/* Only where there are several. */
static int write_sensors(json_t *line, const struct cb_trial_record *r)
{
	json_t *sensors;

	if (!r->n_sensors)
		return 0;
	sensors = json_array();
	for (size_t i = 0; i < r->n_sensors; i++) {
		json_t *sensor = json_pack("{s:s}", "host", r->sensors[i].host);

		if (!sensor ||
			write_part(sensor, "path", path_fields, none_added, &r->sensors[i].path) ||
			write_part(sensor, "evidence", evidence_fields, evidence_added,
				&r->sensors[i].evidence) ||
			json_array_append_new(sensors, sensor)) {
			json_decref(sensors);
			return -1;
		}
	}
	return json_object_set_new(line, "sensors", sensors);
}

static int write_trial(json_t *line, const struct cb_trial_record *r)
{
	if (json_object_set_new(line, "schema", json_integer(CB_RECORD_SCHEMA)) ||
		cb_record_write_fields(line, trial_fields, r) ||
		json_object_set_new(line, "generator", cb_generator_record_json(&r->generator)) ||
		write_part(line, "path", path_fields, none_added, &r->path) ||
		json_object_set_new(line, "views", views_json(r)) ||
		write_part(line, "evidence", evidence_fields, evidence_added, &r->evidence) ||
		write_sensors(line, r) ||
		cb_json_set_text(line, "state", cb_trial_state_names[r->state]) ||
		json_object_set(line, "reasons", r->reasons))
		return -1;
	return 0;
}

json_t *cb_trial_record_json(const struct cb_trial_record *r)
{
	json_t *line = json_object();

	if (line && write_trial(line, r)) {
		json_decref(line);
		line = NULL;
	}
	return line;
}

static int check_schema(const json_t *json, struct cb_error *err)
{
	int64_t schema = 0;
	int rc;

	if (!json_is_object(json))
		return cb_error_set(err, CB_ERR_INTERNAL, "a trial is not an object");
	rc = cb_json_count(json, "schema", &schema, err);
	if (!rc && schema != CB_RECORD_SCHEMA)
		rc = cb_error_set(err, CB_ERR_INTERNAL,
			"\"schema\" is %lld, and this capbench reads %d: use the version that "
			"wrote it",
			(long long)schema, CB_RECORD_SCHEMA);
	return rc;
}

static int read_part(void *part, const struct cb_field *table, const struct cb_field *added,
	const json_t *json, const char *key, struct cb_error *err)
{
	json_t *object;
	int rc = cb_json_object(json, key, &object, err);

	if (rc)
		return rc;
	rc = cb_record_read_fields(part, table, object, err);
	if (!rc)
		rc = cb_record_read_added_fields(part, added, object, err);
	return rc ? cb_error_prepend(err, "\"%s\"", key) : 0;
}

static int read_generator(struct cb_trial_record *r, const json_t *json, struct cb_error *err)
{
	json_t *object;
	int rc = cb_json_object(json, "generator", &object, err);

	if (rc)
		return rc;
	rc = cb_generator_record_read(&r->generator, object, err);
	return rc ? cb_error_prepend(err, "\"generator\"") : 0;
}

static int read_views(struct cb_trial_record *r, const json_t *json, struct cb_error *err)
{
	json_t *views, *view;
	size_t i;
	int rc = cb_json_array(json, "views", &views, err);

	if (rc)
		return rc;
	finish_views(r);
	if (json_array_size(views) > VIEWS_MAX)
		return cb_error_set(
			err, CB_ERR_INTERNAL, "\"views\" has more than %d entries", VIEWS_MAX);
	if (!json_array_size(views))
		return 0;
	r->views = calloc(json_array_size(views), sizeof(*r->views));
	if (!r->views)
		return cb_error_memory(err, "views");
	json_array_foreach(views, i, view)
	{
		cb_view_record_init(&r->views[r->n_views++]);
		rc = cb_view_record_read(&r->views[i], view, err);
		if (rc) {
			cb_error_prepend(err, "\"views\"[%zu]", i);
			return rc;
		}
	}
	return 0;
}

static int read_sensors(struct cb_trial_record *r, const json_t *json, struct cb_error *err)
{
	json_t *sensors, *sensor;
	size_t i;
	int rc;

	if (!json_object_get(json, "sensors"))
		return 0;
	rc = cb_json_array(json, "sensors", &sensors, err);
	if (!rc && json_array_size(sensors) > VIEWS_MAX)
		rc = cb_error_set(
			err, CB_ERR_INTERNAL, "\"sensors\" has more than %d entries", VIEWS_MAX);
	if (rc)
		return rc;
	free(r->sensors);
	r->n_sensors = 0;
	r->sensors = calloc(json_array_size(sensors) + 1, sizeof(*r->sensors));
	if (!r->sensors)
		return cb_error_memory(err, "sensors");
	json_array_foreach(sensors, i, sensor)
	{
		struct cb_sensor_record *s = &r->sensors[r->n_sensors++];

		rc = cb_json_text(sensor, "host", s->host, sizeof(s->host), err);
		if (!rc)
			rc = read_part(&s->path, path_fields, none_added, sensor, "path", err);
		if (!rc)
			rc = read_part(&s->evidence, evidence_fields, evidence_added, sensor,
				"evidence", err);
		if (rc)
			return cb_error_prepend(err, "\"sensors\"[%zu]", i);
	}
	return 0;
}

static int read_state(struct cb_trial_record *r, const json_t *json, struct cb_error *err)
{
	char name[32];
	int rc = cb_json_text(json, "state", name, sizeof(name), err);

	if (rc)
		return rc;
	for (int i = 0; cb_trial_state_names[i]; i++) {
		if (!strcmp(cb_trial_state_names[i], name)) {
			r->state = (enum cb_trial_state)i;
			return 0;
		}
	}
	return cb_error_set(err, CB_ERR_INTERNAL, "\"state\" is \"%s\", which is none", name);
}

static int read_reasons(struct cb_trial_record *r, const json_t *json, struct cb_error *err)
{
	json_t *reasons, *reason;
	size_t i;
	int rc = cb_json_array(json, "reasons", &reasons, err);

	if (rc)
		return rc;
	json_array_foreach(reasons, i, reason)
	{
		if (!json_is_string(reason))
			return cb_error_set(
				err, CB_ERR_INTERNAL, "\"reasons\"[%zu] is not a text", i);
	}
	json_decref(r->reasons);
	r->reasons = json_incref(reasons);
	return 0;
}

int cb_trial_record_read(struct cb_trial_record *r, const json_t *json, struct cb_error *err)
{
	int rc = check_schema(json, err);

	if (!rc)
		rc = cb_record_read_fields(r, trial_fields, json, err);
	if (!rc)
		rc = read_generator(r, json, err);
	if (!rc)
		rc = read_part(&r->path, path_fields, none_added, json, "path", err);
	if (!rc)
		rc = read_views(r, json, err);
	if (!rc)
		rc = read_part(
			&r->evidence, evidence_fields, evidence_added, json, "evidence", err);
	if (!rc)
		rc = read_sensors(r, json, err);
	if (!rc)
		rc = read_state(r, json, err);
	if (!rc)
		rc = read_reasons(r, json, err);
	return rc;
}
