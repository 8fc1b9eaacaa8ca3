#include "harness/scenario/target.h"

#include <stdio.h>
#include <string.h>

#define NAMES_MAX 64

static int no_memory(struct cb_error *err)
{
	cb_error_memory(err, "the scenario");
	return CB_ERR_INTERNAL;
}

/* Sections whose keys are dotted paths of the trial, so that one path can be set by itself. */
static const char *path_section(const char *path)
{
	static const char *const sections[] = {"vary", "only"};

	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++) {
		size_t n = strlen(sections[i]);

		if (!strncmp(path, sections[i], n) && path[n] == '.')
			return sections[i];
	}
	return NULL;
}

/* The dotted path as keys, cut up in t->parts. */
static void split(struct cb_target *t, const char *path)
{
	char *dot, *part = t->parts;

	cb_text_copy(t->parts, sizeof(t->parts), path);
	while (t->n < CB_TARGET_KEYS_MAX) {
		t->keys[t->n++] = part;
		dot = strchr(part, '.');
		if (!dot)
			break;
		*dot = '\0';
		part = dot + 1;
	}
}

static int unknown(const struct cb_node *key, struct cb_error *err)
{
	const char *names[NAMES_MAX], *near;
	size_t n = 0;

	for (const struct cb_option *row = cb_trial_options; row->name; row++)
		names[n++] = row->name;
	for (const struct cb_option *row = cb_root_options; row->name && n < NAMES_MAX; row++)
		names[n++] = row->name;
	for (size_t i = 0; cb_root_sections[i] && n < NAMES_MAX; i++)
		names[n++] = cb_root_sections[i];
	near = cb_text_nearest(key->text, names, n);
	if (near)
		return cb_node_error(
			key, err, "%.80s: unknown key; did you mean \"%s\"?", key->text, near);
	return cb_node_error(key, err,
		"%.80s: unknown key; paths are like traffic.rate, repetitions, vary.traffic.rate",
		key->text);
}

static int resolve_section(struct cb_target *t, const struct cb_node *key, struct cb_error *err)
{
	if (!strcmp(key->text, "trial") || !strcmp(key->text, "profiles"))
		return cb_node_error(key, err, "%s: cannot be set as a whole: set %s", key->text,
			key->text[0] == 't' ? "its keys, as in trial.duration"
					    : "what the profile sets");
	t->keys[t->n++] = key->text;
	return 0;
}

static int resolve_path(struct cb_node_pool *pool, struct cb_target *t, const struct cb_node *key,
	const char *section, const char *text, struct cb_error *err)
{
	const struct cb_node *path;
	const char *option;
	char label[16];
	size_t row;
	int rc;

	path = cb_node_scalar(pool, key, text);
	if (!path)
		return no_memory(err);
	snprintf(label, sizeof(label), "%s.", section);
	rc = cb_trial_path(path, label, t->path, &row, &option, err);
	if (rc)
		return rc;
	t->keys[t->n++] = section;
	t->in_trial = !strcmp(section, "trial");
	if (t->in_trial)
		split(t, t->path);
	else
		t->keys[t->n++] = t->path;
	return 0;
}

/* host.GROUP.NAME, where the name may have dots of its own; roles are groups of groups. */
static void resolve_host(struct cb_target *t, const char *text)
{
	size_t groups = cb_text_starts_with(text, "host.sensors.") ||
			cb_text_starts_with(text, "host.generators.")
		? 3
		: 2;
	char *part = t->parts;

	cb_text_copy(t->parts, sizeof(t->parts), text);
	while (t->n < CB_TARGET_KEYS_MAX) {
		char *dot = strchr(part, '.');

		t->keys[t->n++] = part;
		if (!dot || t->n > groups)
			break;
		*dot = '\0';
		part = dot + 1;
	}
}

static bool is_section(const char *text)
{
	for (size_t i = 0; cb_root_sections[i]; i++) {
		if (!strcmp(cb_root_sections[i], text))
			return true;
	}
	return false;
}

int cb_target_resolve(struct cb_node_pool *pool, const struct cb_node *key, struct cb_target *t,
	struct cb_error *err)
{
	const char *section = path_section(key->text), *option;

	*t = (struct cb_target){.n = 0};
	if (section)
		return resolve_path(pool, t, key, section, key->text + strlen(section) + 1, err);
	if (cb_text_starts_with(key->text, "host.") && strlen(key->text) < sizeof(t->parts)) {
		resolve_host(t, key->text);
		return 0;
	}
	if (is_section(key->text))
		return resolve_section(t, key, err);
	if (cb_option_find(cb_root_options, key->text)) {
		split(t, key->text);
		return 0;
	}
	if (cb_text_starts_with(key->text, "trial.") || cb_trial_row(key->text) != SIZE_MAX ||
		cb_trial_member_row(key->text, &option) != SIZE_MAX ||
		cb_schema_is_group(cb_trial_options, key->text))
		return resolve_path(pool, t, key, "trial", key->text, err);
	return unknown(key, err);
}

