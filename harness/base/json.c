#include "harness/base/json.h"

#include "harness/base/text.h"

#include <math.h>

int cb_json_set_count(json_t *object, const char *key, int64_t value)
{
	return json_object_set_new(
		object, key, value == CB_UNKNOWN ? json_null() : json_integer(value));
}

int cb_json_set_real(json_t *object, const char *key, double value)
{
	return json_object_set_new(object, key, isfinite(value) ? json_real(value) : json_null());
}

/* `text` with a "?" for each byte that is not ASCII; a new reference, NULL out of memory. */
static json_t *ascii_string(const char *text)
{
	struct cb_text ascii = {0};
	json_t *string;

	for (; *text; text++)
		cb_text_add_n(&ascii, (unsigned char)*text < 0x80 ? text : "?", 1);
	string = ascii.failed ? NULL : json_string(cb_text_get(&ascii));
	cb_text_finish(&ascii);
	return string;
}

int cb_json_set_text(json_t *object, const char *key, const char *text)
{
	json_t *string = json_string(text);

	/* jansson takes UTF-8 only; file names and texts cut to a size may be something else */
	return json_object_set_new(object, key, string ? string : ascii_string(text));
}

static int member(const json_t *object, const char *key, json_t **value, struct cb_error *err)
{
	*value = json_object_get(object, key);
	if (!*value)
		return cb_error_set(err, CB_ERR_INTERNAL, "\"%s\" is missing", key);
	return 0;
}

static int wrong_type(struct cb_error *err, const char *key, const char *right)
{
	return cb_error_set(err, CB_ERR_INTERNAL, "\"%s\" is not %s", key, right);
}

int cb_json_count(const json_t *object, const char *key, int64_t *value, struct cb_error *err)
{
	json_t *v;
	int rc = member(object, key, &v, err);

	if (rc)
		return rc;
	if (!json_is_integer(v) && !json_is_null(v))
		return wrong_type(err, key, "a whole number or null");
	*value = json_is_null(v) ? CB_UNKNOWN : json_integer_value(v);
	return 0;
}

int cb_json_real(const json_t *object, const char *key, double *value, struct cb_error *err)
{
	json_t *v;
	int rc = member(object, key, &v, err);

	if (rc)
		return rc;
	if (!json_is_number(v) && !json_is_null(v))
		return wrong_type(err, key, "a number or null");
	*value = json_is_null(v) ? (double)NAN : json_number_value(v);
	return 0;
}

int cb_json_bool(const json_t *object, const char *key, bool *value, struct cb_error *err)
{
	json_t *v;
	int rc = member(object, key, &v, err);

	if (rc)
		return rc;
	if (!json_is_boolean(v))
		return wrong_type(err, key, "true or false");
	*value = json_is_true(v);
	return 0;
}

int cb_json_text(
	const json_t *object, const char *key, char *out, size_t size, struct cb_error *err)
{
	json_t *v;
	int rc = member(object, key, &v, err);

	if (rc)
		return rc;
	if (!json_is_string(v))
		return wrong_type(err, key, "a text");
	if (json_string_length(v) >= size)
		return cb_error_set(err, CB_ERR_INTERNAL, "\"%s\" is longer than %zu bytes", key,
			size ? size - 1 : 0);
	cb_text_copy(out, size, json_string_value(v));
	return 0;
}

int cb_json_object(const json_t *object, const char *key, json_t **value, struct cb_error *err)
{
	int rc = member(object, key, value, err);

	if (!rc && !json_is_object(*value))
		rc = wrong_type(err, key, "an object");
	return rc;
}

int cb_json_array(const json_t *object, const char *key, json_t **value, struct cb_error *err)
{
	int rc = member(object, key, value, err);

	if (!rc && !json_is_array(*value))
		rc = wrong_type(err, key, "an array");
	return rc;
}

json_t *cb_json_parse(const void *bytes, size_t n, struct cb_error *err)
{
	json_error_t why;
	json_t *json = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &why);

	if (!json)
		cb_error_set(err, CB_ERR_INTERNAL, "not JSON: line %d, column %d: %s", why.line,
			why.column, why.text);
	return json;
}
