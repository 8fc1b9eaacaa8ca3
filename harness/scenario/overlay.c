#include "harness/scenario/overlay.h"

#include "harness/scenario/target.h"

#include <stdio.h>
#include <string.h>

#define NAMES_MAX 64

/* A value that was set in `trial`, for the check that it has an effect. */
struct applied {
	const struct cb_node *key;
	char path[CB_PATH_MAX];
	struct applied *next;
};

struct overlay {
	struct cb_node_pool *pool;
	const struct cb_node *root;
	struct applied *applied;
	enum cb_overlay_scope scope;
	struct cb_error *err;
};

static int no_memory(const struct overlay *o)
{
	cb_error_memory(o->err, "the scenario");
	return CB_ERR_INTERNAL;
}

/* Note a value that was set in the trial, to be checked against `vary` when all is set. */
static int note(struct overlay *o, const struct cb_target *t, const struct cb_node *key)
{
	struct applied *a = cb_node_alloc(o->pool, sizeof(*a));

	if (!a)
		return no_memory(o);
	memcpy(a->path, t->path, sizeof(a->path));
	a->key = key;
	a->next = o->applied;
	o->applied = a;
	return 0;
}

static int apply(struct overlay *o, const struct cb_node *key, const struct cb_node *value)
{
	struct cb_target t;
	int rc = cb_target_resolve(o->pool, key, &t, o->err);

	if (!rc)
		rc = cb_target_set(o->pool, &o->root, &t, key, value, o->err);
	return !rc && t.in_trial ? note(o, &t, key) : rc;
}

/* `swept` is `path`, or the member row whose option `path` is. */
static bool sweeps(const char *swept, const char *path)
{
	size_t n;

	if (cb_text_starts_with(swept, "trial."))
		swept += strlen("trial.");
	n = strlen(swept);
	return !strncmp(swept, path, n) && (!path[n] || path[n] == '.');
}

static int check_effect(struct overlay *o, const struct cb_node *map, const struct applied *a)
{
	for (size_t i = 0; map->kind == CB_NODE_MAP && i < map->n; i++) {
		if (sweeps(map->keys[i]->text, a->path))
			return cb_node_error(a->key, o->err,
				"%s: vary sweeps %s, so this would have no effect: set vary.%s, "
				"or pick cells with --only",
				a->path, map->keys[i]->text, map->keys[i]->text);
	}
	return 0;
}

/* What both variants set is set nowhere else. */
static int check_variants(
	struct overlay *o, const struct cb_node *variants, const struct applied *a)
{
	size_t n = 0;

	for (size_t v = 0; variants->kind == CB_NODE_MAP && v < variants->n; v++) {
		const struct cb_node *map = variants->items[v];
		bool sets = false;

		for (size_t i = 0; map->kind == CB_NODE_MAP && i < map->n; i++)
			sets = sets || sweeps(map->keys[i]->text, a->path);
		n += sets;
	}
	if (n < 2)
		return 0;
	return cb_node_error(a->key, o->err,
		"%s: both variants set it, so this would have no effect: set variants instead",
		a->path);
}

/* A value that `vary` replaces was surely meant otherwise. */
static int check_effects(struct overlay *o)
{
	const struct cb_node *vary = cb_node_find(o->root, "vary");
	const struct cb_node *variants = cb_node_find(o->root, "variants");
	int rc = 0;

	for (const struct applied *a = o->applied; variants && a && !rc; a = a->next)
		rc = check_variants(o, variants, a);
	for (const struct applied *a = o->applied; vary && a && !rc; a = a->next) {
		rc = check_effect(o, vary, a);
		for (size_t i = 0; vary->kind == CB_NODE_SEQUENCE && i < vary->n && !rc; i++)
			rc = check_effect(o, vary->items[i], a);
	}
	return rc;
}

