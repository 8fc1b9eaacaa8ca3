#include "harness/record/field.h"

#include "harness/base/json.h"
#include "harness/book/measured.h"

static int write_count(json_t *object, const struct cb_field *row, const void *field)
{
	return cb_json_set_count(object, row->name, *(const int64_t *)field);
}

static int write_real(json_t *object, const struct cb_field *row, const void *field)
{
	return cb_json_set_real(object, row->name, *(const double *)field);
}

static int write_text(json_t *object, const struct cb_field *row, const void *field)
{
	return cb_json_set_text(object, row->name, field);
}

static int write_object(json_t *object, const struct cb_field *row, const void *field)
{
	json_t *value = *(json_t *const *)field;

	return value ? json_object_set(object, row->name, value)
		     : json_object_set_new(object, row->name, json_null());
}

static int write_series(json_t *object, const struct cb_field *row, const void *field)
{
	const struct cb_series *series = field;
	json_t *array = json_array();

	for (size_t i = 0; i < series->n; i++) {
		if (json_array_append_new(array, json_integer(series->frames[i]))) {
			json_decref(array);
			return -1;
		}
	}
	return json_object_set_new(object, row->name, array);
}

static int read_count(
	const struct cb_field *row, const json_t *object, void *field, struct cb_error *err)
{
	return cb_json_count(object, row->name, field, err);
}

static int read_index(
	const struct cb_field *row, const json_t *object, void *field, struct cb_error *err)
{
	int64_t value = 0;
	int rc = cb_json_count(object, row->name, &value, err);

	if (!rc && value < 0)
		rc = cb_error_set(
			err, CB_ERR_INTERNAL, "\"%s\" is not a whole number from 0 on", row->name);
	if (!rc)
		*(int64_t *)field = value;
	return rc;
}

static int read_real(
	const struct cb_field *row, const json_t *object, void *field, struct cb_error *err)
{
	return cb_json_real(object, row->name, field, err);
}

static int read_text(
	const struct cb_field *row, const json_t *object, void *field, struct cb_error *err)
{
	return cb_json_text(object, row->name, field, row->size, err);
}

static int read_object(
	const struct cb_field *row, const json_t *object, void *field, struct cb_error *err)
{
	json_t *value, **owned = field;
	int rc = cb_json_object(object, row->name, &value, err);

	if (rc)
		return rc;
	json_decref(*owned);
	*owned = json_incref(value);
	return 0;
}

static int read_optional(
	const struct cb_field *row, const json_t *object, void *field, struct cb_error *err)
{
	json_t **owned = field;

	if (!json_is_null(json_object_get(object, row->name)))
		return read_object(row, object, field, err);
	json_decref(*owned);
	*owned = NULL;
	return 0;
}

static int read_series(
	const struct cb_field *row, const json_t *object, void *field, struct cb_error *err)
{
	struct cb_series *series = field;
	json_t *array, *value;
	size_t i;
	int rc = cb_json_array(object, row->name, &array, err);

	if (rc)
		return rc;
	cb_series_finish(series);
	json_array_foreach(array, i, value)
	{
		if (!json_is_integer(value))
			return cb_error_set(err, CB_ERR_INTERNAL,
				"\"%s\"[%zu] is not a whole number", row->name, i);
		if (cb_series_add(series, json_integer_value(value)))
			return cb_error_memory(err, row->name);
	}
	return 0;
}

static const struct {
	int (*write)(json_t *object, const struct cb_field *row, const void *field);
	int (*read)(const struct cb_field *row, const json_t *object, void *field,
		struct cb_error *err);
} codecs[] = {
	[CB_FIELD_COUNT] = {write_count, read_count},
	[CB_FIELD_INDEX] = {write_count, read_index},
	[CB_FIELD_REAL] = {write_real, read_real},
	[CB_FIELD_TEXT] = {write_text, read_text},
	[CB_FIELD_OBJECT] = {write_object, read_object},
	[CB_FIELD_OPTIONAL] = {write_object, read_optional},
	[CB_FIELD_SERIES] = {write_series, read_series},
};

int cb_record_write_fields(json_t *object, const struct cb_field *table, const void *record)
{
	for (const struct cb_field *row = table; row->name; row++) {
		if (codecs[row->type].write(object, row, (const char *)record + row->offset))
			return -1;
	}
	return 0;
}

static int read_fields(void *record, const struct cb_field *table, const json_t *object,
	bool may_lack, struct cb_error *err)
{
	int rc;

	if (!json_is_object(object))
		return cb_error_set(err, CB_ERR_INTERNAL, "not an object");
	for (const struct cb_field *row = table; row->name; row++) {
		if (may_lack && !json_object_get(object, row->name))
			continue;
		rc = codecs[row->type].read(row, object, (char *)record + row->offset, err);
		if (rc)
			return rc;
	}
	return 0;
}

int cb_record_read_fields(
	void *record, const struct cb_field *table, const json_t *object, struct cb_error *err)
{
	return read_fields(record, table, object, false, err);
}

int cb_record_read_added_fields(
	void *record, const struct cb_field *table, const json_t *object, struct cb_error *err)
{
	return read_fields(record, table, object, true, err);
}
