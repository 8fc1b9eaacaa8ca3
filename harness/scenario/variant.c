#include "harness/scenario/variant.h"

#include "harness/scenario/scenario.h"

#include <stdlib.h>
#include <string.h>

#define EXTERNAL "capture.external"

struct reader {
	struct cb_scenario *s;
	struct cb_node_pool *pool;
	struct cb_error *err;
};

static int add_path(const struct reader *r, const char *path)
{
	struct cb_scenario *s = r->s;
	char(*more)[64];

	for (size_t i = 0; i < s->n_variant_paths; i++) {
		if (!strcmp(s->variant_paths[i], path))
			return 0;
	}
	more = reallocarray(s->variant_paths, s->n_variant_paths + 1, sizeof(*more));
	if (!more)
		return cb_error_memory(r->err, "variants");
	s->variant_paths = more;
	cb_text_copy(more[s->n_variant_paths++], sizeof(*more), path);
	return 0;
}

/* A program stands in the place of three others, which differ with it. */
static int add_row(const struct reader *r, size_t row)
{
	static const char *const replaced[] = {"capture.mechanism", "capture.wait", "capture.load"};
	const char *path = cb_trial_options[row].name;
	int rc = add_path(r, path);

	for (size_t i = 0; i < sizeof(replaced) / sizeof(*replaced) && !rc; i++) {
		if (!strcmp(path, EXTERNAL))
			rc = add_path(r, replaced[i]);
	}
	return rc;
}

static int check_value(
	const struct reader *r, const struct cb_node *key, const struct cb_node *value)
{
	const char *option;
	char path[CB_PATH_MAX];
	size_t row;
	int rc = cb_trial_path(key, "variants: ", path, &row, &option, r->err);

	if (rc)
		return rc;
	if (!strcmp(path, "variant"))
		return cb_node_error(key, r->err, "variants: variant is set by the name itself");
	if (cb_node_is_null(value) || value->kind == CB_NODE_SEQUENCE ||
		(value->kind == CB_NODE_MAP && cb_node_find(value, "from")))
		return cb_node_error(value, r->err,
			"variants: %s: one value is wanted; what takes several stands under vary",
			path);
	return add_row(r, row);
}

static int read_variant(
	const struct reader *r, const struct cb_node *name, const struct cb_node *map)
{
	struct cb_variant *v = &r->s->variants[r->s->n_variants];
	int rc = 0;

	if (!cb_schema_is_file_name(name->text) ||
		!cb_text_copy(v->name, sizeof(v->name), name->text))
		return cb_node_error(name, r->err,
			"variants: \"%.60s\" names one: letters, digits, - _ . are allowed",
			name->text);
	r->s->n_variants++;
	if (!cb_node_is_null(map))
		rc = cb_schema_want_map(map, "variants", r->err);
	for (size_t i = 0; map->kind == CB_NODE_MAP && i < map->n && !rc; i++)
		rc = check_value(r, map->keys[i], map->items[i]);
	return rc;
}

static const struct cb_node *set_one(const struct reader *r, const struct cb_node *map,
	const struct cb_node *key, const struct cb_node *value)
{
	const char *path = key->text;

	if (cb_text_starts_with(path, "trial."))
		path += strlen("trial.");
	if (cb_node_find(map, path)) {
		(void)cb_node_error(key, r->err,
			"variants: %s varies already: a variant sets what is the same in all of "
			"its "
			"cells",
			path);
		return NULL;
	}
	map = cb_node_set(r->pool, map, path, value);
	if (!map)
		cb_error_memory(r->err, "variants");
	return map;
}

/* A map of `vary` as one variant has it; NULL: an error. */
static const struct cb_node *apply(const struct reader *r, const struct cb_node *map,
	const struct cb_node *name, const struct cb_node *variant)
{
	const struct cb_node *text = cb_node_scalar(r->pool, name, name->text),
			     *key = cb_node_scalar(r->pool, name, "variant");

	if (!text || !key || !map) {
		cb_error_memory(r->err, "variants");
		return NULL;
	}
	map = set_one(r, map, key, text);
	for (size_t i = 0; map && variant->kind == CB_NODE_MAP && i < variant->n; i++)
		map = set_one(r, map, variant->keys[i], variant->items[i]);
	return map;
}