static int unknown_profile(struct overlay *o, const struct cb_node *profiles, const char *name)
{
	const char *names[NAMES_MAX], *near;
	size_t n = 0;

	if (!profiles)
		return cb_node_error(o->root, o->err,
			"profiles: there are none, so there is no profile \"%.60s\"", name);
	while (n < profiles->n && n < NAMES_MAX) {
		names[n] = profiles->keys[n]->text;
		n++;
	}
	near = cb_text_nearest(name, names, n);
	return cb_node_error(profiles, o->err, "profiles: there is no profile \"%.60s\"%s%.60s%s",
		name, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* All profiles, so that a mistyped path is found before its profile is asked for. */
static int check_profiles(struct overlay *o, const struct cb_node *profiles)
{
	int rc = cb_schema_want_map(profiles, "profiles", o->err);

	for (size_t p = 0; !rc && p < profiles->n; p++) {
		const struct cb_node *profile = profiles->items[p];
		struct cb_target t;

		rc = cb_schema_want_map(profile, "profiles", o->err);
		for (size_t i = 0; !rc && i < profile->n; i++)
			rc = cb_target_resolve(o->pool, profile->keys[i], &t, o->err);
	}
	return rc;
}

static int apply_profile(struct overlay *o, const char *name)
{
	const struct cb_node *profiles = cb_node_find(o->root, "profiles"), *profile = NULL;
	int rc = profiles ? check_profiles(o, profiles) : 0;

	if (rc || !name)
		return rc;
	if (profiles)
		profile = cb_node_find(profiles, name);
	/* those that it includes must have it */
	if (!profile && o->scope == CB_OVERLAY_INCLUDER)
		return 0;
	if (!profile)
		return unknown_profile(o, profiles, name);
	for (size_t i = 0; i < profile->n && !rc; i++)
		rc = apply(o, profile->keys[i], profile->items[i]);
	return rc;
}

/* "--set KEY=VALUE" -> key and value nodes whose origin is that text. */
static int read_assignment(struct overlay *o, const char *option, const char *text,
	const struct cb_node **key, const struct cb_node **value)
{
	const char *equals = strchr(text, '=');
	char path[2 * CB_PATH_MAX], origin[128];
	struct cb_node at = {.kind = CB_NODE_SCALAR};
	int rc;

	snprintf(origin, sizeof(origin), "--%s %.100s", option, text);
	at.origin = cb_node_text(o->pool, origin);
	if (!at.origin)
		return no_memory(o);
	if (!equals || (size_t)(equals - text) >= sizeof(path))
		return cb_node_error(&at, o->err, "KEY=VALUE is wanted, as in %s",
			option[0] == 's' ? "trial.duration=1s" : "placement=A:B");
	snprintf(path, sizeof(path), "%.*s", (int)(equals - text), text);
	*key = cb_node_scalar(o->pool, &at, path);
	if (!*key)
		return no_memory(o);
	if (!equals[1 + strspn(equals + 1, " \t")])
		return cb_node_error(&at, o->err, "%s: has no value", path);
	rc = cb_node_parse(o->pool, origin, false, equals + 1, strlen(equals + 1), value, o->err);
	return rc;
}

/* Whether a value is for this scenario, not for those that it includes, or the other way round. */
static int concerns(const struct overlay *o, const struct cb_node *key, bool *concerned)
{
	static const char *const included[] = {"trial", "vary", "variants", "exclude"};
	struct cb_target t;
	int rc = cb_target_resolve(o->pool, key, &t, o->err);
	bool inside = false;

	for (size_t i = 0; !rc && i < sizeof(included) / sizeof(*included); i++)
		inside = inside || !strcmp(t.keys[0], included[i]);
	*concerned = o->scope == CB_OVERLAY_ALL || inside == (o->scope == CB_OVERLAY_INCLUDED);
	return rc;
}

static int apply_sets(struct overlay *o, const struct cb_scenario_source *source)
{
	const struct cb_node *key, *value;
	bool concerned = false;
	int rc = 0;

	for (size_t i = 0; i < source->n_sets && !rc; i++) {
		rc = read_assignment(o, "set", source->sets[i], &key, &value);
		if (!rc)
			rc = concerns(o, key, &concerned);
		if (!rc && concerned)
			rc = apply(o, key, value);
	}
	return rc;
}

/* The values of `a`, then those of `b`, each a value or a list, as one list. */
static const struct cb_node *join(
	struct overlay *o, const struct cb_node *a, const struct cb_node *b)
{
	const struct cb_node *both[] = {a, b}, **items;
	size_t n = 0;

	for (size_t i = 0; i < 2; i++)
		n += !both[i] ? 0 : both[i]->kind == CB_NODE_SEQUENCE ? both[i]->n : 1;
	items = cb_node_alloc(o->pool, n * sizeof(*items) + 1);
	if (!items)
		return NULL;
	n = 0;
	for (size_t i = 0; i < 2; i++) {
		if (!both[i])
			continue;
		if (both[i]->kind != CB_NODE_SEQUENCE) {
			items[n++] = both[i];
			continue;
		}
		for (size_t j = 0; j < both[i]->n; j++)
			items[n++] = both[i]->items[j];
	}
	return cb_node_sequence(o->pool, b, items, n);
}

/* One --only: its path replaces what the file says of it, then each further value is added. */
static int apply_only(struct overlay *o, const char *text, const struct cb_node **picked)
{
	const struct cb_node *key, *value;
	char path[3 * CB_PATH_MAX];
	struct cb_target t;
	int rc = read_assignment(o, "only", text, &key, &value);

	if (rc)
		return rc;
	snprintf(path, sizeof(path), "only.%s", key->text);
	key = cb_node_scalar(o->pool, key, path);
	if (!key)
		return no_memory(o);
	rc = cb_target_resolve(o->pool, key, &t, o->err);
	if (rc)
		return rc;
	if (!*picked)
		*picked = cb_node_map(o->pool, key);
	value = *picked ? join(o, cb_node_find(*picked, t.path), value) : NULL;
	*picked = value ? cb_node_set(o->pool, *picked, t.path, value) : NULL;
	if (!*picked)
		return no_memory(o);
	return cb_target_set(o->pool, &o->root, &t, key, value, o->err);
}

static int apply_onlys(struct overlay *o, const struct cb_scenario_source *source)
{
	const struct cb_node *picked = NULL;
	int rc = 0;

	/* picked from the cells of all together */
	if (o->scope == CB_OVERLAY_INCLUDED)
		return 0;
	for (size_t i = 0; i < source->n_only && !rc; i++)
		rc = apply_only(o, source->only[i], &picked);
	return rc;
}

/* Keys that have done their work. */
static int drop_helpers(struct overlay *o)
{
	const struct cb_node *all = o->root;

	for (size_t i = 0; i < all->n; i++) {
		const char *key = all->keys[i]->text;

		if (!cb_text_starts_with(key, "x-") && strcmp(key, "profiles") != 0)
			continue;
		o->root = cb_node_set(o->pool, o->root, key, NULL);
		if (!o->root)
			return no_memory(o);
	}
	return 0;
}

int cb_overlay(struct cb_node_pool *pool, const struct cb_scenario_source *source,
	enum cb_overlay_scope scope, const struct cb_node **root, struct cb_error *err)
{
	struct overlay o = {.pool = pool, .root = *root, .scope = scope, .err = err};
	int rc = apply_profile(&o, source->profile);

	if (!rc)
		rc = apply_sets(&o, source);
	if (!rc)
		rc = check_effects(&o);
	if (!rc)
		rc = apply_onlys(&o, source);
	if (!rc)
		rc = drop_helpers(&o);
	*root = o.root;
	return rc;
}
