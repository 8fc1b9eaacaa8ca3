#include "harness/scenario/schema.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define ROWS_MAX  64
#define NAMES_MAX 128

bool cb_schema_is_group(const struct cb_option *options, const char *path)
{
	size_t n = strlen(path);

	for (; options->name; options++) {
		if (!strncmp(options->name, path, n) && options->name[n] == '.')
			return true;
	}
	return false;
}

bool cb_schema_is_file_name(const char *name)
{
	if (!isalnum((unsigned char)*name) && *name != '_')
		return false;
	for (; *name; name++) {
		if (!isalnum((unsigned char)*name) && !strchr("-_.", *name))
			return false;
	}
	return true;
}

int cb_schema_want_map(const struct cb_node *node, const char *path, struct cb_error *err)
{
	if (node->kind == CB_NODE_MAP)
		return 0;
	if (cb_node_is_null(node))
		return cb_node_error(node, err, "%s: is empty: a map of keys is wanted", path);
	return cb_node_error(
		node, err, "%s: is %s: a map of keys is wanted", path, cb_node_kind_text(node));
}

/* The keys that may stand in the map `group` ("" for the outermost). */
struct names {
	const char *names[NAMES_MAX];
	size_t n;
	char text[NAMES_MAX][CB_PATH_MAX];
};

static void list_names(const struct cb_schema *schema, const char *group, struct names *out)
{
	size_t skip = *group ? strlen(group) + 1 : 0;

	out->n = 0;
	for (const struct cb_option *row = schema->options; row->name && out->n < NAMES_MAX;
		row++) {
		if (skip &&
			(strncmp(row->name, group, skip - 1) != 0 || row->name[skip - 1] != '.'))
			continue;
		snprintf(out->text[out->n], CB_PATH_MAX, "%.*s",
			(int)strcspn(row->name + skip, "."), row->name + skip);
		out->names[out->n] = out->text[out->n];
		out->n++;
	}
	for (size_t i = 0; !*group && schema->sections && schema->sections[i]; i++) {
		if (out->n < NAMES_MAX)
			out->names[out->n++] = schema->sections[i];
	}
}

/* "; known here: a, b, c", each once. */
static void add_known(const struct names *names, struct cb_text *out)
{
	for (size_t i = 0; i < names->n; i++) {
		bool before = false;

		for (size_t j = 0; j < i; j++)
			before = before || !strcmp(names->names[i], names->names[j]);
		if (!before)
			cb_text_addf(out, "%s%s", i ? ", " : "; known here: ", names->names[i]);
	}
}

int cb_schema_unknown(const struct cb_schema *schema, const struct cb_node *at, const char *path,
	struct cb_error *err)
{
	char group[CB_PATH_MAX] = "";
	const char *dot = strrchr(path, '.'), *near;
	struct cb_text known = {0};
	struct names names;
	int rc;

	if (dot)
		snprintf(group, sizeof(group), "%.*s", (int)(dot - path), path);
	list_names(schema, group, &names);
	near = cb_text_nearest(dot ? dot + 1 : path, names.names, names.n);
	if (near)
		return cb_node_error(at, err, "%s%.80s: unknown key; did you mean \"%s\"?",
			schema->prefix, path, near);
	add_known(&names, &known);
	rc = cb_node_error(
		at, err, "%s%.80s: unknown key%s", schema->prefix, path, cb_text_get(&known));
	cb_text_finish(&known);
	return rc;
}

static bool is_section(const struct cb_schema *schema, const char *key)
{
	for (size_t i = 0; schema->sections && schema->sections[i]; i++) {
		if (!strcmp(schema->sections[i], key))
			return true;
	}
	return false;
}

static int bind_map(const struct cb_schema *schema, const struct cb_node *map, const char *group,
	const struct cb_node **bound, struct cb_error *err);

static int bind_key(const struct cb_schema *schema, const struct cb_node *key,
	const struct cb_node *value, const char *group, const struct cb_node **bound,
	struct cb_error *err)
{
	const struct cb_option *row;
	char path[CB_PATH_MAX];
	int rc;

	if (strchr(key->text, '.'))
		return cb_node_error(key, err,
			"%s%s%s%.80s: dotted paths are for vary, exclude, only, where and "
			"profiles: write maps here",
			schema->prefix, group, *group ? "." : "", key->text);
	if (snprintf(path, sizeof(path), "%s%s%s", group, *group ? "." : "", key->text) >=
		(int)sizeof(path))
		return cb_schema_unknown(schema, key, key->text, err);
	row = cb_option_find(schema->options, path);
	if (row) {
		bound[row - schema->options] = value;
		return 0;
	}
	if (!*group && is_section(schema, path))
		return 0;
	if (!cb_schema_is_group(schema->options, path))
		return cb_schema_unknown(schema, key, path, err);
	if (value->kind != CB_NODE_MAP) {
		char full[2 * CB_PATH_MAX];

		snprintf(full, sizeof(full), "%s%s", schema->prefix, path);
		rc = cb_schema_want_map(value, full, err);
		return rc;
	}
	return bind_map(schema, value, path, bound, err);
}

/* Two levels deep: what rows' names have. */
static int bind_map(const struct cb_schema *schema, const struct cb_node *map, const char *group,
	const struct cb_node **bound, struct cb_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < map->n && !rc; i++)
		rc = bind_key(schema, map->keys[i], map->items[i], group, bound, err);
	return rc;
}

int cb_schema_bind(const struct cb_schema *schema, const struct cb_node *map,
	const struct cb_node **bound, struct cb_error *err)
{
	for (size_t i = 0; schema->options[i].name; i++)
		bound[i] = NULL;
	return bind_map(schema, map, "", bound, err);
}

int cb_schema_decode_row(const struct cb_option *row, const struct cb_node *value,
	const char *prefix, const char *reason, void *base, struct cb_error *err)
{
	struct cb_error inner;

	if (value->kind != CB_NODE_SCALAR)
		return cb_node_error(value, err, "%s%s: is %s: one value is wanted", prefix,
			row->name, cb_node_kind_text(value));
	if (cb_node_is_null(value))
		return cb_node_error(value, err, "%s%s: has no value", prefix, row->name);
	if (!cb_option_decode(row, value->text, base, &inner))
		return 0;
	return cb_node_error(value, err, "%s%s%s%s%s", prefix, inner.text, *reason ? " (" : "",
		reason, *reason ? ")" : "");
}

int cb_schema_missing(const struct cb_option *row, const struct cb_node *at, const char *prefix,
	struct cb_error *err)
{
	struct cb_text metavar = {0};
	int rc;

	cb_option_metavar(row, &metavar);
	rc = cb_node_error(at, err, "%s%s: is missing: %s (%s)", prefix, row->name, row->help,
		cb_text_get(&metavar));
	cb_text_finish(&metavar);
	return rc;
}

int cb_schema_decode(
	const struct cb_schema *schema, const struct cb_node *map, void *base, struct cb_error *err)
{
	const struct cb_node *bound[ROWS_MAX] = {NULL};
	int rc = cb_schema_bind(schema, map, bound, err);

	if (rc)
		return rc;
	cb_option_defaults(schema->options, base);
	for (size_t i = 0; schema->options[i].name && !rc; i++) {
		if (bound[i])
			rc = cb_schema_decode_row(
				&schema->options[i], bound[i], schema->prefix, "", base, err);
		else if (!schema->options[i].fallback)
			rc = cb_schema_missing(&schema->options[i], map, schema->prefix, err);
	}
	return rc;
}