/* Every map of `vary` once for each variant, the two side by side. */
static int cross(
	const struct reader *r, const struct cb_node *variants, const struct cb_node **vary)
{
	bool list = *vary && (*vary)->kind == CB_NODE_SEQUENCE;
	size_t n = list ? (*vary)->n : 1;
	const struct cb_node **items = cb_node_alloc(r->pool, (2 * n + 1) * sizeof(*items));

	if (!items)
		return cb_error_memory(r->err, "variants");
	for (size_t i = 0; i < n; i++) {
		const struct cb_node *map = !*vary ? cb_node_map(r->pool, variants)
			: list                     ? (*vary)->items[i]
						   : *vary;
		int rc = map ? cb_schema_want_map(map, "vary", r->err) : 0;

		if (rc)
			return rc;
		for (size_t v = 0; v < 2; v++) {
			items[2 * i + v] = apply(r, map, variants->keys[v], variants->items[v]);
			if (!items[2 * i + v])
				return r->err->code;
		}
	}
	*vary = cb_node_sequence(r->pool, *vary ? *vary : variants, items, 2 * n);
	return *vary ? 0 : cb_error_memory(r->err, "variants");
}

int cb_variants_read(struct cb_scenario *s, struct cb_node_pool *pool, const struct cb_node *root,
	const struct cb_node **vary, struct cb_error *err)
{
	const struct reader r = {s, pool, err};
	const struct cb_node *variants = cb_node_find(root, "variants");
	int rc;

	*vary = cb_node_find(root, "vary");
	if (!variants)
		return 0;
	rc = cb_schema_want_map(variants, "variants", err);
	if (!rc && variants->n != 2)
		rc = cb_node_error(variants, err,
			"variants: there must be two, the base and the candidate, not %zu",
			variants->n);
	for (size_t i = 0; !rc && i < variants->n; i++)
		rc = read_variant(&r, variants->keys[i], variants->items[i]);
	return rc ? rc : cross(&r, variants, vary);
}

static bool same_names(const struct cb_scenario *a, const struct cb_scenario *b)
{
	if (a->n_variants != b->n_variants)
		return false;
	for (size_t i = 0; i < a->n_variants; i++) {
		if (strcmp(a->variants[i].name, b->variants[i].name) != 0)
			return false;
	}
	return true;
}

int cb_variants_take(struct cb_scenario *s, const struct cb_scenario *part,
	const struct cb_node *at, struct cb_error *err)
{
	const struct reader r = {.s = s, .err = err};
	int rc = 0;

	if (!s->n_parts) {
		memcpy(s->variants, part->variants, sizeof(s->variants));
		s->n_variants = part->n_variants;
	}
	if (!same_names(s, part))
		return cb_node_error(at, err,
			"include: all of the scenarios must have the same variants, or none");
	for (size_t i = 0; i < part->n_variant_paths && !rc; i++)
		rc = add_path(&r, part->variant_paths[i]);
	return rc;
}

/* What a cell is beside its variant, as text. */
static char *key_of(const struct cb_scenario *s, const json_t *params)
{
	json_t *kept = json_copy((json_t *)params);
	const char *path;
	json_t *value;
	char *text;
	void *next;

	json_object_foreach_safe(kept, next, path, value)
	{
		bool differs = !strcmp(path, "variant");

		for (size_t i = 0; i < s->n_variant_paths && !differs; i++) {
			size_t n = strlen(s->variant_paths[i]);

			differs = !strncmp(path, s->variant_paths[i], n) &&
				(!path[n] || path[n] == '.');
		}
		if (differs)
			json_object_del(kept, path);
	}
	text = json_dumps(kept, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(kept);
	return text;
}

int cb_variants_pair(const struct cb_scenario *s, size_t **partners, struct cb_error *err)
{
	json_t *index = json_object();

	*partners = calloc(s->n_cells + 1, sizeof(**partners));
	if (!index || !*partners) {
		json_decref(index);
		free(*partners);
		*partners = NULL;
		return cb_error_memory(err, "variants");
	}
	for (size_t i = 0; i < s->n_cells; i++) {
		char *key = key_of(s, s->cells[i].params);
		const json_t *other = key ? json_object_get(index, key) : NULL;

		(*partners)[i] = SIZE_MAX;
		if (other) {
			(*partners)[i] = (size_t)json_integer_value(other);
			(*partners)[(*partners)[i]] = i;
		} else if (key) {
			json_object_set_new(index, key, json_integer((json_int_t)i));
		}
		free(key);
	}
	json_decref(index);
	return 0;
}
