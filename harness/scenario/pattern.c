#include "harness/scenario/pattern.h"

#include "harness/scenario/capacity.h"
#include "harness/scenario/placement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const struct cb_registry *registry;
	const struct cb_option *row; /* of the path that is being read */
	const char *option;          /* of the row's member; NULL: the row itself */
	const char *prefix;          /* of paths in errors */
	struct cb_pattern_budget *budget;
	struct cb_error *err;
};

static int no_memory(const struct reader *r)
{
	cb_error_memory(r->err, "a pattern");
	return CB_ERR_INTERNAL;
}

/* Adds a new reference, once; NULL is out of memory. */
static int add(const struct reader *r, json_t *values, json_t *value)
{
	size_t i;
	json_t *known;

	if (!value)
		return no_memory(r);
	json_array_foreach(values, i, known)
	{
		if (json_equal(known, value)) {
			json_decref(value);
			return 0;
		}
	}
	return json_array_append_new(values, value) ? no_memory(r) : 0;
}

/* A number, a choice, a placement. */
static int read_plain(const struct reader *r, const struct cb_node *value, json_t *values)
{
	struct cb_trial_spec spec = {0};
	const char *why = NULL;
	char text[80];
	int64_t share;
	int rc;

	if (r->row->offset == offsetof(struct cb_trial_spec, traffic.rate) &&
		value->kind == CB_NODE_SCALAR && !cb_capacity_parse(value->text, &share, &why)) {
		cb_capacity_format(share, text, sizeof(text));
		return add(r, values, json_string(text));
	}
	if (r->row->offset == offsetof(struct cb_trial_spec, placement))
		rc = cb_placement_read(value, spec.placement, sizeof(spec.placement), r->err);
	else
		rc = cb_schema_decode_row(
			r->row, value, r->prefix, cb_trial_reason(r->row), &spec, r->err);
	return rc ? rc : add(r, values, cb_option_json(r->row, &spec));
}

/* {"name": ..., "level": ...} of a canonical short form. */
static json_t *member_object(
	const struct reader *r, const struct cb_axis *axis, const char *canonical)
{
	json_t *params = json_object(), *object = json_object(), *value;
	size_t skip = strlen(r->row->name);
	const char *key;

	if (!params || !object ||
		cb_member_value_params(axis, r->row->name, canonical, params, r->err)) {
		json_decref(params);
		json_decref(object);
		return NULL;
	}
	json_object_foreach(params, key, value)
	{
		if (key[skip] == '.')
			json_object_set(object, key + skip + 1, value);
	}
	json_decref(params);
	return object;
}

static int read_member(const struct reader *r, const struct cb_node *value, json_t *values)
{
	const struct cb_axis *axis = cb_registry_axis(r->registry, r->row->axis);
	const struct cb_member *bare = NULL;
	char canonical[CB_MEMBER_TEXT_MAX];
	int rc;

	if (value->kind == CB_NODE_SCALAR && !strchr(value->text, ':'))
		bare = cb_member_value_member(axis, value->text);
	if (bare)
		return add(r, values, json_pack("{s:s}", "name", bare->name));
	rc = cb_member_value_read(
		r->registry, r->row, value, NULL, 0, value, canonical, NULL, r->err);
	return rc ? rc : add(r, values, member_object(r, axis, canonical));
}

static int read_name(const struct reader *r, const struct cb_node *value, json_t *values)
{
	const struct cb_axis *axis = cb_registry_axis(r->registry, r->row->axis);
	const struct cb_member *member = NULL;
	struct cb_error inner = {0};

	if (value->kind == CB_NODE_SCALAR)
		member = cb_axis_find(axis, value->text);
	if (member)
		return add(r, values, json_string(member->name));
	cb_member_parse(axis, value->kind == CB_NODE_SCALAR ? value->text : "", NULL, NULL, &inner);
	return cb_node_error(value, r->err, "%s%s.name: %s", r->prefix, r->row->name, inner.text);
}

/* An option: as each member that has it would read the value. */
static int read_option(const struct reader *r, const struct cb_node *value, json_t *values)
{
	const struct cb_axis *axis = cb_registry_axis(r->registry, r->row->axis);
	struct cb_error first = {0};
	const struct cb_member *member;
	char prefix[2 * CB_PATH_MAX];
	int rc = 0;

	snprintf(prefix, sizeof(prefix), "%s%s.", r->prefix, r->row->name);
	for (size_t i = 0; (member = axis->at(i)) && !rc; i++) {
		const struct cb_option *row = cb_option_find(member->options, r->option);
		struct cb_error inner;
		void *options;

		if (!row)
			continue;
		options = calloc(1, member->options_size + 1);
		if (!options)
			return no_memory(r);
		if (!cb_schema_decode_row(row, value, prefix, "", options, &inner))
			rc = add(r, values, cb_option_json(row, options));
		else if (!first.code)
			first = inner;
		free(options);
	}
	if (rc || json_array_size(values))
		return rc;
	if (first.code) {
		if (r->err)
			*r->err = first;
		return first.code;
	}
	return cb_node_error(
		value, r->err, "%s%s: no %s has this option", prefix, r->option, axis->name);
}