/* The member row that the first `depth` keys lead to, or NULL. */
static const struct cb_option *member_row(const struct cb_target *t, size_t depth)
{
	char path[CB_PATH_MAX] = "";
	const struct cb_option *row;
	size_t used = 0;

	for (size_t i = 1; t->in_trial && i < depth; i++)
		used += (size_t)snprintf(
			path + used, sizeof(path) - used, "%s%s", i > 1 ? "." : "", t->keys[i]);
	row = cb_option_find(cb_trial_options, path);
	return row && row->type == CB_OPT_MEMBER ? row : NULL;
}

/*
 * What the first `depth` keys lead to, as a map that can be added to: the short form of a member,
 * or its default, becomes a map with a name. NULL: an error.
 */
static const struct cb_node *as_map(struct cb_node_pool *pool, const struct cb_node *node,
	const struct cb_target *t, size_t depth, const struct cb_node *key, struct cb_error *err)
{
	const struct cb_option *member = member_row(t, depth);
	const struct cb_node *map = cb_node_map(pool, key), *name = NULL;
	bool empty = !node || cb_node_is_null(node);

	if (node && node->kind == CB_NODE_MAP)
		return node;
	if (!empty && (!member || node->kind != CB_NODE_SCALAR)) {
		(void)cb_node_error(node, err, "%s: is %s: a map is wanted",
			t->keys[depth ? depth - 1 : 0], cb_node_kind_text(node));
		return NULL;
	}
	if (!empty)
		name = node;
	else if (member && member->fallback)
		name = cb_node_scalar(pool, key, member->fallback);
	if (map && name)
		map = cb_node_set(pool, map, "name", name);
	if (!map)
		no_memory(err);
	return map;
}

/* `node` with `value` at the keys from `depth` on; NULL: an error. */
static const struct cb_node *set_at(struct cb_node_pool *pool, const struct cb_node *node,
	const struct cb_target *t, size_t depth, const struct cb_node *key,
	const struct cb_node *value, struct cb_error *err)
{
	const struct cb_node *map, *below;

	if (depth == t->n)
		return value;
	map = as_map(pool, node, t, depth, key, err);
	if (!map)
		return NULL;
	below = set_at(pool, cb_node_find(map, t->keys[depth]), t, depth + 1, key, value, err);
	if (!below)
		return NULL;
	map = cb_node_set(pool, map, t->keys[depth], below);
	if (!map)
		no_memory(err);
	return map;
}

/* The list with `item` at index i. */
static const struct cb_node *replace_item(
	struct cb_node_pool *pool, const struct cb_node *list, size_t i, const struct cb_node *item)
{
	const struct cb_node **items = cb_node_alloc(pool, list->n * sizeof(*items));

	if (!items || !item)
		return NULL;
	memcpy(items, list->items, list->n * sizeof(*items));
	items[i] = item;
	return cb_node_sequence(pool, list, items, list->n);
}

/* vary.PATH where `vary` is a list: in each map that sweeps PATH; NULL: an error. */
static const struct cb_node *set_in_list(struct cb_node_pool *pool, const struct cb_node *list,
	const struct cb_target *t, const struct cb_node *key, const struct cb_node *value,
	struct cb_error *err)
{
	bool found = false;

	for (size_t i = 0; i < list->n; i++) {
		const struct cb_node *map = list->items[i];

		if (map->kind != CB_NODE_MAP || !cb_node_find(map, t->path))
			continue;
		found = true;
		list = replace_item(pool, list, i, cb_node_set(pool, map, t->path, value));
		if (!list) {
			no_memory(err);
			return NULL;
		}
	}
	if (found)
		return list;
	(void)cb_node_error(key, err,
		"%s: vary is a list, and no map in it sweeps %s: set vary as a whole", key->text,
		t->path);
	return NULL;
}

int cb_target_set(struct cb_node_pool *pool, const struct cb_node **root, const struct cb_target *t,
	const struct cb_node *key, const struct cb_node *value, struct cb_error *err)
{
	const struct cb_node *vary = cb_node_find(*root, "vary"), *made;

	if (t->n > 1 && !strcmp(t->keys[0], "vary") && vary && vary->kind == CB_NODE_SEQUENCE) {
		made = set_in_list(pool, vary, t, key, value, err);
		if (!made)
			return err->code;
		made = cb_node_set(pool, *root, "vary", made);
		if (!made)
			return no_memory(err);
	} else {
		made = set_at(pool, *root, t, 0, key, value, err);
		if (!made)
			return err->code;
	}
	*root = made;
	return 0;
}
