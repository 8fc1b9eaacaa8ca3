/*
 * The engine behind record.h: a struct's fields as rows of a table, written
 * to and read from a JSON object. It knows no field by name.
 */
#ifndef CB_HARNESS_RECORD_FIELD_H
#define CB_HARNESS_RECORD_FIELD_H

#include "harness/base/error.h"

#include <jansson.h>
#include <stddef.h>

/* The C type of the field that a row describes stands behind each. */
enum cb_field_type {
	CB_FIELD_COUNT,    /* int64_t; CB_UNKNOWN is null */
	CB_FIELD_INDEX,    /* int64_t; never null nor negative: it may become an index */
	CB_FIELD_REAL,     /* double; NaN is null */
	CB_FIELD_TEXT,     /* char[size] */
	CB_FIELD_OBJECT,   /* json_t *, owned, an object */
	CB_FIELD_OPTIONAL, /* the same; NULL is null */
	CB_FIELD_SERIES,   /* struct cb_series */
};

struct cb_field {
	const char *name; /* the JSON key; NULL ends a table */
	enum cb_field_type type;
	size_t offset; /* in the struct */
	size_t size;   /* TEXT: of the field */
};

#define CB_FIELD(type, record, name) CB_FIELD_NESTED(type, record, name, #name)
/* A field inside a nested struct: `member` is its path, `key` its JSON name. */
#define CB_FIELD_NESTED(type_, record, member, key)                                       \
	{                                                                                 \
		.name = (key), .type = (type_), .offset = offsetof(struct record, member) \
	}
#define CB_FIELD_STRING(record, member)                                                            \
	{                                                                                          \
		.name = #member, .type = CB_FIELD_TEXT, .offset = offsetof(struct record, member), \
		.size = sizeof(((struct record *)0)->member)                                       \
	}

/* Set a key of `object` for each row. 0, or -1 out of memory. */
int cb_record_write_fields(json_t *object, const struct cb_field *table, const void *record);

/*
 * Fill the record's fields from `object`. CB_ERR_INTERNAL naming the first key that is missing or
 * of another type; the fields before it are filled then. Owned fields are replaced.
 */
int cb_record_read_fields(
	void *record, const struct cb_field *table, const json_t *object, struct cb_error *err);

/*
 * The same for rows that came after records without them were written: where a key is missing the
 * field stays as init made it, not known.
 */
int cb_record_read_added_fields(
	void *record, const struct cb_field *table, const json_t *object, struct cb_error *err);

#endif
