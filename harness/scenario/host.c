#include "harness/scenario/host.h"

#include "harness/base/option.h"
#include "harness/scenario/schema.h"

#include <stdio.h>
#include <string.h>

#define VALUE_MAX 256
#define NAME_MAX  128

struct reader {
	const struct cb_registry *registry;
	const char *label;
	bool roles;
	struct cb_error *err;
};

static int read_map(struct reader *r, const struct cb_node *map, const char *prefix, bool required,
	json_t *settings);

/* Lists are written with commas: [1, 2] is "1,2". */
static int value_text(
	const struct reader *r, const char *name, const struct cb_node *value, char out[VALUE_MAX])
{
	struct cb_text text = {0};
	bool fits;

	if (value->kind == CB_NODE_SCALAR && !cb_node_is_null(value))
		cb_text_add(&text, value->text);
	else if (value->kind == CB_NODE_SCALAR)
		return cb_node_error(value, r->err, "%s.%s: has no value", r->label, name);
	for (size_t i = 0; value->kind == CB_NODE_SEQUENCE && i < value->n; i++) {
		if (value->items[i]->kind != CB_NODE_SCALAR)
			return cb_node_error(value->items[i], r->err,
				"%s.%s: a list of values is wanted, as in [0, 1]", r->label, name);
		cb_text_addf(&text, "%s%s", i ? "," : "", value->items[i]->text);
	}
	fits = cb_text_copy(out, VALUE_MAX, cb_text_get(&text));
	cb_text_finish(&text);
	return fits ? 0 : cb_node_error(value, r->err, "%s.%s: too long", r->label, name);
}

static int read_setting(struct reader *r, const struct cb_node *key, const struct cb_node *value,
	const char *name, bool required, json_t *settings)
{
	char text[VALUE_MAX], canonical[VALUE_MAX], at[4200];
	struct cb_error why = {0};
	int rc;

	if (r->registry->setting(name, NULL, canonical, &why))
		return cb_node_error(key, r->err, "%s.%s", r->label, why.text);
	rc = value_text(r, name, value, text);
	if (rc)
		return rc;
	if (r->registry->setting(name, text, canonical, &why))
		return cb_node_error(value, r->err, "%s.%s", r->label, why.text);
	if (value->line)
		snprintf(at, sizeof(at), "%s:%d:%d", value->origin, value->line, value->column);
	else
		snprintf(at, sizeof(at), "%s", value->origin);
	return json_object_set_new(settings, name,
		       json_pack("{s:s, s:b, s:s}", "value", canonical, "required", required, "at",
			       at))
		? cb_error_memory(r->err, "settings of hosts")
		: 0;
}

static int read_key(struct reader *r, const struct cb_node *key, const struct cb_node *value,
	const char *prefix, bool required, json_t *settings)
{
	char name[NAME_MAX];
	int n = snprintf(name, sizeof(name), "%s%s", prefix, key->text);

	if (n >= (int)sizeof(name) - 1)
		return cb_node_error(key, r->err, "%s.%.80s...: unknown key", r->label, name);
	if (value->kind != CB_NODE_MAP)
		return read_setting(r, key, value, name, required, settings);
	snprintf(name + n, sizeof(name) - (size_t)n, ".");
	return read_map(r, value, name, required, settings);
}

static bool is_role(const struct reader *r, const char *prefix, const char *key)
{
	return r->roles && !*prefix &&
		(strcmp(key, "sensors") == 0 || strcmp(key, "generators") == 0);
}

static int read_map(struct reader *r, const struct cb_node *map, const char *prefix, bool required,
	json_t *settings)
{
	int rc = 0;

	for (size_t i = 0; i < map->n && !rc; i++) {
		const char *key = map->keys[i]->text;

		if (is_role(r, prefix, key) || (!*prefix && strcmp(key, "required") == 0))
			continue;
		rc = read_key(r, map->keys[i], map->items[i], prefix, required, settings);
	}
	return rc;
}

/* `required` of a block: for all that stands in it, blocks of roles included. */
static int read_required(struct reader *r, const struct cb_node *block, bool *required)
{
	struct value {
		bool required;
	} v = {*required};
	static const struct cb_option row = {.name = "required",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct value, required),
		.fallback = "true",
		.help = "Whether a host that does not allow a setting ends the run"};
	const struct cb_node *value = cb_node_find(block, "required");
	char prefix[NAME_MAX];
	int rc;

	snprintf(prefix, sizeof(prefix), "%s.", r->label);
	rc = value ? cb_schema_decode_row(&row, value, prefix, "", &v, r->err) : 0;
	*required = v.required;
	return rc;
}

static int read_block(struct reader *r, const struct cb_node *block, bool required, json_t **out)
{
	int rc = cb_schema_want_map(block, r->label, r->err);

	if (!rc)
		rc = read_required(r, block, &required);
	if (rc)
		return rc;
	*out = json_object();
	return *out ? read_map(r, block, "", required, *out)
		    : cb_error_memory(r->err, "settings of hosts");
}

static int read_role(
	const struct reader *outer, const struct cb_node *block, const char *role, json_t **out)
{
	const struct cb_node *value = cb_node_find(block, role);
	struct reader r = *outer;
	char label[NAME_MAX];
	bool required = true;
	int rc;

	if (!value)
		return 0;
	rc = read_required(&r, block, &required);
	snprintf(label, sizeof(label), "%s.%s", outer->label, role);
	r.label = label;
	r.roles = false;
	return rc ? rc : read_block(&r, value, required, out);
}

int cb_host_read(struct cb_host_settings *s, const struct cb_registry *registry,
	const struct cb_node *block, const char *label, bool roles, struct cb_error *err)
{
	struct reader r = {registry, label, roles, err};
	int rc;

	*s = (struct cb_host_settings){.all = NULL};
	if (!registry->setting)
		return cb_node_error(block, err, "%s: there is nothing to set here", label);
	rc = read_block(&r, block, true, &s->all);
	if (!rc && roles)
		rc = read_role(&r, block, "sensors", &s->sensors);
	if (!rc && roles)
		rc = read_role(&r, block, "generators", &s->generators);
	return rc;
}

void cb_host_finish(struct cb_host_settings *s)
{
	json_decref(s->all);
	json_decref(s->sensors);
	json_decref(s->generators);
	*s = (struct cb_host_settings){.all = NULL};
}

json_t *cb_host_for(const struct cb_host_settings *s, bool sensor, const json_t *own)
{
	const json_t *layers[] = {s->all, sensor ? s->sensors : s->generators, own};
	json_t *settings = json_object();

	for (size_t i = 0; settings && i < sizeof(layers) / sizeof(*layers); i++)
		if (layers[i] && json_object_update(settings, (json_t *)layers[i])) {
			json_decref(settings);
			return NULL;
		}
	return settings;
}

bool cb_host_is_empty(const struct cb_host_settings *s)
{
	return !json_object_size(s->all) && !json_object_size(s->sensors) &&
		!json_object_size(s->generators);
}

const char *cb_host_place(const json_t *settings, const char *name)
{
	return json_string_value(json_object_get(json_object_get(settings, name), "at"));
}