static int read_value(const struct reader *r, const struct cb_node *value, json_t *values)
{
	if (!r->budget->left)
		return cb_node_error(value, r->err,
			"more than %d values in exclude, only and where together",
			CB_PATTERN_VALUES_MAX);
	r->budget->left--;
	if (r->option)
		return strcmp(r->option, "name") == 0 ? read_name(r, value, values)
						      : read_option(r, value, values);
	return r->row->type == CB_OPT_MEMBER ? read_member(r, value, values)
					     : read_plain(r, value, values);
}

/* All values of one path, into an array. */
static int read_values(const struct reader *r, const struct cb_node *value, json_t *values)
{
	int rc = 0;

	if (value->kind != CB_NODE_SEQUENCE)
		return read_value(r, value, values);
	if (!value->n)
		return cb_node_error(value, r->err, "%s%s: an empty list matches nothing",
			r->prefix, r->row->name);
	for (size_t i = 0; i < value->n && !rc; i++) {
		json_t *one = json_array();

		rc = one ? read_value(r, value->items[i], one) : no_memory(r);
		if (!rc && json_array_extend(values, one))
			rc = no_memory(r);
		json_decref(one);
	}
	return rc;
}

static int read_path(
	struct reader *r, const struct cb_node *key, const struct cb_node *value, json_t *pattern)
{
	json_t *values = NULL, *before;
	char path[CB_PATH_MAX];
	size_t row;
	int rc = cb_trial_path(key, r->prefix, path, &row, &r->option, r->err);

	if (rc)
		return rc;
	r->row = &cb_trial_options[row];
	before = json_object_get(pattern, path);
	if (before)
		return cb_node_error(key, r->err, "%s%s: is there twice", r->prefix, path);
	values = json_array();
	rc = values ? read_values(r, value, values) : no_memory(r);
	if (!rc &&
		json_object_set(pattern, path,
			json_array_size(values) == 1 ? json_array_get(values, 0) : values))
		rc = no_memory(r);
	json_decref(values);
	return rc;
}

int cb_pattern_read(const struct cb_registry *registry, const struct cb_node *map,
	const char *label, struct cb_pattern_budget *budget, json_t **pattern, struct cb_error *err)
{
	char prefix[2 * CB_PATH_MAX];
	struct reader r = {.registry = registry, .prefix = prefix, .budget = budget, .err = err};
	int rc = cb_schema_want_map(map, label, err);

	if (rc)
		return rc;
	if (!map->n)
		return cb_node_error(map, err, "%s: is empty: it would match every cell", label);
	snprintf(prefix, sizeof(prefix), "%s.", label);
	*pattern = json_object();
	if (!*pattern)
		return no_memory(&r);
	for (size_t i = 0; i < map->n && !rc; i++)
		rc = read_path(&r, map->keys[i], map->items[i], *pattern);
	if (rc) {
		json_decref(*pattern);
		*pattern = NULL;
	}
	return rc;
}

/* An object against the parameters below `path`. */
static bool members_match(const json_t *object, const char *path, const json_t *params)
{
	char key[2 * CB_PATH_MAX];
	size_t used = strlen(path) + 1;
	const char *below;
	json_t *want;

	/* no snprintf: this runs for every value and every cell */
	if (!cb_text_copy(key, CB_PATH_MAX, path))
		return false;
	key[used - 1] = '.';
	json_object_foreach((json_t *)object, below, want)
	{
		if (!cb_text_copy(key + used, sizeof(key) - used, below) ||
			!json_equal(want, json_object_get(params, key)))
			return false;
	}
	return true;
}

static bool any_matches(const json_t *values, const char *path, const json_t *params)
{
	const json_t *have = json_object_get(params, path);
	bool several = json_is_array(values);
	size_t n = several ? json_array_size(values) : 1;

	for (size_t i = 0; i < n; i++) {
		const json_t *value = several ? json_array_get(values, i) : values;

		if (json_is_object(value) ? members_match(value, path, params)
					  : json_equal(value, have))
			return true;
	}
	return false;
}

bool cb_cell_matches(const json_t *where, const json_t *params)
{
	const char *path;
	json_t *values;

	if (!where)
		return true;
	json_object_foreach((json_t *)where, path, values)
	{
		if (!any_matches(values, path, params))
			return false;
	}
	return true;
}
